"""Identifiers that cross a boundary. Each is text with a fixed alphabet, so none needs escaping anywhere.

Those derived from keys or content are recomputed by whoever receives them, never taken on trust.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Final, NewType

from . import cbor
from .errors import ErrorCode, ProvenError

ApplicationId = NewType("ApplicationId", str)
"""32 characters of lower-case base32: usable as one DNS label."""

PackageId = NewType("PackageId", str)
"""64 lower-case hexadecimal digits: SHA-256 of the package's manifest."""

IdentityId = NewType("IdentityId", str)
"""32 characters of lower-case base32: who is calling, as one application sees them."""

SessionId = NewType("SessionId", str)
"""32 lower-case hexadecimal digits."""

_BASE32: Final = re.compile(r"[a-z2-7]{32}")
_HEX64: Final = re.compile(r"[0-9a-f]{64}")


def application_id(owner_public_key: bytes, nonce: bytes) -> ApplicationId:
    """The id of the application that the holder of an Ed25519 key creates with a nonce of their choice."""
    return ApplicationId(_derive("proven/application/v1", owner_public_key, nonce))


def identity_id(public_key: bytes) -> IdentityId:
    """The id of whoever holds an Ed25519 key."""
    return IdentityId(_derive("proven/identity/v1", public_key))


def package_id(canonical_manifest: bytes) -> PackageId:
    """The id of the package with this manifest, given as RFC 8785 canonical JSON."""
    return PackageId(hashlib.sha256(canonical_manifest).hexdigest())


def session_id(raw: bytes) -> SessionId:
    """The text form of a session's 16 bytes."""
    if len(raw) != 16:
        raise ValueError("a session id has 16 bytes")
    return SessionId(raw.hex())


def parse_application_id(text: object) -> ApplicationId:
    """Check text from outside; raises `ProvenError` (`BAD_REQUEST`)."""
    return ApplicationId(_parse("an application id", _BASE32, text))


def parse_identity_id(text: object) -> IdentityId:
    """Check text from outside; raises `ProvenError` (`BAD_REQUEST`)."""
    return IdentityId(_parse("an identity id", _BASE32, text))


def parse_package_id(text: object) -> PackageId:
    """Check text from outside; raises `ProvenError` (`BAD_REQUEST`)."""
    return PackageId(_parse("a package id", _HEX64, text))


def is_application_id(text: str) -> bool:
    """Whether `text` has the form of an application id (a name never has: names are shorter)."""
    return _BASE32.fullmatch(text) is not None


def _derive(label: str, *parts: bytes) -> str:
    """Lower-case base32 of the first 160 bits of SHA-256 over label and parts; 160 bits need no padding."""
    digest = hashlib.sha256(cbor.encode([label, *parts])).digest()
    return base64.b32encode(digest[:20]).decode().lower()


def _parse(what: str, pattern: re.Pattern[str], text: object) -> str:
    if not isinstance(text, str) or pattern.fullmatch(text) is None:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{text!r:.80} is not {what}")
    return text
