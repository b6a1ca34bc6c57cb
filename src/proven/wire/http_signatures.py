"""Attested responses: HTTP Message Signatures (RFC 9421) and Content-Digest (RFC 9530), both sides, no I/O.

A node signs a response with its response key: Ed25519, made at start, known to nobody else. Evidence whose
`public_key` is that key and whose `user_data` is `EVIDENCE_LABEL` says which machine and software hold it.
The signature covers what was asked (method, target, digest of the body) and what was answered (status,
digest of the body, `COVERED_HEADERS` that are present, application, package and log index).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .ed25519 import is_signed
from .errors import ErrorCode, ProvenError

EVIDENCE_LABEL: Final = b"proven/response-key/v1"
TAG: Final = "proven/response/v1"
LABEL: Final = "proven"
ALGORITHM: Final = "ed25519"

APPLICATION_HEADER: Final = "proven-application"
PACKAGE_HEADER: Final = "proven-package"
LOG_INDEX_HEADER: Final = "proven-log-index"
"""Which entry of the transparency log made the package live."""
COVERED_HEADERS: Final = ("content-type", "content-encoding", "location")
"""Response headers that are signed where they are present, besides the ones this module sets."""

MIN_NONCE: Final = 8
MAX_NONCE: Final = 64

Fields = Sequence[tuple[str, str]]
"""Header fields: names in lower case, values without surrounding white space."""

_DIGESTS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_DIGEST_MEMBER = re.compile(r"([a-z0-9*_.-]+)=:([A-Za-z0-9+/=]*):")
_SIGNATURE = re.compile(r"proven=:([A-Za-z0-9+/]+={0,2}):")
_INPUT = re.compile(
    r'proven=(\(((?:"[@a-z0-9-]+"(?:;req)? ?)*)\)((?:;[a-z]+=(?:[0-9]{1,15}|"[ !#-\[\]-~]*"))*))'
)
_COMPONENT = re.compile(r'"([@a-z0-9-]+)"(;req)?')
_PARAMETER = re.compile(r';([a-z]+)=(?:([0-9]{1,15})|"([ !#-\[\]-~]*)")')


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response as far as a signature can cover them.

    `target_uri` is absolute (see `target_uri`); `request_digest` is the request's Content-Digest field.
    """

    method: str
    target_uri: str
    request_digest: str | None
    status: int
    headers: Fields


@dataclass(frozen=True, slots=True)
class SignedResponse:
    """What a valid signature says: when it was made, for which nonce, by which key, and what it covers."""

    created: int
    nonce: bytes | None
    key_id: str
    covered: frozenset[str]


def target_uri(scheme: str, authority: str, path: str, query: str) -> str:
    """`@target-uri` (RFC 9421 §2.2.2): host in lower case, without the scheme's own port."""
    authority = authority.lower().removesuffix({"http": ":80", "https": ":443"}.get(scheme, ":"))
    return f"{scheme}://{authority}{path or '/'}{'?' + query if query else ''}"


def content_digest(body: bytes) -> str:
    """The Content-Digest field of `body` (RFC 9530 §2)."""
    return f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"


def digest_matches(field: str, body: bytes) -> bool:
    """Whether every digest of `field` that is known here is the body's, and at least one is known."""
    members = [member.strip() for member in field.split(",")]
    known = 0
    for member in members:
        parsed = _DIGEST_MEMBER.fullmatch(member)
        if parsed is None:
            return False
        algorithm = _DIGESTS.get(parsed[1])
        if algorithm is None:
            continue
        known += 1
        if _base64(algorithm(body).digest()) != parsed[2]:
            return False
    return known > 0


def parse_nonce(field: str) -> bytes:
    """The nonce of an `Accept-Attestation` field: a byte sequence (RFC 9651 §3.3.5) of 8 to 64 bytes.

    Raises `ProvenError` `BAD_REQUEST`.
    """
    try:
        if not (len(field) > 2 and field[0] == field[-1] == ":"):
            raise ValueError
        nonce = base64.b64decode(field[1:-1], validate=True)
    except (ValueError, binascii.Error):
        raise ProvenError(ErrorCode.BAD_REQUEST, "Accept-Attestation is a nonce, written :base64:") from None
    return check_nonce(nonce)


def check_nonce(nonce: bytes) -> bytes:
    if not MIN_NONCE <= len(nonce) <= MAX_NONCE:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"say a nonce of {MIN_NONCE} to {MAX_NONCE} bytes")
    return nonce


def format_nonce(nonce: bytes) -> str:
    """An `Accept-Attestation` field."""
    return f":{_base64(nonce)}:"


def key_id(public_key: bytes) -> str:
    """The name of a response key: the start of its SHA-256, in hex."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def sign(key: Ed25519PrivateKey, exchange: Exchange, *, created: int, nonce: bytes | None) -> dict[str, str]:
    """The `signature-input` and `signature` fields to add to the response. `created` is in Unix seconds."""
    components = " ".join(_covered(exchange))
    parameters = f';created={created};keyid="{key_id(key.public_key().public_bytes_raw())}";alg="{ALGORITHM}"'
    if nonce is not None:
        parameters += f';nonce="{_base64(nonce)}"'
    member = f'({components}){parameters};tag="{TAG}"'
    signature = key.sign(_base(exchange, _covered(exchange), member))
    return {"signature-input": f"{LABEL}={member}", "signature": f"{LABEL}=:{_base64(signature)}:"}


def verify(public_key: bytes, exchange: Exchange) -> SignedResponse:
    """Check the signature that the response's own fields carry. Its rules, in order:

    1. `Signature-Input` and `Signature` each appear once, in the form that `sign` writes.
    2. The tag is this protocol's and the algorithm is Ed25519.
    3. Everything that `sign` would have covered in this exchange is covered, once.
    4. The signature is one by `public_key` over the base rebuilt from the exchange.

    The caller compares nonce and time, and the digests with the bodies. Raises `ProvenError`
    `EVIDENCE_INVALID`.
    """
    parsed = _INPUT.fullmatch(_single(exchange.headers, "signature-input"))
    signature = _SIGNATURE.fullmatch(_single(exchange.headers, "signature"))
    if parsed is None or signature is None:
        raise _invalid("the response's signature fields are malformed")
    components = [match[0] for match in _COMPONENT.finditer(parsed[2])]
    pairs = [(match[1], match[2] or match[3] or "") for match in _PARAMETER.finditer(parsed[3])]
    parameters = dict(pairs)
    if len(parameters) != len(pairs) or parameters.get("tag") != TAG:
        raise _invalid("the signature was not made for this purpose")
    if parameters.get("alg") != ALGORITHM or not parameters.get("created", "").isdigit():
        raise _invalid("the signature names another algorithm or no time")
    missing = set(_covered(exchange)) - set(components)
    if missing or len(set(components)) != len(components):
        raise _invalid(f"the signature does not cover {', '.join(sorted(missing)) or 'each part once'}")
    base = _base(exchange, components, parsed[1])
    try:
        good = is_signed(public_key, base64.b64decode(signature[1]), base)
    except binascii.Error:
        good = False
    if not good:
        raise _invalid("the signature is not one by the attested key over this response")
    return SignedResponse(
        created=int(parameters["created"]),
        nonce=_nonce(parameters.get("nonce")),
        key_id=parameters.get("keyid", ""),
        covered=frozenset(components),
    )


def signature_base(covered: Sequence[tuple[str, str]], parameters: str) -> bytes:
    """The bytes that are signed (RFC 9421 §2.5): each covered component with its value, then the parameters.

    `parameters` is the member of Signature-Input as it stands in the field.
    """
    lines = [f"{component}: {value}" for component, value in covered]
    lines.append(f'"@signature-params": {parameters}')
    return "\n".join(lines).encode("latin-1")


def _base(exchange: Exchange, components: Sequence[str], parameters: str) -> bytes:
    return signature_base([(name, _value(exchange, name)) for name in components], parameters)


def _covered(exchange: Exchange) -> list[str]:
    names = {name for name, _ in exchange.headers}
    components = ['"@method";req', '"@target-uri";req']
    if exchange.request_digest is not None:
        components.append('"content-digest";req')
    components.append('"@status"')
    components += [f'"{name}"' for name in COVERED_HEADERS if name in names]
    named = (APPLICATION_HEADER, PACKAGE_HEADER, LOG_INDEX_HEADER)
    return [*components, '"content-digest"', *(f'"{name}"' for name in named)]


def _value(exchange: Exchange, component: str) -> str:
    if component == '"@method";req':
        return exchange.method
    if component == '"@target-uri";req':
        return exchange.target_uri
    if component == '"content-digest";req' and exchange.request_digest is not None:
        return exchange.request_digest
    if component == '"@status"':
        return str(exchange.status)
    name = component.strip('"')
    values = [value for field, value in exchange.headers if field == name]
    if not values or name.startswith("@") or component.endswith(";req"):
        raise _invalid(f"the signature covers {component}, which is not there")
    return ", ".join(values)


def _single(headers: Fields, name: str) -> str:
    values = [value for field, value in headers if field == name]
    if len(values) != 1:
        raise _invalid(f"the response has {len(values)} {name} fields instead of one")
    return values[0]


def _nonce(value: str | None) -> bytes | None:
    if value is None:
        return None
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise _invalid("the signature's nonce is malformed") from None


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _invalid(message: str) -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message)
