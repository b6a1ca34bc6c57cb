"""The SDK's codecs, sessions, derivations and verifier do what Python's do, for good input and bad."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.attestation import (
    DEVELOPMENT_PCRS,
    AnyOf,
    DevelopmentAttestor,
    Platform,
    UnsafeAnyMeasurements,
    UnsafeDebugMode,
    Verifier,
)
from proven.wire import cbor, values
from proven.wire.errors import ProvenError
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
    deadline=None,
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


def cases(test: Any) -> list[Any]:
    """The values that a test elsewhere is made with."""
    (mark,) = test.pytestmark
    return [value.values[0] if hasattr(value, "values") and not isinstance(value, dict) else value
            for value in mark.args[1]]  # fmt: skip


@pytest.mark.parametrize("changes", cases(chain_cases), ids=str)
def test_a_chain_with_one_thing_wrong_has_the_same_verdict(sources: Sources, changes: dict[str, Any]) -> None:
    mine, python = both_rules(sources, signed(payload(chain(**changes))), nonce=NONCE)
    assert mine == python == "chain"


@pytest.mark.parametrize("change", cases(structure_cases), ids=lambda change: str(change)[:40])
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
