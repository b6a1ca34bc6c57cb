"""Permissions to read by passkey: somebody lets this command line read, on the owner page, until a time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from proven.wire import words
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.permissions import LONGEST, Permitted, Readable

from ._output import COMMAND

if TYPE_CHECKING:
    from proven.wire.commands import Permission
    from proven.wire.identity import IdentityKey

    from ._nodes import Found

_LOG_TIMEOUT: Final = 120.0
_AT_ONCE: Final = 10 * 60


@dataclass(frozen=True, slots=True)
class Granted:
    """A permission, what it is for, and the key that has it, which is nowhere but here."""

    permitted: Permitted
    permission: Permission
    key: IdentityKey

    @contextlib.asynccontextmanager
    async def lasting(self) -> AsyncIterator[None]:
        """End the block when the permission ends, and say so."""
        try:
            async with asyncio.timeout(self.permitted.until - time.time()) as ends:
                yield
        except TimeoutError:
            if not ends.expired():
                raise
            until = words.moment(self.permitted.until * 1000)
            raise ProvenError(
                ErrorCode.UNAUTHENTICATED,
                f"the permission to read ended at {until}; run the command again to sign another",
            ) from None


async def ask(found: Found, application: str, what: Readable, *, following: bool) -> Granted:
    """Have somebody who may read sign that this process may: for as long as a session lasts if it follows,
    and otherwise for ten minutes after the last moment in which they can sign. Raises `ProvenError`.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from proven.wire.applications import keys_of
    from proven.wire.commands import Permission
    from proven.wire.identity import IdentityKey

    from .app._options import Place
    from .app._passkey import WAIT_SECONDS, Wanted, signature

    async with Place(found, _LOG_TIMEOUT).node() as node:
        log = await node.read(application)
    record = log.find(application)
    key = IdentityKey(Ed25519PrivateKey.generate(), None)
    until = int(time.time() + (LONGEST if following else WAIT_SECONDS + _AT_ONCE))
    permitted = Permitted(log.origin, record.id, what, key.identity, until)
    readers = (record.owner, *keys_of(record.policy))
    try:
        signer, signed = await signature(found.url, Wanted.permission(permitted, readers))
    except ProvenError as error:
        if error.code is not ErrorCode.REQUEST_TIMEOUT:
            raise
        who = f"`{COMMAND} app show {record.name}` says who can read"
        raise ProvenError(error.code, f"{error.message}; {who}") from None
    return Granted(permitted, Permission(public_key=signer, signature=signed, until=until), key)
