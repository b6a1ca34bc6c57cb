"""Checking attested answers over plain HTTP (RFC 9421): see `proven.wire.http_signatures`."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from proven.attestation import Evidence, Verifier
from proven.client._requests import http_session, reaching, read_limited
from proven.client.bundle import SavedAnswer, now_ms
from proven.wire import http_signatures as signatures
from proven.wire import ids
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

MAX_AGE = 300.0
"""How old a signature may be, and how far ahead a clock, in seconds."""
MAX_BODY = 16 * 1024 * 1024
NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Attested:
    """Who answered: the platform's evidence, which code of which application, and the entry of the
    transparency log that made that code live.
    """

    evidence: Evidence
    application_id: ApplicationId
    package_id: PackageId
    created: datetime
    log_index: int


@dataclass(frozen=True, slots=True)
class AttestedResponse:
    """An answer that was verified. `saved` is what somebody else needs to verify it again: keep
    `Bundle(made_at=saved.at, answer=saved).encode()` in a file for `proven verify`.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    attested: Attested
    saved: SavedAnswer


def verify_response(
    verifier: Verifier,
    *,
    nonce: bytes,
    method: str,
    url: str,
    request_body: bytes = b"",
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    at: datetime | None = None,
) -> Attested:
    """Verify an answer to a request that asked for attestation with `nonce`. The rules, in order:

    1. The `Attestation` header is evidence that `verifier` accepts, made for `nonce`, about a response key.
    2. The signature is by that key, for the same nonce, made within `MAX_AGE` of `at` (default: now), and
       covers all that `http_signatures.verify` asks for, with the digest of `request_body` if there is one.
    3. `Content-Digest` is the body's.

    Raises `ProvenError` (`EVIDENCE_INVALID`).
    """
    now = at or datetime.now(UTC)
    fields = [(name.lower(), value.strip()) for name, value in headers]
    evidence = verifier.verify(_document(fields), nonce=nonce, user_data=signatures.EVIDENCE_LABEL, at=at)
    if evidence.public_key is None or len(evidence.public_key) != 32:
        raise _invalid("the evidence names no response key")
    try:
        parts = urlsplit(url)
        exchange = signatures.Exchange(
            method=method,
            target_uri=signatures.target_uri(parts.scheme, parts.netloc, parts.path, parts.query),
            request_digest=signatures.content_digest(request_body) if request_body else None,
            status=status,
            headers=fields,
        )
        signed = signatures.verify(evidence.public_key, exchange)
        created = datetime.fromtimestamp(signed.created, UTC)
    except (ValueError, OverflowError, OSError):
        raise _invalid("nothing that could be asked was answered like this") from None
    if signed.nonce != nonce:
        raise _invalid("the response was signed for another nonce")
    if abs((now - created).total_seconds()) > MAX_AGE:
        raise _invalid("the response was not signed just now")
    if not signatures.digest_matches(_field(fields, "content-digest"), body):
        raise _invalid("the body is not the one that was signed")
    return Attested(
        evidence,
        ids.parse_application_id(_field(fields, signatures.APPLICATION_HEADER)),
        ids.parse_package_id(_field(fields, signatures.PACKAGE_HEADER)),
        created,
        _log_index(_field(fields, signatures.LOG_INDEX_HEADER)),
    )


def verify_saved(answer: SavedAnswer, verifier: Verifier) -> Attested:
    """The same of an answer that was kept, as it was then."""
    return verify_response(
        verifier,
        nonce=answer.nonce,
        method=answer.method,
        url=answer.url,
        request_body=answer.request_body,
        status=answer.status,
        headers=answer.headers,
        body=answer.body,
        at=answer.time,
    )


async def fetch(
    url: str,
    *,
    verifier: Verifier,
    method: str = "GET",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    timeout: float = 30.0,
) -> AttestedResponse:
    """Ask an application's HTTP route for an attested answer and verify it. Redirects are not followed.

    Raises `ProvenError`: `EVIDENCE_INVALID`, `UNAVAILABLE`, `TOO_LARGE`.
    """
    nonce = os.urandom(NONCE_BYTES)
    sent = {**(headers or {}), "accept-attestation": signatures.format_nonce(nonce)}
    if body:
        sent["content-digest"] = signatures.content_digest(body)
    with reaching():
        async with (
            http_session(tls, timeout) as http,
            http.request(method, url, data=body or None, headers=sent, allow_redirects=False) as response,
        ):
            content = await read_limited(response, MAX_BODY)
            received = tuple((name.lower(), value) for name, value in response.headers.items())
            asked = str(response.request_info.url)
    attested = verify_response(
        verifier,
        nonce=nonce,
        method=method,
        url=asked,
        request_body=body,
        status=response.status,
        headers=received,
        body=content,
    )
    saved = SavedAnswer(
        at=now_ms(),
        nonce=nonce,
        method=method,
        url=asked,
        status=response.status,
        headers=received,
        body=content,
        request_body=body,
    )
    return AttestedResponse(response.status, received, content, attested, saved)


def _document(fields: signatures.Fields) -> bytes:
    value = _field(fields, "attestation")
    if len(value) < 2 or value[0] != ":" or value[-1] != ":":
        raise _invalid("the Attestation header is malformed")
    try:
        return base64.b64decode(value[1:-1], validate=True)
    except binascii.Error:
        raise _invalid("the Attestation header is malformed") from None


def _log_index(value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 16:
        raise _invalid("the log index of the response is no number")
    return int(value)


def _field(fields: signatures.Fields, name: str) -> str:
    values = [value for field, value in fields if field == name]
    if len(values) != 1:
        raise _invalid(f"the response has {len(values)} {name} headers instead of one")
    return values[0]


def _invalid(message: str) -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message)
