"""`proven app show` and `list`: what the log says about applications."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import click
import msgspec

from proven.apps import ApplicationRecord, Pending, Version
from proven.cli._output import COMMAND, json_option, print_json, printable, readable
from proven.cli.key import public_key
from proven.client import _words
from proven.client.owner import ReadLog
from proven.wire import words
from proven.wire.applications import guardians_of, keys_of
from proven.wire.errors import ErrorCode, ProvenError

from . import _announced
from ._options import APP, Place, node_options
from .domain import domain_record, domain_words


@click.command()
@APP
@node_options
@json_option
def show(application: str, as_json: bool, **options: Any) -> None:
    """Print what the log says about APP: its owner, version, policy, and what is announced.

    \b
    Examples:
      proven app show todo
      proven app show todo --json --node https://node.example --pcr0 3b1f…
    """
    log, failures = asyncio.run(_read_one(application, Place.of(application, options)))
    record = log.find(application)
    if as_json:
        print_json(_to_record(log, record, failures))
    else:
        for name, value in _lines(log, record, failures):
            click.echo(printable(f"{name:<12} {value}"))


@click.command("list")
@click.option("--owner", metavar="KEY", help="Only those that the holder of this public key owns.")
@node_options
@json_option
def list_command(owner: str | None, as_json: bool, **options: Any) -> None:
    """Print all applications of the network, from the whole log.

    \b
    Examples:
      proven app list
      proven app list --owner $(proven key show owner.key)
    """
    wanted = None if owner is None else public_key(owner)
    log = asyncio.run(_read_all(Place.of(None, options)))
    found = [record for record in log.all() if wanted in (None, record.owner)]
    if as_json:
        print_json([_to_record(log, record, {}) for record in found])
        return
    for record in found:
        version = f"version {record.version}" if record.version else "no version"
        pending = ", a change is announced" if record.pending else ""
        archived = ", archived" if record.archived else ""
        click.echo(printable(f"{record.id}  {record.name:<24} {version}{pending}{archived}"))
    if not found:
        click.echo(f"There is none; `{COMMAND} app create NAME --key FILE` makes one.", err=True)


async def _read_one(application: str, place: Place) -> tuple[ReadLog, Mapping[str, str]]:
    async with place.node() as node:
        log = await node.read(application)
        return log, await node.unproved(log.find(application))


async def _read_all(place: Place) -> ReadLog:
    async with place.node() as node:
        log = await node.read(None, whole=True)
    if not log.view.whole:
        raise ProvenError(
            ErrorCode.TOO_LARGE, "the log is too long to be read here; its node lists them at /explorer/"
        )
    return log


def _lines(log: ReadLog, record: ApplicationRecord, failures: Mapping[str, str]) -> list[tuple[str, str]]:
    """An application in words for people."""
    live = log.live(record.id)
    lines = [
        ("application", f"{record.name}  {record.id}"),
        ("owner", record.owner.hex()),
        ("version", "none: it is archived, and answers no more" if record.archived else _version(live)),
        ("policy", f"it can be changed by {_words.who_may_change(record)}"),
        *(("key", key.hex()) for key in keys_of(record.policy)),
        *(("guardian", key.hex()) for key in guardians_of(record.policy)),
    ]
    if record.pending is not None:
        pending = record.pending
        lines += _announced.lines(record, pending, int(time.time() * 1000))
    lines += [("origin", each) for each in record.origins]
    lines += [("domain", f"{each.name} ({domain_words(each, failures)})") for each in record.domains]
    checkpoint = log.view.checkpoint
    lines += [
        ("entries", f"{record.revision}, the last on {words.minute(record.changed_at)}"),
        ("log", f"{checkpoint.origin}, of {checkpoint.size} entries, verified"),
    ]
    return lines


def _version(live: Version | None) -> str:
    if live is None:
        return f"none yet; `{COMMAND} app deploy` makes one"
    back = "" if live.rolled_back_to is None else f", a return to version {live.rolled_back_to}"
    return (
        f"{live.number}{back}: package {live.package_id}, live since {words.minute(live.at)} "
        f"(entry {live.log_index})"
    )


def _to_record(log: ReadLog, record: ApplicationRecord, failures: Mapping[str, str]) -> dict[str, Any]:
    """An application for programs; keys are hexadecimal, times Unix milliseconds. `failures` are the node's
    reasons why domains are not proved.
    """
    checkpoint = log.view.checkpoint
    fields: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "owner": record.owner,
        "created_at": record.created_at,
        "changed_at": record.changed_at,
        "revision": record.revision,
        "version": record.version,
        "package_id": record.package_id,
        "log_index": record.log_index,
        "archived": record.archived,
        "policy": {"words": _words.who_may_change(record), **_builtins(record.policy)},
        "pending": None if record.pending is None else _pending(record.pending),
        "origins": record.origins,
        "domains": [domain_record(each, failures) for each in record.domains],
        "log": {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root},
    }
    shown: dict[str, Any] = readable(fields)
    return shown


def _pending(pending: Pending) -> dict[str, Any]:
    return {"words": words.command(pending.change), **_builtins(pending)}


def _builtins(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))
