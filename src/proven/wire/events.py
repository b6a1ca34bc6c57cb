"""Events that an application publishes, on their way from the handler that published them to its audience.

The audience travels with the event, so that every node that has subscribers decides for itself, from the
message alone, whom it may be sent to. A payload is one `values` encoding; nobody on the way decodes it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from . import cbor, ids
from .errors import ErrorCode, ProvenError
from .ids import IdentityId, PackageId

MAX_PAYLOAD: Final = 256 * 1024
"""Bytes of one encoded payload."""

_LABEL: Final = "proven/event/v2"
_EVERYONE: Final = "*"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
_MAX_MESSAGE: Final = MAX_PAYLOAD + 1024


class Everyone(enum.Enum):
    """The audience that leaves nobody out."""

    EVERYONE = enum.auto()


EVERYONE: Final = Everyone.EVERYONE
Audience: TypeAlias = Everyone | IdentityId
"""Who may be sent an event: every subscriber, or those who act as one identity."""


def includes(audience: Audience, identity: IdentityId | None) -> bool:
    """Whether somebody who acts as `identity` (None: nobody) may be sent what is for `audience`."""
    return audience is EVERYONE or (identity is not None and identity == audience)


def check_name(name: str) -> str:
    """`name` if it can name an event; raises `BAD_REQUEST`."""
    if not _NAME.fullmatch(name):
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            "an event name is 1 to 128 letters, digits and . _ : / -, and begins with a letter or digit",
        )
    return name


@dataclass(frozen=True, slots=True)
class EventMessage:
    """One published event. `audience` is not optional: what does not say whom it is for is for nobody.
    `source` is the package that published it and the entry of the log that made it live.
    """

    name: str
    payload: bytes
    audience: Audience
    source: tuple[PackageId, int] | None = None

    def encode(self) -> bytes:
        audience = _EVERYONE if self.audience is EVERYONE else self.audience
        return cbor.encode([_LABEL, audience, self.name, self.payload, list(self.source or ())])

    @classmethod
    def decode(cls, data: bytes) -> EventMessage:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
        match cbor.decode(data, max_bytes=_MAX_MESSAGE, max_depth=2):
            case [str(label), str(audience), str(name), bytes(payload), list(source)] if (
                label == _LABEL and payload
            ):
                who = EVERYONE if audience == _EVERYONE else ids.parse_identity_id(audience)
                return cls(check_name(name), payload, who, _read_source(source))
        raise ProvenError(ErrorCode.BAD_REQUEST, "not an event")


def _read_source(source: list[cbor.Item]) -> tuple[PackageId, int] | None:
    match source:
        case []:
            return None
        case [str(package_id), int(log_index)] if log_index >= 0:
            return ids.parse_package_id(package_id), log_index
    raise ProvenError(ErrorCode.BAD_REQUEST, "not an event")
