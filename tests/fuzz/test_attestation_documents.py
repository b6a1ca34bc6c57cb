"""No bytes make the verifier do anything but accept the genuine document or raise `EVIDENCE_INVALID`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.attestation import Platform, UnsafeAnyMeasurements, Verifier
from proven.attestation._chain import is_self_signed, validate_chain
from proven.attestation.development import DEVELOPMENT_ROOT_NAME
from proven.wire.errors import ErrorCode, ProvenError
from unit.attestation.forge import NONCE, NOW, chain, payload, signed
from unit.attestation.nitro import GENUINE, GENUINE_AT

FUZZ = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])

NITRO = Verifier.nitro(UnsafeAnyMeasurements(), clock=lambda: GENUINE_AT)
DEVELOPMENT = Verifier.development(clock=lambda: GENUINE_AT)
CHAIN = chain()
OURS = Verifier(Platform.NITRO, CHAIN[0], UnsafeAnyMeasurements(), clock=lambda: NOW)


def is_refused(verifier: Verifier, document: bytes, nonce: bytes | None = None) -> bool:
    code = refusal(lambda: verifier.verify(document, nonce=nonce))
    assert code in {None, ErrorCode.EVIDENCE_INVALID}
    return code is not None


def refusal(attempt: Callable[[], object]) -> ErrorCode | None:
    """The code of the `ProvenError` it ends with, if any. Any other exception fails the test."""
    try:
        attempt()
    except ProvenError as error:
        return error.code
    return None


@FUZZ
@given(st.binary(max_size=500))
def test_noise_is_refused(data: bytes) -> None:
    assert is_refused(NITRO, data)
    assert is_refused(DEVELOPMENT, data)


@FUZZ
@given(
    st.integers(0, len(GENUINE)),
    st.integers(0, 40),
    st.binary(max_size=40),
    st.sampled_from([NITRO, DEVELOPMENT]),
)
def test_spliced_genuine_documents_are_refused(
    start: int, cut: int, replacement: bytes, verifier: Verifier
) -> None:
    document = GENUINE[:start] + replacement + GENUINE[start + cut :]
    assert is_refused(verifier, document) or (document == GENUINE and verifier is NITRO)


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
    | st.binary(max_size=60)
    | st.lists(st.binary(max_size=20), max_size=4)
    | st.dictionaries(st.integers(-1, 40), st.binary(max_size=50), max_size=4)
)


@FUZZ
@given(st.sampled_from(sorted(payload())), ANYTHING)
def test_a_document_signed_under_the_root_with_any_contents_is_read_or_refused(name: str, value: Any) -> None:
    """Even a platform that signs nonsense gets no other exception out of the verifier."""
    is_refused(OURS, signed(payload(**{name: value})), NONCE)


@FUZZ
@given(st.integers(0, 3), st.integers(0, 10_000), st.integers(0, 8), st.binary(max_size=8))
def test_altered_certificates_are_refused(which: int, start: int, cut: int, replacement: bytes) -> None:
    der = CHAIN[which]
    start %= len(der)
    altered = der[:start] + replacement + der[start + cut :]
    ders = [*CHAIN[:which], altered, *CHAIN[which + 1 :]]
    assert refusal(lambda: is_self_signed(altered, DEVELOPMENT_ROOT_NAME)) in {
        None,
        ErrorCode.EVIDENCE_INVALID,
    }
    code = refusal(lambda: validate_chain(ders, NOW))
    assert code is ErrorCode.EVIDENCE_INVALID or altered == der or (code is None and which == 0), (
        "only the root, which is pinned byte for byte, may differ"
    )


@FUZZ
@given(st.binary(max_size=300))
def test_noise_is_no_certificate(der: bytes) -> None:
    for ders in ([der], [CHAIN[0], der]):
        assert refusal(lambda ders=ders: validate_chain(ders, NOW)) is ErrorCode.EVIDENCE_INVALID
