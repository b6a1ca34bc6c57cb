"""Attested answers over plain HTTP: the response key, its evidence, and when a response is signed."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.apps import Application
from proven.attestation import Attestor
from proven.gateway.http import BodySource, Request, Response, json_response
from proven.identity import RatePerSource, TokenBucket, network_of
from proven.wire import http_signatures as signatures
from proven.wire.errors import ErrorCode, ProvenError

MAX_ATTESTED_BODY = 8 * 1024 * 1024
MAX_PENDING = 16
EVIDENCE_RATE = 50.0
EVIDENCE_BURST = 100
RATE_PER_SOURCE = 20.0
BURST_PER_SOURCE = 60


class RationedAttestor:
    """An attestor that anybody may ask: each document costs a signature of the platform, so there are
    `EVIDENCE_RATE` in a second, `RATE_PER_SOURCE` of them for one network, and `MAX_PENDING` at once.
    """

    def __init__(self, attestor: Attestor, *, clock: Callable[[], float] = time.time) -> None:
        self._attestor = attestor
        self._pending = 0
        self._rate = TokenBucket(EVIDENCE_RATE, EVIDENCE_BURST, clock)
        self._rate_per_source = RatePerSource(RATE_PER_SOURCE, BURST_PER_SOURCE, clock)

    async def attest(self, source: str, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
        """See `Attestor.attest`; asked for by `source`, an address. Raises `OVERLOADED` too."""
        wait = self._rate_per_source.take(network_of(source)) or self._rate.take()
        if wait or self._pending >= MAX_PENDING:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many ask for evidence at once", retry_after=max(wait, 1)
            )
        self._pending += 1
        try:
            return await self._attestor.attest(nonce=nonce, public_key=public_key, user_data=user_data)
        finally:
            self._pending -= 1


class ResponseAttestor:
    """Holds the node's response key. Rules:

    1. A route with `attestation: 'always'` is signed always, others when the request asks for it.
    2. Asking is naming a nonce: the evidence for the key carries it, and so does the signature.
    3. What is signed is held in memory: a longer body, either way, is refused with `TOO_LARGE`, not sent
       unsigned.
    4. A request's Content-Digest is checked before the handler runs. A request that asks for attestation and
       has a body has to carry one, because otherwise nothing would bind the answer to what was asked.
    """

    def __init__(
        self,
        attestor: RationedAttestor,
        *,
        key: Ed25519PrivateKey | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._attestor = attestor
        self._key = key or Ed25519PrivateKey.generate()
        self._clock = clock
        self.public_key = self._key.public_key().public_bytes_raw()

    async def evidence(self, nonce: bytes, source: str = "") -> bytes:
        """The attestation document for the response key, asked for by `source`, an address. Raises
        `OVERLOADED`, or `UNAVAILABLE`.
        """
        return await self._attestor.attest(
            source, nonce=nonce, public_key=self.public_key, user_data=signatures.EVIDENCE_LABEL
        )

    async def describe(self, nonce: bytes, source: str) -> Response:
        """The answer at `/.well-known/proven/attestation`."""
        return json_response(
            {
                "document": base64.b64encode(await self.evidence(nonce, source)).decode(),
                "response_key": base64.b64encode(self.public_key).decode(),
                "key_id": signatures.key_id(self.public_key),
                "algorithm": signatures.ALGORITHM,
            },
            headers=[(b"cache-control", b"no-store")],
        )

    async def sign(
        self,
        request: Request,
        response: Response,
        *,
        nonce: bytes | None,
        application: Application,
    ) -> Response:
        """`response` with a signature and, for a nonce, the evidence that the signer is this machine."""
        body = b"" if request.method == "HEAD" else await _held(response.body)
        added = {
            "content-digest": signatures.content_digest(body),
            signatures.APPLICATION_HEADER: application.id,
            signatures.PACKAGE_HEADER: application.package_id,
            signatures.LOG_INDEX_HEADER: str(application.log_index),
        }
        replaced = {name.encode() for name in added} | {b"content-length"}
        kept = [(name, value) for name, value in response.headers if name not in replaced]
        fields = [(name.decode(), value.decode("latin-1")) for name, value in kept] + list(added.items())
        exchange = signatures.Exchange(
            method=request.method,
            target_uri=target_uri(request),
            request_digest=request.header(b"content-digest"),
            status=response.status,
            headers=fields,
        )
        added |= signatures.sign(self._key, exchange, created=int(self._clock()), nonce=nonce)
        if nonce is not None:
            added["attestation"] = f":{base64.b64encode(await self.evidence(nonce, request.peer)).decode()}:"
        headers = kept + [(name.encode(), value.encode("latin-1")) for name, value in added.items()]
        return Response(response.status, headers, body if request.method != "HEAD" else response.body)


def wanted_nonce(request: Request) -> bytes | None:
    """The nonce of a request that asks for attestation: `Accept-Attestation`, or upstream's header raw."""
    asked = request.header(b"accept-attestation")
    if asked is not None:
        return signatures.parse_nonce(asked)
    upstream = request.header(b"x-request-attestation")
    return None if upstream is None else signatures.check_nonce(upstream.encode("latin-1"))


async def attested_body(request: Request, *, required: bool) -> bytes:
    """The whole body of a request whose answer will be signed, checked against its Content-Digest."""
    body = await request.body.read(MAX_ATTESTED_BODY)
    digest = request.header(b"content-digest")
    if digest is None:
        if body and required:
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                "a request with a body that asks for attestation needs a Content-Digest",
            )
    elif not signatures.digest_matches(digest, body):
        raise ProvenError(ErrorCode.BAD_REQUEST, "the body is not the one that Content-Digest describes")
    return body


def target_uri(request: Request) -> str:
    return signatures.target_uri(request.scheme, request.authority, request.path, request.query)


async def _held(body: BodySource) -> bytes:
    if isinstance(body, bytes):
        return body
    return await _collected(body)


async def _collected(chunks: AsyncIterator[bytes]) -> bytes:
    collected = bytearray()
    async for chunk in chunks:
        collected += chunk
        if len(collected) > MAX_ATTESTED_BODY:
            raise ProvenError(
                ErrorCode.TOO_LARGE,
                f"a response of over {MAX_ATTESTED_BODY} bytes cannot be attested; ask without attestation",
            )
    return bytes(collected)
