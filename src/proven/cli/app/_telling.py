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
    CancelUpgrade,
    Deploy,
    RollBack,
    SetUpgradePolicy,
    SignedCommand,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    Veto,
    guardians_of,
    keys_of,
)

from ._announced import said, who_takes_back
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


def tell(sent: Sent | Already, as_json: bool) -> None:
    """Print what became of a command."""
    if as_json:
        print_json(to_record(sent))
        return
    if isinstance(sent, Already):
        click.echo(printable(f"{said(sent.command)}: nothing was signed, {sent.words}."))
        return
    _tell(sent)
    _tell_migrations(sent)


def _tell(sent: Sent) -> None:
    command = sent.signed.body.command
    if sent.result is None:
        click.echo(
            printable(
                f"{said(command)}: signed by {len(sent.signed.signers)}, not sent; it is in {sent.saved}."
            )
        )
        click.echo(
            f"next: `{COMMAND} app sign {sent.saved} --key FILE`, or --passkey, adds a signature, "
            f"`{COMMAND} app send {sent.saved}` sends it",
            err=True,
        )
        return
    result, log = sent.result, sent.log
    assert log is not None
    record = log.find(sent.signed.application_id)
    click.echo(
        printable(
            f"{said(command)}. It is entry {result.log_index} of the log {log.origin}; {record.name} has "
            f"{result.revision} {'entry' if result.revision == 1 else 'entries'}."
        )
    )
    if result.activates_at is not None:
        _tell_delay(result.activates_at, record)
    elif isinstance(command, Deploy | RollBack):
        click.echo(f"It is live, as version {record.version}.")
    elif isinstance(command, SetUpgradePolicy | TransferOwnership):
        click.echo(f"From now on it can be changed by {_words.who_may_change(record)}.")
    elif isinstance(command, CancelUpgrade | Veto):
        now = f"version {record.version} goes on answering" if record.version else "it has no version"
        click.echo(f"What was announced does not come into force; {now}.")


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


def _tell_delay(activates_at: int, record: ApplicationRecord) -> None:
    delay = record.policy.delay if isinstance(record.policy, Timelock | TimelockMultisig) else 0
    now = f"version {record.version} answers" if record.version else "it has no version yet"
    veto = f", {who_takes_back(record)} can take it back"
    if guardians_of(record.policy):
        veto += ", and a guardian can veto it"
    click.echo(
        f"It is announced, for everybody to see, and comes into force on {words.minute(activates_at)}, "
        f"{words.duration(delay)} after it was announced. Until then {now}{veto}."
    )
    click.echo(f"next: `{COMMAND} app cancel {record.name}` takes it back", err=True)
