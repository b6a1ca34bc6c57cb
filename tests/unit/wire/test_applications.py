"""Signed commands arrive as they were signed, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.wire import cbor
from proven.wire.applications import (
    MAX_DELAY,
    MAX_ENVELOPE,
    MAX_POLICY_KEYS,
    MAX_SIGNATURES,
    MIN_DELAY,
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
    Policy,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Veto,
    decode_envelope,
    require_key,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import application_id
from proven.wire.log_entries import (
    Activated,
    DomainLapsed,
    DomainProved,
    Entry,
    Submitted,
    _read_any,
    _read_usual,
    decode_entry,
    encode_entry,
)
from unit.wire.small_order import SMALL_ORDER

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "applications.json").read_text())
KEYS = [OwnerKey.from_seed(bytes([n]) * 32) for n in range(1, 6)]
PUBLIC = [key.public_key for key in KEYS]
APP = application_id(PUBLIC[0], b"nonce")
ORIGIN = "proven.local/" + "ab" * 32


def some_keys(minimum: int = 0) -> st.SearchStrategy[tuple[bytes, ...]]:
    return st.sets(st.sampled_from(PUBLIC), min_size=minimum).map(lambda keys: tuple(sorted(keys)))


def thresholds(build: Callable[..., Policy], **more: Any) -> st.SearchStrategy[Policy]:
    return some_keys(1).flatmap(
        lambda keys: st.builds(build, keys=st.just(keys), threshold=st.integers(1, len(keys)), **more)
    )


delays = st.integers(MIN_DELAY, MAX_DELAY)
policies: st.SearchStrategy[Policy] = st.one_of(
    st.just(Immutable()),
    st.just(OwnerDecides()),
    st.builds(Timelock, delay=delays, guardians=some_keys()),
    thresholds(Multisig),
    thresholds(TimelockMultisig, delay=delays, guardians=some_keys()),
)
texts = st.text(min_size=1, max_size=60)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(CreateApplication, name=texts, nonce=st.binary(max_size=64), policy=st.none() | policies),
    st.builds(Deploy, package_id=st.binary(min_size=32, max_size=32).map(bytes.hex)),
    st.builds(RollBack, version=st.integers(1, 1 << 53).filter(lambda n: n < 1 << 53)),
    st.builds(SetUpgradePolicy, policy=policies),
    st.builds(TransferOwnership, to=st.sampled_from(PUBLIC)),
    st.sampled_from([CancelUpgrade(), Veto(), Archive()]),
    st.builds(AddAllowedOrigin, origin=texts),
    st.builds(RemoveAllowedOrigin, origin=texts),
    st.builds(LinkDomain, domain=texts),
    st.builds(UnlinkDomain, domain=texts),
)
bodies = st.builds(
    Body,
    origin=st.sampled_from([ORIGIN, "log.example", "x" * 255]),
    application_id=st.just(APP),
    revision=st.integers(0, (1 << 53) - 1),
    command=commands,
)
signers = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
times = st.integers(0, (1 << 53) - 1)


def submitted(at: int, body: Body, keys: list[OwnerKey]) -> Submitted:
    return Submitted(at=at, command=decode_envelope(sign(body, *keys)))


entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(submitted, times, bodies, signers),
    st.builds(submitted, st.just(1_790_000_000_000), bodies, signers),
    st.builds(Activated, at=times, application_id=st.just(APP), revision=times),
    st.builds(DomainProved, at=times, application_id=st.just(APP), domain=texts, until=times),
    st.builds(DomainLapsed, at=times, application_id=st.just(APP), domain=texts),
)


@given(bodies, signers)
def test_what_is_signed_arrives_as_it_was_and_is_verified(body: Body, keys: list[OwnerKey]) -> None:
    envelope = sign(body, *keys)
    signed = decode_envelope(envelope)
    assert (signed.body, signed.encode()) == (body, envelope)
    assert signed.signers == tuple(sorted(key.public_key for key in keys))
    signed.verify()


@given(bodies, st.data())
def test_an_envelope_with_any_bit_turned_is_refused(body: Body, data: st.DataObject) -> None:
    envelope = bytearray(sign(body, KEYS[0]))
    position = data.draw(st.integers(0, len(envelope) * 8 - 1))
    envelope[position // 8] ^= 1 << (position % 8)
    with pytest.raises(ProvenError) as refused:
        decode_envelope(bytes(envelope)).verify()
    assert refused.value.code in (ErrorCode.BAD_REQUEST, ErrorCode.UNAUTHENTICATED)


@given(entries)
def test_entries_are_written_in_one_way_and_read_back(entry: Entry) -> None:
    leaf = encode_entry(entry)
    assert decode_entry(leaf) == entry
    assert encode_entry(decode_entry(leaf)) == leaf


@given(entries, st.data())
def test_the_fast_reader_reads_what_the_strict_one_does(entry: Entry, data: st.DataObject) -> None:
    leaf = bytearray(encode_entry(entry))
    for _ in range(data.draw(st.integers(0, 3))):
        position = data.draw(st.integers(0, len(leaf) - 1))
        match data.draw(st.sampled_from(["change", "remove", "add"])):
            case "change":
                leaf[position] = data.draw(st.integers(0, 255))
            case "remove":
                del leaf[position]
            case "add":
                leaf.insert(position, data.draw(st.integers(0, 255)))
    fast = _read_usual(bytes(leaf))
    if fast is not None:
        assert fast == _read_any(bytes(leaf))


@pytest.mark.parametrize(
    "command",
    [
        Deploy(package_id="0" * 64),
        RollBack(version=1),
        RollBack(version=1000),
        AddAllowedOrigin(origin="https://a.example"),
        RemoveAllowedOrigin(origin="o" * 253),
        LinkDomain(domain="gcommand.example"),
        UnlinkDomain(domain="d"),
        CancelUpgrade(),
        Veto(),
        Archive(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("signed_by", [1, 2, 5])
def test_the_fast_reader_reads_what_is_usual(
    command: Command, signed_by: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = Body(origin=ORIGIN, application_id=APP, revision=3, command=command)
    entry = submitted(1_790_000_000_000, body, KEYS[:signed_by])
    monkeypatch.delattr("proven.wire.log_entries.decode_command")
    assert _read_usual(encode_entry(entry)) == entry


@pytest.mark.parametrize("revision", [0, 23, 24, 255, 256, 65_535])
def test_the_fast_reader_reads_activations(revision: int) -> None:
    entry = Activated(at=1_790_000_000_000, application_id=APP, revision=revision)
    assert _read_usual(encode_entry(entry)) == entry


@given(st.binary(max_size=300))
def test_nonsense_is_refused_as_such(raw: bytes) -> None:
    for read in (decode_envelope, decode_entry):
        with pytest.raises(ProvenError) as refused:
            read(raw)
        assert refused.value.code is ErrorCode.BAD_REQUEST


def fields_of(command: Command) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(command, builtin_types=(bytes,))
    return fields


def envelope_of(body: object, *keys: OwnerKey) -> bytes:
    raw = cbor.encode(body)
    signatures = sorted([key.public_key, key.sign(raw)] for key in keys or KEYS[:1])
    return cbor.encode({"body": raw, "signatures": signatures})


LABEL = "proven/application-command/v1"


@pytest.mark.parametrize(
    "body",
    [
        ["proven/identify/v1", ORIGIN, APP, 0, {"command": "Archive"}],
        [LABEL, ORIGIN, APP, 0, {"command": "Archive"}, 0],
        [LABEL, ORIGIN, APP, 0],
        [LABEL, "", APP, 0, {"command": "Archive"}],
        [LABEL, "x" * 256, APP, 0, {"command": "Archive"}],
        [LABEL, ORIGIN, APP.upper(), 0, {"command": "Archive"}],
        [LABEL, ORIGIN, APP + "\n", 0, {"command": "Archive"}],
        [LABEL, ORIGIN, APP, -1, {"command": "Archive"}],
        [LABEL, ORIGIN, APP, 1 << 53, {"command": "Archive"}],
        [LABEL, ORIGIN, APP, 1.0, {"command": "Archive"}],
        [LABEL, ORIGIN, APP, True, {"command": "Archive"}],
        [LABEL, ORIGIN, APP, 0, {"command": "archive"}],
        [LABEL, ORIGIN, APP, 0, {"command": "Archive", "more": 1}],
        [LABEL, ORIGIN, APP, 0, {}],
        [LABEL, ORIGIN, APP, 0, {"command": "Deploy", "package_id": "A" * 64}],
        [LABEL, ORIGIN, APP, 0, {"command": "RollBack", "version": 0}],
        [LABEL, ORIGIN, APP, 0, {"command": "CreateApplication", "name": "a", "nonce": bytes(65)}],
        [LABEL, ORIGIN, APP, 0, {"command": "CreateApplication", "name": "a", "nonce": b"", "policy": None}],
        [LABEL, ORIGIN, APP, 0, {"command": "TransferOwnership", "to": bytes(31)}],
        [LABEL, ORIGIN, APP, 0, {"command": "TransferOwnership", "to": bytes(32)}],
    ],
)
def test_a_body_has_one_form(body: object) -> None:
    with pytest.raises(ProvenError) as refused:
        decode_envelope(envelope_of(body))
    assert refused.value.code is ErrorCode.BAD_REQUEST


ASCENDING = sorted(PUBLIC)


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "anything"},
        {"kind": "owner", "delay": 60},
        {"kind": "timelock"},
        {"kind": "timelock", "delay": MIN_DELAY - 1},
        {"kind": "timelock", "delay": MAX_DELAY + 1},
        {"kind": "timelock", "delay": 60.0},
        {"kind": "timelock", "delay": 60, "guardians": []},
        {"kind": "timelock", "delay": 60, "guardians": [ASCENDING[0], ASCENDING[0]]},
        {"kind": "timelock", "delay": 60, "guardians": [ASCENDING[1], ASCENDING[0]]},
        {"kind": "timelock", "delay": 60, "guardians": [b"\1" + bytes(31)]},
        {"kind": "multisig", "threshold": 0, "keys": ASCENDING},
        {"kind": "multisig", "threshold": 6, "keys": ASCENDING},
        {"kind": "multisig", "threshold": 1, "keys": []},
        {"kind": "multisig", "threshold": 2, "keys": ASCENDING[:1]},
        {"kind": "multisig", "threshold": 1, "keys": ASCENDING, "guardians": ASCENDING},
        {"kind": "multisig", "threshold": 2, "keys": [ASCENDING[0], ASCENDING[0]]},
        {"kind": "timelock_multisig", "threshold": 1, "keys": ASCENDING},
    ],
)
def test_a_policy_is_within_its_bounds(policy: object) -> None:
    body = [LABEL, ORIGIN, APP, 0, {"command": "SetUpgradePolicy", "policy": policy}]
    with pytest.raises(ProvenError) as refused:
        decode_envelope(envelope_of(body))
    assert refused.value.code is ErrorCode.BAD_REQUEST


def test_a_policy_has_so_many_keys_and_no_more() -> None:
    many = sorted(OwnerKey.from_seed(bytes([n]) * 32).public_key for n in range(MAX_POLICY_KEYS + 1))
    for keys, fine in ((many[1:], True), (many, False)):
        command = {
            "command": "SetUpgradePolicy",
            "policy": {"kind": "multisig", "threshold": 1, "keys": keys},
        }
        envelope = envelope_of([LABEL, ORIGIN, APP, 0, command])
        if fine:
            decode_envelope(envelope)
        else:
            with pytest.raises(ProvenError):
                decode_envelope(envelope)


def test_an_envelope_has_so_many_signatures_and_bytes_and_no_more() -> None:
    keys = [OwnerKey.from_seed(n.to_bytes(32, "big")) for n in range(1, MAX_SIGNATURES + 2)]
    body = Body(origin=ORIGIN, application_id=APP, revision=0, command=Archive())
    decode_envelope(sign(body, *keys[1:]))
    with pytest.raises(ProvenError) as many:
        decode_envelope(sign(body, *keys))
    with pytest.raises(ProvenError) as large:
        decode_envelope(bytes(MAX_ENVELOPE + 1))
    with pytest.raises(ProvenError) as nobody:
        decode_envelope(sign(body))
    codes = [each.value.code for each in (many, large, nobody)]
    assert codes == [ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE, ErrorCode.UNAUTHENTICATED]


def test_signatures_are_gathered_one_after_the_other() -> None:
    body = Body(origin=ORIGIN, application_id=APP, revision=0, command=Archive())
    begun = decode_envelope(sign(body, KEYS[1]))
    assert begun.cosigned(KEYS[0]).encode() == sign(body, *KEYS[:2])


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_a_key_as_which_anybody_signs_is_none(key: bytes) -> None:
    with pytest.raises(ValueError, match="not an Ed25519"):
        require_key(key)
    forged = cbor.encode(
        {
            "body": Body(origin=ORIGIN, application_id=APP, revision=0, command=Archive()).encode(),
            "signatures": [[key, bytes([1]) + bytes(63)]],
        }
    )
    with pytest.raises(ProvenError) as refused:
        decode_envelope(forged).verify()
    assert refused.value.code is ErrorCode.UNAUTHENTICATED


def test_vectors_cover_every_command_and_policy() -> None:
    covered = {each["fields"]["command"] for each in VECTORS["commands"]}
    kinds = {each["fields"].get("policy", {}).get("kind") for each in VECTORS["commands"]}
    assert covered == {command.__name__ for command in get_args(Command)}
    assert kinds >= {"immutable", "owner", "timelock", "multisig", "timelock_multisig"}


@pytest.mark.parametrize("vector", VECTORS["commands"], ids=lambda each: each["what"])
def test_commands_are_signed_as_the_vectors_say(vector: dict[str, Any]) -> None:
    keys = [OwnerKey.from_seed(bytes.fromhex(seed)) for seed in vector["seeds"]]
    signed = decode_envelope(bytes.fromhex(vector["envelope"]))
    signed.verify()
    body = signed.body
    assert body.encode().hex() == vector["body"]
    assert sign(body, *keys).hex() == vector["envelope"]
    assert (body.origin, body.application_id, body.revision) == (
        vector["origin"],
        vector["application_id"],
        vector["revision"],
    )
    assert in_hex(fields_of(body.command)) == vector["fields"]
    entry = Submitted(at=vector["at"], command=signed)
    assert encode_entry(entry).hex() == vector["entry"]


@pytest.mark.parametrize("vector", VECTORS["entries"], ids=lambda each: each["kind"])
def test_entries_are_written_as_the_vectors_say(vector: dict[str, Any]) -> None:
    kinds = {"activated": Activated, "domain_proved": DomainProved, "domain_lapsed": DomainLapsed}
    entry = kinds[vector["kind"]](**vector["fields"])
    assert encode_entry(entry).hex() == vector["entry"]
    assert decode_entry(bytes.fromhex(vector["entry"])) == entry


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda each: each["what"])
def test_what_the_vectors_refuse_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(ProvenError):
        decode_envelope(bytes.fromhex(vector["envelope"])).verify()


def in_hex(value: Any) -> Any:
    """Byte strings as hex, as JSON has them."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: in_hex(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [in_hex(item) for item in value]
    return value
