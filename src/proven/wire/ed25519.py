"""Ed25519 signatures (RFC 8032), checked strictly: a key that signs for everybody signs for nobody."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_PRIME: Final = 2**255 - 19
_SMALL_ORDER: Final = frozenset(
    int.from_bytes(bytes.fromhex(encoded), "little")
    for encoded in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
"""The y coordinates of the eight points whose order divides 8: with one of them as the key, signatures that
nobody made verify for one message in a few."""


def is_key(public_key: bytes) -> bool:
    """Whether these are the 32 bytes of a key that only its holder can sign with, in their only encoding."""
    if len(public_key) != 32:
        return False
    y = int.from_bytes(public_key, "little") & (1 << 255) - 1
    return y < _PRIME and y not in _SMALL_ORDER


def is_signed(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of `public_key` signed `message`; False for what is not a key or a signature."""
    if not is_key(public_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
