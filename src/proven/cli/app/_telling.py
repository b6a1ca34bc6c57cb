"""Asking owners before they sign, and telling them what became of it."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from proven.apps import ApplicationRecord
from proven.cli._output import COMMAND, indented, print_json, printable
from proven.client import _words
from proven.wire import words
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    Command,
    CreateApplication,
    Deploy,
    LinkDomain,
    RemoveAllowedOrigin,
    RollBack,
    SetUpgradePolicy,
    SignedCommand,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    UnlinkDomain,
    Veto,
    guardians_of,
    keys_of,
)

from ._announced import said, who_takes_back
from ._hints import Typed
from ._sending import Already, Sent


def describe(signed: SignedCommand) -> list[str]:
    """What a signed command says, in lines for people who are about to sign it too."""
    body = signed.body
    lines = [
        f"command      {words.command(body.command)}",
        f"application  {body.application_id}, after {body.revision} entries",
        f"log          {body.origin}",
    ]
    match body.command:
        case SetUpgradePolicy(policy=policy):
            lines += [f"key          {key.hex()}" for key in keys_of(policy)]
            lines += [f"guardian     {key.hex()}" for key in guardians_of(policy)]
        case _:
            pass
    return [printable(line) for line in (*lines, *(f"signed by    {key.hex()}" for key in signed.signers))]


def to_record(sent: Sent | Already) -> dict[str, Any]:
    """What became of a command, for programs."""
    if isinstance(sent, Already):
        return _already_record(sent)
    body = sent.signed.body
    record = {
        "application_id": body.application_id,
        "name": sent.name,
        "command": type(body.command).__name__,
        "words": words.command(body.command),
        "log": body.origin,
        "signed_after": body.revision,
        "signers": [key.hex() for key in sent.signed.signers],
        **sent.more,
    }
    if isinstance(body.command, Deploy):
        record["package_id"] = body.command.package_id
    if sent.migrations is not None:
        record["migrations"] = [
            msgspec.to_builtins(each)
            | {"statements": [{"sha256": name, "sql": sent.statements.get(name)} for name in each.statements]}
            for each in sent.migrations
        ]
    if sent.saved is not None:
        record["saved"] = str(sent.saved)
    if sent.result is not None:
        record |= {
            "log_index": sent.result.log_index,
            "revision": sent.result.revision,
            "activates_at": sent.result.activates_at,
        }
    return record


def _already_record(found: Already) -> dict[str, Any]:
    pending = found.record.pending
    return {
        "application_id": found.record.id,
        "name": found.record.name,
        "command": type(found.command).__name__,
        "words": words.command(found.command),
        "log": found.log.origin,
        "already": found.words,
        "revision": found.record.revision,
        "activates_at": None if pending is None else pending.activates_at,
    }


def tell(sent: Sent | Already, as_json: bool, typed: Typed) -> None:
    """Print what became of a command."""
    if as_json:
        print_json(to_record(sent))
        return
    if isinstance(sent, Already):
        click.echo(printable(f"Nothing was signed: {sent.words}."))
        return
    _tell(sent, typed)
    _tell_migrations(sent)


def _tell(sent: Sent, typed: Typed) -> None:
    command = sent.signed.body.command
    if sent.result is None:
        click.echo(
            printable(
                f"Signed by {words.plural(len(sent.signed.signers), 'key')} and not sent; it is in "
                f"{sent.saved}: {said(command)}."
            )
        )
        click.echo(
            f"next: `{COMMAND} app sign {sent.saved} --key FILE`, or --passkey, adds a signature, "
            f"`{typed.send(sent.saved, command)}` sends it",
            err=True,
        )
        return
    result, log = sent.result, sent.log
    assert log is not None
    record = log.find(sent.signed.application_id)
    announced = result.activates_at is not None
    click.echo(printable(f"Announced: {said(command)}." if announced else f"{_done(command)}."))
    if result.activates_at is not None:
        _tell_delay(result.activates_at, record, typed)
    elif isinstance(command, Deploy | RollBack):
        click.echo(f"It is live, as version {record.version}.")
    elif isinstance(command, SetUpgradePolicy):
        click.echo(f"From now on it can be changed by {_words.who_may_change(record)}.")
    elif isinstance(command, TransferOwnership):
        click.echo(after_transfer(record))
    elif isinstance(command, CancelUpgrade | Veto):
        now = f"version {record.version} goes on answering" if record.version else "it has no version"
        click.echo(f"What was announced does not come into force; {now}.")
    entries = "1 entry" if result.revision == 1 else f"{result.revision:,} entries"
    click.echo(printable(f"It is entry {result.log_index} of the log; {record.name} has {entries}."))


def _done(command: Command) -> str:
    """That a command took effect."""
    match command:
        case CreateApplication():
            return f"Created the application {command.name}"
        case Deploy():
            return f"Deployed the package {command.package_id}"
        case RollBack():
            return f"Rolled back to version {command.version}"
        case CancelUpgrade():
            return "Cancelled"
        case Veto():
            return "Vetoed"
        case SetUpgradePolicy():
            return "Set the policy"
        case TransferOwnership():
            return f"Made {command.to.hex()} the owner"
        case AddAllowedOrigin():
            return f"Pages of {command.origin} are allowed now"
        case RemoveAllowedOrigin():
            return f"Pages of {command.origin} are no longer allowed"
        case LinkDomain():
            return f"Claimed the domain {command.domain}"
        case UnlinkDomain():
            return f"Gave up the domain {command.domain}"
        case Archive():
            return "Archived"


def _tell_migrations(sent: Sent) -> None:
    """What the package does to databases, which no rollback undoes."""
    if not sent.migrations:
        return
    click.echo("It adds storage migrations, each run when the version first uses the database:")
    for each in sent.migrations:
        count = len(each.statements)
        statements = "1 statement" if count == 1 else f"{count} statements"
        place = f"{each.scope.value} database {each.database!r}"
        click.echo(printable(f"  {place}: {statements}, in {each.module}"))
        for hash_ in each.statements:
            click.echo(indented(sent.statements.get(hash_, f"sha256 {hash_}"), 4))


def before_transfer(record: ApplicationRecord, to: bytes) -> str:
    """What the owner of an application gives away, under its policy."""
    if not keys_of(record.policy):
        return f"Only who holds the key {to.hex()} can change {record.name} then, or give it back."
    return (
        f"{record.name} goes on being changed by {_words.who_may_change(record)}: they can make somebody "
        f"else its owner again, and who holds the key {to.hex()} alone cannot. An owner under this policy "
        "reads its logs and runs the handlers that are for the owner alone."
    )


def after_transfer(record: ApplicationRecord) -> str:
    """What the new owner can do, and who changes the application."""
    if not keys_of(record.policy):
        return f"From now on it can be changed by {_words.who_may_change(record)}."
    return (
        "That owner reads its logs and runs the handlers that are for the owner alone, and changes nothing: "
        f"it is changed, as before, by {_words.who_may_change(record)}."
    )


def _tell_delay(activates_at: int, record: ApplicationRecord, typed: Typed) -> None:
    delay = record.policy.delay if isinstance(record.policy, Timelock | TimelockMultisig) else 0
    now = f"version {record.version} answers" if record.version else "it has no version"
    stop = f"{who_takes_back(record)} can take it back"
    stop = f", {stop}, and a guardian can veto it" if guardians_of(record.policy) else f", and {stop}"
    click.echo(
        f"It is announced, for everybody to see, and comes into force on {words.minute(activates_at)}, "
        f"{words.duration(delay)} after it was announced. Until then {now}{stop}."
    )
    click.echo(f"next: `{typed.cancel(record)}` takes it back", err=True)
