"""A simple signature is accepted in exactly one form."""

from __future__ import annotations

import base64
import hashlib

import coincurve
import pytest

from proven.identity.accounts import bitcoin
from proven.wire.errors import ErrorCode, ProvenError
from support.account_vectors import Wallet, witness

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = b"\x0b" * 32
MESSAGE = "hello"
SEGWIT, TAPROOT = Wallet(KEY), Wallet(KEY, taproot=True)


def check(wallet: Wallet, signature: str) -> ErrorCode | None:
    """None if the signature is accepted."""
    try:
        bitcoin.verify(bitcoin.parse_address(wallet.address), MESSAGE, signature)
    except ProvenError as error:
        return error.code
    return None


def stack(wallet: Wallet) -> tuple[bytes, ...]:
    return bitcoin.read_witness(base64.b64decode(wallet.sign(MESSAGE)))


def digest(wallet: Wallet, hash_type: bytes = b"\x00") -> bytes:
    address = bitcoin.parse_address(wallet.address)
    to_spend = bitcoin.to_spend_txid(address.output_script, MESSAGE.encode())
    if wallet is TAPROOT:
        return bitcoin._sighash_v1(address, to_spend, hash_type)
    return bitcoin._sighash_v0(address.program, to_spend)


def der(r: int, s: int) -> bytes:
    def integer(number: int) -> bytes:
        raw = number.to_bytes(number.bit_length() // 8 + 1, "big")
        return bytes((2, len(raw))) + raw

    body = integer(r) + integer(s)
    return bytes((0x30, len(body))) + body


def r_and_s(signature: bytes) -> tuple[int, int]:
    length = signature[3]
    return int.from_bytes(signature[4 : 4 + length], "big"), int.from_bytes(signature[6 + length :], "big")


@pytest.mark.parametrize("wallet", [SEGWIT, TAPROOT])
@pytest.mark.parametrize("prefix", ["", "smp"])
def test_signatures_with_and_without_the_prefix_are_accepted(wallet: Wallet, prefix: str) -> None:
    assert check(wallet, prefix + wallet.sign(MESSAGE)) is None


def test_a_signature_names_its_address() -> None:
    for signer, other in ((SEGWIT, TAPROOT), (TAPROOT, SEGWIT), (SEGWIT, Wallet(b"\x0c" * 32))):
        assert check(other, signer.sign(MESSAGE)) is ErrorCode.UNAUTHENTICATED


def test_a_signature_over_the_right_hash_by_another_key_is_refused() -> None:
    other = coincurve.PrivateKey(b"\x0c" * 32)
    signature = other.sign(digest(SEGWIT), hasher=None) + b"\x01"
    assert check(SEGWIT, witness(signature, other.public_key.format())) is ErrorCode.UNAUTHENTICATED
    assert check(TAPROOT, witness(other.sign_schnorr(digest(TAPROOT)))) is ErrorCode.UNAUTHENTICATED


def test_mainnet_and_testnet_addresses_of_a_key_have_the_same_script() -> None:
    assert check(Wallet(KEY, "tb"), SEGWIT.sign(MESSAGE)) is None


def test_the_higher_form_of_s_is_refused() -> None:
    signature, key = stack(SEGWIT)
    r, s = r_and_s(signature[:-1])
    assert check(SEGWIT, witness(der(r, s) + b"\x01", key)) is None
    assert check(SEGWIT, witness(der(r, ORDER - s) + b"\x01", key)) is ErrorCode.UNAUTHENTICATED


def test_der_is_strict() -> None:
    signature, key = stack(SEGWIT)
    raw = signature[:-1]
    r, s = r_and_s(raw)
    padded = (
        bytes((2, 33)) + bytes(33 - (r.bit_length() + 7) // 8) + r.to_bytes((r.bit_length() + 7) // 8, "big")
    )
    rest = der(r, s)[2 + 2 + raw[3] :]
    loose = [
        b"\x30\x81" + raw[1:],
        raw + b"\x00",
        raw[:-1],
        b"\x31" + raw[1:],
        b"\x30" + bytes((len(rest) + len(padded) + 1,)) + padded[:1] + b"\x22\x00" + padded[2:] + rest,
        der(r, 0),
        der(0, s),
        der(r + ORDER, s),
        b"",
    ]
    for bad in loose:
        assert check(SEGWIT, witness(bad + b"\x01", key)) is ErrorCode.UNAUTHENTICATED, bad.hex()


@pytest.mark.parametrize("hash_type", [0, 2, 3, 0x41, 0x81, 0x82, 0x83, 0xFF])
def test_everything_has_to_be_signed_by_p2wpkh(hash_type: int) -> None:
    signature, key = stack(SEGWIT)
    assert check(SEGWIT, witness(signature[:-1] + bytes((hash_type,)), key)) is ErrorCode.UNAUTHENTICATED


def test_everything_has_to_be_signed_by_p2tr() -> None:
    private = TAPROOT._private
    for hash_type in (0x00, 0x02, 0x03, 0x81, 0x82, 0x83):
        raw = bytes((hash_type,))
        signature = private.sign_schnorr(digest(TAPROOT, raw)) + raw
        assert check(TAPROOT, witness(signature)) is ErrorCode.UNAUTHENTICATED
    explicit = private.sign_schnorr(digest(TAPROOT, b"\x01"))
    assert check(TAPROOT, witness(explicit + b"\x01")) is None
    assert check(TAPROOT, witness(explicit)) is ErrorCode.UNAUTHENTICATED


def test_the_witness_has_the_one_shape_of_its_script() -> None:
    signature, key = stack(SEGWIT)
    (schnorr,) = stack(TAPROOT)
    for wallet, items in (
        (SEGWIT, ()),
        (SEGWIT, (signature,)),
        (SEGWIT, (key, signature)),
        (SEGWIT, (signature, key, b"")),
        (SEGWIT, (b"", signature, key)),
        (SEGWIT, (b"", key)),
        (SEGWIT, (signature, b"")),
        (SEGWIT, (signature, key[:-1])),
        (SEGWIT, (signature, coincurve.PublicKey(key).format(compressed=False))),
        (TAPROOT, ()),
        (TAPROOT, (schnorr, b"\x50annex")),
        (TAPROOT, (schnorr, b"\x51", b"\xc0" + bytes(32))),
        (TAPROOT, (schnorr + b"\x00\x00",)),
        (TAPROOT, (schnorr[:-1],)),
        (TAPROOT, (b"",)),
        (TAPROOT, (bytes(64),)),
    ):
        assert check(wallet, witness(*items)) is ErrorCode.UNAUTHENTICATED, items


def test_an_uncompressed_key_is_refused_even_where_its_hash_is_the_address() -> None:
    key = coincurve.PrivateKey(KEY)
    public = key.public_key.format(compressed=False)
    program = bitcoin._hash160(public)
    from_hash = bitcoin.BitcoinAddress("x", bitcoin.Script.P2WPKH, program)
    to_spend = bitcoin.to_spend_txid(from_hash.output_script, MESSAGE.encode())
    signature = key.sign(bitcoin._sighash_v0(program, to_spend), hasher=None) + b"\x01"
    with pytest.raises(ProvenError):
        bitcoin.verify(from_hash, MESSAGE, witness(signature, public))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        b"\x02\x01a",
        b"\x01\x02a",
        b"\x01\x01ab",
        b"\x01\xfd\x01\x00a",
        b"\xfd\x01\x00\x01a",
        b"\xff" * 100,
        b"\x00" * 257,
        b"\x01\xfc" + bytes(300),
    ],
)
def test_a_witness_that_cannot_be_read_is_refused(data: bytes) -> None:
    with pytest.raises(ProvenError) as error:
        bitcoin.read_witness(data)
    assert error.value.code is ErrorCode.BAD_REQUEST


def test_base64_has_one_form() -> None:
    good = TAPROOT.sign(MESSAGE)
    encoded = base64.b64encode(base64.b64decode(SEGWIT.sign(MESSAGE))).decode()
    for text in (
        good + "=",
        good + "\n",
        " " + good,
        good.replace("/", "_"),
        good[:-1],
        "smp" + "smp" + good,
        "é",
    ):
        if text != good:
            with pytest.raises(ProvenError):
                bitcoin.decode_signature(text)
    if encoded.endswith("="):
        last = encoded.rstrip("=")[-1]
        other = chr(ord(last) + 1)
        with pytest.raises(ProvenError):
            bitcoin.decode_signature(encoded.replace(last + "=", other + "="))


def test_noncanonical_padding_bits_are_refused() -> None:
    assert bitcoin.decode_signature("AA==") == b"\x00"
    with pytest.raises(ProvenError, match="canonical"):
        bitcoin.decode_signature("AB==")


@pytest.mark.parametrize("prefix", ["ful", "pof"])
def test_other_variants_are_refused_in_clear_words(prefix: str) -> None:
    with pytest.raises(ProvenError, match="simple") as error:
        bitcoin.decode_signature(prefix + SEGWIT.sign(MESSAGE))
    assert error.value.code is ErrorCode.UNAVAILABLE


def test_legacy_signatures_are_refused_in_clear_words() -> None:
    text = b"\x18Bitcoin Signed Message:\n" + bytes((len(MESSAGE),)) + MESSAGE.encode()
    hashed = hashlib.sha256(hashlib.sha256(text).digest()).digest()
    raw = coincurve.PrivateKey(KEY).sign_recoverable(hashed, hasher=None)
    for header in (31, 39):
        legacy = base64.b64encode(bytes((header + raw[64],)) + raw[:64]).decode()
        with pytest.raises(ProvenError, match="legacy"):
            bitcoin.verify(bitcoin.parse_address(SEGWIT.address), MESSAGE, legacy)
