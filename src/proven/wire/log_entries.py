"""The entries of the log of applications: commands that were accepted, and what a node does by rule.

An entry is deterministic CBOR `[label, at, kind, …]`, one leaf of the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from . import cbor
from .applications import (
    BODY_LABEL,
    KEY_BYTES,
    MAX_ENVELOPE,
    MAX_INTEGER,
    MAX_TEXT,
    SIGNATURE_BYTES,
    AddAllowedOrigin,
    Body,
    Command,
    Deploy,
    LinkDomain,
    RemoveAllowedOrigin,
    RollBack,
    SignedCommand,
    UnlinkDomain,
    decode_command,
    decode_envelope,
)
from .errors import ErrorCode, ProvenError
from .ids import ApplicationId

ENTRY_LABEL: Final = "proven/log-entry/v1"
MAX_ENTRY: Final = (1 << 16) - 1
"""What a tile of the log can carry (C2SP tlog-tiles)."""

_Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
_Domain = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]


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
_BODY_HEAD: Final = b"\x85" + cbor.encode(BODY_LABEL) + b"\x78"
_ORIGIN: Final = len(_BODY_HEAD) + 1
_ID_HEAD: Final = b"\x78\x20"
_IS_ID: Final = re.compile(rb"[a-z2-7]{32}").fullmatch
_IS_HASH: Final = re.compile(rb"[0-9a-f]{64}").fullmatch
_ONE_BYTE: Final = 0x58
_TWO_BYTES: Final = 0x59
"""How the head of a byte string begins, by how many bytes its length takes. A body has more than 24."""
_SHORT: Final = 24
"""Texts and lists below this length have their length in the head itself."""

_SIGNATURES: Final = tuple(cbor.encode("signatures") + cbor.head(cbor.ARRAY, n) for n in range(_SHORT))
_KEY_HEAD: Final = b"\x82\x58\x20"
_KEY_ENDS: Final = len(_KEY_HEAD) + KEY_BYTES
_SIGNATURE_HEAD: Final = b"\x58\x40"
_SIGNATURE: Final = _KEY_ENDS + len(_SIGNATURE_HEAD)
_SIGNED: Final = _SIGNATURE + SIGNATURE_BYTES

_COMMAND: Final = cbor.encode("command")
_DEPLOY: Final = cbor.encode({"command": "Deploy", "package_id": "0" * 64})[:-64]
_ROLL_BACK: Final = cbor.encode({"command": "RollBack", "version": 1})[:-1]
_OF_TEXT: Final[Mapping[bytes, tuple[bytes, str, Callable[..., Command]]]] = {
    cbor.encode(kind.__name__): (b"\xa2" + cbor.encode(field), field, kind)
    for field, kind in (
        ("origin", AddAllowedOrigin),
        ("origin", RemoveAllowedOrigin),
        ("domain", LinkDomain),
        ("domain", UnlinkDomain),
    )
}
"""By the name of a command that has one text: what is before that text, what it is called, the command."""


def _read_usual(leaf: bytes) -> Submitted | None:
    """A command as most entries are, read several times as fast as by `_read_any`, and exactly as it does.
    None for anything else.
    """
    if (
        not 256 <= len(leaf) - _ENVELOPE <= MAX_ENVELOPE
        or not leaf.startswith(_ENTRY_HEAD)
        or leaf[_AT + 8 : _LENGTH] != _COMMAND_HEAD
        or leaf[_ENVELOPE:_BODY] != _ENVELOPE_HEAD
        or int.from_bytes(leaf[_LENGTH:_ENVELOPE], "big") != len(leaf) - _ENVELOPE
    ):
        return None
    begins = _BODY + (2 if leaf[_BODY] == _ONE_BYTE else 3)
    ends = begins + int.from_bytes(leaf[_BODY + 1 : begins], "big")
    at = int.from_bytes(leaf[_AT : _AT + 8], "big")
    signatures = _read_signatures(leaf, ends)
    if (
        not signatures
        or not 1 << 32 <= at <= MAX_INTEGER
        or (leaf[_BODY] != _ONE_BYTE and (leaf[_BODY] != _TWO_BYTES or ends - begins < 256))
    ):
        return None
    raw = leaf[begins:ends]
    try:
        body = _read_body(raw)
    except (IndexError, ValueError, ProvenError):
        return None
    if body is None:
        return None
    return Submitted(at=at, command=SignedCommand(body=body, raw=raw, signatures=signatures))


def _read_signatures(leaf: bytes, position: int) -> tuple[tuple[bytes, bytes], ...]:
    """The last item of an envelope; nothing if it is not usual."""
    first = position + len(_SIGNATURES[0])
    count, odd = divmod(len(leaf) - first, _SIGNED)
    if odd or not 0 < count < _SHORT or leaf[position:first] != _SIGNATURES[count]:
        return ()
    signatures = []
    previous = b""
    for begins in range(first, len(leaf), _SIGNED):
        key = leaf[begins + len(_KEY_HEAD) : begins + _KEY_ENDS]
        if (
            leaf[begins : begins + len(_KEY_HEAD)] != _KEY_HEAD
            or leaf[begins + _KEY_ENDS : begins + _SIGNATURE] != _SIGNATURE_HEAD
            or key <= previous
        ):
            return ()
        signatures.append((key, leaf[begins + _SIGNATURE : begins + _SIGNED]))
        previous = key
    return tuple(signatures)


def _read_body(raw: bytes) -> Body | None:
    """None, `IndexError`, `ValueError` or `ProvenError` for what is not usual."""
    if not raw.startswith(_BODY_HEAD) or raw[_ORIGIN - 1] < _SHORT:
        return None
    id_head = _ORIGIN + raw[_ORIGIN - 1]
    origin, identifier = raw[_ORIGIN:id_head], raw[id_head + 2 : id_head + 34]
    if raw[id_head : id_head + 2] != _ID_HEAD or not origin.isascii() or not _IS_ID(identifier):
        return None
    major, revision, fields = cbor.read_head(raw, id_head + 34)
    if major != cbor.UINT or revision > MAX_INTEGER:
        return None
    command = _read_command(raw[fields:])
    return Body(
        origin=origin.decode(), application_id=identifier.decode(), revision=revision, command=command
    )


def _read_command(fields: bytes) -> Command:
    """What `decode_command` reads."""
    if fields.startswith(_DEPLOY):
        package = fields[len(_DEPLOY) :]
        if _IS_HASH(package):
            return Deploy(package_id=package.decode())
    elif fields.startswith(_ROLL_BACK):
        major, version, end = cbor.read_head(fields, len(_ROLL_BACK))
        if major == cbor.UINT and 1 <= version <= MAX_INTEGER and end == len(fields):
            return RollBack(version=version)
    else:
        value, _, name = fields.rpartition(_COMMAND)
        before, field, kind = _OF_TEXT.get(name, (b"", "", None))
        if kind is not None and value.startswith(before):
            major, length, begins = cbor.read_head(value, len(before))
            text = value[begins:]
            if major == cbor.TEXT and length == len(text) and text.isascii() and 1 <= length <= MAX_TEXT:
                return kind(**{field: text.decode()})
    return decode_command(fields)


def _convert(fields: object, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise _bad(f"not an entry of the log of applications: {error}") from None


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
