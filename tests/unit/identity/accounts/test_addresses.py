"""Addresses: every one that is written is read back, and a mistake in one is noticed."""

from __future__ import annotations

import coincurve
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.identity.accounts import _bech32, bitcoin, radix
from proven.identity.accounts.eip55 import address_of, format_address, has_checksum
from proven.wire.errors import ProvenError
from support.account_vectors import Wallet

PREFIXES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20).map(str.lower)
ENCODINGS = st.sampled_from(_bech32.Encoding)
ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


@given(PREFIXES, st.binary(max_size=36), ENCODINGS)
def test_bech32_reads_what_it_writes(prefix: str, data: bytes, encoding: _bech32.Encoding) -> None:
    text = _bech32.encode(prefix, data, encoding)
    assert _bech32.decode(text) == (prefix, data, encoding)
    assert _bech32.decode(text.upper()) == (prefix, data, encoding)


@given(PREFIXES, st.integers(0, 16), st.binary(max_size=35), ENCODINGS)
def test_bech32_reads_witness_versions(
    prefix: str, version: int, data: bytes, encoding: _bech32.Encoding
) -> None:
    text = _bech32.encode(prefix, data, encoding, version=version)
    assert _bech32.decode_versioned(text) == (prefix, version, data, encoding)


@given(st.binary(min_size=20, max_size=20), st.integers(0, 37), st.sampled_from(ALPHABET))
def test_bech32_notices_a_wrong_character(data: bytes, place: int, character: str) -> None:
    text = _bech32.encode("bc", data, _bech32.Encoding.BECH32M)
    place += 3
    damaged = text[:place] + character + text[place + 1 :]
    if damaged != text:
        with pytest.raises(ValueError, match="checksum"):
            _bech32.decode(damaged)


@given(st.text(max_size=120))
def test_bech32_refuses_or_reads_any_text(text: str) -> None:
    try:
        prefix, data, encoding = _bech32.decode(text)
    except ValueError:
        return
    assert _bech32.encode(prefix, data, encoding) == text.lower()


def test_bech32_refuses_padding_that_is_too_long() -> None:
    """Versioned text whose version is taken for data has one character of padding too many."""
    text = _bech32.encode("a", bytes(5), _bech32.Encoding.BECH32, version=0)
    with pytest.raises(ValueError, match="padding"):
        _bech32.decode(text)


def test_bech32_does_not_write_what_is_too_long() -> None:
    with pytest.raises(ValueError, match="too long"):
        _bech32.encode("a", bytes(60), _bech32.Encoding.BECH32)


@given(st.binary(min_size=20, max_size=20))
def test_ethereum_addresses_have_one_form(raw: bytes) -> None:
    text = format_address(raw)
    assert has_checksum(text)
    assert bytes.fromhex(text[2:]) == raw
    for other in (text.lower(), "0x" + text[2:].upper(), "0x" + text[2:].swapcase()):
        assert has_checksum(other) == (other == text)


def test_an_ethereum_address_has_20_bytes() -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        format_address(bytes(21))


def test_the_address_of_a_known_key() -> None:
    """The first account of the mnemonic "test test … junk", known from every development chain."""
    key = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
    assert address_of(coincurve.PrivateKey(key).public_key) == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@given(
    st.sampled_from(radix.Curve),
    st.sampled_from(radix.EntityKind),
    st.sampled_from(["rdx", "tdx_2_"]),
    st.binary(min_size=33, max_size=33),
)
def test_radix_addresses_are_read_back(
    curve: radix.Curve, kind: radix.EntityKind, network: str, key: bytes
) -> None:
    address = radix.parse_address(radix.derive_address(key, curve, kind, network))
    assert (address.kind, address.network, address.body) == (kind, network, radix.key_hash(key))


def radix_address(prefix: str, data: bytes, encoding: _bech32.Encoding = _bech32.Encoding.BECH32M) -> str:
    return _bech32.encode(prefix, data, encoding)


@pytest.mark.parametrize(
    "text",
    [
        radix_address("account_rdx", b"\x52" + bytes(29)),
        radix_address("identity_rdx", b"\x51" + bytes(29)),
        radix_address("account_rdx", b"\x5d" + bytes(29)),
        radix_address("account_tdx_21_", b"\x51" + bytes(29)),
        radix_address("account_", b"\x51" + bytes(29)),
        radix_address("account", b"\x51" + bytes(29)),
        radix_address("resource_rdx", b"\x51" + bytes(29)),
        radix_address("account_rdx", b"\x51" + bytes(28)),
        radix_address("account_rdx", b"\x51" + bytes(30)),
        radix_address("account_rdx", b"\x51" + bytes(29), _bech32.Encoding.BECH32),
        radix_address("account_rdx", b"\x51" + bytes(29))[:-1],
        "",
        "account_rdx1",
    ],
)
def test_what_is_no_radix_account_or_persona_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of refusal
        radix.parse_address(text)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["bc", "tb"]), st.booleans())
def test_bitcoin_addresses_are_read_back(key: bytes, prefix: str, taproot: bool) -> None:
    if (
        not 0
        < int.from_bytes(key, "big")
        < 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    ):
        return
    wallet = Wallet(key, prefix, taproot=taproot)
    address = bitcoin.parse_address(wallet.address)
    assert address.text == wallet.address
    assert address.script is (bitcoin.Script.P2TR if taproot else bitcoin.Script.P2WPKH)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "legacy"),
        ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "legacy"),
        ("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", "legacy"),
        ("bc1qp0ahvfh83088w49k405szqgg4f3pptr7p2g06tdxfjcd40z4lh4q95lsz9", "single keys"),
        ("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "mainnet"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "witness version"),
        ("", "SegWit"),
    ],
)
def test_other_bitcoin_addresses_are_refused_in_clear_words(text: str, reason: str) -> None:
    with pytest.raises(ProvenError, match=reason):
        bitcoin.parse_address(text)
