"""Certification path validation (RFC 5280 §6.1) for the short, regular chains of attestation platforms."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import SignatureAlgorithmOID

from proven.wire.errors import ProvenError

from .rules import Rule, broken

_UNDERSTOOD_IF_CRITICAL: Final = (x509.BasicConstraints, x509.KeyUsage)

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def validate_chain(chain: Sequence[bytes], at: datetime) -> ec.EllipticCurvePublicKey:
    """The public key of the last certificate of `chain`, whose first one the caller trusts.

    Every certificate, the root included, has to obey these rules:

    1. It is X.509 version 3 with a P-384 key, signed with ECDSA and SHA-384.
    2. `at` is within its validity.
    3. It has no critical extension other than basic constraints and key usage.
    4. All but the last are authorities: critical basic constraints with CA set and a path length that allows
       what follows, and the right to sign certificates. The last one is none and has the right to sign data.
    5. All but the first name the one before as issuer, by name and, where both give one, by key identifier,
       and carry its signature.

    Revocation lists are not consulted: a platform's leaf lives for hours and the host could withhold them.
    Raises `ProvenError` (`EVIDENCE_INVALID`, rules `chain` and `validity`).
    """
    issuer: x509.Certificate | None = None
    for position, der in enumerate(chain):
        with _reading(position):
            certificate = x509.load_der_x509_certificate(der)
            _check_algorithms(certificate, position)
            _check_validity(certificate, position, at)
            _check_extensions(certificate, position, remaining=len(chain) - position - 1)
            if issuer is not None:
                _check_issued_by(certificate, issuer, position)
        issuer = certificate
    if issuer is None:
        raise broken(Rule.CHAIN, "an empty chain")
    return _public_key(issuer, len(chain) - 1)


def is_self_signed(der: bytes, name: x509.Name) -> bool:
    """Whether this is a root that calls itself `name`."""
    with _reading(0):
        root = x509.load_der_x509_certificate(der)
        if root.subject != name or root.issuer != name:
            return False
        try:
            root.verify_directly_issued_by(root)
        except InvalidSignature:
            return False
        return True


@contextlib.contextmanager
def _reading(position: int) -> Iterator[None]:
    """Certificates are parsed lazily, and a hostile one makes the parser raise nearly any exception."""
    try:
        yield
    except ProvenError:
        raise
    except Exception as error:
        raise broken(Rule.CHAIN, f"certificate {position} of the chain cannot be read: {error}") from error


def _check_algorithms(certificate: x509.Certificate, position: int) -> None:
    if certificate.version is not x509.Version.v3:
        raise broken(Rule.CHAIN, f"certificate {position} is not X.509 version 3")
    if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA384:
        raise broken(Rule.CHAIN, f"certificate {position} is not signed with ECDSA and SHA-384")
    _public_key(certificate, position)


def _public_key(certificate: x509.Certificate, position: int) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise broken(Rule.CHAIN, f"certificate {position} has a key that is not on P-384")
    return key


def _check_validity(certificate: x509.Certificate, position: int, at: datetime) -> None:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise broken(
            Rule.VALIDITY,
            f"certificate {position} is valid from {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}, not at {at:%Y-%m-%dT%H:%M:%SZ}",
        )


def _check_extensions(certificate: x509.Certificate, position: int, remaining: int) -> None:
    for extension in certificate.extensions:
        if extension.critical and not isinstance(extension.value, _UNDERSTOOD_IF_CRITICAL):
            raise broken(
                Rule.CHAIN,
                f"certificate {position} has a critical extension {extension.oid.dotted_string} "
                "that is not understood",
            )
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    if constraints is None or not constraints.critical or usage is None:
        raise broken(Rule.CHAIN, f"certificate {position} lacks critical basic constraints or key usage")
    if remaining == 0:
        if constraints.value.ca or usage.value.key_cert_sign or not usage.value.digital_signature:
            raise broken(Rule.CHAIN, "the last certificate is not one that signs data and nothing else")
        return
    if not constraints.value.ca or not usage.value.key_cert_sign:
        raise broken(Rule.CHAIN, f"certificate {position} is not an authority")
    path_length = constraints.value.path_length
    if path_length is not None and path_length < remaining - 1:
        raise broken(
            Rule.CHAIN,
            f"certificate {position} allows {path_length} authorities below it, not {remaining - 1}",
        )


def _check_issued_by(certificate: x509.Certificate, issuer: x509.Certificate, position: int) -> None:
    if certificate.issuer != issuer.subject:
        raise broken(Rule.CHAIN, f"certificate {position} names another issuer than the one before it")
    wanted = _extension(certificate, x509.AuthorityKeyIdentifier)
    found = _extension(issuer, x509.SubjectKeyIdentifier)
    if wanted and found and wanted.value.key_identifier not in (None, found.value.digest):
        raise broken(Rule.CHAIN, f"certificate {position} names another key than that of its issuer")
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError):
        raise broken(Rule.CHAIN, f"certificate {position} is not signed by the one before it") from None


def _extension(certificate: x509.Certificate, kind: type[_Extension]) -> x509.Extension[_Extension] | None:
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None
