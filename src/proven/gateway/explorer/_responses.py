"""How the explorer answers: what browsers may do with it, and how long it may be kept."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final
from urllib.parse import quote

import msgspec

from proven.gateway.explorer import _formats, records
from proven.gateway.explorer._feeds import Feed
from proven.gateway.http import Headers, Request, Response
from proven.gateway.static import is_known

PAGE_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    b"sandbox allow-forms"
)
"""No scripts, and an origin of its own: even a script that got in would not be the node's."""
CHECK_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; "
    b"sandbox allow-scripts; script-src "
)
ANYONE: Final = (b"access-control-allow-origin", b"*")
_REVALIDATED: Final = b"no-cache"
_OF_PACKAGE: Final = b"public, max-age=3600"
"""Of pages that a package id decides, but for their looks, which change with the node's version."""
_OF_FEED: Final = b"public, max-age=300"
_FOREVER: Final = b"public, max-age=31536000, immutable"


def unchanged(etag: str) -> Response:
    """For who has the page that a package id decides."""
    return Response(304, [(b"etag", etag.encode()), (b"cache-control", _OF_PACKAGE), ANYONE])


def cached(request: Request, body: bytes, headers: Headers, etag: str | None) -> Response:
    cache = _REVALIDATED if etag is None else _OF_PACKAGE
    tag = etag or f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = [*headers, (b"etag", tag.encode()), (b"cache-control", cache)]
    if is_known(request, tag):
        return Response(304, [header for header in headers if header[0] != b"content-type"])
    return Response(200, headers, body)


def fed(request: Request, feed: Feed, body: bytes, content_type: bytes) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    modified = _formats.http_date(feed.updated)
    headers: Headers = [
        (b"etag", etag.encode()),
        (b"last-modified", modified.encode()),
        (b"cache-control", _OF_FEED),
        ANYONE,
    ]
    if is_known(request, etag) or (
        request.header(b"if-none-match") is None and request.header(b"if-modified-since") == modified
    ):
        return Response(304, headers)
    return Response(200, [(b"content-type", content_type), *headers], body)


def plain(content: bytes, content_type: bytes) -> Response:
    return Response(200, [(b"content-type", content_type), (b"cache-control", _FOREVER), ANYONE], content)


def moved(location: str, status: int = 303, query: str = "") -> Response:
    """Lead to a path, with the query as a client sent it."""
    target = quote(location, safe="/") + (f"?{quote(query, safe='%&=+/:?@,;~')}" if query else "")
    return Response(status, [(b"location", target.encode()), (b"cache-control", b"no-cache")])


def json_of(record: records.Record) -> bytes:
    return ascii_json(msgspec.to_builtins(record))


def ascii_json(value: Any) -> bytes:
    """JSON with everything beyond ASCII written as escapes, so that nothing in it reorders or hides text."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
