"""Ethereum accounts: signed messages (EIP-191) by a key, or by a contract's own judgement (EIP-1271)."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from ._secp256k1 import is_low_s, recover
from .eip55 import address_of, keccak256
from .siwe import MAX_MESSAGE

MAX_CONTRACT_SIGNATURE: Final = 4096
"""Bytes; contracts of several owners join a signature of each."""

_KEY_SIGNATURE: Final = 65
_RECOVERY: Final = {0: 0, 1: 1, 27: 0, 28: 1}


class EthereumProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text that was signed, with address and chain filled in, and `personal_sign`'s answer (0x…)."""

    message: Annotated[str, Meta(max_length=MAX_MESSAGE)]
    signature: Annotated[
        str, Meta(pattern=r"^0x(?:[0-9a-fA-F]{2})+\Z", max_length=2 + 2 * MAX_CONTRACT_SIGNATURE)
    ]


def personal_hash(message: str) -> bytes:
    """What `personal_sign` signs (EIP-191, version 0x45)."""
    data = message.encode()
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)


def recover_address(digest: bytes, signature: bytes) -> str | None:
    """The address whose key made the signature (r, s, v); None for one that no key makes.

    v is 27 or 28, or 0 or 1 as some wallets have it; s is the smaller of its two forms (EIP-2).
    """
    if len(signature) != _KEY_SIGNATURE or signature[-1] not in _RECOVERY:
        return None
    if not is_low_s(signature[:-1]):
        return None
    key = recover(signature[:-1], _RECOVERY[signature[-1]], digest)
    return None if key is None else address_of(key)


def may_be_by_key(signature: bytes) -> bool:
    """Whether a signature has the size of one by a key."""
    return len(signature) == _KEY_SIGNATURE
