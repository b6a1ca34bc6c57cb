"""A permission to read ends, for the command that has it, with the next step said."""

from __future__ import annotations

import asyncio
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.cli._permission import Granted
from proven.wire.commands import Permission
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId
from proven.wire.permissions import Permitted


def granted(until: int) -> Granted:
    key = IdentityKey(Ed25519PrivateKey.generate(), None)
    permitted = Permitted("log.example", ApplicationId("a" * 32), "logs", key.identity, until)
    return Granted(permitted, Permission(public_key=bytes(32), signature=bytes(64), until=until), key)


async def test_who_follows_is_told_when_it_ends_and_what_to_do() -> None:
    with pytest.raises(ProvenError) as ended:
        async with asyncio.timeout(60), granted(int(time.time())).lasting():
            await asyncio.get_running_loop().create_future()
    assert ended.value.code is ErrorCode.UNAUTHENTICATED
    assert "run the command again" in ended.value.message


async def test_another_timeout_is_not_taken_for_its_end() -> None:
    with pytest.raises(TimeoutError):
        async with granted(int(time.time()) + 600).lasting():
            raise TimeoutError
