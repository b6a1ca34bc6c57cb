"""The entries of the log of applications: commands that were accepted, and what a node does by rule.

An entry is deterministic CBOR `[label, at, kind, …]`, one leaf of the log.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
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
    Archive,
    Body,
    CancelUpgrade,
    Command,
    Deploy,
    LinkDomain,
    RemoveAllowedOrigin,
    RollBack,
    SignedCommand,
    UnlinkDomain,
    Veto,
    decode_command,
    decode_envelope,
)
from .errors import ErrorCode, ProvenError
from .ids import ApplicationId, PackageId

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


_KEYS_OF_USUAL: Final = 8
_AT_FROM: Final = 1 << 32
"""The smallest time of 8 bytes."""
_LONG: Final = 256
"""From here on a length takes two bytes."""
_NUMBER: Final = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00)..)"
"""A number below 2¹⁶."""
_ID: Final = rb"\x78\x20([a-z2-7]{32})"
_COMMAND: Final = cbor.encode("command")


def _head(items: int, kind: bytes) -> bytes:
    """What an entry of so many items begins with, until behind its kind."""
    label = cbor.head(cbor.ARRAY, items) + cbor.encode(ENTRY_LABEL)
    return re.escape(label) + rb"\x1b(.{8})" + re.escape(kind)


_ACTIVATED: Final = re.compile(_head(5, cbor.encode("activated")) + _ID + _NUMBER, re.DOTALL).fullmatch
_USUAL: Final = re.compile(
    _head(4, _COMMAND)
    + rb"\x59(..)\xa2"
    + re.escape(cbor.encode("body"))
    + rb"(?:\x58(.)|\x59(..))(\x85"
    + re.escape(cbor.encode(BODY_LABEL))
    + rb"\x78)(.)([!-~]{24,})"
    + _ID
    + _NUMBER
    + rb"(?:"
    + re.escape(cbor.encode({"command": "Deploy", "package_id": "0" * 64})[:-64])
    + rb"([0-9a-f]{64}))?",
    re.DOTALL,
).match
"""A leaf until the fields of its command, or behind those of a deploy, if its lengths and numbers are such as
most have.
"""
_SIGNED: Final = tuple(
    re.compile(
        re.escape(cbor.encode("signatures") + cbor.head(cbor.ARRAY, count))
        + rb"\x82\x58\x20(.{32})\x58\x40(.{64})" * count,
        re.DOTALL,
    ).fullmatch
    for count in range(1, _KEYS_OF_USUAL + 1)
)
"""The rest of it after its body, by the number of signatures less one."""
_EACH: Final = 3 + KEY_BYTES + 2 + SIGNATURE_BYTES
_SIGNED_BY_ONE: Final = len(cbor.encode("signatures")) + 1 + _EACH

_BARE: Final[Mapping[bytes, Command]] = {
    cbor.encode({"command": kind.__name__}): kind() for kind in (CancelUpgrade, Veto, Archive)
}
"""By their fields, the commands that have none but their name."""
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


def _read_usual(leaf: bytes) -> Submitted | Activated | None:
    """An entry as most are, read several times as fast as by `_read_any`, and exactly as it does. None for
    anything else.
    """
    usual = _USUAL(leaf)
    if usual is None:
        return _read_activated(leaf)
    time, envelope, short, long, _, length, origin, application, revision, package = usual.groups()
    begins = usual.start(5)
    ends = begins + (short[0] if short else int.from_bytes(long, "big"))
    at = int.from_bytes(time, "big")
    signed_by, odd = divmod(len(leaf) - ends - _SIGNED_BY_ONE, _EACH)
    if (
        len(origin) != length[0]
        or not _AT_FROM <= at <= MAX_INTEGER
        or not _LONG <= int.from_bytes(envelope, "big") == len(leaf) - usual.end(2) <= MAX_ENVELOPE
        or (long and ends - begins < _LONG)
        or odd
        or not 0 <= signed_by < _KEYS_OF_USUAL
        or (signed := _SIGNED[signed_by](leaf, ends)) is None
    ):
        return None
    key, signature = signed.group(1, 2)
    signatures: tuple[tuple[bytes, bytes], ...] = ((key, signature),)
    if signed_by:
        parts = signed.groups()
        signatures = tuple(zip(parts[::2], parts[1::2], strict=True))
        if any(first[0] >= second[0] for first, second in pairwise(signatures)):
            return None
    if package is not None:
        if usual.end() != ends:
            return None
        command: Command = Deploy(package_id=PackageId(package.decode()))
    else:
        try:
            command = _read_command(leaf[usual.end() : ends])
        except (IndexError, ValueError, ProvenError):
            return None
    body = Body(
        origin=origin.decode(),
        application_id=application.decode(),
        revision=_number(revision),
        command=command,
    )
    return Submitted(at=at, command=SignedCommand(body=body, raw=leaf[begins:ends], signatures=signatures))


def _read_activated(leaf: bytes) -> Activated | None:
    usual = _ACTIVATED(leaf)
    if usual is None:
        return None
    time, application, revision = usual.groups()
    at = int.from_bytes(time, "big")
    if not _AT_FROM <= at <= MAX_INTEGER:
        return None
    return Activated(at=at, application_id=ApplicationId(application.decode()), revision=_number(revision))


def _number(encoded: bytes) -> int:
    return encoded[0] if len(encoded) == 1 else int.from_bytes(encoded[1:], "big")


def _read_command(fields: bytes) -> Command:
    """What `decode_command` reads."""
    if (bare := _BARE.get(fields)) is not None:
        return bare
    if fields.startswith(_ROLL_BACK):
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
