"""Signed commands on their way: prepared against the log, handed in, and what refused ones could do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from proven.apps import ApplicationRecord
from proven.cli._output import COMMAND, printable
from proven.client import _words
from proven.client.owner import OwnersNode, ReadLog
from proven.packages import Migration, Package, read_statements
from proven.wire import words
from proven.wire.applications import (
    Body,
    Command,
    CreateApplication,
    Deploy,
    SignedCommand,
    Veto,
    decode_envelope,
)
from proven.wire.commands import SubmitResult
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId, application_id
from proven.wire.log_entries import Activated, DomainProved, Entry, Submitted

from ._announced import already, said
from ._cosigning import who_count
from ._files import write_new
from ._hints import Typed
from ._options import Place, Signing

_LISTED: Final = 20
_TOOK_EFFECT: Final = "this very command took effect: there is nothing left to do"


@dataclass(slots=True)
class Sent:
    """A command and, if it was handed in, what became of it. `more` is said to programs. `migrations` are
    those that the package has and the one before had not, `statements` their SQL by its hash.
    """

    signed: SignedCommand
    name: str
    result: SubmitResult | None = None
    log: ReadLog | None = None
    saved: Path | None = None
    more: dict[str, Any] = field(default_factory=dict)
    migrations: Sequence[Migration] | None = None
    statements: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Already:
    """A command that was not signed, since what it asks for is so, and why that is (`words`)."""

    command: Command
    record: ApplicationRecord
    log: ReadLog
    words: str


async def change(
    application: str,
    command: Command,
    signing: Signing,
    place: Place,
    package: Package | None = None,
) -> Sent:
    """Sign a command to an application as it is now, and save it, or hand it in with the package that it
    deploys.
    """
    async with place.node() as node:
        log = await node.read(application)
        return await _change(node, log, log.find(application), command, signing, place, package)


async def change_unless_so(
    application: str,
    command: Command,
    signing: Signing,
    place: Place,
    package: Package | None = None,
) -> Sent | Already:
    """The same, but for a command whose effect is there: who does not know whether it was handed in, such as
    after a crash, runs it again.
    """
    async with place.node() as node:
        log = await node.read(application)
        record = log.find(application)
        so = already(log, record, command) if signing.revision in (None, record.revision) else None
        if so is not None:
            return Already(command, record, log, so)
        return await _change(node, log, record, command, signing, place, package)


async def _change(
    node: OwnersNode,
    log: ReadLog,
    record: ApplicationRecord,
    command: Command,
    signing: Signing,
    place: Place,
    package: Package | None,
) -> Sent:
    revision = record.revision if signing.revision is None else signing.revision
    body = Body(origin=log.origin, application_id=record.id, revision=revision, command=command)
    signed = _signed(body).cosigned(*signing.keys)
    if signing.passkey:
        from ._passkey import Wanted, signature

        signed = _signed(body, *signed.signatures, await signature(place.url, Wanted.change(body)))
    added = None if package is None else await _added(node, record.package_id, package)
    archive = b"" if package is None or signing.save is not None else package.to_archive()
    sent = await _finish(node, signed, record.name, signing, archive)
    if package is not None and added is not None:
        sent.migrations = added
        sent.statements = read_statements(package) if added else {}
    return sent


async def create(command: CreateApplication, signing: Signing, place: Place) -> Sent:
    """The same for the first command to an application: its id follows from the key that signs."""
    async with place.node() as node:
        origin = (await node.read(None)).origin
        if signing.passkey:
            from ._passkey import Wanted, created_by, signature

            key, made = await signature(place.url, Wanted.creation(origin, command))
            signed = _signed(created_by(key, origin, command), (key, made))
        else:
            (owner,) = signing.keys
            new = application_id(owner.public_key, command.nonce)
            body = Body(origin=origin, application_id=new, revision=0, command=command)
            signed = _signed(body).cosigned(owner)
        return await _finish(node, signed, command.name, signing, b"")


async def _added(node: OwnersNode, live: PackageId | None, package: Package) -> Sequence[Migration]:
    return package.manifest.migrations_beyond(None if live is None else await node.manifest(live))


def _signed(body: Body, *signatures: tuple[bytes, bytes]) -> SignedCommand:
    return SignedCommand(body=body, raw=body.encode(), signatures=tuple(sorted(dict(signatures).items())))


async def _finish(node: OwnersNode, made: SignedCommand, name: str, signing: Signing, archive: bytes) -> Sent:
    signed = decode_envelope(made.encode())
    if signing.save is not None:
        write_new(signing.save, signed.encode())
        return Sent(signed, name, saved=signing.save)
    return await hand_in(node, signed, name, archive)


async def hand_in(
    node: OwnersNode, signed: SignedCommand, name: str, archive: bytes, file: Path | None = None
) -> Sent:
    """Hand in a command, which came from `file` if from one. Raises what the node refuses it with, and what
    to do about it.
    """
    try:
        result, log = await node.submit(signed, archive)
    except ProvenError as error:
        explained = await _explained(error, node, signed)
        if file is not None and _somebody_has_no_say(error, signed):
            explained.message += await _signed_in_vain(node, signed, file)
        raise explained from None
    return Sent(signed, name, result, log)


async def _explained(error: ProvenError, node: OwnersNode, signed: SignedCommand) -> ProvenError:
    details = error.details or {}
    message = error.message
    match error.code:
        case ErrorCode.CONFLICT if "revision" in details and signed.body.revision:
            happened = await _meanwhile(node, signed)
            if happened == [_TOOK_EFFECT]:
                message += f"; {_TOOK_EFFECT}"
            elif happened:
                listed = "".join(f"\n  {line}" for line in happened)
                message += (
                    f". Since this was signed:{listed}\n"
                    "look at that, and if you still want yours, sign anew: run the command again"
                )
        case ErrorCode.CONFLICT if "log_index" in details:
            message += await _pending(node, signed)
        case ErrorCode.CONFLICT if isinstance(signed.body.command, CreateApplication):
            message += await _whose(node, signed.body.command.name, signed.signers)
        case ErrorCode.FORBIDDEN if "threshold" in details:
            send = Typed().send("FILE", signed.body.command)
            message += (
                "; name more keys with --key, or write it with --save FILE, let the others run "
                f"`{COMMAND} app sign FILE --key THEIRS` or `--passkey`, and then `{send}`"
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
        return [_TOOK_EFFECT]
    listed = [happening(index, entry) for index, entry in entries[:_LISTED]]
    more = len(entries) - len(listed)
    return [*listed, f"and {more} more"] if more else listed


async def _pending(node: OwnersNode, signed: SignedCommand) -> str:
    try:
        pending = (await node.read(signed.application_id)).find(signed.application_id).pending
    except ProvenError:
        return ""
    if pending is None:
        return ""
    return (
        f", or wait for it: {said(pending.change)}, announced in entry {pending.log_index}, comes into force "
        f"on {words.minute(pending.activates_at)}"
    )


async def _whose(node: OwnersNode, name: str, signers: Sequence[bytes]) -> str:
    try:
        record = (await node.read(name)).find(name)
    except ProvenError:
        return ""
    if record.owner not in signers:
        return ""
    return (
        f". It is yours: {record.id}, created on {words.minute(record.created_at)}; "
        f"`{COMMAND} app show {name}` says how it is"
    )


async def _who_may(node: OwnersNode, signed: SignedCommand) -> str:
    signers = ", ".join(key.hex() for key in signed.signers)
    try:
        record = (await node.read(signed.application_id)).find(signed.application_id)
    except ProvenError:
        return f"; it was signed by {signers}"
    return f": it can be changed by {_words.who_may_change(record)}, and this was signed by {signers}"


def _somebody_has_no_say(error: ProvenError, signed: SignedCommand) -> bool:
    vetoes = isinstance(signed.body.command, Veto) and error.code is ErrorCode.FORBIDDEN
    return vetoes or error.code is ErrorCode.NOT_OWNER


async def _signed_in_vain(node: OwnersNode, signed: SignedCommand, file: Path) -> str:
    """What to do about a file with signatures that do not count."""
    try:
        record = (await node.read(signed.application_id)).find(signed.application_id)
    except ProvenError:
        return ""
    counting = who_count(record, signed.body.command)
    useless = ", ".join(key.hex() for key in signed.signers if key not in counting)
    if not useless:
        return ""
    return (
        f". The signature of {useless} does not count, and cannot be taken out of {file}: have the command "
        "written anew, with `--save` and another FILE, and signed by those who have a say and nobody else"
    )


def happening(index: int, entry: Entry) -> str:
    """An entry of the log in one line."""
    match entry:
        case Submitted(command=signed):
            signers = ", ".join(map(words.short, signed.signers))
            what = f"{words.command(signed.body.command)} (signed by {signers})"
        case Activated():
            what = "The announced change came into force"
        case DomainProved():
            what = f"A proof of the domain {entry.domain} was seen"
        case _:
            what = f"The proof of the domain {entry.domain} expired"
    return printable(f"entry {index}, {words.minute(entry.at)}: {what}")
