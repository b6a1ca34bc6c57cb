"""Bech32 and Bech32m (BIP-173, BIP-350): text of a prefix and bytes, with a checksum."""

from __future__ import annotations

import enum
from typing import Final

MAX_LENGTH: Final = 90
"""Characters; longer text has no guaranteed error detection (BIP-173)."""

_CHECKSUM: Final = 6
_ALPHABET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_GENERATOR: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


class Encoding(enum.Enum):
    """Which checksum; the value is its constant."""

    BECH32 = 1
    BECH32M = 0x2BC830A3


def encode(prefix: str, data: bytes, encoding: Encoding, *, version: int | None = None) -> str:
    """Text for `data`, with a witness `version` (0 to 16) in front where there is one."""
    values = _to_fives(data) if version is None else [version, *_to_fives(data)]
    check = _polymod([*_expanded(prefix), *values, *[0] * _CHECKSUM]) ^ encoding.value
    values += [check >> 5 * (_CHECKSUM - 1 - place) & 31 for place in range(_CHECKSUM)]
    text = f"{prefix}1{''.join(_ALPHABET[value] for value in values)}"
    if len(text) > MAX_LENGTH:
        raise ValueError("too long for Bech32")
    return text


def decode(text: str) -> tuple[str, bytes, Encoding]:
    """The prefix, the bytes and the checksum of text without a witness version. Raises `ValueError`."""
    prefix, values, encoding = split(text)
    return prefix, _from_fives(values), encoding


def decode_versioned(text: str) -> tuple[str, int, bytes, Encoding]:
    """The same of text whose first value is a witness version. Raises `ValueError`."""
    prefix, values, encoding = split(text)
    if not values:
        raise ValueError("there is no witness version")
    return prefix, values[0], _from_fives(values[1:]), encoding


def split(text: str) -> tuple[str, list[int], Encoding]:
    """The prefix, the values of the characters and the checksum. Raises `ValueError`."""
    if len(text) > MAX_LENGTH or not text.isascii():
        raise ValueError("not Bech32: too long or not ASCII")
    if text not in (text.lower(), text.upper()):
        raise ValueError("not Bech32: upper and lower case are mixed")
    prefix, separator, rest = text.lower().rpartition("1")
    if not separator or not prefix or len(rest) < _CHECKSUM:
        raise ValueError("not Bech32: no prefix or no checksum")
    if not all(33 <= ord(character) <= 126 for character in prefix):
        raise ValueError("not Bech32: a prefix that cannot be one")
    try:
        values = [_VALUES[character] for character in rest]
    except KeyError:
        raise ValueError("not Bech32: a character that is not of its alphabet") from None
    try:
        encoding = Encoding(_polymod([*_expanded(prefix), *values]))
    except ValueError:
        raise ValueError("the checksum is wrong") from None
    return prefix, values[:-_CHECKSUM], encoding


def _polymod(values: list[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for place, generator in enumerate(_GENERATOR):
            if top >> place & 1:
                check ^= generator
    return check


def _expanded(prefix: str) -> list[int]:
    return [*(ord(character) >> 5 for character in prefix), 0, *(ord(character) & 31 for character in prefix)]


def _to_fives(data: bytes) -> list[int]:
    bits = len(data) * 8
    padding = -bits % 5
    number = int.from_bytes(data, "big") << padding
    count = (bits + padding) // 5
    return [number >> 5 * (count - 1 - place) & 31 for place in range(count)]


def _from_fives(values: list[int]) -> bytes:
    padding = len(values) * 5 % 8
    if padding > 4:
        raise ValueError("more padding than there may be")
    number = 0
    for value in values:
        number = number << 5 | value
    if number & ((1 << padding) - 1):
        raise ValueError("padding that is not zero")
    return (number >> padding).to_bytes(len(values) * 5 // 8, "big")
