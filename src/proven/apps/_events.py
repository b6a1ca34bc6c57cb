"""What can happen to an application, and how it is written in the log.

An event is what somebody asked for and was granted: it names who asked, and the version they had seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

_LABEL: Final = "proven/application-event/v1"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who was authenticated as the holder of an Ed25519 key. Whoever makes an `Actor` vouches for
    that.
    """

    public_key: bytes


class _Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """`by` is the public key of who asked, `at` is Unix milliseconds."""

    application_id: ApplicationId
    by: bytes
    at: int


class Created(_Event, frozen=True, kw_only=True, tag="created"):
    """The application exists, owned by `by`, and has no version yet."""

    name: str
    nonce: bytes


class Deployed(_Event, frozen=True, kw_only=True, tag="deployed"):
    """Version `expected_version + 1` is `package_id`, and new calls go to it."""

    package_id: PackageId
    expected_version: int


class RolledBack(_Event, frozen=True, kw_only=True, tag="rolled_back"):
    """Version `expected_version + 1` is what version `to_version` was, and new calls go to it."""

    to_version: int
    expected_version: int


class Archived(_Event, frozen=True, kw_only=True, tag="archived"):
    """The application takes no more calls and no more changes."""

    expected_version: int


class OriginAdded(_Event, frozen=True, kw_only=True, tag="origin_added"):
    """Pages of `origin`, in its canonical form, may open sessions of the application and show its sign-in."""

    origin: str
    expected_version: int


class OriginRemoved(_Event, frozen=True, kw_only=True, tag="origin_removed"):
    """Pages of `origin` may no longer."""

    origin: str
    expected_version: int


Event = Created | Deployed | RolledBack | Archived | OriginAdded | OriginRemoved


def encode(event: Event) -> bytes:
    """One log record: deterministic CBOR `[label, fields]`."""
    return cbor.encode([_LABEL, msgspec.to_builtins(event, builtin_types=(bytes,))])


def decode(record: bytes) -> Event:
    """Read what `encode` wrote; raises `UNAVAILABLE` for anything else, since a log is only written by
    nodes.
    """
    try:
        match cbor.decode(record):
            case [str(label), dict(fields)] if label == _LABEL:
                event: Event = msgspec.convert(fields, Event, builtin_types=(bytes,))
                return event
    except (ProvenError, msgspec.ValidationError):
        pass
    raise ProvenError(ErrorCode.UNAVAILABLE, "the log of applications holds something that is not an event")
