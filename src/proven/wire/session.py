"""Attested sessions (version 1): the handshake and the sealed channel, both sides, without any I/O.

The client sends `ClientHandshake.request()`; the server reads it with `ServerHandshake`, gets evidence for
its key from its platform, and answers `ServerHandshake.finish(evidence)`; the client checks that evidence in
`ClientHandshake.finish(response, verifier)`. Each side then holds one end of the same `SealedChannel`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeGuard, TypeVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import cbor, ids
from .cose import Encrypt0Direction, key_id_of
from .errors import ErrorCode, ProvenError
from .ids import ApplicationId, SessionId

VERSION: Final = 1
SUITE: Final = "X25519-HKDF-SHA256-AES256GCM"
LABEL: Final = "proven/session/v1"

NONCE_BYTES: Final = 32
KEY_BYTES: Final = 32
SESSION_ID_BYTES: Final = 16
MAX_ORIGIN: Final = 256
MAX_TICKET: Final = 1024
MAX_REQUEST: Final = 4096
MAX_EVIDENCE: Final = 32 * 1024
MAX_RESPONSE: Final = MAX_EVIDENCE + 1024

MAX_PLAINTEXT: Final = 8 * 1024 * 1024 + 64 * 1024
"""The largest value (`values.MAX_BYTES`) and room for the command around it."""

MAX_FRAME: Final = MAX_PLAINTEXT + 128
MAX_SEQUENCE: Final = (1 << 32) - 1
"""A session ends long before AES-GCM's limits (NIST SP 800-38D §8.3); open another."""

Random = Callable[[int], bytes]

_Evidence = TypeVar("_Evidence", covariant=True)


class EvidenceVerifier(Protocol[_Evidence]):
    """What a client needs of `proven.attestation.Verifier`."""

    def verify(
        self,
        document: bytes,
        *,
        nonce: bytes,
        user_data: bytes | None = None,
        public_key: bytes | None = None,
        at: datetime | None = None,
    ) -> _Evidence:
        """Raises `ProvenError` unless the document proves these three values."""
        ...


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """What a client asks for. `application_id` is absent for a management session."""

    nonce: bytes
    client_key: bytes
    application_id: ApplicationId | None = None
    origin: str | None = None
    resumption: bytes | None = None

    def encode(self) -> bytes:
        fields: dict[str, object] = {
            "v": VERSION,
            "suite": SUITE,
            "nonce": self.nonce,
            "client_key": self.client_key,
            "application_id": self.application_id,
            "origin": self.origin,
            "resumption": self.resumption,
        }
        return cbor.encode({name: value for name, value in fields.items() if value is not None})

    @classmethod
    def decode(cls, data: bytes) -> SessionRequest:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
        fields = _fields(data, MAX_REQUEST, "session request")
        if fields.pop("v", None) != VERSION:
            raise _bad(f"this node speaks version {VERSION} of the session protocol")
        if fields.pop("suite", None) != SUITE:
            raise _bad(f"this node speaks the suite {SUITE}")
        nonce = _exact(fields.pop("nonce", None), NONCE_BYTES, "nonce")
        client_key = _exact(fields.pop("client_key", None), KEY_BYTES, "client_key")
        application_id = fields.pop("application_id", None)
        origin = fields.pop("origin", None)
        resumption = fields.pop("resumption", None)
        if origin is not None and not _is_origin(origin):
            raise _bad(f"origin has to be printable ASCII of at most {MAX_ORIGIN} characters")
        if resumption is not None and (
            not isinstance(resumption, bytes) or not 0 < len(resumption) <= MAX_TICKET
        ):
            raise _bad(f"resumption has to be 1 to {MAX_TICKET} bytes")
        if fields:
            raise _bad("the session request has fields that version 1 does not know")
        return cls(
            nonce,
            client_key,
            None if application_id is None else ids.parse_application_id(application_id),
            origin,
            resumption,
        )

    def transcript(self, session_id: bytes, server_key: bytes) -> bytes:
        """SHA-256 over every field of both sides: what the evidence vouches for and the keys depend on."""
        fields = [
            LABEL,
            VERSION,
            SUITE,
            self.nonce,
            self.client_key,
            self.application_id,
            self.origin,
            self.resumption,
            session_id,
            server_key,
        ]
        return hashlib.sha256(cbor.encode(fields)).digest()


class SealedChannel:
    """One end of an established session. Its rules, in order:

    1. After it has been closed, by either rule below or by `close`, it neither seals nor opens anything.
    2. Each direction has its own key and nonce prefix; a frame sent back to its sender does not open.
    3. A frame is one COSE_Encrypt0 of this session, in its only encoding, of at most `MAX_FRAME` bytes.
    4. Its authenticated data names session, direction and sequence; the ciphertext has to match all of them.
    5. Sequences are strictly increasing: a replayed or reordered frame is one that does not increase.
       Gaps are allowed, because a request may be lost between HTTP proxies.
    6. A frame that breaks rules 3 to 5 closes the channel; there is no second try.
    7. The channel ends after sequence `MAX_SEQUENCE`.
    """

    __slots__ = ("_directions", "_received", "_sent", "session_id", "transcript")

    def __init__(
        self,
        session_id: SessionId,
        transcript: bytes,
        *,
        outbound: Encrypt0Direction,
        inbound: Encrypt0Direction,
    ) -> None:
        self.session_id = session_id
        self.transcript = transcript
        self._directions: tuple[Encrypt0Direction, Encrypt0Direction] | None = (outbound, inbound)
        self._sent = -1
        self._received = -1

    @property
    def closed(self) -> bool:
        return self._directions is None

    @property
    def last_sent(self) -> int:
        """The sequence of the frame sealed last; -1 before the first. Responses name it."""
        return self._sent

    def seal(self, plaintext: bytes) -> bytes:
        """The next frame. Raises `ProvenError`: `SESSION_CLOSED`, or `TOO_LARGE`, which changes nothing."""
        outbound, _ = self._require_open()
        if len(plaintext) > MAX_PLAINTEXT:
            raise ProvenError(
                ErrorCode.TOO_LARGE,
                f"a message of {len(plaintext)} bytes is over the limit of {MAX_PLAINTEXT}",
            )
        if self._sent >= MAX_SEQUENCE:
            raise self._broken("the session has used up its sequences; open another")
        self._sent += 1
        return outbound.encrypt(self._sent, plaintext)

    def open(self, frame: bytes) -> tuple[int, bytes]:
        """The sequence and plaintext of the peer's next frame; `SESSION_CLOSED` for a bad one."""
        _, inbound = self._require_open()
        if len(frame) > MAX_FRAME:
            raise self._broken(f"a frame of {len(frame)} bytes is over the limit of {MAX_FRAME}")
        try:
            sequence, plaintext = inbound.decrypt(frame)
        except ValueError as error:
            raise self._broken(str(error)) from None
        if not self._received < sequence <= MAX_SEQUENCE:
            raise self._broken("a replayed or reordered message")
        self._received = sequence
        return sequence, plaintext

    def close(self) -> None:
        """Refuse everything from now on and let go of the keys."""
        self._directions = None

    def _require_open(self) -> tuple[Encrypt0Direction, Encrypt0Direction]:
        if self._directions is None:
            raise ProvenError(ErrorCode.SESSION_CLOSED, "the session is closed; open another")
        return self._directions

    def _broken(self, reason: str) -> ProvenError:
        self.close()
        return ProvenError(ErrorCode.SESSION_CLOSED, f"the session was closed: {reason}")


def session_of_frame(frame: bytes) -> SessionId:
    """The session that a frame says it belongs to. Raises `ProvenError` (`BAD_REQUEST`) if it says none."""
    try:
        return ids.session_id(key_id_of(frame, SESSION_ID_BYTES))
    except ValueError:
        raise _bad("not a sealed frame") from None


class ClientHandshake:
    """The client's side of one handshake; use it once.

    `private_key` is given only to resume a session: a ticket is bound to the key it was issued to.
    """

    def __init__(
        self,
        application_id: ApplicationId | None,
        *,
        origin: str | None = None,
        random: Random = os.urandom,
        private_key: X25519PrivateKey | None = None,
        resumption: bytes | None = None,
    ) -> None:
        self.private_key = private_key or X25519PrivateKey.from_private_bytes(random(KEY_BYTES))
        self._request = SessionRequest(
            nonce=random(NONCE_BYTES),
            client_key=self.private_key.public_key().public_bytes_raw(),
            application_id=application_id,
            origin=origin,
            resumption=resumption,
        )

    def request(self) -> bytes:
        return self._request.encode()

    def finish(
        self, response: bytes, verifier: EvidenceVerifier[_Evidence], *, at: datetime | None = None
    ) -> tuple[SealedChannel, _Evidence]:
        """Check who answered, then derive the keys; no key exists before the evidence has been verified.

        Raises `ProvenError`: `BAD_REQUEST` for a malformed response, `EVIDENCE_INVALID` from the verifier.
        """
        session_id, server_key, transcript, evidence = _verify_response(self._request, response, verifier, at)
        client, server = _directions(self.private_key, server_key, session_id, transcript)
        channel = SealedChannel(ids.session_id(session_id), transcript, outbound=client, inbound=server)
        return channel, evidence


def verify_handshake(
    request: bytes, response: bytes, verifier: EvidenceVerifier[_Evidence], *, at: datetime | None = None
) -> tuple[SessionRequest, _Evidence]:
    """Check a handshake that somebody else made, or made earlier: that the evidence is for it.

    Raises as `ClientHandshake.finish`.
    """
    asked = SessionRequest.decode(request)
    return asked, _verify_response(asked, response, verifier, at)[3]


def _verify_response(
    request: SessionRequest, response: bytes, verifier: EvidenceVerifier[_Evidence], at: datetime | None
) -> tuple[bytes, bytes, bytes, _Evidence]:
    """Session id, server key, transcript and evidence."""
    fields = _fields(response, MAX_RESPONSE, "session response")
    session_id = _exact(fields.pop("session_id", None), SESSION_ID_BYTES, "session_id")
    server_key = _exact(fields.pop("server_key", None), KEY_BYTES, "server_key")
    document = fields.pop("evidence", None)
    if not isinstance(document, bytes) or len(document) > MAX_EVIDENCE:
        raise _bad(f"evidence has to be at most {MAX_EVIDENCE} bytes")
    if fields:
        raise _bad("the session response has fields that version 1 does not know")
    transcript = request.transcript(session_id, server_key)
    evidence = verifier.verify(
        document, nonce=request.nonce, user_data=transcript, public_key=server_key, at=at
    )
    return session_id, server_key, transcript, evidence


class ServerHandshake:
    """The server's side of one handshake; use it once.

    Between the two calls the caller gets evidence from its platform for `nonce`, `server_key`, `transcript`.
    """

    def __init__(self, request: bytes, *, random: Random = os.urandom) -> None:
        """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`) for a request that is not one."""
        self.request: Final = SessionRequest.decode(request)
        self._private_key = X25519PrivateKey.from_private_bytes(random(KEY_BYTES))
        self._session_id = random(SESSION_ID_BYTES)
        self.server_key: Final = self._private_key.public_key().public_bytes_raw()
        self.transcript: Final = self.request.transcript(self._session_id, self.server_key)
        client, server = _directions(
            self._private_key, self.request.client_key, self._session_id, self.transcript
        )
        self._channel = SealedChannel(
            ids.session_id(self._session_id), self.transcript, outbound=server, inbound=client
        )

    @property
    def nonce(self) -> bytes:
        return self.request.nonce

    @property
    def session_id(self) -> SessionId:
        return ids.session_id(self._session_id)

    def finish(self, evidence: bytes) -> tuple[bytes, SealedChannel]:
        """The response to send, and the server's end of the channel."""
        response = {"session_id": self._session_id, "server_key": self.server_key, "evidence": evidence}
        return cbor.encode(response), self._channel


def _directions(
    private_key: X25519PrivateKey, peer_key: bytes, session_id: bytes, transcript: bytes
) -> tuple[Encrypt0Direction, Encrypt0Direction]:
    """The client's and the server's direction. Refuses points of low order (RFC 7748 §6.1)."""
    try:
        shared = private_key.exchange(X25519PublicKey.from_public_bytes(peer_key))
    except ValueError:
        raise _bad("the key of the peer is not one that a secret can be agreed with") from None

    def direction(name: str) -> Encrypt0Direction:
        okm = HKDF(SHA256(), length=36, salt=transcript, info=f"{LABEL} {name}".encode()).derive(shared)
        return Encrypt0Direction(okm[:32], okm[32:], session_id, (LABEL, session_id, name))

    return direction("client"), direction("server")


def _fields(data: bytes, max_bytes: int, what: str) -> dict[str, cbor.Item]:
    message = cbor.decode(data, max_bytes=max_bytes, max_depth=1)
    if not isinstance(message, dict):
        raise _bad(f"a {what} has to be a map")
    fields: dict[str, cbor.Item] = {}
    for name, value in message.items():
        if not isinstance(name, str):
            raise _bad(f"a {what} has to have text keys")
        fields[name] = value
    return fields


def _is_origin(value: cbor.Item) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= MAX_ORIGIN and value.isascii() and value.isprintable()


def _exact(value: cbor.Item, size: int, name: str) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise _bad(f"{name} has to be {size} bytes")
    return value


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
