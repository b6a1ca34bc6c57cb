"""Which node a command for owners is about, and as whom it speaks there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from proven.wire.errors import ErrorCode, ProvenError

from ._durations import read_duration
from ._nodes import Found, find, node_options
from ._output import printable
from .key import KEY, read_key

if TYPE_CHECKING:
    from proven.client import Client
    from proven.node.presence import Presence
    from proven.wire.commands import Permission
    from proven.wire.identity import IdentityKey
    from proven.wire.permissions import Readable

F = TypeVar("F", bound=Callable[..., Any])

_DESCRIBING: Final = 10.0
_KEY: Final = click.option(
    "--key",
    "key",
    type=KEY,
    metavar="KEY",
    help="Be this: FILE, or keyring:NAME.  [default: the owner of what `proven dev` deploys here]",
)


_PASSKEY: Final = click.option(
    "--passkey", is_flag=True, help="Be who signs by their passkey, on the owner page of the node."
)


def owner_options(command: F) -> F:
    """Give a command the options that `Node.named` takes."""
    return _KEY(_PASSKEY(node_options(command)))


@dataclass(frozen=True, slots=True)
class Reader:
    """A management session that may read an application, which it names so, and what it may by."""

    client: Client
    application: str
    permission: Permission | None


class Node:
    """A node, `found` with how its evidence is verified, and the key of whoever asks; None for a passkey."""

    def __init__(self, found: Found, key: IdentityKey | None, *, named: bool) -> None:
        self.found = found
        self._key = key
        self._named = named

    @classmethod
    def named(cls, application: str, *, key: str | None, passkey: bool, **where: Any) -> Node:
        """The node that the options name, or the one on this machine that runs the application."""
        from proven.wire.identity import IdentityKey

        if passkey and key is not None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "say who you are in one way: --key KEY or --passkey")
        node = find(application, where)
        if passkey:
            return cls(node, None, named=True)
        found = _owner_of(node.known) if key is None else IdentityKey.of_owner(read_key(key))
        return cls(node, found, named=key is not None)

    @contextlib.asynccontextmanager
    async def reading(
        self, application: str, what: Readable, *, following: bool = False
    ) -> AsyncIterator[Reader]:
        """A session that reads `what` of the application. By passkey, somebody is asked to sign for that
        first, and it ends when their permission does.
        """
        if self._key is not None:
            async with self._manage(self._key) as client:
                yield Reader(client, application, None)
            return
        from ._permission import ask

        granted = await ask(self.found, application, what, following=following)
        async with granted.lasting(), self._manage(granted.key) as client:
            yield Reader(client, granted.permitted.application_id, granted.permission)

    @contextlib.asynccontextmanager
    async def _manage(self, key: IdentityKey) -> AsyncIterator[Client]:
        """A management session by that key. Who is refused, and named no key, is told how to; who names no
        application of the node, which ones there are.
        """
        from proven.client import connect

        connecting = connect(self.found.url, application=None, verifier=self.found.verifier, identity=key)
        try:
            with self.found.telling_what_runs():
                async with await connecting as client:
                    yield client
        except ProvenError as error:
            if error.code is not ErrorCode.FORBIDDEN or self._named:
                raise
            message = f"{error.message}; say with --key KEY or --passkey which of them you are"
            raise ProvenError(error.code, message, details=error.details) from None


def warn_if_unknown(node: Found, application: str, handler: str) -> None:
    """Say on stderr which handlers there are if the version that answers has none of that name, as far as
    that can be known: lines and counts of earlier versions may have another.
    """
    from ._calling import describe
    from ._handlers import short_name

    try:
        described = asyncio.run(describe(node, application, _DESCRIBING))
    except ProvenError:
        return
    if any(each.is_called(handler) for each in described.handlers):
        return
    there_are = ", ".join(sorted({short_name(each.address) for each in described.handlers})) or "none"
    told = f"the version that answers has no handler {handler!r:.200}; there are: {there_are}"
    click.echo(printable(f"note: {told}"), err=True)


def _owner_of(known: Presence | None) -> IdentityKey:
    """The key that owns what a node of this user deploys."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from proven.node import keys
    from proven.wire.identity import IdentityKey

    file = None if known is None or known.data_dir is None else Path(known.data_dir) / "root.key"
    if file is None or not file.exists():
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            "this node is not one of this machine: say with --key KEY or --passkey whose log it is",
        )
    seed = keys.derive(keys.load_or_create(file), "owner")
    return IdentityKey(Ed25519PrivateKey.from_private_bytes(seed), None)


def ago(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    """How many seconds ago a moment was, from `10m` or `2026-01-31T12:00`."""
    if text is None:
        return None
    if (seconds := read_duration(text)) is not None:
        return float(seconds)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is neither like 10m, 2h, 1d nor a time") from None
    return max(0.0, (datetime.now(UTC) - moment.astimezone(UTC)).total_seconds())
