"""Evidence of a node that runs without special hardware, in the format of AWS Nitro Enclaves.

It proves that one answered who holds the keys in a directory, and nothing else: whoever reads that
directory makes such evidence too. It exists so that development takes the path that production takes.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from proven.wire.cose import Sign1
from proven.wire.errors import ErrorCode, ProvenError

from ._document import MAX_NONCE, MAX_PUBLIC_KEY, MAX_USER_DATA, Document

DEVELOPMENT_ROOT_NAME: Final = x509.Name(
    [
        x509.NameAttribute(NameOID.COMMON_NAME, "development.proven"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Proven development node - proves nothing"),
    ]
)

ROOT_LIFETIME: Final = timedelta(days=3650)
INTERMEDIATE_LIFETIME: Final = timedelta(days=30)
LEAF_LIFETIME: Final = timedelta(hours=3)
"""As on Nitro hardware."""

RENEWAL_MARGIN: Final = timedelta(minutes=15)
BACKDATING: Final = timedelta(minutes=5)
"""Certificates are valid from a little before they are made, for verifiers whose clock is behind."""


def _measure(part: str) -> bytes:
    """A register that was extended once, as `PCR = SHA384(0⁴⁸ ‖ SHA384(part))`."""
    return hashlib.sha384(bytes(48) + hashlib.sha384(part.encode()).digest()).digest()


DEVELOPMENT_PCRS: Final = {
    index: _measure(f"proven development node, register {index}") if index < 3 else bytes(48)
    for index in range(16)
}
"""Fixed stand-ins for measurements: not zero, which would be debug mode, and of no meaning."""


@dataclass(frozen=True, slots=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def to_pem(self) -> bytes:
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return key + self.certificate.public_bytes(Encoding.PEM)

    @classmethod
    def from_pem(cls, pem: bytes) -> _Authority:
        key = load_pem_private_key(pem, None)
        certificate = x509.load_pem_x509_certificate(pem)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise ValueError("key and certificate do not belong together")
        return cls(key, certificate)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def is_issued_by(self, issuer: _Authority) -> bool:
        try:
            self.certificate.verify_directly_issued_by(issuer.certificate)
        except (InvalidSignature, ValueError):
            return False
        return True

    def outlives(self, moment: datetime) -> bool:
        valid_from, valid_to = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return valid_from <= moment and moment + RENEWAL_MARGIN < valid_to


class DevelopmentAttestor:
    """An `Attestor` whose root and intermediate live in `directory`, made there at first use.

    Files are readable by their owner only and appear whole or not at all. The leaf stays in memory and is
    replaced before its three hours are over, like the intermediate before its thirty days; the root stays.
    """

    def __init__(self, directory: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Raises `ProvenError` (`UNAVAILABLE`) if files of an earlier start are damaged."""
        self._directory = directory
        self._clock = clock
        now = clock()
        self._root = self._load_or_make("root.pem", lambda: _make_root(now), now)
        self._module_id = f"development-{secrets.token_hex(8)}"
        self._renew(now)

    @property
    def root(self) -> x509.Certificate:
        """What a verifier on another machine pins."""
        return self._root.certificate

    async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
        """See `Attestor.attest`."""
        for name, value, limit in (
            ("nonce", nonce, MAX_NONCE),
            ("public_key", public_key, MAX_PUBLIC_KEY),
            ("user_data", user_data, MAX_USER_DATA),
        ):
            if len(value) > limit:
                raise ValueError(f"{name} is over the limit of {limit} bytes")
        now = self._clock()
        if not self._leaf.outlives(now):
            self._renew(now)
        document = Document(
            module_id=self._module_id,
            timestamp_ms=int(now.timestamp() * 1000),
            pcrs=DEVELOPMENT_PCRS,
            certificate=self._leaf.der,
            cabundle=(self._root.der, self._intermediate.der),
            public_key=public_key,
            user_data=user_data,
            nonce=nonce,
        )
        return Sign1.sign(document.to_payload(), self._leaf.key).encode()

    def _renew(self, now: datetime) -> None:
        self._intermediate = self._load_or_make(
            "intermediate.pem",
            lambda: _make_intermediate(self._root, now),
            now,
            issuer=self._root,
        )
        self._leaf = _make_leaf(self._intermediate, self._module_id, now)

    def _load_or_make(
        self,
        name: str,
        make: Callable[[], _Authority],
        now: datetime,
        *,
        issuer: _Authority | None = None,
    ) -> _Authority:
        path = self._directory / name
        try:
            stored = _Authority.from_pem(path.read_bytes())
            if stored.is_issued_by(issuer or stored) and stored.outlives(now + LEAF_LIFETIME):
                return stored
        except FileNotFoundError:
            pass
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"{path} is damaged ({error}); delete it to have a new one made at the next start",
            ) from error
        made = make()
        _write_private(path, made.to_pem())
        return made


def _make_root(now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP384R1())
    builder = _builder(DEVELOPMENT_ROOT_NAME, DEVELOPMENT_ROOT_NAME, key, now, ROOT_LIFETIME)
    return _Authority(key, _certify_authority(builder, path_length=None).sign(key, SHA384()))


def _make_intermediate(root: _Authority, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{secrets.token_hex(8)}.development.proven")])
    builder = _builder(name, root.certificate.subject, key, now, INTERMEDIATE_LIFETIME)
    return _Authority(key, _certify_authority(builder, path_length=0).sign(root.key, SHA384()))


def _make_leaf(issuer: _Authority, module_id: str, now: datetime) -> _Authority:
    key = ec.generate_private_key(ec.SECP384R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{module_id}.development.proven")])
    builder = (
        _builder(name, issuer.certificate.subject, key, now, LEAF_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
    )
    return _Authority(key, builder.sign(issuer.key, SHA384()))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    lifetime: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATING)
        .not_valid_after(now + lifetime)
    )


def _certify_authority(
    builder: x509.CertificateBuilder, *, path_length: int | None
) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=path_length), critical=True
    ).add_extension(_key_usage(authority=True), critical=True)


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write_private(path: Path, content: bytes) -> None:
    """Create or replace `path` in one step, readable by its owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
