"""Attestation chains and documents with one thing wrong, under a root of our own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proven.wire import cbor
from proven.wire.cose import Sign1

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NONCE = b"n" * 32
KEYS = {name: ec.generate_private_key(ec.SECP384R1()) for name in ("root", "upper", "lower", "leaf", "other")}

USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass(frozen=True)
class Cert:
    """What a certificate says; the defaults are those of an authority."""

    subject: str
    issuer: str
    key: Any
    signed_by: ec.EllipticCurvePrivateKey
    ca: bool | None = True
    path_length: int | None = None
    signs_certificates: bool = True
    signs_data: bool = False
    valid_from: datetime = NOW - timedelta(days=1)
    valid_to: datetime = NOW + timedelta(days=1)
    hash: Any = field(default_factory=SHA384)
    issuer_key: ec.EllipticCurvePublicKey | None = None
    constraints_critical: bool = True
    critical_extra: bool = False

    def der(self) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(self.subject))
            .issuer_name(name(self.issuer))
            .public_key(self.key.public_key())
            .serial_number(7)
            .not_valid_before(self.valid_from)
            .not_valid_after(self.valid_to)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
        )
        if self.ca is not None:
            constraints = x509.BasicConstraints(ca=self.ca, path_length=self.path_length)
            builder = builder.add_extension(constraints, critical=self.constraints_critical)
        usage = USAGE | {"key_cert_sign": self.signs_certificates, "digital_signature": self.signs_data}
        if any(usage.values()):
            builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(
            self.issuer_key or self.signed_by.public_key()
        )
        builder = builder.add_extension(identifier, critical=False)
        if self.critical_extra:
            extra = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
            builder = builder.add_extension(extra, critical=True)
        return builder.sign(self.signed_by, self.hash).public_bytes(Encoding.DER)


CHAIN = {
    "root": Cert("root", "root", KEYS["root"], KEYS["root"]),
    "upper": Cert("upper", "root", KEYS["upper"], KEYS["root"], path_length=1),
    "lower": Cert("lower", "upper", KEYS["lower"], KEYS["upper"], path_length=0),
    "leaf": Cert(
        "leaf", "lower", KEYS["leaf"], KEYS["lower"], ca=False, signs_certificates=False, signs_data=True
    ),
}
ROOT = CHAIN["root"].der()


def chain(**changes: Mapping[str, Any]) -> list[bytes]:
    """Root to leaf, with fields of some certificates changed: `chain(lower={"ca": False})`."""
    return [
        ROOT
        if which == "root" and which not in changes
        else dataclasses.replace(cert, **changes.get(which, {})).der()
        for which, cert in CHAIN.items()
    ]


def payload(ders: Sequence[bytes] | None = None, **changes: Any) -> dict[str, Any]:
    """The fields of a good document; a change to None stands for null, to `...` for absence."""
    ders = ders or chain()
    fields = {
        "module_id": "module",
        "digest": "SHA384",
        "timestamp": int(NOW.timestamp() * 1000),
        "pcrs": {index: bytes([index + 1]) * 48 for index in range(3)},
        "certificate": ders[-1],
        "cabundle": list(ders[:-1]),
        "public_key": b"k" * 32,
        "user_data": b"u" * 32,
        "nonce": NONCE,
    }
    return {key: value for key, value in (fields | changes).items() if value is not ...}


def signed(
    fields: Mapping[str, Any],
    *,
    key: ec.EllipticCurvePrivateKey = KEYS["leaf"],
    encode: Callable[[Any], bytes] = cbor.encode,
) -> bytes:
    return Sign1.sign(encode(fields), key).encode()


__all__ = ["CHAIN", "KEYS", "NONCE", "NOW", "ROOT", "SHA256", "Cert", "chain", "name", "payload", "signed"]
