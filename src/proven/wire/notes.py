"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint, tlog-cosignature): what a log commits to.

A checkpoint is a note whose text names a log, its size and its root. Whoever vouches for it adds a line.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import ed25519
from .errors import ErrorCode, ProvenError
from .merkle import HASH_BYTES, MAX_SIZE

MAX_NOTE: Final = 64 * 1024
MAX_SIGNATURES: Final = 100
MAX_NAME: Final = 256
_ED25519: Final = 0x01
_COSIGNATURE: Final = 0x04
_DASH: Final = "— "
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note; `blob` is what follows the key's 4-byte id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends in a newline and holds no empty last line; that is what signatures are over."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def encode(self) -> str:
        return self.text + "\n" + "".join(each.line() for each in self.signatures)

    @classmethod
    def parse(cls, raw: bytes) -> Note:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
        if len(raw) > MAX_NOTE:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a note has at most {MAX_NOTE} bytes")
        try:
            whole = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise _bad("a note is UTF-8") from None
        if any(character != "\n" and not _is_allowed(character) for character in whole):
            raise _bad("a note has no control characters")
        text, separator, lines = whole.rpartition("\n\n")
        if not separator or not text or not lines.endswith("\n"):
            raise _bad("a note is text, an empty line, and signatures")
        signatures = tuple(_parse_signature(line) for line in lines[:-1].split("\n"))
        if len(signatures) > MAX_SIGNATURES:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a note has at most {MAX_SIGNATURES} signatures")
        return cls(text + "\n", signatures)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the text of a log's note says; `extensions` are lines of their own that this version passes on."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Raises `ProvenError` (`BAD_REQUEST`)."""
        lines = text.removesuffix("\n").split("\n")
        if len(lines) < 3 or not all(lines) or not text.endswith("\n"):
            raise _bad("a checkpoint is an origin, a size and a root, a line each")
        origin, size, root, *extensions = lines
        if not _DECIMAL.fullmatch(size) or int(size) > MAX_SIZE:
            raise _bad("the size of a checkpoint is a decimal number")
        raw = _base64(root)
        if len(raw) != HASH_BYTES:
            raise _bad("the root of a checkpoint is 32 bytes")
        return cls(origin, int(size), raw, tuple(extensions))


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Whose signatures to accept: an Ed25519 key under the name it signs as."""

    name: str
    public_key: bytes

    def verifier_key(self, *, cosigner: bool = False) -> str:
        """The text form by which such keys are passed on (signed-note, "vkey"); that of a key which
        cosigns names another kind of signature.
        """
        kind = _COSIGNATURE if cosigner else _ED25519
        encoded = base64.b64encode(bytes([kind]) + self.public_key).decode()
        return f"{self.name}+{_key_id(self.name, kind, self.public_key).hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> NoteKey:
        """Read a verifier key. Raises `ProvenError` (`BAD_REQUEST`)."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _base64(encoded)
        if not is_signer_name(name) or len(raw) != 33 or raw[0] not in (_ED25519, _COSIGNATURE):
            raise _bad("not the verifier key of an Ed25519 signer")
        if key_id != _key_id(name, raw[0], raw[1:]).hex():
            raise _bad("the verifier key has the id of another")
        return cls(name, raw[1:])

    def check(self, note: Note) -> None:
        """Raises `ProvenError` (`EVIDENCE_INVALID`) unless `note` has a good signature of this key."""
        key_id = _key_id(self.name, _ED25519, self.public_key)
        for each in note.signatures:
            if (each.name, each.key_id) == (self.name, key_id):
                self._verify(each.blob, note.text.encode())
                return
        raise ProvenError(ErrorCode.EVIDENCE_INVALID, f"the note is not signed by {self.name}")

    def cosigned_at(self, note: Note) -> int | None:
        """When this witness cosigned `note`, in seconds since 1970; None if it has not.

        Raises `ProvenError` (`EVIDENCE_INVALID`) for a cosignature in its name that is not good.
        """
        key_id = _key_id(self.name, _COSIGNATURE, self.public_key)
        for each in note.signatures:
            if (each.name, each.key_id) == (self.name, key_id):
                if len(each.blob) != 72:
                    raise ProvenError(ErrorCode.EVIDENCE_INVALID, "a cosignature has a time and a signature")
                time = int.from_bytes(each.blob[:8], "big")
                self._verify(each.blob[8:], _cosigned(time, note.text))
                return time
        return None

    def _verify(self, signature: bytes, message: bytes) -> None:
        if not ed25519.is_signed(self.public_key, signature, message):
            raise ProvenError(ErrorCode.EVIDENCE_INVALID, f"the signature of {self.name} is wrong")


class NoteSigner:
    """Signs notes with an Ed25519 key under a name."""

    def __init__(self, name: str, private_key: Ed25519PrivateKey) -> None:
        if not is_signer_name(name):
            raise ValueError(f"{name!r} cannot name a signer: no spaces, no plus sign")
        self._private_key = private_key
        self.key = NoteKey(name, private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        key_id = _key_id(self.key.name, _ED25519, self.key.public_key)
        return Signature(self.key.name, key_id, self._private_key.sign(text.encode()))

    def cosign(self, text: str, time: int) -> Signature:
        """Vouch, as a witness, for having seen nothing until `time` (seconds since 1970) that contradicts
        `text`.
        """
        key_id = _key_id(self.key.name, _COSIGNATURE, self.key.public_key)
        signature = self._private_key.sign(_cosigned(time, text))
        return Signature(self.key.name, key_id, time.to_bytes(8, "big") + signature)


def with_signatures(note: Note, more: Iterable[Signature]) -> Note:
    """The note with `more` signatures, one for each key."""
    merged = {(each.name, each.key_id): each for each in (*note.signatures, *more)}
    return Note(note.text, tuple(merged.values()))


def _cosigned(time: int, text: str) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _key_id(name: str, algorithm: int, public_key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([algorithm]) + public_key).digest()[:4]


def _parse_signature(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not separator or not is_signer_name(name):
        raise _bad("a signature line is a dash, a name and base64")
    raw = _base64(encoded)
    if len(raw) < 5:
        raise _bad("a signature begins with the id of its key")
    return Signature(name, raw[:4], raw[4:])


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _bad("not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise _bad("not base64 in its only form")
    return raw


def is_signer_name(name: str) -> bool:
    """Whether a signer can be called so (signed-note: no spaces, no plus sign)."""
    return len(name) <= MAX_NAME and _NAME.fullmatch(name) is not None


def _is_allowed(character: str) -> bool:
    return character >= " " and character != "\x7f"


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
