"""Generic signed messages (BIP-322), the simple variant, by P2WPKH and P2TR (key path) addresses.

The two virtual transactions have a fixed shape, so only their hashes are made here (BIP-143, BIP-341).
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec
from Crypto.Hash import RIPEMD160
from msgspec import Meta

from . import _bech32
from ._errors import malformed, refused, unsupported
from ._secp256k1 import verify_der, verify_schnorr

MAX_WITNESS: Final = 256
"""Bytes; the witness of one signature and one key has at most 108."""

MAX_SIGNATURE: Final = 1024
"""Characters."""

_PREFIXES: Final = ("bc", "tb")
"""Mainnet; testnet and signet, which share theirs."""

_SIGHASH_ALL: Final = 1
_LEGACY_SIGNATURE: Final = 65
_ZEROS: Final = bytes(4)
_TO_SIGN_OUTPUTS: Final = bytes(8) + b"\x01\x6a"


class Script(enum.Enum):
    """The output scripts that are understood."""

    P2WPKH = 0
    P2TR = 1


@dataclass(frozen=True, slots=True)
class BitcoinAddress:
    """`program` is the hash of a key (20 bytes) or a key (32 bytes)."""

    text: str
    script: Script
    program: bytes

    @property
    def output_script(self) -> bytes:
        opcode = 0x51 if self.script is Script.P2TR else 0
        return bytes((opcode, len(self.program))) + self.program


class BitcoinProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who says to have signed, and the signature in base64."""

    address: Annotated[str, Meta(max_length=_bech32.MAX_LENGTH)]
    signature: Annotated[str, Meta(max_length=MAX_SIGNATURE)]


def parse_address(text: str) -> BitcoinAddress:
    """A P2WPKH or P2TR address (BIP-141, BIP-341, BIP-350) of mainnet, testnet or signet.

    Raises `ProvenError` (`BAD_REQUEST`), naming what kinds there are if it is of another.
    """
    try:
        prefix, version, program, encoding = _bech32.decode_versioned(text)
    except ValueError:
        raise malformed(
            "not a SegWit address: legacy ones (1…, 3…) are not accepted, because their signatures do not "
            "commit to a key; use one that begins with bc1q or bc1p"
        ) from None
    if prefix not in _PREFIXES:
        raise malformed("not an address of Bitcoin mainnet, testnet or signet")
    wanted = _bech32.Encoding.BECH32 if version == 0 else _bech32.Encoding.BECH32M
    if encoding is not wanted:
        raise malformed("the checksum of the address is of another witness version")
    if version == 0 and len(program) == 20:
        return BitcoinAddress(text.lower(), Script.P2WPKH, program)
    if version == 1 and len(program) == 32:
        return BitcoinAddress(text.lower(), Script.P2TR, program)
    raise malformed("only single keys are understood: addresses of type P2WPKH (bc1q…) and P2TR (bc1p…)")


def verify(address: BitcoinAddress, message: str, signature: str) -> None:
    """Check a simple signature by the address over the message.

    Raises `ProvenError`: `BAD_REQUEST`, `UNAUTHENTICATED`, `UNAVAILABLE` for variants that are not
    understood.
    """
    witness = read_witness(decode_signature(signature))
    to_spend = to_spend_txid(address.output_script, message.encode())
    valid = (
        _verify_p2wpkh(address, witness, to_spend)
        if address.script is Script.P2WPKH
        else _verify_p2tr(address, witness, to_spend)
    )
    if not valid:
        raise refused(f"the signature is not one by {address.text} over this message")


def decode_signature(text: str) -> bytes:
    """The witness in base64 with or without the prefix of the simple variant. Raises `ProvenError`."""
    variant, encoded = (text[:3], text[3:]) if text[:3] in ("smp", "ful", "pof") else ("smp", text)
    if variant != "smp":
        raise unsupported(
            "only simple signatures of BIP-322 are understood; ask the wallet for the variant 'simple'"
        )
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise malformed("the signature is not base64") from None
    if base64.b64encode(data).decode() != encoded:
        raise malformed("the signature is not canonical base64")
    if len(data) == _LEGACY_SIGNATURE and 27 <= data[0] <= 42:
        raise refused(
            "this is a legacy signature, which does not name the key; ask the wallet for BIP-322 'simple'"
        )
    return data


def read_witness(data: bytes) -> tuple[bytes, ...]:
    """The stack of a witness of at most `MAX_WITNESS` bytes. Raises `ProvenError` (`BAD_REQUEST`).

    Every length that fits is below 253 and so one byte; longer forms would not be minimal.
    """
    if len(data) > MAX_WITNESS:
        raise malformed("the witness is longer than one of a single signature")
    if not data:
        raise malformed("the signature is empty")
    items: list[bytes] = []
    position = 1
    for _ in range(data[0]):
        if position >= len(data) or data[position] >= 253:
            raise malformed("the witness is cut short or has lengths that cannot be")
        end = position + 1 + data[position]
        items.append(data[position + 1 : end])
        position = end
    if position != len(data):
        raise malformed("the witness is not as long as it says")
    return tuple(items)


def message_hash(message: bytes) -> bytes:
    """BIP-322's tagged hash of a message."""
    return _tagged("BIP0322-signed-message", message)


def to_spend_txid(output_script: bytes, message: bytes) -> bytes:
    """The id, in the byte order of transactions, of the first virtual transaction."""
    return _sha256d(
        _ZEROS
        + b"\x01"
        + bytes(32)
        + b"\xff\xff\xff\xff"
        + b"\x22\x00\x20"
        + message_hash(message)
        + _ZEROS
        + b"\x01"
        + bytes(8)
        + bytes((len(output_script),))
        + output_script
        + _ZEROS
    )


def to_sign_txid(to_spend: bytes) -> bytes:
    """The id, in the byte order of transactions, of the second; its witness is not part of it."""
    return _sha256d(
        _ZEROS + b"\x01" + to_spend + _ZEROS + b"\x00" + _ZEROS + b"\x01" + _TO_SIGN_OUTPUTS + _ZEROS
    )


def _verify_p2wpkh(address: BitcoinAddress, witness: tuple[bytes, ...], to_spend: bytes) -> bool:
    if len(witness) != 2:
        return False
    signature, key = witness
    if len(key) != 33 or _hash160(key) != address.program:
        return False
    if not signature or signature[-1] != _SIGHASH_ALL:
        return False
    return verify_der(key, signature[:-1], _sighash_v0(address.program, to_spend))


def _verify_p2tr(address: BitcoinAddress, witness: tuple[bytes, ...], to_spend: bytes) -> bool:
    """A signature of 64 bytes has hash type 0 (default); one of 65 says its own, and 0 may not be said."""
    if len(witness) != 1:
        return False
    signature, hash_type = witness[0][:64], witness[0][64:]
    if hash_type not in (b"", bytes((_SIGHASH_ALL,))):
        return False
    return verify_schnorr(address.program, signature, _sighash_v1(address, to_spend, hash_type or b"\x00"))


def _sighash_v0(key_hash: bytes, to_spend: bytes) -> bytes:
    """BIP-143 for the one input of `to_sign`, all of it signed."""
    outpoint = to_spend + _ZEROS
    return _sha256d(
        _ZEROS
        + _sha256d(outpoint)
        + _sha256d(_ZEROS)
        + outpoint
        + b"\x19\x76\xa9\x14"
        + key_hash
        + b"\x88\xac"
        + bytes(8)
        + _ZEROS
        + _sha256d(_TO_SIGN_OUTPUTS)
        + _ZEROS
        + _SIGHASH_ALL.to_bytes(4, "little")
    )


def _sighash_v1(address: BitcoinAddress, to_spend: bytes, hash_type: bytes) -> bytes:
    """BIP-341 for the one input of `to_sign`, by the key path, all of it signed."""
    script = address.output_script
    return _tagged(
        "TapSighash",
        b"\x00"
        + hash_type
        + _ZEROS
        + _ZEROS
        + hashlib.sha256(to_spend + _ZEROS).digest()
        + hashlib.sha256(bytes(8)).digest()
        + hashlib.sha256(bytes((len(script),)) + script).digest()
        + hashlib.sha256(_ZEROS).digest()
        + hashlib.sha256(_TO_SIGN_OUTPUTS).digest()
        + b"\x00"
        + _ZEROS,
    )


def _tagged(tag: str, data: bytes) -> bytes:
    """BIP-340's tagged hash."""
    name = hashlib.sha256(tag.encode()).digest()
    return hashlib.sha256(name + name + data).digest()


def _sha256d(data: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def _hash160(data: bytes) -> bytes:
    return RIPEMD160.new(hashlib.sha256(data).digest()).digest()
