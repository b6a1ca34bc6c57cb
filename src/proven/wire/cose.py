"""The two COSE messages of the protocol (RFC 9052): COSE_Sign1 with ES384 and COSE_Encrypt0 with A256GCM.

Both are read strictly: one encoding per message and only the headers that belong there, so that nobody can
alter a message in a place that is not authenticated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA384

from . import cbor
from .cbor import BYTES, head, read_head

_ES384_PROTECTED: Final = cbor.encode({1: -35})
_ES384_COORDINATE: Final = 48
_A256GCM_PROTECTED: Final = cbor.encode({1: 3})
GCM_TAG_BYTES: Final = 16
_ENCRYPT0_START: Final = b"\xd0\x83" + cbor.encode(_A256GCM_PROTECTED)


@dataclass(frozen=True, slots=True)
class Sign1:
    """An untagged COSE_Sign1 with algorithm ES384 and an empty unprotected header (RFC 9052 §4.2)."""

    payload: bytes
    signature: bytes

    @classmethod
    def decode(cls, data: bytes, *, max_bytes: int) -> Sign1:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`) for bad CBOR, `ValueError` for bad COSE."""
        message = cbor.decode(data, max_bytes=max_bytes)
        if not isinstance(message, list) or len(message) != 4:
            raise ValueError("not a COSE_Sign1: it has to be an array of four")
        protected, unprotected, payload, signature = message
        if protected != _ES384_PROTECTED:
            raise ValueError("the protected header has to name ES384 and nothing else")
        if unprotected != {}:
            raise ValueError("the unprotected header has to be empty")
        if not isinstance(payload, bytes) or not isinstance(signature, bytes):
            raise ValueError("payload and signature have to be byte strings")
        if len(signature) != 2 * _ES384_COORDINATE:
            raise ValueError("an ES384 signature has 96 bytes")
        return cls(payload, signature)

    @classmethod
    def sign(cls, payload: bytes, key: ec.EllipticCurvePrivateKey) -> Sign1:
        """Sign with a P-384 key."""
        r, s = utils.decode_dss_signature(key.sign(_sig_structure(payload), ec.ECDSA(SHA384())))
        return cls(payload, r.to_bytes(_ES384_COORDINATE, "big") + s.to_bytes(_ES384_COORDINATE, "big"))

    def encode(self) -> bytes:
        return cbor.encode([_ES384_PROTECTED, {}, self.payload, self.signature])

    def is_signed_by(self, key: ec.EllipticCurvePublicKey) -> bool:
        r = int.from_bytes(self.signature[:_ES384_COORDINATE], "big")
        s = int.from_bytes(self.signature[_ES384_COORDINATE:], "big")
        try:
            key.verify(utils.encode_dss_signature(r, s), _sig_structure(self.payload), ec.ECDSA(SHA384()))
        except InvalidSignature:
            return False
        return True


def _sig_structure(payload: bytes) -> bytes:
    """RFC 9052 §4.4."""
    return cbor.encode(["Signature1", _ES384_PROTECTED, b"", payload])


class Encrypt0Direction:
    """Tagged COSE_Encrypt0 messages of one direction under one key (RFC 9052 §5.2, RFC 9053 §4.1).

    A message is `16([<<{1: 3}>>, {4: key id, 6: sequence}, ciphertext])`. The sequence, 8 bytes big-endian,
    is the Partial IV: the nonce is the 4-byte prefix followed by it. The external AAD is CBOR
    `[context..., sequence]`, the sequence being the same 8 bytes. All but the sequence and the ciphertext is
    the same in each message, so messages are made and checked against a template, not by a general codec.
    """

    __slots__ = ("_aad", "_aead", "_nonce_prefix", "_template")

    def __init__(
        self, key: bytes, nonce_prefix: bytes, key_id: bytes, context: tuple[str | bytes, ...]
    ) -> None:
        if len(key) != 32 or len(nonce_prefix) != 4:
            raise ValueError("A256GCM takes a key of 32 bytes and, here, a nonce prefix of 4")
        self._aead = AESGCM(key)
        self._nonce_prefix = nonce_prefix
        external_aad = cbor.encode([*context, bytes(8)])
        structure = cbor.encode(["Encrypt0", _A256GCM_PROTECTED, external_aad])
        self._aad = structure[:-8]
        headers = cbor.encode({4: key_id, 6: bytes(8)})
        self._template = _ENCRYPT0_START + headers[:-8]

    def encrypt(self, sequence: int, plaintext: bytes) -> bytes:
        """A sequence must never be used twice: that is up to the caller."""
        partial_iv = sequence.to_bytes(8, "big")
        ciphertext = self._aead.encrypt(self._nonce_prefix + partial_iv, plaintext, self._aad + partial_iv)
        return b"".join((self._template, partial_iv, head(BYTES, len(ciphertext)), ciphertext))

    def decrypt(self, message: bytes) -> tuple[int, bytes]:
        """The sequence and the plaintext; raises `ValueError` for anything but what `encrypt` made."""
        start = len(self._template)
        if not message.startswith(self._template):
            raise ValueError("not a message of this session")
        partial_iv = message[start : start + 8]
        try:
            major, length, start = read_head(message, start + 8)
        except IndexError:
            raise ValueError("a truncated message") from None
        if major != BYTES or length != len(message) - start or length < GCM_TAG_BYTES:
            raise ValueError("a truncated or extended message")
        try:
            plaintext = self._aead.decrypt(
                self._nonce_prefix + partial_iv, message[start:], self._aad + partial_iv
            )
        except InvalidTag:
            raise ValueError("a message that was altered or made with another key") from None
        return int.from_bytes(partial_iv, "big"), plaintext


def key_id_of(message: bytes, size: int) -> bytes:
    """The key id of `size` bytes in a message of an `Encrypt0Direction`; `ValueError` if there is none."""
    start = _ENCRYPT0_START + b"\xa2\x04" + head(BYTES, size)
    key_id = message[len(start) : len(start) + size]
    if not message.startswith(start) or len(key_id) != size:
        raise ValueError("not a message with such a key id")
    return key_id
