"""Logs of applications for tests: commands signed by keys that are at hand."""

from __future__ import annotations

from proven.apps import State
from proven.wire.applications import (
    Body,
    Command,
    CreateApplication,
    OwnerKey,
    Policy,
    decode_envelope,
    sign,
)
from proven.wire.ids import ApplicationId, application_id
from proven.wire.log_entries import Entry, Submitted, encode_entry

ORIGIN = "log.example/test"


def submitted(
    command: Command,
    *keys: OwnerKey,
    app: ApplicationId,
    revision: int,
    at: int = 0,
    origin: str = ORIGIN,
) -> Submitted:
    """A log entry of a command that `keys` signed."""
    body = Body(origin=origin, application_id=app, revision=revision, command=command)
    return Submitted(at=at, command=decode_envelope(sign(body, *keys)))


def created(
    key: OwnerKey, name: str, *, nonce: bytes = b"nonce", policy: Policy | None = None, at: int = 0
) -> Submitted:
    """A log entry that creates an application."""
    command = CreateApplication(name=name, nonce=nonce, policy=policy)
    return submitted(command, key, app=application_id(key.public_key, nonce), revision=0, at=at)


def state_after(*entries: Entry) -> State:
    state = State(ORIGIN)
    for entry in entries:
        state.append(encode_entry(entry))
    return state
