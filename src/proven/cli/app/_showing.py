"""What the log says about applications, read and put into words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from proven.apps import ApplicationRecord, Domain, Pending, Version
from proven.cli._output import COMMAND
from proven.client import _words
from proven.client.owner import ReadLog
from proven.wire import words
from proven.wire.applications import Deploy, guardians_of, keys_of
from proven.wire.errors import ErrorCode, ProvenError

from . import _announced
from ._options import Place


async def read_one(application: str, place: Place) -> tuple[ReadLog, Mapping[str, str]]:
    async with place.node() as node:
        log = await node.read(application)
        return log, await node.unproved(log.find(application))


async def read_all(place: Place) -> ReadLog:
    async with place.node() as node:
        log = await node.read(None, whole=True)
    if not log.view.whole:
        raise ProvenError(
            ErrorCode.TOO_LARGE, "the log is too long to be read here; its node lists them at /explorer/"
        )
    return log


def lines_of(log: ReadLog, record: ApplicationRecord, failures: Mapping[str, str]) -> list[tuple[str, str]]:
    """An application in words for people."""
    live = log.live(record.id)
    lines = [
        ("application", f"{record.name}  {record.id}"),
        ("owner", record.owner.hex()),
        ("version", _version(live, record)),
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


def _version(live: Version | None, record: ApplicationRecord) -> str:
    if record.archived:
        return "none: it is archived, and answers no more"
    if live is None and record.pending is not None and isinstance(record.pending.change, Deploy):
        return "none yet: the first one is announced"
    if live is None:
        return f"none yet; `{COMMAND} app deploy` makes one"
    back = "" if live.rolled_back_to is None else f", a return to version {live.rolled_back_to}"
    return (
        f"{live.number}{back}: package {live.package_id}, live since {words.minute(live.at)} "
        f"(entry {live.log_index})"
    )


def to_record(log: ReadLog, record: ApplicationRecord, failures: Mapping[str, str]) -> dict[str, Any]:
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
    shown: dict[str, Any] = words.fields(fields)
    return shown


def _pending(pending: Pending) -> dict[str, Any]:
    return {"words": words.command(pending.change), **_builtins(pending)}


def _builtins(value: Any) -> Any:
    return msgspec.to_builtins(value, builtin_types=(bytes,))


def domain_words(domain: Domain, failures: Mapping[str, str]) -> str:
    """How it is with a claim; `failures` are a node's reasons, by domain."""
    until, failure = domain.proved_until, failures.get(domain.name)
    if until is None:
        return f"not proved{f': {failure}' if failure else ' yet'}"
    if until <= time.time() * 1000:
        said = f"the proof expired on {words.minute(until)}"
    else:
        said = f"proved until {words.minute(until)}"
    return f"{said}; the last attempt to renew it failed: {failure}" if failure else said


def domain_record(domain: Domain, failures: Mapping[str, str]) -> dict[str, Any]:
    """The same for programs."""
    until = domain.proved_until
    return {"name": domain.name, "proved_until": until, "failure": failures.get(domain.name)}
