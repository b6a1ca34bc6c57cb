"""How the key of a transparency log is handed over: with evidence that a node's software holds it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from . import cbor
from .errors import ErrorCode, ProvenError
from .notes import NoteKey

LOG_LABEL: Final = "proven/log-key/v1"
WITNESS_LABEL: Final = "proven/witness-key/v1"
MAX_BYTES: Final = 32 * 1024
NAME_PREFIX: Final = "proven.local/"
"""What a log is called that was given no name; the rest is the SHA-256 of its key, in hex."""


def default_name(public_key: bytes) -> str:
    """The name of a log or witness that has no other. It says which key it has."""
    return NAME_PREFIX + hashlib.sha256(public_key).hexdigest()


def user_data(label: str, verifier_key: str) -> bytes:
    """What the evidence carries beside the key itself, so that the key's name is attested too."""
    return hashlib.sha256(cbor.encode([label, verifier_key])).digest()


@dataclass(frozen=True, slots=True)
class AttestedKey:
    """A verifier key as text, and an attestation document whose `public_key` is that key and whose
    `user_data` is `user_data(label, verifier_key)`.
    """

    verifier_key: str
    evidence: bytes

    def encode(self) -> bytes:
        return cbor.encode({"key": self.verifier_key, "evidence": self.evidence})

    @classmethod
    def decode(cls, raw: bytes) -> AttestedKey:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`). The evidence is not verified yet."""
        match cbor.decode(raw, max_bytes=MAX_BYTES, max_depth=1):
            case {"key": str(verifier_key), "evidence": bytes(evidence), **rest} if not rest:
                return cls(verifier_key, evidence)
        raise ProvenError(ErrorCode.BAD_REQUEST, "not a key with its evidence")

    def key(self) -> NoteKey:
        """The key, whose name is the one it has to have if it says so.

        Raises `ProvenError` (`BAD_REQUEST`, `EVIDENCE_INVALID`).
        """
        key = NoteKey.parse(self.verifier_key)
        if key.name.startswith(NAME_PREFIX) and key.name != default_name(key.public_key):
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID, f"{key.name} is the name of another key than the one shown"
            )
        return key
