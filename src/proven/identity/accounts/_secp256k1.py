"""ECDSA and Schnorr signatures on secp256k1, of exact sizes and in their one canonical form."""

from __future__ import annotations

from typing import Final

import coincurve
from coincurve.ecdsa import cdata_to_der, deserialize_compact

_ORDER: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
_COMPACT: Final = 64
_MAX_DER: Final = 72


def is_low_s(compact: bytes) -> bool:
    """Whether r and s of a 64-byte signature are in range and s is the smaller of its two forms."""
    if len(compact) != _COMPACT:
        return False
    r, s = int.from_bytes(compact[:32], "big"), int.from_bytes(compact[32:], "big")
    return 0 < r < _ORDER and 0 < s <= _ORDER // 2


def recover(compact: bytes, recovery: int, digest: bytes) -> coincurve.PublicKey | None:
    """The key that made a 64-byte signature with the recovery id 0 to 3, if there is one."""
    if len(compact) != _COMPACT or not 0 <= recovery <= 3:
        return None
    try:
        return coincurve.PublicKey.from_signature_and_message(
            compact + bytes((recovery,)), digest, hasher=None
        )
    except ValueError:
        return None


def verify_compact(public_key: bytes, compact: bytes, digest: bytes) -> bool:
    """Whether this is a low-s signature of 64 bytes by a compressed or uncompressed key."""
    if not is_low_s(compact):
        return False
    return verify_der(public_key, cdata_to_der(deserialize_compact(compact)), digest)


def verify_der(public_key: bytes, signature: bytes, digest: bytes) -> bool:
    """Whether this is a low-s signature by the key in strict DER (BIP-66): libsecp256k1 reads no other."""
    if len(signature) > _MAX_DER:
        return False
    try:
        return coincurve.PublicKey(public_key).verify(signature, digest, hasher=None)
    except ValueError:
        return False


def verify_schnorr(public_key: bytes, signature: bytes, digest: bytes) -> bool:
    """Whether this is a signature by a key that is given as its 32-byte x coordinate (BIP-340)."""
    if len(public_key) != 32 or len(signature) != _COMPACT:
        return False
    try:
        return coincurve.PublicKeyXOnly(public_key).verify(signature, digest)
    except ValueError:
        return False
