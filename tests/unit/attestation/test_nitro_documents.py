"""Documents of real hardware are accepted at their own time as they are, and in no other way."""

from __future__ import annotations

from datetime import datetime, timedelta

import cbor2
import pytest

from proven.attestation import (
    AnyOf,
    Evidence,
    Measurements,
    Platform,
    Policy,
    Rule,
    UnsafeAnyMeasurements,
    UnsafeDebugMode,
    Verifier,
)
from proven.wire.errors import ErrorCode, ProvenError
from unit.attestation.nitro import DEBUG, DEBUG_AT, GENUINE, GENUINE_AT, GENUINE_PCR0

ANYTHING = AnyOf([UnsafeAnyMeasurements(), UnsafeDebugMode()])


def verify(
    document: bytes, at: datetime, policy: Policy = ANYTHING, nonce: bytes | None = None, **expected: bytes
) -> Evidence:
    return Verifier.nitro(policy).verify(document, nonce=nonce, at=at, **expected)


def rule_broken(document: bytes, at: datetime, policy: Policy = ANYTHING, **expected: bytes) -> str:
    with pytest.raises(ProvenError) as caught:
        verify(document, at, policy, **expected)
    assert caught.value.code is ErrorCode.EVIDENCE_INVALID
    assert caught.value.details
    return str(caught.value.details["rule"])


def test_a_genuine_document_is_accepted_for_its_measurements() -> None:
    evidence = verify(GENUINE, GENUINE_AT, Measurements(pcr0=GENUINE_PCR0))
    assert evidence.platform is Platform.NITRO
    assert evidence.module_id == "i-0827e799ec9232d44-enc019b5640fdf630d6"
    assert evidence.timestamp == GENUINE_AT
    assert not evidence.debug
    assert evidence.nonce is None


def test_a_genuine_document_is_refused_for_other_measurements() -> None:
    assert rule_broken(GENUINE, GENUINE_AT, Measurements(pcr0=b"x" * 48)) == Rule.MEASUREMENTS
    assert rule_broken(GENUINE, GENUINE_AT, Measurements(pcr0=GENUINE_PCR0, pcr1=GENUINE_PCR0)) == (
        Rule.MEASUREMENTS
    )


def test_debug_mode_is_refused_unless_a_policy_is_about_it() -> None:
    assert rule_broken(DEBUG, DEBUG_AT, UnsafeAnyMeasurements()) == Rule.DEBUG
    assert rule_broken(DEBUG, DEBUG_AT, Measurements(pcr0=bytes(48))) == Rule.DEBUG
    assert rule_broken(DEBUG, DEBUG_AT, AnyOf([UnsafeAnyMeasurements()])) == Rule.DEBUG
    assert verify(DEBUG, DEBUG_AT, UnsafeDebugMode()).debug
    assert rule_broken(GENUINE, GENUINE_AT, UnsafeDebugMode()) == Rule.MEASUREMENTS


@pytest.mark.parametrize(
    ("shift", "rule"),
    [
        (timedelta(minutes=4), None),
        (timedelta(minutes=-4), Rule.VALIDITY),  # the leaf was made three seconds before the document
        (timedelta(minutes=6), Rule.FRESHNESS),
        (timedelta(hours=4), Rule.VALIDITY),
        (timedelta(days=365), Rule.VALIDITY),
    ],
)
def test_a_genuine_document_is_refused_at_another_time(shift: timedelta, rule: Rule | None) -> None:
    if rule is None:
        assert verify(GENUINE, GENUINE_AT + shift)
    else:
        assert rule_broken(GENUINE, GENUINE_AT + shift) == rule


def test_a_genuine_document_is_refused_now() -> None:
    with pytest.raises(ProvenError):
        Verifier.nitro(ANYTHING).verify(GENUINE, nonce=None)


def test_a_genuine_document_answers_only_for_what_it_says() -> None:
    said = verify(GENUINE, GENUINE_AT).user_data
    assert said is not None
    assert verify(GENUINE, GENUINE_AT, user_data=said)
    assert rule_broken(GENUINE, GENUINE_AT, user_data=said[:-1]) == Rule.USER_DATA
    assert rule_broken(GENUINE, GENUINE_AT, nonce=b"mine") == Rule.NONCE
    assert rule_broken(GENUINE, GENUINE_AT, public_key=b"mine") == Rule.PUBLIC_KEY


@pytest.mark.parametrize(
    ("document", "at"), [(GENUINE, GENUINE_AT), (DEBUG, DEBUG_AT)], ids=["real", "debug"]
)
def test_every_byte_matters(document: bytes, at: datetime) -> None:
    verifier = Verifier.nitro(ANYTHING)
    for position in range(len(document)):
        altered = bytearray(document)
        altered[position] ^= 1 << (position * 5 + position // 8) % 8
        with pytest.raises(ProvenError) as caught:
            verifier.verify(bytes(altered), nonce=None, at=at)
        assert caught.value.code is ErrorCode.EVIDENCE_INVALID, position


def test_every_bit_of_the_envelope_matters() -> None:
    verifier = Verifier.nitro(ANYTHING)
    for position in [*range(24), *range(len(GENUINE) - 98, len(GENUINE) - 90)]:
        for bit in range(8):
            altered = bytearray(GENUINE)
            altered[position] ^= 1 << bit
            with pytest.raises(ProvenError):
                verifier.verify(bytes(altered), nonce=None, at=GENUINE_AT)


def test_truncated_and_extended_documents_are_refused() -> None:
    for length in [*range(0, len(GENUINE), 61), len(GENUINE) - 1]:
        assert rule_broken(GENUINE[:length], GENUINE_AT) == Rule.ENCODING
    assert rule_broken(GENUINE + b"\0", GENUINE_AT) == Rule.ENCODING
    assert rule_broken(GENUINE + GENUINE, GENUINE_AT) == Rule.ENCODING
    assert rule_broken(GENUINE + bytes(16 * 1024), GENUINE_AT) == Rule.SIZE


def test_another_encoding_of_the_same_document_is_refused() -> None:
    protected, _, payload, signature = cbor2.loads(GENUINE)
    assert cbor2.dumps([protected, {}, payload, signature]) == GENUINE
    for altered in (
        cbor2.dumps([protected, {4: b"kid"}, payload, signature]),
        cbor2.dumps([protected, {1: -7}, payload, signature]),
        cbor2.dumps([protected, [], payload, signature]),
        cbor2.dumps([b"", {1: -35}, payload, signature]),
        cbor2.dumps([cbor2.dumps({1: -35, 4: b""}), {}, payload, signature]),
        cbor2.dumps([b"\xa1\x01\x39\x00\x22", {}, payload, signature]),
        cbor2.dumps([protected, {}, cbor2.dumps(cbor2.loads(payload)), signature]),
        cbor2.dumps([protected, {}, payload, signature + b"\0"]),
        cbor2.dumps([protected, {}, payload, signature, None]),
        cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature])),
        b"\x9f" + GENUINE[1:] + b"\xff",
        b"\x98\x04" + GENUINE[1:],
        GENUINE.replace(b"\x44\xa1\x01\x38\x22", b"\x58\x04\xa1\x01\x38\x22", 1),
    ):
        assert altered != GENUINE
        assert rule_broken(altered, GENUINE_AT) in {Rule.ENCODING, Rule.SIGNATURE}


def test_development_verifiers_refuse_genuine_documents() -> None:
    with pytest.raises(ProvenError) as caught:
        Verifier.development().verify(GENUINE, nonce=None, at=GENUINE_AT)
    assert caught.value.details == {"rule": Rule.ROOT}
