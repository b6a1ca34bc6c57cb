"""An authenticator in software, and the browser around it: it makes genuine passkeys and signs with them.

Whatever a dishonest one could change is an argument, so that a test can say what it lies about.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ES256, EDDSA, RS256 = -7, -8, -257
PRESENT, VERIFIED, BACKUP_ELIGIBLE, BACKED_UP, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    """One passkey inside the authenticator."""

    id: bytes
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    rp_id: str
    user_handle: bytes
    secret: bytes
    sign_count: int = 0

    def sign(self, data: bytes) -> bytes:
        match self.key:
            case ec.EllipticCurvePrivateKey():
                return self.key.sign(data, ec.ECDSA(SHA256()))
            case rsa.RSAPrivateKey():
                return self.key.sign(data, padding.PKCS1v15(), SHA256())
            case _:
                return self.key.sign(data)

    def cose_key(self) -> bytes:
        public = self.key.public_key()
        match public:
            case ec.EllipticCurvePublicKey():
                numbers = public.public_numbers()
                fields: dict[int, Any] = {
                    1: 2,
                    3: ES256,
                    -1: 1,
                    -2: numbers.x.to_bytes(32, "big"),
                    -3: numbers.y.to_bytes(32, "big"),
                }
            case rsa.RSAPublicKey():
                n, e = public.public_numbers().n, public.public_numbers().e
                fields = {
                    1: 3,
                    3: RS256,
                    -1: n.to_bytes((n.bit_length() + 7) // 8, "big"),
                    -2: e.to_bytes((e.bit_length() + 7) // 8, "big"),
                }
            case _:
                fields = {1: 1, 3: EDDSA, -1: 6, -2: public.public_bytes_raw()}
        return cbor2.dumps(fields, canonical=True)

    def prf(self, salt: bytes) -> bytes:
        """WebAuthn §10.1.4 over CTAP's hmac-secret."""
        return hmac.digest(self.secret, hashlib.sha256(b"WebAuthn PRF\0" + salt).digest(), "sha256")


@dataclass
class SoftwareAuthenticator:
    """`counts`: whether it has a signature counter. `synced`: whether its passkeys are backed up."""

    algorithm: int = ES256
    counts: bool = True
    synced: bool = False
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: str, origin: str, **lies: Any) -> str:
        """`navigator.credentials.create(…).toJSON()` for a page at `origin`. Raises `ValueError` where an
        authenticator would refuse: a passkey it has already.
        """
        asked = json.loads(options)
        known = {from_base64url(each["id"]) for each in asked["excludeCredentials"]}
        if any(credential.id in known for credential in self.credentials):
            raise ValueError("InvalidStateError")
        if self.algorithm not in {each["alg"] for each in asked["pubKeyCredParams"]}:
            raise ValueError("NotSupportedError")
        credential = Credential(
            lies.get("id") or os.urandom(32),
            lies.get("key") or _new_key(self.algorithm),
            asked["rp"]["id"],
            from_base64url(asked["user"]["id"]),
            os.urandom(32),
        )
        self.credentials.append(credential)
        attested = bytes(16) + len(credential.id).to_bytes(2, "big") + credential.id
        attested += lies.get("cose_key") or credential.cose_key()
        data = self._data(credential, lies, ATTESTED) + attested
        client_data = _client_data("webauthn.create", asked["challenge"], origin, lies)
        statement: dict[str, Any] = {}
        if lies.get("attestation") == "packed":
            signature = credential.sign(data + hashlib.sha256(client_data).digest())
            statement = {"alg": self.algorithm, "sig": signature, **lies.get("statement", {})}
        attestation = {"fmt": lies.get("attestation", "none"), "attStmt": statement, "authData": data}
        return _json(
            credential,
            {
                "clientDataJSON": to_base64url(client_data),
                "attestationObject": to_base64url(cbor2.dumps(attestation, canonical=True)),
                "transports": lies.get("transports", ["internal"]),
            },
            lies,
        )

    def get(self, options: str, origin: str, credential: Credential | None = None, **lies: Any) -> str:
        """`navigator.credentials.get(…).toJSON()` for a page at `origin`: the newest passkey by default."""
        asked = json.loads(options)
        used = credential or next(each for each in self.credentials[::-1] if each.rp_id == asked["rpId"])
        used.sign_count += self.counts
        data = self._data(used, lies)
        client_data = _client_data("webauthn.get", asked["challenge"], origin, lies)
        signature = used.sign(data + hashlib.sha256(client_data).digest())
        return _json(
            used,
            {
                "clientDataJSON": to_base64url(client_data),
                "authenticatorData": to_base64url(data),
                "signature": to_base64url(lies.get("signature", signature)),
                "userHandle": to_base64url(lies.get("user_handle", used.user_handle)),
            },
            lies,
        )

    def _data(self, credential: Credential, lies: dict[str, Any], flags: int = 0) -> bytes:
        flags |= PRESENT | VERIFIED
        if self.synced:
            flags |= BACKUP_ELIGIBLE | BACKED_UP
        flags = lies.get("flags", lambda honest: honest)(flags)
        count = lies.get("sign_count", credential.sign_count)
        rp_id = hashlib.sha256(lies.get("rp_id", credential.rp_id).encode()).digest()
        return rp_id + bytes([flags]) + count.to_bytes(4, "big")


def _new_key(algorithm: int) -> Any:
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == RS256:
        return rsa.generate_private_key(65537, 2048)
    return ed25519.Ed25519PrivateKey.generate()


def _client_data(kind: str, challenge: str, origin: str, lies: dict[str, Any]) -> bytes:
    fields = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
    return json.dumps({**fields, **lies.get("client_data", {})}).encode()


def _json(credential: Credential, response: dict[str, Any], lies: dict[str, Any]) -> str:
    return json.dumps(
        {
            "id": to_base64url(credential.id),
            "rawId": to_base64url(credential.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": lies.get("extensions", {}),
            "response": {**response, **lies.get("response", {})},
        }
    )
