"""Ethereum addresses: from keys, and in the mixed case of EIP-55 that detects mistakes."""

from __future__ import annotations

from typing import Final

import coincurve
from Crypto.Hash import keccak

ADDRESS_BYTES: Final = 20


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it, which is not SHA3-256."""
    return keccak.new(digest_bits=256, data=data).digest()


def format_address(address: bytes) -> str:
    """The 20 bytes as text with the checksum."""
    if len(address) != ADDRESS_BYTES:
        raise ValueError(f"an Ethereum address has {ADDRESS_BYTES} bytes")
    digits = address.hex()
    nibbles = keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit
        for digit, nibble in zip(digits, nibbles, strict=False)
    )


def has_checksum(text: str) -> bool:
    """Whether 0x and 40 hexadecimal digits are in the case that the checksum demands."""
    return format_address(bytes.fromhex(text.removeprefix("0x"))) == text


def address_of(key: coincurve.PublicKey) -> str:
    """The address of an account that a key controls."""
    return format_address(keccak256(key.format(compressed=False)[1:])[-ADDRESS_BYTES:])
