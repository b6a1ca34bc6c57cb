"""Each rule of path validation and document structure is enforced, one at a time."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from proven.attestation import (
    AllOf,
    AnyOf,
    Measurements,
    Platform,
    Policy,
    Rule,
    UnsafeAnyMeasurements,
    Verifier,
)
from proven.wire.errors import ErrorCode, ProvenError
from unit.attestation.forge import (
    CHAIN,
    KEYS,
    NONCE,
    NOW,
    ROOT,
    SHA256,
    chain,
    payload,
    signed,
)

VERIFIER = Verifier(Platform.NITRO, ROOT, UnsafeAnyMeasurements(), clock=lambda: NOW)


def rule_broken(document: bytes, verifier: Verifier = VERIFIER, **expected: Any) -> str:
    with pytest.raises(ProvenError) as caught:
        verifier.verify(document, **({"nonce": NONCE} | expected))
    assert caught.value.code is ErrorCode.EVIDENCE_INVALID
    assert caught.value.details
    return str(caught.value.details["rule"])


def test_a_good_document_is_accepted() -> None:
    evidence = VERIFIER.verify(signed(payload()), nonce=NONCE, user_data=b"u" * 32, public_key=b"k" * 32)
    assert evidence.pcrs[1] == b"\x02" * 48
    assert evidence.module_id == "module"


OTHER = KEYS["other"]
RSA = rsa.generate_private_key(65537, 2048)
P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            {"lower": {"signed_by": OTHER, "issuer_key": KEYS["upper"].public_key()}}, id="signature"
        ),
        pytest.param(
            {"leaf": {"signed_by": OTHER, "issuer_key": KEYS["lower"].public_key()}}, id="leaf signature"
        ),
        pytest.param({"lower": {"issuer": "someone"}}, id="issuer name"),
        pytest.param({"lower": {"issuer_key": OTHER.public_key()}}, id="issuer key identifier"),
        pytest.param({"lower": {"ca": False, "path_length": None}}, id="no authority"),
        pytest.param({"lower": {"ca": None}}, id="no basic constraints"),
        pytest.param({"lower": {"constraints_critical": False}}, id="basic constraints not critical"),
        pytest.param({"lower": {"signs_certificates": False, "signs_data": True}}, id="may not certify"),
        pytest.param({"lower": {"signs_certificates": False}}, id="no key usage"),
        pytest.param({"upper": {"path_length": 0}}, id="path length"),
        pytest.param({"leaf": {"ca": True, "signs_certificates": True}}, id="leaf is an authority"),
        pytest.param({"leaf": {"signs_certificates": True}}, id="leaf certifies"),
        pytest.param({"leaf": {"signs_data": False, "signs_certificates": False}}, id="leaf may not sign"),
        pytest.param({"lower": {"hash": SHA256()}}, id="signed with SHA-256"),
        pytest.param({"lower": {"critical_extra": True}}, id="critical extension"),
        pytest.param({"leaf": {"key": RSA}}, id="RSA key"),
        pytest.param({"leaf": {"key": P256}}, id="P-256 key"),
    ],
)
def test_a_chain_with_one_thing_wrong_is_refused(changes: dict[str, dict[str, Any]]) -> None:
    assert rule_broken(signed(payload(chain(**changes)))) == Rule.CHAIN


@pytest.mark.parametrize("which", ["upper", "lower", "leaf"])
def test_every_certificate_has_to_be_valid_now(which: str) -> None:
    over = chain(**{which: {"valid_to": NOW - timedelta(seconds=1)}})
    early = chain(**{which: {"valid_from": NOW + timedelta(seconds=1)}})
    assert rule_broken(signed(payload(over))) == Rule.VALIDITY
    assert rule_broken(signed(payload(early))) == Rule.VALIDITY


def test_the_pinned_root_too_has_to_be_valid_now() -> None:
    root = dataclasses.replace(CHAIN["root"], valid_to=NOW - timedelta(seconds=1)).der()
    verifier = Verifier(Platform.NITRO, root, UnsafeAnyMeasurements(), clock=lambda: NOW)
    assert rule_broken(signed(payload([root, *chain()[1:]])), verifier) == Rule.VALIDITY


def test_the_order_of_the_bundle_matters() -> None:
    root, upper, lower, leaf = chain()
    assert rule_broken(signed(payload([root, lower, upper, leaf]))) == Rule.CHAIN
    assert rule_broken(signed(payload([upper, lower, leaf]))) == Rule.ROOT
    assert rule_broken(signed(payload([root, upper, leaf]))) == Rule.CHAIN
    assert rule_broken(signed(payload([root, upper, upper, lower, leaf]))) == Rule.CHAIN


def test_a_root_that_only_looks_like_the_pinned_one_is_refused() -> None:
    twin = chain(root={"key": OTHER, "signed_by": OTHER}, upper={"signed_by": OTHER})
    assert rule_broken(signed(payload(twin))) == Rule.ROOT


def test_the_signature_has_to_be_that_of_the_certificate() -> None:
    assert rule_broken(signed(payload(), key=OTHER)) == Rule.SIGNATURE
    zero = bytearray(signed(payload()))
    zero[-96:] = bytes(96)
    assert rule_broken(bytes(zero)) == Rule.SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"module_id": ""},
        {"module_id": b"bytes"},
        {"module_id": ...},
        {"digest": "SHA256"},
        {"digest": ...},
        {"timestamp": 0},
        {"timestamp": -1},
        {"timestamp": True},
        {"timestamp": 2**63},
        {"timestamp": 1.5},
        {"timestamp": ...},
        {"pcrs": {}},
        {"pcrs": dict.fromkeys(range(33), b"x" * 48)},
        {"pcrs": {0: b"x" * 47}},
        {"pcrs": {0: "x" * 48}},
        {"pcrs": {1: b"x" * 48}},
        {"pcrs": {0: b"x" * 48, 32: b"x" * 48}},
        {"pcrs": {0: b"x" * 48, -1: b"x" * 48}},
        {"pcrs": [b"x" * 48]},
        {"pcrs": ...},
        {"certificate": b""},
        {"certificate": bytes(1025)},
        {"certificate": None},
        {"cabundle": []},
        {"cabundle": [b""]},
        {"cabundle": [ROOT] * 9},
        {"cabundle": ROOT},
        {"public_key": b""},
        {"public_key": bytes(1025)},
        {"user_data": bytes(513)},
        {"nonce": bytes(513)},
        {"nonce": "text"},
    ],
    ids=lambda change: ",".join(change),
)
def test_a_document_outside_the_specified_structure_is_refused(change: dict[str, Any]) -> None:
    assert rule_broken(signed(payload(**change))) == Rule.STRUCTURE


@pytest.mark.parametrize("change", [{"extra": 1}, {1: 1}, {"pcrs": {"0": b"x" * 48}, "a": 1}])
def test_unknown_fields_are_refused(change: dict[Any, Any]) -> None:
    assert rule_broken(signed(payload() | change)) == Rule.ENCODING


def test_registers_may_have_any_of_the_three_sizes_and_be_up_to_32() -> None:
    pcrs = {index: b"x" * (32, 48, 64)[index % 3] for index in range(32)}
    assert len(VERIFIER.verify(signed(payload(pcrs=pcrs)), nonce=NONCE).pcrs) == 32


def test_optional_fields_may_be_null_or_absent() -> None:
    for absent in (None, ...):
        document = signed(payload(public_key=absent, user_data=absent, nonce=absent))
        evidence = VERIFIER.verify(document, nonce=None)
        assert evidence.public_key is evidence.user_data is evidence.nonce is None
        assert rule_broken(document) == Rule.NONCE
        assert rule_broken(document, nonce=None, user_data=b"") == Rule.USER_DATA


def test_the_payload_may_be_an_indefinite_length_map_as_hardware_writes_it() -> None:
    def indefinite(fields: dict[str, Any]) -> bytes:
        entries = b"".join(cbor2.dumps(key) + cbor2.dumps(value) for key, value in fields.items())
        return b"\xbf" + entries + b"\xff"

    assert VERIFIER.verify(signed(payload(), encode=indefinite), nonce=NONCE)
    assert rule_broken(signed(payload(), encode=lambda fields: indefinite(fields) + b"\0")) == Rule.ENCODING
    assert rule_broken(signed(payload(), encode=lambda fields: indefinite(fields)[:-1])) == Rule.ENCODING
    assert rule_broken(signed(payload(), encode=lambda _: b"")) == Rule.ENCODING
    assert rule_broken(signed(payload(), encode=lambda _: b"\x80")) == Rule.ENCODING


def test_stale_and_future_documents_are_refused() -> None:
    for minutes in (-6, 6):
        moment = int((NOW + timedelta(minutes=minutes)).timestamp() * 1000)
        assert rule_broken(signed(payload(timestamp=moment))) == Rule.FRESHNESS


def test_the_document_has_to_say_what_was_asked() -> None:
    document = signed(payload())
    assert rule_broken(document, nonce=b"n" * 31) == Rule.NONCE
    assert rule_broken(document, user_data=b"v" * 32) == Rule.USER_DATA
    assert rule_broken(document, public_key=b"l" * 32) == Rule.PUBLIC_KEY


GOOD = Measurements(pcr0=b"\1" * 48, pcr2=b"\3" * 48)
BAD = Measurements(pcr0=b"\1" * 48, pcr8=b"\1" * 48)


@pytest.mark.parametrize(
    ("policy", "accepted"),
    [
        (GOOD, True),
        (BAD, False),
        (AnyOf([]), False),
        (AnyOf([BAD]), False),
        (AnyOf([BAD, GOOD]), True),
        (AnyOf([BAD, BAD]), False),
        (AllOf([]), False),
        (AllOf([GOOD, UnsafeAnyMeasurements()]), True),
        (AllOf([GOOD, BAD]), False),
    ],
)
def test_policies_combine(policy: Policy, accepted: bool) -> None:
    verifier = Verifier(Platform.NITRO, ROOT, policy, clock=lambda: NOW)
    document = signed(payload())
    if accepted:
        assert verifier.verify(document, nonce=NONCE)
    else:
        assert rule_broken(document, verifier) == Rule.MEASUREMENTS


def test_measurements_have_the_size_of_a_register() -> None:
    with pytest.raises(ValueError, match="32, 48 or 64"):
        Measurements(pcr0=b"short")


def test_hardware_roots_are_always_pinned() -> None:
    with pytest.raises(ValueError, match="pinned"):
        Verifier(Platform.NITRO, None, UnsafeAnyMeasurements())
