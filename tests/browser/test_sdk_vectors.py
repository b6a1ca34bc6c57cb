"""The SDK's codecs, sessions, derivations and verifier do what Python's do, for good input and bad."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.apps import State
from proven.attestation import (
    DEVELOPMENT_PCRS,
    AnyOf,
    DevelopmentAttestor,
    Platform,
    UnsafeAnyMeasurements,
    UnsafeDebugMode,
    Verifier,
)
from proven.wire import cbor, merkle, tiles, values
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    Body,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    Immutable,
    LinkDomain,
    Multisig,
    OwnerDecides,
    OwnerKey,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Veto,
    decode_envelope,
    sign,
)
from proven.wire.applications import Policy as UpgradePolicy
from proven.wire.errors import ProvenError
from proven.wire.ids import application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    decode_entry,
    encode_entry,
)
from proven.wire.notes import Checkpoint, Note, NoteSigner, with_signatures
from support.workspace import BIN, CHECKOUT, node_environment
from unit.attestation.forge import KEYS, NONCE, NOW, ROOT, chain, payload, signed
from unit.attestation.nitro import DEBUG, DEBUG_AT, GENUINE, GENUINE_AT, GENUINE_PCR0
from unit.attestation.test_verifier import test_a_chain_with_one_thing_wrong_is_refused as chain_cases
from unit.attestation.test_verifier import (
    test_a_document_outside_the_specified_structure_is_refused as structure_cases,
)

VECTORS: Final = CHECKOUT / "tests" / "vectors"
PROGRAM: Final = CHECKOUT / "packages" / "sdk" / "tests" / "vectors.ts"
VALUES: Final = json.loads((VECTORS / "values.json").read_text())
SESSION: Final = json.loads((VECTORS / "session.json").read_text())
IDENTITY: Final = json.loads((VECTORS / "identity.json").read_text())
ANYTHING: Final = {"unsafeAnyMeasurements": True, "unsafeDebugMode": True}
PYTHON_ANYTHING: Final = AnyOf([UnsafeAnyMeasurements(), UnsafeDebugMode()])

Outcome = dict[str, Any]


class Sources:
    """The TypeScript sources, run by Node as they are."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, question: str, **fields: Any) -> Outcome:
        """`{value}`, the fields of a `ProvenError`, or the `{crash}` of any other error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": question, **fields}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program has ended"
        outcome: Outcome = json.loads(line)
        return outcome

    def rule(self, question: str, **fields: Any) -> str | None:
        """The rule that evidence breaks, None if it is accepted."""
        outcome = self.ask(question, **fields)
        if "value" in outcome:
            return None
        assert outcome["code"] == "EVIDENCE_INVALID", outcome
        return str(outcome["details"]["rule"])


@pytest.fixture(scope="module")
def sources() -> Iterator[Sources]:
    process = subprocess.Popen(
        [str(BIN / "node"), str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=node_environment(NODE_NO_WARNINGS="1"),
    )
    with process:
        yield Sources(process)
        assert process.stdin is not None
        process.stdin.close()


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize("vector", VALUES["values"], ids=lambda vector: vector["name"])
def test_every_value_has_its_published_bytes(sources: Sources, vector: dict[str, str]) -> None:
    outcome = sources.ask("value", **vector)
    if "stack: undefined" in vector["javascript"]:
        assert outcome["value"]["written"] == vector["encoded"]
    else:
        assert outcome == {"value": {"written": vector["encoded"], "again": vector["encoded"]}}


@pytest.mark.parametrize("encoded", VALUES["rejected"])
def test_every_rejected_value_is_refused(sources: Sources, encoded: str) -> None:
    assert sources.ask("decodeValue", encoded=encoded)["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("javascript", "part"),
    [
        ("() => 1", "the value at $ is a function"),
        ("[{ a: Symbol() }]", "the value at $[0].a is a symbol"),
        ("(() => { const a = {}; a.b = [a]; return a; })()", "refers back to itself"),
        ("'\\ud800'", "half of a surrogate pair"),
        ("new WeakMap()", "is a WeakMap"),
        ("Promise.resolve()", "is a Promise"),
        ("1n << 600000n", "an integer of more than"),
        ("Array.from({ length: 70 }).reduce((inner) => [inner], 1)", "nested deeper than 64 levels"),
    ],
)
def test_what_cannot_travel_is_named(sources: Sources, javascript: str, part: str) -> None:
    outcome = sources.ask("evaluate", javascript=javascript)
    assert outcome["code"] == "UNSUPPORTED_VALUE"
    assert part in outcome["message"]


def test_values_are_bounded(sources: Sources) -> None:
    assert sources.ask("evaluate", javascript="'x'.repeat(9 << 20)")["code"] == "TOO_LARGE"
    assert sources.ask("evaluate", javascript="new Uint8Array(9 << 20)")["code"] == "TOO_LARGE"
    assert sources.ask("evaluate", javascript="new Array(1000001).fill(0)")["code"] == "TOO_LARGE"
    assert sources.ask("evaluate", javascript="new Array(2 ** 32 - 1)")["code"] == "TOO_LARGE"


def python_accepts(decode: Any, data: bytes) -> bool:
    try:
        decode(data)
    except ProvenError:
        return False
    return True


ENCODED: Final = [bytes.fromhex(vector["encoded"]) for vector in VALUES["values"]]
MESSAGES: Final = [bytes.fromhex(frame["plaintext"]) for frame in SESSION["frames"]] + [
    cbor.encode(
        {"a": [0.1, 1.5, 2.0, 1e300, 65504.0, 5.960464477539063e-08, float("inf"), float("nan")], 3: -1}
    )
]


def altered(bases: list[bytes]) -> st.SearchStrategy[bytes]:
    """Good encodings with a few bytes replaced, dropped or added."""

    def splice(base: bytes, start: int, cut: int, replacement: bytes) -> bytes:
        start = start % (len(base) + 1)
        return base[:start] + replacement + base[start + cut :]

    return st.builds(
        splice, st.sampled_from(bases), st.integers(0, 1000), st.integers(0, 3), st.binary(max_size=3)
    ) | st.binary(max_size=12)


FUZZ = settings(
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(altered(ENCODED))
def test_both_value_decoders_accept_the_same_bytes(sources: Sources, data: bytes) -> None:
    outcome = sources.ask("decodeValue", encoded=data.hex())
    assert "crash" not in outcome, outcome
    if not python_accepts(values.decode, data):
        assert "value" not in outcome
    elif "value" not in outcome:
        assert 0x23 in data  # a regular expression that JavaScript cannot compile


@FUZZ
@given(altered(MESSAGES))
def test_both_message_decoders_accept_the_same_bytes(sources: Sources, data: bytes) -> None:
    outcome = sources.ask("decode", encoded=data.hex())
    assert "crash" not in outcome, outcome
    assert ("value" in outcome) == python_accepts(cbor.decode, data)
    assert "crash" not in sources.ask("message", plaintext=data.hex())


@pytest.mark.parametrize("encoded", ["a1f90000f6", "a1fb7ff8000000000000f6", "a1f4f6", "a140f6", "a180f6"])
def test_keys_of_messages_are_integers_or_text(sources: Sources, encoded: str) -> None:
    assert sources.ask("decode", encoded=encoded)["code"] == "BAD_REQUEST"


def test_commands_have_their_published_bytes(sources: Sources) -> None:
    frames = [frame for frame in SESSION["frames"] if frame["direction"] == "client"]
    assert sources.ask("command", name="WhoAmI", fields={}) == {"value": frames[0]["plaintext"]}
    assert sources.ask("command", name="Anonymize", fields={}) == {"value": frames[-1]["plaintext"]}


def test_a_session_has_its_published_bytes(sources: Sources) -> None:
    handshake = SESSION["handshake"]
    outcome = sources.ask(
        "session", application=SESSION["application"]["id"], handshake=handshake, frames=SESSION["frames"]
    )["value"]
    assert outcome["request"] == handshake["request"]
    assert outcome["seen"] == {
        "evidence": handshake["evidence"],
        "nonce": handshake["client_nonce"],
        "transcript": handshake["transcript"],
        "server_key": handshake["server_key"],
    }
    for frame, found in zip(SESSION["frames"], outcome["outcomes"], strict=True):
        key = "frame" if frame["direction"] == "client" else "plaintext"
        assert found[key] == frame[key]
    kinds = [found.get("kind") for found in outcome["outcomes"]]
    assert kinds == [
        None,
        "success",
        None,
        "success",
        None,
        "success",
        None,
        "failure",
        "console",
        None,
        "success",
    ]


def receive(sources: Sources, *frames: str) -> Outcome:
    found: Outcome = sources.ask(
        "receive",
        application=SESSION["application"]["id"],
        handshake=SESSION["handshake"],
        frames=list(frames),
    )["value"]
    return found


FROM_SERVER: Final = [frame["frame"] for frame in SESSION["frames"] if frame["direction"] == "server"]
FROM_CLIENT: Final = [frame["frame"] for frame in SESSION["frames"] if frame["direction"] == "client"]


def test_replayed_reordered_and_reflected_frames_close_the_channel(sources: Sources) -> None:
    first, second, *_ = FROM_SERVER
    assert receive(sources, first, second) == {"opened": ["opened", "opened"], "closed": False}
    assert receive(sources, first, first)["opened"] == ["opened", "SESSION_CLOSED"]
    assert receive(sources, second, first)["opened"] == ["opened", "SESSION_CLOSED"]
    assert receive(sources, FROM_CLIENT[0], first) == {
        "opened": ["SESSION_CLOSED", "SESSION_CLOSED"],
        "closed": True,
    }


def test_every_altered_bit_of_a_frame_closes_the_channel(sources: Sources) -> None:
    frame = bytes.fromhex(FROM_SERVER[1])
    for position in range(len(frame)):
        changed = bytearray(frame)
        changed[position] ^= 1 << position % 8
        assert receive(sources, changed.hex(), FROM_SERVER[1])["opened"] == ["SESSION_CLOSED"] * 2
    for shorter in (frame[:-1], frame[:20], b"", frame + b"\0"):
        assert receive(sources, shorter.hex())["closed"]


@pytest.mark.parametrize(
    "change",
    [
        {"server_key": bytes(32)},
        {"server_key": (1).to_bytes(32, "little")},
        {"server_key": bytes(31)},
        {"session_id": bytes(15)},
        {"evidence": "text"},
        {"evidence": bytes(33 * 1024)},
        {"more": 1},
    ],
    ids=str,
)
def test_a_handshake_with_one_thing_wrong_is_refused(sources: Sources, change: dict[str, Any]) -> None:
    fields = cbor.decode(bytes.fromhex(SESSION["handshake"]["response"]))
    assert isinstance(fields, dict)
    outcome = sources.ask(
        "finish",
        application=SESSION["application"]["id"],
        handshake=SESSION["handshake"],
        response=cbor.encode(fields | change).hex(),
    )
    assert outcome["code"] in {"BAD_REQUEST", "TOO_LARGE"}


@pytest.mark.parametrize("person", IDENTITY["people"], ids=lambda person: person["account"])
def test_identities_have_their_published_derivations(sources: Sources, person: dict[str, Any]) -> None:
    seed = person["seed"]
    assert sources.ask("account", seed=seed)["value"] == {
        "account": person["account"],
        "prf_input": IDENTITY["prf_input"],
    }
    for held in (False, True):
        found = sources.ask("owner", seed=seed, held=held)
        assert found["value"] == {"public_key": person["owner_key"], "extractable": False}
    for key in person["keys"]:
        application = key["application"]
        found = sources.ask("identity", seed=seed, application=application, transcript=person["transcript"])
        assert found["value"] | {"application": application} == key | {"extractable": False}
    for encryption in person["encryption"]:
        found = sources.ask("encrypt", seed=seed, **encryption)
        assert found["value"] == {"ciphertext": encryption["ciphertext"], "extractable": False}


def test_a_wrapped_seed_opens_for_its_passkey_and_account_only(sources: Sources) -> None:
    one, other = IDENTITY["people"]
    mine = {"wrapped": one["wrapped_seed"], "prf": one["prf_output"], "account": one["account"]}
    assert sources.ask("unwrap", **mine) == {"value": one["seed"]}
    assert "value" not in sources.ask("unwrap", **mine | {"prf": other["prf_output"]})
    assert "value" not in sources.ask("unwrap", **mine | {"account": other["account"]})
    wrapped = bytearray.fromhex(one["wrapped_seed"])
    for position in range(len(wrapped)):
        changed = wrapped.copy()
        changed[position] ^= 1
        assert "value" not in sources.ask("unwrap", **mine | {"wrapped": changed.hex()})
    again = sources.ask("wrap", seed=one["seed"], prf=one["prf_output"], account=one["account"])["value"]
    assert again != one["wrapped_seed"]
    assert sources.ask("unwrap", **mine | {"wrapped": again}) == {"value": one["seed"]}


# Attestation: the same verdicts as `proven.attestation`, for the same documents at the same time.


def python_rule(document: bytes, at: datetime, verifier: Verifier, **said: Any) -> str | None:
    try:
        verifier.verify(document, at=at, **({"nonce": None} | said))
    except ProvenError as error:
        return str((error.details or {})["rule"])
    return None


def test_genuine_documents_are_accepted_at_their_own_time(sources: Sources) -> None:
    policy = {"measurements": [{"pcr0": "00" * 48}, {"pcr0": GENUINE_PCR0.hex()}]}
    outcome = sources.ask("verify", document=GENUINE.hex(), at=milliseconds(GENUINE_AT), policy=policy)
    assert outcome["value"] == {
        "platform": "nitro",
        "moduleId": "i-0827e799ec9232d44-enc019b5640fdf630d6",
        "timestamp": milliseconds(GENUINE_AT),
        "debug": False,
    }
    debug = sources.ask(
        "verify", document=DEBUG.hex(), at=milliseconds(DEBUG_AT), policy={"unsafeDebugMode": True}
    )
    assert debug["value"]["debug"]


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        ({}, "measurements"),
        ({"measurements": []}, "measurements"),
        ({"measurements": [{"pcr0": "ab" * 48}]}, "measurements"),
        ({"measurements": [{"pcr0": GENUINE_PCR0.hex(), "pcr1": "ab" * 48}]}, "measurements"),
        ({"measurements": [{"pcr0": GENUINE_PCR0.hex(), "pcr8": "ab" * 48}]}, "measurements"),
        ({"development": True}, "measurements"),
        ({"development": True, "measurements": [{"pcr0": "ab" * 48}]}, "measurements"),
        ({"unsafeDebugMode": True}, "measurements"),
        ({"unsafeAnyMeasurements": True}, None),
        ({"measurements": [{"pcr0": GENUINE_PCR0.hex().upper()}]}, None),
    ],
    ids=str,
)
def test_a_policy_accepts_what_it_names_and_nothing_else(
    sources: Sources, policy: dict[str, Any], rule: str | None
) -> None:
    at = milliseconds(GENUINE_AT)
    assert sources.rule("verify", document=GENUINE.hex(), at=at, policy=policy) == rule


@pytest.mark.parametrize(
    "policy",
    [{"unsafeAnyMeasurements": True}, {"measurements": [{"pcr0": "00" * 48}]}, {}, {"development": True}],
    ids=str,
)
def test_debug_mode_is_refused_unless_the_policy_is_about_it(
    sources: Sources, policy: dict[str, Any]
) -> None:
    found = sources.rule("verify", document=DEBUG.hex(), at=milliseconds(DEBUG_AT), policy=policy)
    assert found == "debug"


@pytest.mark.parametrize("shift", [4, -4, 6, -6, 240, 525_600, -525_600], ids=lambda shift: f"{shift} min")
def test_a_document_has_the_same_verdict_at_another_time(sources: Sources, shift: int) -> None:
    at = GENUINE_AT + timedelta(minutes=shift)
    verdict = sources.ask("verify", document=GENUINE.hex(), at=milliseconds(at), policy=ANYTHING)
    rule = python_rule(GENUINE, at, Verifier.nitro(PYTHON_ANYTHING))
    assert verdict.get("details", {}).get("rule") == rule
    if rule is not None:
        assert verdict["details"]["clockDifference"] == shift * 60
        assert ("ahead of" if shift > 0 else "behind") in verdict["message"]


def flipped(document: bytes, step: int) -> Iterable[bytes]:
    for bit in range(0, 8 * len(document), step):
        changed = bytearray(document)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@pytest.mark.parametrize(
    ("document", "at"), [(GENUINE, GENUINE_AT), (DEBUG, DEBUG_AT)], ids=["real", "debug"]
)
def test_every_sampled_bit_of_a_genuine_document_matters(
    sources: Sources, document: bytes, at: datetime
) -> None:
    """The rule is Python's too, but where a certificate is altered outside of what is signed in it."""
    verifier = Verifier.nitro(PYTHON_ANYTHING)
    for changed in flipped(document, 37):
        rule = sources.rule("verify", document=changed.hex(), at=milliseconds(at), policy=ANYTHING)
        expected = python_rule(changed, at, verifier)
        assert rule is not None
        assert expected is not None
        assert rule == expected or {rule, expected} <= {"chain", "validity", "signature"}


def test_truncated_and_extended_documents_are_refused(sources: Sources) -> None:
    at = milliseconds(GENUINE_AT)
    for document in (GENUINE[:-1], GENUINE + b"\0", b"", b"\xd2" + GENUINE, bytes(17 * 1024)):
        assert sources.rule("verify", document=document.hex(), at=at, policy=ANYTHING) in {"encoding", "size"}


OURS: Final = Verifier(Platform.NITRO, ROOT, UnsafeAnyMeasurements(), clock=lambda: NOW)


def both_rules(sources: Sources, document: bytes, **said: bytes) -> tuple[str | None, str | None]:
    """What this verifier and Python's say of a document under our own root."""
    names = {"nonce": "nonce", "user_data": "userData", "public_key": "publicKey"}
    mine = sources.rule(
        "verify",
        document=document.hex(),
        at=milliseconds(NOW),
        policy=ANYTHING,
        root=ROOT.hex(),
        **{names[name]: value.hex() for name, value in said.items()},
    )
    return mine, python_rule(document, NOW, OURS, **said)


def test_a_good_document_is_accepted_for_what_it_says(sources: Sources) -> None:
    document = signed(payload())
    said = {"nonce": NONCE, "user_data": b"u" * 32, "public_key": b"k" * 32}
    assert both_rules(sources, document, **said) == (None, None)
    for name in said:
        assert both_rules(sources, document, **said | {name: b"x" * 32}) == (name, name)
    silent = signed(payload(nonce=None, user_data=..., public_key=None))
    assert both_rules(sources, silent) == (None, None)
    assert both_rules(sources, silent, nonce=NONCE) == ("nonce", "nonce")


def the_cases_of(test: Any) -> Any:
    """What makes a test with the same cases as one elsewhere."""
    (mark,) = test.pytestmark
    return pytest.mark.parametrize(*mark.args, **mark.kwargs)


@the_cases_of(chain_cases)
def test_a_chain_with_one_thing_wrong_has_the_same_verdict(sources: Sources, changes: dict[str, Any]) -> None:
    mine, python = both_rules(sources, signed(payload(chain(**changes))), nonce=NONCE)
    assert mine == python == "chain"


@the_cases_of(structure_cases)
def test_a_document_of_another_structure_has_the_same_verdict(
    sources: Sources, change: dict[str, Any]
) -> None:
    mine, python = both_rules(sources, signed(payload(**change)), nonce=NONCE)
    assert mine == python == "structure"


def test_times_order_and_signatures_have_the_same_verdict(sources: Sources) -> None:
    root, upper, lower, leaf = chain()
    documents = {
        "over": signed(payload(chain(lower={"valid_to": NOW - timedelta(seconds=1)}))),
        "early": signed(payload(chain(leaf={"valid_from": NOW + timedelta(seconds=1)}))),
        "after 2050": signed(payload(chain(upper={"valid_to": datetime(2061, 1, 1, tzinfo=UTC)}))),
        "order": signed(payload([root, lower, upper, leaf])),
        "other root": signed(payload([upper, lower, leaf])),
        "too short": signed(payload([root, upper, leaf])),
        "other key": signed(payload(), key=KEYS["other"]),
        "zero": signed(payload())[:-96] + bytes(96),
        "stale": signed(payload(timestamp=milliseconds(NOW - timedelta(minutes=6)))),
        "future": signed(payload(timestamp=milliseconds(NOW + timedelta(minutes=6)))),
        "debug": signed(payload(pcrs={0: bytes(48)})),
        "float": signed(payload(timestamp=float(milliseconds(NOW)))),
    }
    verdicts = {name: both_rules(sources, document) for name, document in documents.items()}
    assert {name: mine for name, (mine, _) in verdicts.items()} == {
        "over": "validity",
        "early": "validity",
        "after 2050": None,
        "order": "chain",
        "other root": "root",
        "too short": "chain",
        "other key": "signature",
        "zero": "signature",
        "stale": "freshness",
        "future": "freshness",
        "debug": None,
        "float": "structure",
    }
    del verdicts["debug"]  # this policy accepts it, Python's does not
    assert all(mine == python for mine, python in verdicts.values())


def test_altered_certificates_have_the_same_verdict(sources: Sources) -> None:
    """A chain that begins at an altered root reaches the parser with every byte unsigned."""
    from proven.attestation._chain import validate_chain

    seeded = random.Random(1)
    ders = chain()
    refused = 0
    for _ in range(400):
        changed = bytearray(ders[0])
        for _ in range(seeded.choice((1, 1, 2))):
            changed[seeded.randrange(len(changed))] ^= 1 << seeded.randrange(8)
        attempt = [bytes(changed), *ders[1:]]
        mine = sources.rule("chain", chain=[der.hex() for der in attempt], at=milliseconds(NOW))
        try:
            validate_chain(attempt, NOW)
        except ProvenError:
            refused += 1
            assert mine is not None, changed.hex()
    assert refused > 100


async def test_development_evidence_is_accepted_by_name_only(sources: Sources, tmp_path: Path) -> None:
    one, other = DevelopmentAttestor(tmp_path / "one"), DevelopmentAttestor(tmp_path / "other")
    document = (await one.attest(nonce=NONCE, public_key=b"k" * 32, user_data=b"u" * 32)).hex()
    now = milliseconds(datetime.now(UTC))
    roots = [each.root.public_bytes(Encoding.PEM).decode() for each in (one, other)]

    def rule(policy: dict[str, Any]) -> str | None:
        return sources.rule("verify", document=document, at=now, policy=policy, nonce=NONCE.hex())

    measured = [{"pcr0": DEVELOPMENT_PCRS[0].hex(), "pcr1": DEVELOPMENT_PCRS[1].hex()}]
    assert rule({"development": True}) is None
    assert rule({"development": {"root": roots[0]}}) is None
    assert rule({"development": {"root": roots[1]}}) == "root"
    assert rule({}) == "root"
    assert rule(ANYTHING) == "root"
    assert rule({"measurements": measured}) == "root"
    assert rule({"development": True, "measurements": measured}) is None
    assert rule({"development": True, "measurements": [{"pcr0": "ab" * 48}]}) == "measurements"


async def test_a_hardware_root_or_one_of_another_name_is_no_development_root(sources: Sources) -> None:
    document = signed(payload()).hex()
    at = milliseconds(NOW)
    assert sources.rule("verify", document=document, at=at, policy={"development": True}) == "root"


async def test_every_sampled_bit_of_a_development_document_matters(sources: Sources, tmp_path: Path) -> None:
    attestor = DevelopmentAttestor(tmp_path)
    document = await attestor.attest(nonce=NONCE, public_key=b"k" * 32, user_data=b"u" * 32)
    said = {"nonce": NONCE.hex(), "publicKey": (b"k" * 32).hex(), "userData": (b"u" * 32).hex()}
    now = milliseconds(datetime.now(UTC))
    for changed in flipped(document, 25):
        policy = {"development": True}
        assert sources.rule("verify", document=changed.hex(), at=now, policy=policy, **said) is not None


# The transparency log: proofs and notes as Go writes them, entries and rules as `proven.apps` has them.

TLOG: Final = json.loads((VECTORS / "tlog" / "tlog.json").read_text())
APPLICATIONS: Final = json.loads((VECTORS / "applications.json").read_text())


def entry_of(number: int) -> bytes:
    return b"entry %d" % number


def altered_hex(text: str, position: int) -> str:
    raw = bytearray.fromhex(text)
    raw[position % len(raw)] ^= 1
    return raw.hex()


def test_the_root_of_every_size_is_that_of_go(sources: Sources) -> None:
    leaves = [entry_of(number).hex() for number in range(len(TLOG["roots"]))]
    assert sources.ask("root", leaves=[])["value"] == merkle.EMPTY_ROOT.hex()
    for size in (*range(1, 40), 255, 256, 257, 600):
        assert sources.ask("root", leaves=leaves[:size])["value"] == TLOG["roots"][size - 1]


def test_gos_proofs_of_inclusion_hold_and_no_other(sources: Sources) -> None:
    for each in TLOG["inclusions"]:
        index, size = each["Index"], each["Size"]
        root, proof = TLOG["roots"][size - 1], each["Proof"]
        asked = {
            "leaf": merkle.leaf_hash(entry_of(index)).hex(),
            "index": index,
            "size": size,
            "root": root,
            "proof": proof,
        }
        assert sources.ask("inclusion", **asked) == {"value": True}
        changes: list[dict[str, Any]] = [
            {"leaf": merkle.leaf_hash(b"another").hex()},
            {"index": index + 1},
            {"root": altered_hex(root, index)},
            {"proof": proof + root},
        ]
        if proof:
            changes += [{"proof": altered_hex(proof, index)}, {"proof": proof[64:]}, {"proof": proof[:-64]}]
        for change in changes:
            assert sources.ask("inclusion", **asked | change)["code"] == "EVIDENCE_INVALID"


def test_gos_proofs_of_consistency_hold_and_no_other(sources: Sources) -> None:
    for each in TLOG["consistencies"]:
        old, size, proof = each["Old"], each["New"], each["Proof"]
        roots = {"oldRoot": TLOG["roots"][old - 1], "root": TLOG["roots"][size - 1]}
        asked = {"old": old, "size": size, "proof": proof, **roots}
        assert sources.ask("consistency", **asked) == {"value": True}
        changes: list[dict[str, Any]] = [
            {"oldRoot": altered_hex(roots["oldRoot"], old)},
            {"root": altered_hex(roots["root"], old)},
            {"proof": proof + roots["root"]},
            {"size": old - 1},
        ]
        if proof:
            changes += [{"proof": altered_hex(proof, old)}, {"proof": proof[:-64]}, {"old": old + 1}]
        for change in changes:
            assert sources.ask("consistency", **asked | change)["code"] == "EVIDENCE_INVALID"


def test_proofs_are_checked_at_sizes_beyond_32_bits(sources: Sources) -> None:
    size, old = (1 << 52) + 7, 1 << 51
    filler = merkle.leaf_hash(b"filler")
    subtree = [filler]
    for _ in range(52):
        subtree.append(merkle.node_hash(subtree[-1], subtree[-1]))

    def hash_of(height: int, index: int) -> bytes:
        return subtree[height]

    roots = {count: merkle.root_at(count, hash_of).hex() for count in (size, old)}
    for index in (0, 1 << 33, size - 1):
        proof = b"".join(merkle.prove_inclusion(index, size, hash_of)).hex()
        asked = {
            "leaf": filler.hex(),
            "index": index,
            "size": size,
            "root": roots[size],
            "proof": proof,
        }
        assert sources.ask("inclusion", **asked) == {"value": True}
    proof = b"".join(merkle.prove_consistency(old, size, hash_of)).hex()
    grown = {"old": old, "size": size, "oldRoot": roots[old], "root": roots[size], "proof": proof}
    assert sources.ask("consistency", **grown) == {"value": True}


def test_gos_checkpoint_is_read_and_every_altered_byte_is_noticed(sources: Sources) -> None:
    note, key = TLOG["note"].encode(), TLOG["verifier_key"]
    assert sources.ask("checkpoint", key=key, note=note.hex())["value"] == {
        "origin": "node.example/log",
        "size": 600,
        "root": TLOG["roots"][-1],
        "extensions": [],
    }
    for position in range(len(note)):
        outcome = sources.ask("checkpoint", key=key, note=altered_hex(note.hex(), position))
        assert outcome.get("code") == "EVIDENCE_INVALID", (position, outcome)
    for shorter in (b"", note[:-1], note[: note.index(b"\n\n")], note + b"\n", b"\n\n" + note):
        assert sources.ask("checkpoint", key=key, note=shorter.hex())["code"] == "EVIDENCE_INVALID"
    name, key_id, encoded = key.split("+")
    for other in (f"other+{key_id}+{encoded}", f"{name}+00000000+{encoded}", name, f"{name}+{key_id}+", ""):
        assert "value" not in sources.ask("checkpoint", key=other, note=note.hex())


def test_a_witness_beside_the_log_changes_nothing(sources: Sources) -> None:
    note = Note.parse(TLOG["note"].encode())
    witness = NoteSigner("witness.example", Ed25519PrivateKey.generate())
    both = with_signatures(note, [witness.cosign(note.text, 1_790_000_000)]).encode().encode()
    assert "value" in sources.ask("checkpoint", key=TLOG["verifier_key"], note=both.hex())
    alone = Note(note.text, (witness.sign(note.text),)).encode().encode()
    outcome = sources.ask("checkpoint", key=TLOG["verifier_key"], note=alone.hex())
    assert "not signed by node.example/log" in outcome["message"]


def test_bundles_of_entries_are_split_as_they_were_joined(sources: Sources) -> None:
    entries = [b"", b"a", bytes(300)]
    bundle = tiles.encode_entries(entries)
    assert sources.ask("bundle", bundle=bundle.hex())["value"] == [entry.hex() for entry in entries]
    for cut in (1, 2, 5, len(bundle) - 1):
        assert ("value" in sources.ask("bundle", bundle=bundle[:cut].hex())) == (cut == 2 or cut == 5)


def test_every_signed_command_arrives_as_published(sources: Sources) -> None:
    for vector in APPLICATIONS["commands"]:
        found = sources.ask("envelope", envelope=vector["envelope"])["value"]
        assert found["raw"] == vector["body"]
        assert [found[name] for name in ("origin", "applicationId", "revision")] == [
            vector["origin"],
            vector["application_id"],
            vector["revision"],
        ]
        names = {"packageId": "package_id"}
        command = {names.get(name, name): value for name, value in found["command"].items()}
        assert without_defaults(command) == without_defaults(vector["fields"])
        entry = sources.ask("entry", entry=vector["entry"])["value"]
        assert (entry["kind"], entry["at"]) == ("command", vector["at"])
        assert entry["signed"] == found
    for vector in APPLICATIONS["entries"]:
        entry = sources.ask("entry", entry=vector["entry"])["value"]
        fields = vector["fields"]
        named = {"kind": vector["kind"], "applicationId": fields["application_id"]}
        assert entry == named | {name: value for name, value in fields.items() if name != "application_id"}


def without_defaults(fields: dict[str, Any]) -> dict[str, Any]:
    policy = fields.get("policy", {"kind": "owner"})
    return {**fields, "policy": {**policy, "guardians": policy.get("guardians", [])}}


@pytest.mark.parametrize("vector", APPLICATIONS["refused"], ids=lambda vector: vector["what"])
def test_every_refused_envelope_is_refused(sources: Sources, vector: dict[str, str]) -> None:
    outcome = sources.ask("envelope", envelope=vector["envelope"])
    assert outcome["code"] in {"BAD_REQUEST", "UNAUTHENTICATED"}


ENVELOPES: Final = [bytes.fromhex(vector["envelope"]) for vector in APPLICATIONS["commands"]]
LEAVES: Final = [
    bytes.fromhex(vector["entry"]) for vector in APPLICATIONS["commands"] + APPLICATIONS["entries"]
]


@FUZZ
@given(altered(LEAVES))
def test_both_readers_of_entries_accept_the_same_bytes(sources: Sources, leaf: bytes) -> None:
    outcome = sources.ask("entry", entry=leaf.hex())
    assert "crash" not in outcome, outcome
    assert ("value" in outcome) == python_accepts(decode_entry, leaf)


@FUZZ
@given(altered(ENVELOPES))
def test_both_readers_of_commands_believe_the_same_signatures(sources: Sources, envelope: bytes) -> None:
    outcome = sources.ask("envelope", envelope=envelope.hex())
    assert "crash" not in outcome, outcome
    assert ("value" in outcome) == python_accepts(lambda data: decode_envelope(data).verify(), envelope)


OWNERS: Final = [OwnerKey.from_seed(bytes([n]) * 32) for n in range(1, 5)]
PUBLIC: Final = [key.public_key for key in OWNERS]
APP: Final = application_id(PUBLIC[0], b"nonce")
LOG_ORIGIN: Final = "log.example"
MINUTE: Final = 60_000

some_keys = st.sets(st.sampled_from(PUBLIC), min_size=1, max_size=3).map(lambda keys: tuple(sorted(keys)))
upgrade_policies: st.SearchStrategy[UpgradePolicy] = st.one_of(
    st.just(Immutable()),
    st.just(OwnerDecides()),
    st.builds(Timelock, delay=st.sampled_from([60, 120]), guardians=st.just(()) | some_keys),
    some_keys.map(lambda keys: Multisig(threshold=min(2, len(keys)), keys=keys)),
    some_keys.map(lambda keys: TimelockMultisig(delay=60, threshold=1, keys=keys, guardians=keys)),
)
some_commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(CreateApplication, name=st.just("todo"), nonce=st.just(b"nonce"), policy=upgrade_policies),
    st.builds(Deploy, package_id=st.sampled_from(["0" * 64, "1" * 64])),
    st.builds(Deploy, package_id=st.sampled_from(["2" * 64, "3" * 64])),
    st.builds(RollBack, version=st.integers(1, 3)),
    st.builds(SetUpgradePolicy, policy=upgrade_policies),
    st.builds(TransferOwnership, to=st.sampled_from(PUBLIC)),
    st.sampled_from([CancelUpgrade(), Veto(), Archive()]),
    st.builds(AddAllowedOrigin, origin=st.sampled_from(["https://page.example", "https://", "nothing"])),
    st.just(RemoveAllowedOrigin(origin="https://page.example")),
    st.builds(LinkDomain, domain=st.sampled_from(["app.example.com", "example", "a..b.example"])),
    st.just(UnlinkDomain(domain="app.example.com")),
)
by_rule = st.sampled_from(["activated", "activated", "domain_proved", "domain_lapsed"])
steps = st.lists(
    st.tuples(
        some_commands | by_rule,
        st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),
        st.sampled_from([0, 0, 0, 0, 1, -1, -2]),
        st.sampled_from([0, 1, MINUTE, 2 * MINUTE, -1]),
    ),
    max_size=14,
)


def next_entry(state: State, at: int, step: Any) -> Entry:
    what, by, ahead, _ = step
    record = state.get(APP)
    revision = max(0, (0 if record is None else record.revision) + ahead)
    if what == "activated":
        return Activated(at=at, application_id=APP, revision=revision)
    if what == "domain_proved":
        return DomainProved(at=at, application_id=APP, domain="app.example.com", until=at + MINUTE)
    if what == "domain_lapsed":
        return DomainLapsed(at=at, application_id=APP, domain="app.example.com")
    body = Body(origin=LOG_ORIGIN, application_id=APP, revision=revision, command=what)
    return Submitted(at=at, command=decode_envelope(sign(body, *(OWNERS[each] for each in by))))


@FUZZ
@given(upgrade_policies, steps)
def test_both_folds_accept_the_same_entries_and_say_the_same(
    sources: Sources, policy: UpgradePolicy, history: list[Any]
) -> None:
    state, at = State(LOG_ORIGIN), MINUTE
    created = CreateApplication(name="todo", nonce=b"nonce", policy=policy)
    leaves: list[bytes] = []
    refused: list[str | None] = []
    accepted: list[int] = []
    for step in [(created, [0], 0, 0), *history]:
        at += step[3]
        leaf = encode_entry(next_entry(state, at, step))
        leaves.append(leaf)
        try:
            state.append(leaf)
            refused.append(None)
            accepted.append(len(leaves) - 1)
        except ProvenError as error:
            refused.append(error.code.value)
    asked = [leaf.hex() for leaf in leaves]
    found = sources.ask("replay", origin=LOG_ORIGIN, application=APP, leaves=asked)["value"]
    assert found["refused"] == refused
    record = state.get(APP)
    if record is None:
        assert "owner" not in found
        return
    assert found["history"] == accepted
    assert found["owner"] == record.owner.hex()
    assert found["archived"] == record.archived
    assert without_defaults({"policy": found["policy"]}) == without_defaults(
        {"policy": msgspec.to_builtins(record.policy) | hex_keys(record.policy)}
    )
    assert found["versions"] == [
        {
            "number": version.number,
            "packageId": version.package_id,
            "at": version.at,
            "logIndex": accepted[version.log_index],
            "announcedIndex": accepted[version.announced_index],
        }
        for version in state.versions(APP)
    ]
    pending = found["pending"] and (found["pending"]["announcedAt"], found["pending"]["activatesAt"])
    assert pending == (record.pending and (record.pending.announced_at, record.pending.activates_at))


def hex_keys(policy: UpgradePolicy) -> dict[str, list[str]]:
    named = ("keys", "guardians")
    return {name: [key.hex() for key in getattr(policy, name)] for name in named if hasattr(policy, name)}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"kind": "owner"}, "Its owner can change it at any moment."),
        ({"kind": "immutable"}, "Nobody can ever change it."),
        (
            {"kind": "timelock", "delay": 7 * 86400, "guardians": []},
            "Its owner can change it, 7 days after announcing it in the log.",
        ),
        (
            {"kind": "timelock", "delay": 5400, "guardians": ["00"]},
            "Its owner can change it, 1 hour 30 minutes after announcing it in the log. "
            "A guardian can veto until then.",
        ),
        (
            {"kind": "multisig", "threshold": 2, "keys": ["00", "01", "02"]},
            "2 of 3 keys can change it together, at any moment.",
        ),
        (
            {
                "kind": "timelock_multisig",
                "delay": 60,
                "threshold": 1,
                "keys": ["00"],
                "guardians": ["0", "1"],
            },
            "1 of 1 keys can change it together, 1 minute after announcing it in the log. "
            "Any of 2 guardians can veto until then.",
        ),
    ],
)
def test_who_can_change_an_application_is_said_in_words(
    sources: Sources, policy: dict[str, Any], words: str
) -> None:
    assert sources.ask("words", policy=policy, archived=False)["value"] == words
    archived = sources.ask("words", policy=policy, archived=True)["value"]
    assert archived == "It was archived: nobody can change it any more."


class Book:
    """A log with two applications, of which `APP` has two versions."""

    def __init__(self, at: int = MINUTE) -> None:
        self.at = at
        self.signer = NoteSigner(LOG_ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
        self.other = application_id(PUBLIC[1], b"other")
        self.leaves = [
            self._leaf(APP, CreateApplication(name="todo", nonce=b"nonce"), 0, OWNERS[0]),
            self._leaf(self.other, CreateApplication(name="other", nonce=b"other"), 0, OWNERS[1]),
            self._leaf(APP, Deploy(package_id="0" * 64), 1, OWNERS[0]),
            self._leaf(self.other, Deploy(package_id="1" * 64), 1, OWNERS[1]),
            self._leaf(APP, Deploy(package_id="2" * 64), 2, OWNERS[0]),
        ]

    def _leaf(self, application: str, command: Command, revision: int, by: OwnerKey) -> bytes:
        body = Body(origin=LOG_ORIGIN, application_id=application, revision=revision, command=command)
        return encode_entry(Submitted(at=self.at, command=decode_envelope(sign(body, by))))

    def subtrees(self) -> merkle.Subtrees:
        frontier = merkle.Frontier()
        found: dict[tuple[int, int], bytes] = {}
        for leaf in self.leaves:
            for height, index, value in frontier.append(merkle.leaf_hash(leaf)):
                found[height, index] = value
        return lambda height, index: found[height, index]

    def root(self, size: int) -> bytes:
        return merkle.root_at(size, self.subtrees())

    def asked(self, *, whole: bool, size: int | None = None, **change: Any) -> dict[str, Any]:
        """A question about the last version, with `change`."""
        size = len(self.leaves) if size is None else size
        text = Checkpoint(LOG_ORIGIN, size, self.root(size)).text()
        note = Note(text, (self.signer.sign(text),)).encode().encode()
        listed = range(size) if whole else [index for index in (0, 2, 4) if index < size]
        entries = [
            {
                "index": index,
                "leaf": self.leaves[index].hex(),
                "proof": []
                if whole
                else [h.hex() for h in merkle.prove_inclusion(index, size, self.subtrees())],
            }
            for index in listed
        ]
        asked = {
            "key": self.signer.key.verifier_key(),
            "note": note.hex(),
            "entries": entries,
            "whole": whole,
            "application": APP,
            "answer": {"packageId": "2" * 64, "logIndex": 4},
            "known": None,
            "consistency": [],
        }
        return asked | change

    def seen(self, size: int, root: bytes | None = None) -> dict[str, Any]:
        """The log as it was remembered when it had `size` entries."""
        return {
            "origin": LOG_ORIGIN,
            "verifierKey": self.signer.key.verifier_key(),
            "size": size,
            "root": (root or self.root(size)).hex(),
            "seenAt": 1_790_000_000_000,
        }


both_ways = pytest.mark.parametrize("whole", [True, False], ids=["whole", "listed"])


@both_ways
def test_a_log_confirms_the_package_that_it_made_live(sources: Sources, whole: bool) -> None:
    found = sources.ask("log", **Book().asked(whole=whole))["value"]
    version = {"number": 2, "packageId": "2" * 64, "at": MINUTE, "logIndex": 4, "announcedIndex": 4}
    assert found == {"version": version, "name": "todo", "announcements": []}


@both_ways
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"packageId": "0" * 64, "logIndex": 4}, "made the package 2222"),
        ({"packageId": "1" * 64, "logIndex": 3}, "entry 3, which the answer names, is"),
        ({"packageId": "0" * 64, "logIndex": 0}, "made no package live"),
        ({"packageId": "2" * 64, "logIndex": 5}, "the checkpoint is older than the answer"),
    ],
    ids=str,
)
def test_a_log_that_says_something_else_refuses_the_answer(
    sources: Sources, whole: bool, answer: dict[str, Any], why: str
) -> None:
    outcome = sources.ask("log", **Book().asked(whole=whole, answer=answer))
    assert (outcome["code"], outcome["details"]["rule"]) == ("EVIDENCE_INVALID", "log")
    assert why in outcome["message"]


def test_entries_that_were_left_out_altered_or_added_are_noticed(sources: Sources) -> None:
    book = Book()
    whole, listed = book.asked(whole=True), book.asked(whole=False)
    proofs = listed["entries"]
    for changed, why in [
        (whole | {"entries": whole["entries"][:-1]}, "4 were given as the whole log"),
        (whole | {"entries": [*whole["entries"][:4], whole["entries"][3]]}, "their root is another"),
        (listed | {"entries": [proofs[0], proofs[2]]}, "entries of the application were left out"),
        (listed | {"entries": [proofs[0], proofs[1]]}, "is not among the application's entries"),
        (listed | {"entries": [*proofs, proofs[2]]}, "left out or added"),
        (listed | {"entries": [proofs[0] | {"leaf": proofs[1]["leaf"]}]}, "entry 0 is not shown to be"),
        (
            listed | {"entries": [proofs[0] | {"proof": [altered_hex(h, 3) for h in proofs[0]["proof"]]}]},
            "entry 0 is not shown to be in the log",
        ),
        (listed | {"application": book.other}, "is about the application"),
    ]:
        outcome = sources.ask("log", **changed)
        assert outcome["code"] == "EVIDENCE_INVALID"
        assert why in outcome["message"], outcome


@both_ways
def test_what_was_seen_of_a_log_has_to_go_on(sources: Sources, whole: bool) -> None:
    book = Book(1_790_000_000_000)
    consistency = [each.hex() for each in merkle.prove_consistency(3, 5, book.subtrees())]
    grown = book.asked(whole=whole, known=book.seen(3), consistency=consistency)
    assert "value" in sources.ask("log", **grown)
    assert "value" in sources.ask("log", **grown | {"known": book.seen(5)})

    forked = sources.ask("log", **grown | {"known": book.seen(3, merkle.leaf_hash(b"another"))})
    assert "the log was forked: on 2026-09-21 14:13:20 UTC it had 3 entries" in forked["message"]
    assert forked["details"] == {
        "rule": "log",
        "seenSize": 3,
        "seenAt": "2026-09-21T14:13:20.000Z",
        "size": 5,
    }
    shown = book.asked(whole=whole, size=3, known=book.seen(5))
    rolled_back = sources.ask("log", **shown)
    expected = "the log was rolled back: it had 5 entries on 2026-09-21 14:13:20 UTC, now it is shown with 3"
    assert rolled_back["message"] == expected


@both_ways
def test_entries_of_the_future_and_backdated_ones_are_refused(sources: Sources, whole: bool) -> None:
    seen_at = 1_790_000_000_000
    early, late = Book(seen_at - 6 * MINUTE), Book(seen_at + 6 * MINUTE)
    future = sources.ask("log", **late.asked(whole=whole, now=seen_at))
    assert "entry 0 says that it is of 2026-09-21 14:19:20 UTC, which is yet to come" in future["message"]
    assert "value" in sources.ask("log", **late.asked(whole=whole, now=seen_at + 2 * MINUTE))

    proof = [each.hex() for each in merkle.prove_consistency(3, 5, early.subtrees())]
    backdated = early.asked(whole=whole, known=early.seen(3), consistency=proof)
    outcome = sources.ask("log", **backdated)
    first = 3 if whole else 4
    assert f"entry {first} was backdated: it says that it is of 2026-09-21 14:07:20" in outcome["message"]
    assert outcome["details"]["seenAt"] == "2026-09-21T14:13:20.000Z"
    assert "value" in sources.ask("log", **early.asked(whole=whole, known=early.seen(5)))


@both_ways
def test_a_version_that_was_replaced_long_before_does_not_answer(sources: Sources, whole: bool) -> None:
    earlier = {"packageId": "0" * 64, "logIndex": 2}
    asked = Book().asked(whole=whole, answer=earlier)
    assert "value" in sources.ask("log", **asked, answeredAt=16 * MINUTE)
    outcome = sources.ask("log", **asked, answeredAt=16 * MINUTE + 1)
    assert "the answer came from version 1, which was replaced on 1970-01-01 00:01:00" in outcome["message"]


def test_a_checkpoint_of_another_log_or_key_is_refused(sources: Sources) -> None:
    book = Book()
    asked = book.asked(whole=True)
    text = Checkpoint("other.example", 5, book.root(5)).text()
    another = Note(text, (book.signer.sign(text),)).encode().encode().hex()
    assert "is of the log other.example" in sources.ask("log", **asked | {"note": another})["message"]
    key = NoteSigner(LOG_ORIGIN, Ed25519PrivateKey.generate()).key.verifier_key()
    refused = sources.ask("log", **asked | {"key": key})
    assert "not one of the attested key" in refused["message"]
