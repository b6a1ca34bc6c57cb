from __future__ import annotations

import base64
import dataclasses
from types import SimpleNamespace

import http_message_signatures as independent
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from proven.wire import http_signatures as signatures
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.http_signatures import Exchange
from unit.wire.small_order import SMALL_ORDER

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
NONCE = bytes(range(32))
BODY = b'{"answer":42}'
UNSIGNED = (
    ("content-type", "application/json"),
    ("content-digest", signatures.content_digest(BODY)),
    ("proven-application", "a" * 32),
    ("proven-package", "b" * 64),
    ("proven-log-index", "7"),
)


def exchange(*, request_body: bytes | None = b"question", created: int = 1_700_000_000) -> Exchange:
    unsigned = Exchange(
        method="POST",
        target_uri="https://example.com/ask?q=1",
        request_digest=None if request_body is None else signatures.content_digest(request_body),
        status=200,
        headers=UNSIGNED,
    )
    added = signatures.sign(KEY, unsigned, created=created, nonce=NONCE)
    return dataclasses.replace(unsigned, headers=(*UNSIGNED, *added.items()))


def test_the_base_and_signature_are_those_published_in_rfc_9421_b_2_6() -> None:
    public = Ed25519PublicKey.from_public_bytes(
        base64.urlsafe_b64decode("JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs=")
    )
    base = signatures.signature_base(
        [
            ('"date"', "Tue, 20 Apr 2021 02:07:55 GMT"),
            ('"@method"', "POST"),
            ('"@path"', "/foo"),
            ('"@authority"', "example.com"),
            ('"content-type"', "application/json"),
            ('"content-length"', "18"),
        ],
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"',
    )
    public.verify(
        base64.b64decode(
            "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
        ),
        base,
    )


def test_what_is_signed_here_verifies_in_an_independent_implementation() -> None:
    class Keys(independent.HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
            assert key_id == signatures.key_id(PUBLIC)
            return KEY.public_key()

    signed = exchange()
    request = SimpleNamespace(
        method="POST",
        url="https://example.com/ask?q=1",
        headers={"Content-Digest": signatures.content_digest(b"question")},
    )
    message = SimpleNamespace(status_code=200, headers=dict(signed.headers), request=request)
    verifier = independent.HTTPMessageVerifier(
        signature_algorithm=independent.algorithms.ED25519, key_resolver=Keys()
    )
    results = verifier.verify(message, max_age=None, expect_tag=signatures.TAG, body=BODY)
    assert set(results[0].covered_components) >= {'"@method";req', '"content-digest";req', '"proven-package"'}
    message.status_code = 201
    with pytest.raises(independent.InvalidSignature):
        verifier.verify(message, max_age=None, expect_tag=signatures.TAG)


def test_what_an_independent_implementation_signs_verifies_here() -> None:
    class Keys(independent.HTTPSignatureKeyResolver):
        def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
            return KEY

    request = SimpleNamespace(method="GET", url="https://example.com/", headers={})
    message = SimpleNamespace(status_code=200, headers=dict(UNSIGNED), request=request)
    independent.HTTPMessageSigner(
        signature_algorithm=independent.algorithms.ED25519, key_resolver=Keys()
    ).sign(
        message,
        key_id=signatures.key_id(PUBLIC),
        label="proven",
        tag=signatures.TAG,
        nonce=base64.b64encode(NONCE).decode(),
        include_alg=True,
        use_existing_digest=True,
        covered_component_ids=(
            '"@method";req',
            '"@target-uri";req',
            "@status",
            "content-type",
            "content-digest",
            "proven-application",
            "proven-package",
            "proven-log-index",
        ),
    )
    fields = tuple((name.lower(), value) for name, value in message.headers.items())
    said = signatures.verify(PUBLIC, Exchange("GET", "https://example.com/", None, 200, fields))
    assert said.nonce == NONCE


def test_a_valid_signature_says_when_for_whom_and_what() -> None:
    said = signatures.verify(PUBLIC, exchange())
    assert (said.created, said.nonce, said.key_id) == (1_700_000_000, NONCE, signatures.key_id(PUBLIC))
    assert '"content-digest";req' in said.covered


def test_a_key_that_anybody_can_sign_with_attests_nothing() -> None:
    neutral = SMALL_ORDER[2]
    forged = base64.b64encode(neutral + bytes(32)).decode()
    answer = dataclasses.replace(exchange(), headers=altered("signature", f"proven=:{forged}:"))
    with pytest.raises(ProvenError) as refused:
        signatures.verify(neutral, answer)
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


def altered(name: str, value: str) -> tuple[tuple[str, str], ...]:
    return tuple((field, value if field == name else old) for field, old in exchange().headers)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "GET"},
        {"target_uri": "https://example.com/ask?q=2"},
        {"target_uri": "https://example.org/ask?q=1"},
        {"request_digest": signatures.content_digest(b"another question")},
        {"request_digest": None},
        {"status": 201},
        {"headers": altered("content-digest", signatures.content_digest(b"forged"))},
        {"headers": altered("content-type", "text/html")},
        {"headers": altered("proven-package", "c" * 64)},
        {"headers": altered("proven-log-index", "8")},
        {"headers": altered("proven-application", "d" * 32)},
        {"headers": (*exchange().headers, ("content-type", "text/html"))},
        {"headers": (*exchange().headers, ("location", "https://evil.example/"))},
        {"headers": (*exchange().headers, ("signature", "proven=:AAAA:"))},
        {"headers": UNSIGNED},
        {"headers": altered("signature", "proven=:AAAA:")},
        {"headers": altered("signature-input", 'proven=("@status");created=1;alg="ed25519";tag="x"')},
    ],
)
def test_any_change_to_the_exchange_is_noticed(change: dict[str, object]) -> None:
    with pytest.raises(ProvenError) as refused:
        signatures.verify(PUBLIC, dataclasses.replace(exchange(), **change))
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


def test_another_key_is_refused() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    with pytest.raises(ProvenError):
        signatures.verify(other, exchange())


def test_a_signature_that_covers_less_is_refused_even_if_it_is_genuine() -> None:
    member = f'("@status");created=1;keyid="k";alg="ed25519";tag="{signatures.TAG}"'
    signature = base64.b64encode(KEY.sign(signatures.signature_base([('"@status"', "200")], member))).decode()
    fields = (*UNSIGNED, ("signature-input", f"proven={member}"), ("signature", f"proven=:{signature}:"))
    with pytest.raises(ProvenError, match="does not cover"):
        signatures.verify(PUBLIC, Exchange("GET", "https://example.com/", None, 200, fields))


def test_digests_are_checked_and_unknown_ones_do_not_count() -> None:
    digest = signatures.content_digest(b"x")
    assert signatures.digest_matches(digest, b"x")
    assert signatures.digest_matches(f"unixsum=:AA==:, {digest}", b"x")
    assert not signatures.digest_matches(digest, b"y")
    assert not signatures.digest_matches("md5=:AAAA:", b"x")
    assert not signatures.digest_matches("sha-256=AAAA", b"x")
    assert not signatures.digest_matches(f"{digest}, sha-512=:AAAA:", b"x")


def test_nonces_are_byte_sequences_of_bounded_length() -> None:
    assert signatures.parse_nonce(signatures.format_nonce(NONCE)) == NONCE
    for bad in ("", ":", "::", ":AAAA:", "AAAAAAAAAAAAAAAA", ":!!!!:", f":{'A' * 400}:"):
        with pytest.raises(ProvenError):
            signatures.parse_nonce(bad)


@pytest.mark.parametrize(
    ("parts", "uri"),
    [
        (("https", "Example.com:443", "/a", ""), "https://example.com/a"),
        (("https", "example.com:80", "/a", "b=c"), "https://example.com:80/a?b=c"),
        (("http", "example.com:80", "", ""), "http://example.com/"),
    ],
)
def test_the_target_uri_is_normalised(parts: tuple[str, str, str, str], uri: str) -> None:
    assert signatures.target_uri(*parts) == uri
