"""Signed commands on their way: prepared against the log, kept in files, handed in, and told about."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from proven.apps import ApplicationRecord
from proven.attestation import Verifier
from proven.client import LogMemory, _words
from proven.client.collect import collecting
from proven.client.owner import OwnersNode, ReadLog
from proven.gateway.explorer._words import command as in_words
from proven.node.presence import Presence, discover
from proven.wire.applications import (
    MAX_ENVELOPE,
    Body,
    Command,
    CreateApplication,
    Deploy,
    OwnerKey,
    SetUpgradePolicy,
    SignedCommand,
    Timelock,
    TimelockMultisig,
    decode_envelope,
    guardians_of,
    sign,
)
from proven.wire.commands import SubmitResult
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.log_entries import Activated, DomainProved, Entry, Submitted

from ._output import COMMAND, print_json, printable
from .call import _find_node, _verifier
from .key import KEY_FILE, read_key

F = TypeVar("F", bound=Callable[..., Any])

_NODE_OPTIONS: Final = (
    click.option("--node", "url", metavar="URL", help="The node.  [default: the one on this machine]"),
    click.option(
        "--development-root",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Accept development evidence under this root certificate (PEM).",
    ),
    click.option("--any-development-node", is_flag=True, help="Accept development evidence of any node."),
    click.option("--pcr0", metavar="HEX", help="Accept evidence of AWS Nitro hardware that runs this image."),
    click.option(
        "--timeout", type=click.FloatRange(0.1, 3600), default=120.0, show_default=True, help="Seconds."
    ),
)
_SIGNING_OPTIONS: Final = (
    click.option(
        "--key", "keys", multiple=True, type=KEY_FILE, metavar="FILE", help="Sign by this. Repeatable."
    ),
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
    return _with(command, _NODE_OPTIONS)


def signing_options(command: F) -> F:
    """Give a command those as well, and the options that `Signing` is made of."""
    return _with(command, (*_SIGNING_OPTIONS, _REVISION, *_NODE_OPTIONS))


def creating_options(command: F) -> F:
    """The same for an application that has no entries yet."""
    return _with(command, (*_SIGNING_OPTIONS, *_NODE_OPTIONS))


def _with(command: F, options: Sequence[Callable[[F], F]]) -> F:
    return reduce(lambda made, option: option(made), reversed(options), command)


@dataclass(frozen=True, slots=True)
class Place:
    """A node, and how its evidence is verified."""

    url: str
    verifier: Verifier
    timeout: float

    @classmethod
    def of(cls, application: str | None, options: Mapping[str, Any]) -> Place:
        """The node that the options name, or the one on this machine."""
        nodes = discover()
        url = options["url"]
        if url is None:
            known: Presence | None = (
                _the_node(nodes) if application is None else _find_node(nodes, application)
            )
        else:
            known = next((node for node in nodes if node.url == url.rstrip("/")), None)
        verifier = _verifier(
            known, options["development_root"], options["any_development_node"], options["pcr0"]
        )
        return cls(url or (known.url if known else ""), verifier, options["timeout"])

    @contextlib.asynccontextmanager
    async def node(self) -> AsyncIterator[OwnersNode]:
        async with collecting(self.url, timeout=self.timeout) as collector:
            yield OwnersNode(collector, self.verifier, LogMemory.default())


def _the_node(nodes: list[Presence]) -> Presence:
    if len(nodes) > 1:
        there_are = ", ".join(node.url for node in nodes)
        raise ProvenError(ErrorCode.BAD_REQUEST, f"say with --node which one is meant: {there_are}")
    return _find_node(nodes, "")


@dataclass(frozen=True, slots=True)
class Signing:
    """By which keys, after how many entries (None: those there are), and where to if it is not sent."""

    keys: tuple[OwnerKey, ...]
    revision: int | None
    save: Path | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Signing:
        if not options["keys"]:
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                "say with --key FILE who signs; `proven key new FILE` makes a key",
            )
        save = options["save"]
        if save is not None and os.path.lexists(save):
            raise ProvenError(
                ErrorCode.CONFLICT, f"{save} exists, and no file is replaced: choose another name"
            )
        keys = {key.public_key: key for key in map(read_key, options["keys"])}
        return cls(tuple(keys.values()), options.get("revision"), save)


@dataclass(slots=True)
class Sent:
    """A command and, if it was handed in, what became of it. `more` is said to programs."""

    signed: SignedCommand
    name: str
    result: SubmitResult | None = None
    log: ReadLog | None = None
    saved: Path | None = None
    more: dict[str, Any] = field(default_factory=dict)


async def change(
    application: str,
    command: Command | Callable[[ApplicationRecord], Command],
    signing: Signing,
    place: Place,
    archive: bytes = b"",
) -> Sent:
    """Sign a command to an application as it is now, and hand it in or save it."""
    async with place.node() as node:
        log = await node.read(application)
        record = log.find(application)
        revision = record.revision if signing.revision is None else signing.revision
        asked = command(record) if callable(command) else command
        body = Body(origin=log.origin, application_id=record.id, revision=revision, command=asked)
        return await _finish(node, body, record.name, signing, archive)


async def create(command: CreateApplication, application: str, signing: Signing, place: Place) -> Sent:
    """The same for the first command to an application."""
    async with place.node() as node:
        log = await node.read(None)
        body = Body(origin=log.origin, application_id=application, revision=0, command=command)
        return await _finish(node, body, command.name, signing, b"")


async def _finish(node: OwnersNode, body: Body, name: str, signing: Signing, archive: bytes) -> Sent:
    signed = decode_envelope(sign(body, *signing.keys))
    if signing.save is not None:
        write_new(signing.save, signed.encode())
        return Sent(signed, name, saved=signing.save)
    return await hand_in(node, signed, name, archive)


async def hand_in(node: OwnersNode, signed: SignedCommand, name: str, archive: bytes) -> Sent:
    """Raises what the node refuses it with, and what to do about it."""
    try:
        result, log = await node.submit(signed, archive)
    except ProvenError as error:
        raise await _explained(error, node, signed) from None
    return Sent(signed, name, result, log)


async def _explained(error: ProvenError, node: OwnersNode, signed: SignedCommand) -> ProvenError:
    details = error.details or {}
    message = error.message
    match error.code:
        case ErrorCode.CONFLICT if "revision" in details and signed.body.revision:
            happened = await _meanwhile(node, signed)
            if happened:
                listed = "".join(f"\n  {line}" for line in happened)
                message += (
                    f". Since this was signed:{listed}\nlook at that, and if you still want it, sign anew"
                )
        case ErrorCode.FORBIDDEN if "threshold" in details:
            message += (
                "; name more keys with --key, or write it with --save FILE, let the others run "
                "`proven app sign FILE --key THEIRS`, and then `proven app send FILE`"
            )
        case ErrorCode.NOT_OWNER:
            message += await _who_may(node, signed)
        case ErrorCode.NOT_FOUND if isinstance(signed.body.command, Deploy):
            message += "; say with --package where the package is, if it was not sent"
        case ErrorCode.UNAVAILABLE | ErrorCode.REQUEST_TIMEOUT:
            message += "; whether it took effect, `proven app show` says, and a command never does twice"
        case _:
            return error
    return ProvenError(error.code, message, details=error.details, retry_after=error.retry_after)


async def _meanwhile(node: OwnersNode, signed: SignedCommand) -> list[str]:
    try:
        log = await node.read(signed.application_id)
        entries = log.entries(signed.application_id)[signed.body.revision :]
    except ProvenError:
        return []
    if any(isinstance(entry, Submitted) and entry.command == signed for _, entry in entries):
        return ["this very command took effect: there is nothing left to do"]
    return [happening(index, entry) for index, entry in entries[:20]]


async def _who_may(node: OwnersNode, signed: SignedCommand) -> str:
    signers = ", ".join(key.hex() for key in signed.signers)
    try:
        record = (await node.read(signed.application_id)).find(signed.application_id)
    except ProvenError:
        return f"; it was signed by {signers}"
    return f": it can be changed by {_words.who_may_change(record)}, and this was signed by {signers}"


def happening(index: int, entry: Entry) -> str:
    """An entry of the log in one line."""
    match entry:
        case Submitted(command=signed):
            signers = ", ".join(map(_words.short, signed.signers))
            what = f"{in_words(signed.body.command)} (signed by {signers})"
        case Activated():
            what = "The announced change came into force"
        case DomainProved():
            what = f"A proof of the domain {entry.domain} was seen"
        case _:
            what = f"The proof of the domain {entry.domain} expired"
    return printable(f"entry {index}, {_words.moment(entry.at)}: {what}")


def write_new(file: Path, envelope: bytes) -> None:
    """Write a signed command to a file that is not there yet."""
    try:
        with file.open("xb") as opened:
            opened.write(envelope)
    except FileExistsError:
        raise ProvenError(
            ErrorCode.CONFLICT, f"{file} exists, and no file is replaced: choose another name"
        ) from None


def rewrite(file: Path, envelope: bytes) -> None:
    """Replace a signed command by the same with more signatures, or leave the file as it is."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        write_new(draft, envelope)
        draft.replace(file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def read_signed(file: Path) -> SignedCommand:
    """A signed command in a file, every signature of which is good. Raises `ProvenError`."""
    try:
        with file.open("rb") as opened:
            signed = decode_envelope(opened.read(MAX_ENVELOPE + 1))
        signed.verify()
    except FileNotFoundError:
        raise ProvenError(
            ErrorCode.NOT_FOUND, f"there is no {file}; --save FILE writes a signed command"
        ) from None
    except ProvenError as error:
        raise ProvenError(error.code, f"{file} is no signed command: {error.message}") from None
    return signed


def confirm(question: str, yes: bool) -> None:
    """Go on only if somebody at a terminal agrees, or did with `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{question} Say --yes to do it without being asked")
    click.confirm(question, abort=True, err=True)


def describe(signed: SignedCommand) -> list[str]:
    """What a signed command says, in lines for people who are about to sign it too."""
    body = signed.body
    lines = [
        f"command      {in_words(body.command)}",
        f"application  {body.application_id}, after {body.revision} entries",
        f"log          {body.origin}",
    ]
    match body.command:
        case SetUpgradePolicy(policy=policy):
            keys = getattr(policy, "keys", ())
            lines += [f"key          {key.hex()}" for key in keys]
            lines += [f"guardian     {key.hex()}" for key in guardians_of(policy)]
        case _:
            pass
    return [printable(line) for line in (*lines, *(f"signed by    {key.hex()}" for key in signed.signers))]


def to_record(sent: Sent) -> dict[str, Any]:
    """What became of a command, for programs."""
    body = sent.signed.body
    record = {
        "application_id": body.application_id,
        "name": sent.name,
        "command": type(body.command).__name__,
        "words": in_words(body.command),
        "log": body.origin,
        "signed_after": body.revision,
        "signers": [key.hex() for key in sent.signed.signers],
        **sent.more,
    }
    if isinstance(body.command, Deploy):
        record["package_id"] = body.command.package_id
    if sent.saved is not None:
        record["saved"] = str(sent.saved)
    if sent.result is not None:
        record |= {
            "log_index": sent.result.log_index,
            "revision": sent.result.revision,
            "activates_at": sent.result.activates_at,
        }
    return record


def tell(sent: Sent, as_json: bool) -> None:
    """Print what became of a command."""
    if as_json:
        print_json(to_record(sent))
        return
    words = in_words(sent.signed.body.command)
    if sent.result is None:
        click.echo(
            printable(f"{words}: signed by {len(sent.signed.signers)}, not sent; it is in {sent.saved}.")
        )
        click.echo(
            f"next: `{COMMAND} app sign {sent.saved} --key FILE` adds a signature, "
            f"`{COMMAND} app send {sent.saved}` sends it",
            err=True,
        )
        return
    result, log = sent.result, sent.log
    assert log is not None
    record = log.find(sent.signed.application_id)
    click.echo(
        printable(
            f"{words}: entry {result.log_index} of the log {log.origin}; {record.name} has "
            f"{result.revision} {'entry' if result.revision == 1 else 'entries'}."
        )
    )
    if result.activates_at is not None:
        _tell_delay(result.activates_at, record)
    elif isinstance(sent.signed.body.command, Deploy):
        click.echo(f"It is live, as version {record.version}.")


def _tell_delay(activates_at: int, record: ApplicationRecord) -> None:
    delay = record.policy.delay if isinstance(record.policy, Timelock | TimelockMultisig) else 0
    now = f"version {record.version} answers" if record.version else "it has no version yet"
    veto = ", and a guardian can veto it" if guardians_of(record.policy) else ""
    click.echo(
        f"It is announced, for everybody to see, and comes into force on {_words.moment(activates_at)}, "
        f"{_words.duration(delay)} after it was announced. Until then {now}{veto}."
    )
    click.echo(f"next: `{COMMAND} app cancel {record.name}` takes it back", err=True)
