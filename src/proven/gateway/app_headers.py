"""Which headers pass between the outside and a handler, and what becomes of those that say too much."""

from __future__ import annotations

import re

from proven.gateway.http import Headers, Request
from proven.runtime import HttpResponse
from proven.wire.errors import ErrorCode, ProvenError

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"expect",
    }
)
_SET_BY_THE_NODE = frozenset({b"date", b"signature", b"signature-input", b"attestation"})
_BEYOND_ITS_PATH = frozenset({b"service-worker-allowed"})
_BEYOND_ITS_ORIGIN = frozenset(
    {b"alt-svc", b"clear-site-data", b"nel", b"report-to", b"strict-transport-security"}
)
"""Would let an application act for others that share its origin, the node's own pages among them."""
_SANDBOXED = (
    b"content-security-policy",
    b"sandbox allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox "
    b"allow-scripts",
)
"""Makes a page of the node's origin one of an origin of its own (HTML, "sandboxing")."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def for_the_handler(request: Request) -> tuple[tuple[str, str], ...]:
    """The request's headers without those that are about the connection (RFC 9110, 7.6.1)."""
    named = {
        token.strip().lower()
        for name, value in request.headers
        if name == b"connection"
        for token in value.split(b",")
    }
    return tuple(
        (name.decode("ascii"), value.decode("latin-1"))
        for name, value in request.headers
        if name not in _HOP_BY_HOP and name not in named
    )


def headers_of(answered: HttpResponse) -> Headers:
    """A response's headers without those that are about the connection, or the node's to set. Raises
    `ProvenError` (`HANDLER_ERROR`) for what could not be a header.
    """
    headers = [
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in answered.headers
        if _is_sendable(name, value)
    ]
    dropped = _HOP_BY_HOP | _SET_BY_THE_NODE | _BEYOND_ITS_PATH
    if isinstance(answered.body, bytes):
        dropped |= {b"content-length"}
    return [each for each in headers if each[0] not in dropped]


def sandboxed(headers: Headers) -> Headers:
    """For a response on the node's own origin."""
    return [*(each for each in headers if each[0] not in _BEYOND_ITS_ORIGIN), _SANDBOXED]


def _is_sendable(name: str, value: str) -> bool:
    if _HEADER_NAME.fullmatch(name) is None or _HEADER_VALUE.fullmatch(value) is None:
        raise ProvenError(ErrorCode.HANDLER_ERROR, "the handler's response has a malformed header")
    if name.lower() == "content-length" and not (value.isascii() and value.isdigit()):
        raise ProvenError(ErrorCode.HANDLER_ERROR, "the handler's response has a malformed Content-Length")
    return True


def own_cookies(headers: Headers, host: str | None, folder: str, *, secure: bool) -> Headers:
    """With cookies for the host that answers alone: `host`, or any that names no other; in `folder`; and, if
    `secure`, sent over TLS alone.

    A cookie for a parent domain would reach the node's other applications (RFC 6265, 4.1.2.3).
    """
    return [
        (name, _own_cookie(value, host, folder, secure) if name == b"set-cookie" else value)
        for name, value in headers
    ]


def _own_cookie(value: bytes, host: str | None, folder: str, secure: bool) -> bytes:
    pair, *attributes = value.split(b";")
    kept = [each for each in attributes if not _names_another_host(each, host)]
    paths = [path for path in map(_path_of, kept) if path is not None]
    if folder != "/" and not (paths and all(f"{path}/".startswith(f"{folder}/") for path in paths)):
        kept = [each for each in kept if _path_of(each) is None]
        kept.append(b" Path=" + folder.encode())
    if secure and not any(each.strip().lower() == b"secure" for each in kept):
        kept.append(b" Secure")
    return b";".join([pair, *kept])


def _path_of(attribute: bytes) -> str | None:
    """The path that an attribute of a cookie names, None for other attributes."""
    name, _, path = attribute.decode("latin-1").partition("=")
    return path.strip() if name.strip().lower() == "path" else None


def _names_another_host(attribute: bytes, host: str | None) -> bool:
    name, _, domain = attribute.decode("latin-1").partition("=")
    if name.strip().lower() != "domain":
        return False
    return host is None or domain.strip().removeprefix(".").lower() != host


def without_cors(headers: Headers) -> Headers:
    """Where a route has a `cors` option, that is what decides."""
    return [each for each in headers if not each[0].startswith(b"access-control-")]
