"""What the commands of owners are told: about which node, by which keys, after how many entries."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from proven.cli import _nodes
from proven.cli.key import KEY, KEY_FILE, read_key
from proven.wire.errors import ErrorCode, ProvenError

if TYPE_CHECKING:
    from proven.client.owner import OwnersNode
    from proven.wire.applications import Command, OwnerKey

F = TypeVar("F", bound=Callable[..., Any])

APP = click.argument("application", metavar="APP", shell_complete=_nodes.running_applications)
YES = click.option("--yes", is_flag=True, help="Do not ask.")
_TIMEOUT: Final = click.option(
    "--timeout", type=click.FloatRange(0.1, 3600), default=120.0, show_default=True, help="Seconds."
)
_SIGNING_OPTIONS: Final = (
    click.option(
        "--key",
        "keys",
        multiple=True,
        type=KEY,
        metavar="KEY",
        help="Sign by this: FILE, or keyring:NAME. Repeatable.",
    ),
    click.option("--passkey", is_flag=True, help="Sign by your passkey, on the owner page of the node."),
    click.option("--save", type=KEY_FILE, metavar="FILE", help="Write the signed command; do not send it."),
)
_REVISION: Final = click.option(
    "--revision",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only if it has N entries.  [default: read from the log]",
)


def node_options(command: F) -> F:
    """Give a command the options that `Place` is made of."""
    return _nodes.node_options(_TIMEOUT(command), default="the one on this machine")


def signing_options(command: F) -> F:
    """Give a command those as well, and the options that `Signing` is made of."""
    return _with(node_options(command), (*_SIGNING_OPTIONS, _REVISION))


def creating_options(command: F) -> F:
    """The same for an application that has no entries yet."""
    return _with(node_options(command), _SIGNING_OPTIONS)


def _with(command: F, options: Sequence[Callable[[F], F]]) -> F:
    return reduce(lambda made, option: option(made), reversed(options), command)


@dataclass(frozen=True, slots=True)
class Place:
    """A node, and how its evidence is verified."""

    found: _nodes.Found
    timeout: float

    @classmethod
    def of(cls, application: str | None, options: Mapping[str, Any]) -> Place:
        """The node that the options name, or the one on this machine."""
        return cls(_nodes.find(application, options), options["timeout"])

    @property
    def url(self) -> str:
        return self.found.url

    @contextlib.asynccontextmanager
    async def node(self) -> AsyncIterator[OwnersNode]:
        from proven.client import LogMemory
        from proven.client.collect import collecting
        from proven.client.owner import OwnersNode

        with self.found.telling_what_runs():
            async with collecting(self.url, timeout=self.timeout) as collector:
                yield OwnersNode(collector, self.found.verifier, LogMemory.default())


@dataclass(frozen=True, slots=True)
class Signing:
    """By which keys and whether by a passkey too, after how many entries (None: those there are), and where
    to if it is not sent.
    """

    keys: tuple[OwnerKey, ...]
    passkey: bool
    revision: int | None
    save: Path | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Signing:
        if not options["keys"] and not options["passkey"]:
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                "say who signs: --key FILE, --key keyring:NAME or --passkey; `proven key new KEY` makes a "
                "key",
            )
        save = options["save"]
        if save is not None and os.path.lexists(save):
            raise ProvenError(
                ErrorCode.CONFLICT, f"{save} exists, and no file is replaced: choose another name"
            )
        keys = {key.public_key: key for key in map(read_key, options["keys"])}
        return cls(tuple(keys.values()), options["passkey"], options.get("revision"), save)


def sign_and_tell(application: str, command: Command, as_json: bool, options: dict[str, Any]) -> None:
    """Sign a command and hand it in, and print what became of it."""
    from ._hints import Typed
    from ._sending import change_unless_so
    from ._telling import tell

    how, place = Signing.of(options), Place.of(application, options)
    tell(asyncio.run(change_unless_so(application, command, how, place)), as_json, Typed.of(options))


def bad_request(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)


def host_text(text: str) -> str:
    if not 0 < len(text) <= 253:
        raise bad_request("it is empty or has more than 253 characters")
    return text
