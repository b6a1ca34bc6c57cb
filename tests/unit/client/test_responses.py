"""Attested answers that are genuine in part: everything else about them has to be refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.attestation import DevelopmentAttestor, Verifier
from proven.client import verify_response
from proven.wire import http_signatures as signatures
from proven.wire.errors import ErrorCode, ProvenError

NONCE = bytes(range(32))
URL = "https://node.example/hello"
BODY = b'{"hello":"you"}'


async def answer(
    attestor: DevelopmentAttestor,
    *,
    created: datetime | None = None,
    seconds: int | None = None,
    label: bytes = signatures.EVIDENCE_LABEL,
    evidence_nonce: bytes = NONCE,
    signature_nonce: bytes | None = NONCE,
    signs: bool = True,
) -> dict[str, Any]:
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    headers = {
        "content-type": "application/json",
        "content-digest": signatures.content_digest(BODY),
        "proven-application": "a" * 32,
        "proven-package": "b" * 64,
        "proven-log-index": "7",
    }
    exchange = signatures.Exchange("GET", URL, None, 200, list(headers.items()))
    moment = seconds or int((created or datetime.now(UTC)).timestamp())
    headers |= signatures.sign(key if signs else other, exchange, created=moment, nonce=signature_nonce)
    document = await attestor.attest(
        nonce=evidence_nonce, public_key=key.public_key().public_bytes_raw(), user_data=label
    )
    headers["attestation"] = f":{base64.b64encode(document).decode()}:"
    return {
        "nonce": NONCE,
        "method": "GET",
        "url": URL,
        "status": 200,
        "headers": headers.items(),
        "body": BODY,
    }


@pytest.fixture
def attestor(tmp_path: Path) -> DevelopmentAttestor:
    return DevelopmentAttestor(tmp_path)


async def test_a_genuine_answer_says_which_code_gave_it(attestor: DevelopmentAttestor) -> None:
    attested = verify_response(Verifier.development(attestor.root), **await answer(attestor))
    assert (attested.application_id, attested.package_id) == ("a" * 32, "b" * 64)


@pytest.mark.parametrize(
    "part",
    [
        {"created": datetime.now(UTC) - timedelta(hours=1)},
        {"created": datetime.now(UTC) + timedelta(hours=1)},
        {"seconds": 10**15},
        {"label": b"evidence made for a session"},
        {"evidence_nonce": bytes(32)},
        {"signature_nonce": bytes(32)},
        {"signature_nonce": None},
        {"signs": False},
    ],
    ids=lambda part: ",".join(part),
)
async def test_an_answer_that_is_genuine_only_in_part_is_refused(
    attestor: DevelopmentAttestor, part: dict[str, Any]
) -> None:
    with pytest.raises(ProvenError) as refused:
        verify_response(Verifier.development(attestor.root), **await answer(attestor, **part))
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


@pytest.mark.parametrize("value", ["", ":", "::", "AAAA", ":!:", ":AAAA:"])
async def test_a_malformed_attestation_header_is_refused(attestor: DevelopmentAttestor, value: str) -> None:
    genuine = await answer(attestor)
    genuine["headers"] = (dict(genuine["headers"]) | {"attestation": value}).items()
    with pytest.raises(ProvenError) as refused:
        verify_response(Verifier.development(attestor.root), **genuine)
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID
