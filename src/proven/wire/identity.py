"""What an identity signs, and the keys of whoever holds the root of one.

A person has one root seed, and for each application a key pair of its own that is derived from it, so that
two applications cannot tell whether they are used by the same person. One more is for the applications that
the person owns: it is public, in the log, and the same everywhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import cbor, ed25519, ids
from .applications import OwnerKey
from .commands import Identify
from .ids import ApplicationId, IdentityId

SEED_BYTES: Final = 32
IDENTIFY_LABEL: Final = "proven/identify/v1"
_KEY_LABEL: Final = "proven/identity-key/v1"
_OWNER_LABEL: Final = "proven/owner-key/v1"


def identify_message(application_id: ApplicationId | None, transcript: bytes) -> bytes:
    """What `Identify` signs: this session with this application (None for management) and nothing else."""
    return cbor.encode([IDENTIFY_LABEL, application_id, transcript])


def verify_identify(
    command: Identify, application_id: ApplicationId | None, transcript: bytes
) -> IdentityId | None:
    """Who has signed, or None if nobody has who holds the key."""
    message = identify_message(application_id, transcript)
    if not ed25519.is_signed(command.public_key, command.signature, message):
        return None
    return ids.identity_id(command.public_key)


class IdentityKey:
    """The key pair by which one application, or node management, knows the holder of a root seed."""

    def __init__(self, private_key: Ed25519PrivateKey, application_id: ApplicationId | None) -> None:
        self._private_key = private_key
        self._application_id = application_id

    @classmethod
    def derive(cls, seed: bytes, application_id: ApplicationId | None) -> IdentityKey:
        """The pairwise key for `application_id`; the same seed gives the same key every time."""
        return cls(_derived(seed, [_KEY_LABEL, application_id]), application_id)

    @classmethod
    def of_owner(cls, owner: OwnerKey) -> IdentityKey:
        """The key of an owner of applications, to be known by it in management."""
        return cls(owner._private_key, None)

    @property
    def public_key(self) -> bytes:
        return self._private_key.public_key().public_bytes_raw()

    @property
    def identity(self) -> IdentityId:
        return ids.identity_id(self.public_key)

    def identify(self, transcript: bytes) -> Identify:
        """The command that proves this identity in the session with `transcript`."""
        signature = self._private_key.sign(identify_message(self._application_id, transcript))
        return Identify(public_key=self.public_key, signature=signature)


def owner_key(seed: bytes) -> OwnerKey:
    """The key with which a person signs for applications, on every network."""
    return OwnerKey(_derived(seed, [_OWNER_LABEL]))


def new_seed(random: Callable[[int], bytes] = os.urandom) -> bytes:
    """A new root seed. Whoever knows it is that person, everywhere."""
    return random(SEED_BYTES)


def _derived(seed: bytes, info: list[str | None]) -> Ed25519PrivateKey:
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a root seed has {SEED_BYTES} bytes")
    secret = HKDF(SHA256(), 32, None, cbor.encode(info)).derive(seed)
    return Ed25519PrivateKey.from_private_bytes(secret)
