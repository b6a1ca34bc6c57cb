"""Permissions to read: for exactly what was signed, for a while, and never anything else that keys sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from proven.wire import cbor, ids
from proven.wire.applications import Body, OwnerKey, Veto, decode_envelope
from proven.wire.commands import FollowLogs, Permission, ReadLogs, ReadMetrics, decode_command, encode_command
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import identify_message
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.permissions import LEEWAY, LONGEST, PERMISSION_LABEL, Permitted

NOW: Final = 1_795_421_642
OWNER: Final = OwnerKey.from_seed(b"O" * 32)
PERMITTED: Final = Permitted(
    "log.example", ApplicationId("a" * 32), "logs", ids.identity_id(b"reader"), NOW + 600
)


def permission(message: bytes, until: int = PERMITTED.until, key: OwnerKey = OWNER) -> Permission:
    return Permission(public_key=key.public_key, signature=key.sign(message), until=until)


def refused(permitted: Permitted, given: Permission, now: float = NOW) -> bool:
    with pytest.raises(ProvenError) as error:
        permitted.require(given, now)
    return error.value.code is ErrorCode.UNAUTHENTICATED


def test_who_signed_it_is_told() -> None:
    good = permission(PERMITTED.encode())
    assert PERMITTED.require(good, NOW) == ids.identity_id(OWNER.public_key)
    assert PERMITTED.require(good, PERMITTED.until - 0.01) == ids.identity_id(OWNER.public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "other.example"},
        {"application_id": ApplicationId("b" * 32)},
        {"what": "metrics"},
        {"reader": IdentityId("c" * 32)},
        {"until": PERMITTED.until + 1},
        {"until": PERMITTED.until - 1},
    ],
)
def test_it_is_for_nothing_but_what_was_signed(change: dict[str, Any]) -> None:
    assert refused(replace(PERMITTED, **change), permission(PERMITTED.encode()))


def test_it_is_the_signature_of_the_key_that_it_names() -> None:
    good = permission(PERMITTED.encode())
    other = OwnerKey.from_seed(b"T" * 32).public_key
    assert refused(PERMITTED, Permission(public_key=other, signature=good.signature, until=good.until))
    for flipped in range(0, 64, 7):
        forged = bytearray(good.signature)
        forged[flipped] ^= 1
        assert refused(
            PERMITTED, Permission(public_key=OWNER.public_key, signature=bytes(forged), until=good.until)
        )
    small = bytes([1, *bytes(31)])
    assert refused(PERMITTED, Permission(public_key=small, signature=small + bytes(32), until=good.until))


def test_it_ends_and_cannot_last_for_long() -> None:
    good = permission(PERMITTED.encode())
    for now in (PERMITTED.until, PERMITTED.until + 1e9):
        assert refused(PERMITTED, good, now)
    longest = replace(PERMITTED, until=NOW + LONGEST + LEEWAY)
    longest.require(permission(longest.encode()), NOW)
    for until in (longest.until + 1, (1 << 53) - 1):
        endless = replace(PERMITTED, until=until)
        assert refused(endless, permission(endless.encode()))


def test_no_signature_of_another_kind_is_one_and_it_is_no_command() -> None:
    body = Body(origin="log.example", application_id="a" * 32, revision=1, command=Veto())
    for message in (body.encode(), identify_message(None, bytes(32)), identify_message("a" * 32, bytes(32))):  # type: ignore[arg-type]
        assert refused(PERMITTED, permission(message))
        assert message != PERMITTED.encode()
    assert cbor.decode(PERMITTED.encode())[0] == PERMISSION_LABEL  # type: ignore[index]
    as_command = {
        "body": PERMITTED.encode(),
        "signatures": [(OWNER.public_key, OWNER.sign(PERMITTED.encode()))],
    }
    with pytest.raises(ProvenError) as error:
        decode_envelope(cbor.encode(as_command))
    assert error.value.code is ErrorCode.BAD_REQUEST


def test_commands_carry_it_and_only_in_its_form() -> None:
    good = permission(PERMITTED.encode())
    for command in (
        ReadLogs(application="todo", permission=good),
        FollowLogs(application="todo", after=0, permission=good),
        ReadMetrics(application="todo", permission=good),
    ):
        assert decode_command(encode_command(command)) == command
    fields = {"public_key": good.public_key, "signature": good.signature, "until": good.until}
    for change in ({"until": -1}, {"until": "1"}, {"public_key": b"k"}, {"signature": b"s"}, {"more": 1}):
        odd = {"command": "ReadLogs", "application": "todo", "permission": {**fields, **change}}
        with pytest.raises(ProvenError):
            decode_command(cbor.encode(odd))
