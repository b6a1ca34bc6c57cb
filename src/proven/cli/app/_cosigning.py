"""Adding signatures to a signed command in a file: only such that count, where a node can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from proven.apps import ApplicationRecord
from proven.cli._output import COMMAND
from proven.cli.key import read_key
from proven.wire import words
from proven.wire.applications import (
    CancelUpgrade,
    Command,
    CreateApplication,
    OwnerKey,
    SignedCommand,
    Veto,
    guardians_of,
    keys_of,
)
from proven.wire.errors import ErrorCode, ProvenError

from ._files import read_signed, rewrite
from ._options import Place, bad_request


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A command with the signatures that were `added`; those of the `known` keys it had before."""

    signed: SignedCommand
    added: Sequence[bytes]
    known: Sequence[bytes]


def cosign(
    file: Path, shown: SignedCommand, keys: Sequence[str], page: Place | None, options: Mapping[str, Any]
) -> Cosigned:
    """Add signatures by the keys, and by a passkey at the node of `page`, to those that are in the file.

    Raises `ProvenError`, and leaves the file as it is, for a signature that would not count.
    """
    by_keys = list({key.public_key: key for key in map(read_key, keys)}.values())
    added = [key for key in by_keys if key.public_key not in shown.signers]
    if added:
        _check_counts(shown, added, options)
    by_passkey = [] if page is None else [asyncio.run(_signature(shown, page))]
    now = read_signed(file)
    if now.raw != shown.raw:
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"{file} holds another command than the one that was shown, and was left as it is: look at it "
            f"with `{COMMAND} app sign {file}`",
        )
    signers = [*(key.public_key for key in by_keys), *(key for key, _ in by_passkey)]
    known = [key for key in signers if key in now.signers]
    signed = now.with_signatures(*by_passkey).cosigned(*added)
    if len(known) < len(signers):
        rewrite(file, signed.encode())
    return Cosigned(signed, [key for key in signers if key not in known], known)


def who_count(record: ApplicationRecord, command: Command) -> frozenset[bytes]:
    """The keys whose signatures on a command to an application count, under its policy as it is."""
    if isinstance(command, Veto):
        return frozenset(guardians_of(record.policy))
    return frozenset(keys_of(record.policy) or (record.owner,))


def _check_counts(signed: SignedCommand, keys: Sequence[OwnerKey], options: Mapping[str, Any]) -> None:
    """Raises `FORBIDDEN` for keys that have no say. Says so if no node can be asked, and none was named."""
    _refuse_creation(signed)
    try:
        record = asyncio.run(_read(signed, Place.of(signed.application_id, options)))
    except ProvenError as error:
        if options["url"] is not None:
            raise
        click.echo(f"Whether this signature counts was not checked: {error.message}", err=True)
        return
    counting = who_count(record, signed.body.command)
    for key in keys:
        if key.public_key not in counting:
            raise _no_say(record, signed, key.public_key, counting)


def _no_say(
    record: ApplicationRecord, signed: SignedCommand, key: bytes, counting: frozenset[bytes]
) -> ProvenError:
    if isinstance(signed.body.command, Veto):
        who = "its guardians are " if counting else "it has no guardians"
    elif keys_of(record.policy):
        who = "its keys are "
    else:
        who = "it is changed by its owner alone, "
    named = who + ", ".join(sorted(words.short(each) for each in counting))
    guards = (
        "; a guardian can veto, and nothing else"
        if key in guardians_of(record.policy) and not isinstance(signed.body.command, Veto)
        else ""
    )
    return ProvenError(
        ErrorCode.FORBIDDEN,
        f"the signature of {key.hex()} would not count, and nobody could send the command any more: for "
        f"{record.name}, {named}{guards}. Nothing was signed",
    )


def _refuse_creation(signed: SignedCommand) -> None:
    if isinstance(signed.body.command, CreateApplication):
        raise bad_request("an application is created by one signature alone, which this has already: send it")


async def _read(signed: SignedCommand, place: Place) -> ApplicationRecord:
    """What the log that a command is for says of its application. Raises `CONFLICT` for another log."""
    async with place.node() as node:
        log = await node.read(signed.application_id)
    if log.origin != signed.body.origin:
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"it is for the log {signed.body.origin}, and that of {place.url} is {log.origin}: name a node "
            "of its network with --node",
        )
    return log.find(signed.application_id)


async def _signature(signed: SignedCommand, place: Place) -> tuple[bytes, bytes]:
    """The signature of whoever signs it too, on the owner page. Raises `ProvenError` for a command that no
    log takes any more, before anybody is asked.
    """
    from ._passkey import Wanted, signature

    _refuse_creation(signed)
    body = signed.body
    record = await _read(signed, place)
    if record.revision != body.revision and not isinstance(body.command, CancelUpgrade | Veto):
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"{record.name} has {record.revision} entries, and who wrote this had seen {body.revision}: no "
            "log takes it, have it written anew",
        )
    return await signature(place.url, Wanted.cosignature(signed))
