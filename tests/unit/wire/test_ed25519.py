from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from proven.wire import ed25519
from proven.wire.commands import Identify
from proven.wire.identity import IdentityKey, identify_message, new_seed, verify_identify
from unit.wire.small_order import SMALL_ORDER


def test_what_the_holder_of_a_key_signed_is_signed() -> None:
    key = Ed25519PrivateKey.generate()
    public_key = key.public_key().public_bytes_raw()
    signature = key.sign(b"message")
    assert ed25519.is_signed(public_key, signature, b"message")
    assert not ed25519.is_signed(public_key, signature, b"another")
    assert not ed25519.is_signed(public_key, signature[:63], b"message")
    assert not ed25519.is_signed(public_key[:31], signature, b"message")


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_a_key_that_anybody_could_sign_with_is_no_key(key: bytes) -> None:
    forged = bytes([1]) + bytes(63)  # the neutral element, and zero
    assert not any(ed25519.is_signed(key, forged, b"%d" % number) for number in range(64))


def test_such_a_key_would_otherwise_sign_for_anybody() -> None:
    neutral = Ed25519PublicKey.from_public_bytes(SMALL_ORDER[2])
    neutral.verify(SMALL_ORDER[2] + bytes(32), b"what nobody signed")


def test_nobody_is_identified_by_such_a_key() -> None:
    transcript = bytes(32)
    forged = Identify(public_key=SMALL_ORDER[2], signature=SMALL_ORDER[2] + bytes(32))
    assert verify_identify(forged, None, transcript) is None
    key = IdentityKey.derive(new_seed(), None)
    assert verify_identify(key.identify(transcript), None, transcript) == key.identity
    assert identify_message(None, transcript) != identify_message(None, bytes(31) + b"\x01")
