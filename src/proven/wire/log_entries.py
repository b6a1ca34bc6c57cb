"""The entries of the log of applications: commands that were accepted, and what a node does by rule.

An entry is deterministic CBOR `[label, at, kind, …]`, one leaf of the log.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from . import cbor
from .applications import (
    BODY_LABEL,
    KEY_BYTES,
    MAX_ENVELOPE,
    MAX_INTEGER,
    SIGNATURE_BYTES,
    Body,
    Deploy,
    SignedCommand,
    decode_command,
    decode_envelope,
)
from .errors import ErrorCode, ProvenError
from .ids import ApplicationId

ENTRY_LABEL: Final = "proven/log-entry/v1"
MAX_ENTRY: Final = (1 << 16) - 1
"""What a tile of the log can carry (C2SP tlog-tiles)."""

_Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Domain = Annotated[str, Meta(min_length=1, max_length=253)]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """`at` is when it was appended, in Unix milliseconds."""

    at: _Count


class Submitted(_Entry, frozen=True):
    """A command was accepted."""

    command: SignedCommand

    @property
    def application_id(self) -> ApplicationId:
        return self.command.application_id


class Activated(_Entry, frozen=True):
    """The pending change came into force, after `revision` entries of the application."""

    application_id: ApplicationId
    revision: _Count


class DomainProved(_Entry, frozen=True):
    """A node saw the proof that `domain` belongs to the application; it holds until `until` (Unix
    milliseconds).
    """

    application_id: ApplicationId
    domain: _Domain
    until: _Count


class DomainLapsed(_Entry, frozen=True):
    """The proof of `domain` expired and was not renewed."""

    application_id: ApplicationId
    domain: _Domain


Entry: TypeAlias = Submitted | Activated | DomainProved | DomainLapsed


_T = TypeVar("_T")


def encode_entry(entry: Entry) -> bytes:
    """A leaf of the log."""
    return cbor.encode([ENTRY_LABEL, entry.at, *_fields(entry)])


def decode_entry(leaf: bytes) -> Entry:
    """Read a leaf; the signatures in it are not verified. Raises `ProvenError` (`BAD_REQUEST`,
    `TOO_LARGE`, `UNAUTHENTICATED`).
    """
    return _read_usual(leaf) or _read_any(leaf)


def _fields(entry: Entry) -> list[object]:
    match entry:
        case Submitted():
            return ["command", entry.command.encode()]
        case Activated():
            return ["activated", entry.application_id, entry.revision]
        case DomainProved():
            return ["domain_proved", entry.application_id, entry.domain, entry.until]
        case DomainLapsed():
            return ["domain_lapsed", entry.application_id, entry.domain]


def _read_any(leaf: bytes) -> Entry:
    match cbor.decode(leaf, max_bytes=MAX_ENTRY, max_depth=1):
        case [str(label), at, "command", bytes(envelope)] if label == ENTRY_LABEL:
            if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at <= MAX_INTEGER:
                raise _bad("the time of an entry is in milliseconds")
            return Submitted(at=at, command=decode_envelope(envelope))
        case [str(label), at, "activated", application, revision] if label == ENTRY_LABEL:
            return _convert({"at": at, "application_id": application, "revision": revision}, Activated)
        case [str(label), at, "domain_proved", application, domain, until] if label == ENTRY_LABEL:
            named = {"at": at, "application_id": application, "domain": domain, "until": until}
            return _convert(named, DomainProved)
        case [str(label), at, "domain_lapsed", application, domain] if label == ENTRY_LABEL:
            return _convert({"at": at, "application_id": application, "domain": domain}, DomainLapsed)
    raise _bad("not an entry of the log of applications")


_AT: Final = 22
_LENGTH: Final = _AT + 8 + 9
_ENVELOPE: Final = _LENGTH + 2
_BODY: Final = _ENVELOPE + 6
_ENTRY_HEAD: Final = cbor.encode([ENTRY_LABEL, 1 << 32, 0, 0])[:_AT]
_COMMAND_HEAD: Final = cbor.encode("command") + b"\x59"
_ENVELOPE_HEAD: Final = b"\xa2" + cbor.encode("body")
_SIGNATURES_HEAD: Final = cbor.encode("signatures") + b"\x81\x82\x58\x20"
_SIGNATURE_HEAD: Final = b"\x58\x40"
_TAIL: Final = len(_SIGNATURES_HEAD) + KEY_BYTES + len(_SIGNATURE_HEAD) + SIGNATURE_BYTES
_BODY_HEAD: Final = b"\x85" + cbor.encode(BODY_LABEL) + b"\x78"
_ORIGIN: Final = len(_BODY_HEAD) + 1
_ID_HEAD: Final = b"\x78\x20"
_DEPLOY_HEAD: Final = cbor.encode({"command": "Deploy", "package_id": "0" * 64})[:-64]
_IS_ID: Final = re.compile(rb"[a-z2-7]{32}").fullmatch
_IS_HASH: Final = re.compile(rb"[0-9a-f]{64}").fullmatch
_SHORT: Final = 24
"""Texts below this length have their length in the head itself."""


def _read_usual(leaf: bytes) -> Submitted | None:
    """A command with one signature, as most entries are, read several times as fast as by `_read_any`, and
    exactly as it does. None for anything else.
    """
    body_ends = len(leaf) - _TAIL
    key = body_ends + len(_SIGNATURES_HEAD)
    signature = key + KEY_BYTES + len(_SIGNATURE_HEAD)
    if (
        not 256 <= len(leaf) - _ENVELOPE <= MAX_ENVELOPE
        or not leaf.startswith(_ENTRY_HEAD)
        or leaf[_AT + 8 : _LENGTH] != _COMMAND_HEAD
        or leaf[_ENVELOPE:_BODY] != _ENVELOPE_HEAD
        or leaf[body_ends:key] != _SIGNATURES_HEAD
        or leaf[key + KEY_BYTES : signature] != _SIGNATURE_HEAD
        or int.from_bytes(leaf[_LENGTH:_ENVELOPE], "big") != len(leaf) - _ENVELOPE
    ):
        return None
    at = int.from_bytes(leaf[_AT : _AT + 8], "big")
    body_begins = _BODY + (2 if body_ends - _BODY - 2 < 256 else 3)
    raw = leaf[body_begins:body_ends]
    body = _read_body(raw) if leaf[_BODY:body_begins] == cbor.head(cbor.BYTES, len(raw)) else None
    if body is None or not 1 << 32 <= at <= MAX_INTEGER:
        return None
    signatures = ((leaf[key : key + KEY_BYTES], leaf[signature:]),)
    return Submitted(at=at, command=SignedCommand(body=body, raw=raw, signatures=signatures))


def _read_body(raw: bytes) -> Body | None:
    if not raw.startswith(_BODY_HEAD) or raw[_ORIGIN - 1] < _SHORT:
        return None
    id_head = _ORIGIN + raw[_ORIGIN - 1]
    origin, identifier = raw[_ORIGIN:id_head], raw[id_head + 2 : id_head + 34]
    if raw[id_head : id_head + 2] != _ID_HEAD or not origin.isascii() or not _IS_ID(identifier):
        return None
    try:
        major, revision, fields = cbor.read_head(raw, id_head + 34)
    except (IndexError, ValueError):
        return None
    if major != cbor.UINT or revision > MAX_INTEGER:
        return None
    package = raw[fields + len(_DEPLOY_HEAD) :]
    if raw.startswith(_DEPLOY_HEAD, fields) and _IS_HASH(package):
        command: Any = Deploy(package_id=package.decode())
    else:
        try:
            command = decode_command(raw[fields:])
        except ProvenError:
            return None
    return Body(
        origin=origin.decode(), application_id=identifier.decode(), revision=revision, command=command
    )


def _convert(fields: object, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise _bad(f"not an entry of the log of applications: {error}") from None


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
