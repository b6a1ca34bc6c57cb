from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from proven.wire import ed25519
from proven.wire.commands import Identify
from proven.wire.identity import IdentityKey, identify_message, new_seed, verify_identify

SMALL = [
    bytes.fromhex(encoded)
    for encoded in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
]


def test_what_the_holder_of_a_key_signed_is_signed() -> None:
    key = Ed25519PrivateKey.generate()
    public_key = key.public_key().public_bytes_raw()
    signature = key.sign(b"message")
    assert ed25519.is_signed(public_key, signature, b"message")
    assert not ed25519.is_signed(public_key, signature, b"another")
    assert not ed25519.is_signed(public_key, signature[:63], b"message")
    assert not ed25519.is_signed(public_key[:31], signature, b"message")


@pytest.mark.parametrize("key", SMALL, ids=bytes.hex)
def test_a_key_that_anybody_could_sign_with_is_no_key(key: bytes) -> None:
    forged = bytes([1]) + bytes(63)  # the neutral element, and zero
    assert not any(ed25519.is_signed(key, forged, b"%d" % number) for number in range(64))


def test_such_a_key_would_otherwise_sign_for_anybody() -> None:
    neutral = Ed25519PublicKey.from_public_bytes(SMALL[2])
    neutral.verify(SMALL[2] + bytes(32), b"what nobody signed")


def test_nobody_is_identified_by_such_a_key() -> None:
    transcript = bytes(32)
    forged = Identify(public_key=SMALL[2], signature=SMALL[2] + bytes(32))
    assert verify_identify(forged, None, transcript) is None
    key = IdentityKey.derive(new_seed(), None)
    assert verify_identify(key.identify(transcript), None, transcript) == key.identity
    assert identify_message(None, transcript) != identify_message(None, bytes(31) + b"\x01")
