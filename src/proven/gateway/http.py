"""Requests and responses as values: what a route's handler is given and what it returns."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from proven.wire.errors import ProvenError, http_status

Headers = list[tuple[bytes, bytes]]
"""Names in lower case, values without surrounding white space, in the order sent."""


class Body(Protocol):
    """A request's body, not yet read."""

    @property
    def length(self) -> int | None:
        """What Content-Length said; 0 when there is no body, None when it is chunked."""

    async def read(self, limit: int) -> bytes:
        """All of it. Raises `TOO_LARGE` as soon as it is known to be longer than `limit` bytes."""

    def stream(self, limit: int) -> AsyncIterator[bytes]:
        """Its chunks as they arrive; the sender is held back while nobody asks. Raises as `read` does."""


@dataclass(slots=True)
class Request:
    """One HTTP request, its head already checked.

    `path` and `query` are as sent, still percent-encoded, without the `?`; `authority` is the host that the
    request names (its Host header, or the target's when that is absolute).
    """

    method: str
    target: str
    path: str
    query: str
    headers: Headers
    body: Body
    scheme: str = "http"
    authority: str = ""
    version: str = "1.1"
    peer: str = ""
    parameters: dict[str, str] = field(default_factory=dict)

    def header(self, name: bytes) -> str | None:
        """The value of the header `name` (lower case); several are joined by `, ` (RFC 9110, 5.3)."""
        values = [value for key, value in self.headers if key == name]
        if not values:
            return None
        return b", ".join(values).decode("latin-1")

    @property
    def url(self) -> str:
        """The absolute URI of the request: the `@target-uri` of RFC 9421."""
        authority = self.authority or "localhost"
        return f"{self.scheme}://{authority}{self.path}{'?' + self.query if self.query else ''}"


BodySource = bytes | AsyncIterator[bytes]


@dataclass(slots=True)
class Response:
    """One HTTP response. A streamed body is sent chunked unless `content-length` is among the headers."""

    status: int
    headers: Headers = field(default_factory=list)
    body: BodySource = b""

    def with_headers(self, headers: Iterable[tuple[bytes, bytes]]) -> Response:
        return Response(self.status, [*self.headers, *headers], self.body)


Handler = Callable[[Request], Awaitable[Response]]


def json_response(value: Any, *, status: int = 200, headers: Headers | None = None) -> Response:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Response(status, [(b"content-type", b"application/json"), *(headers or [])], body)


def error_response(
    error: ProvenError, *, status: int | None = None, headers: Headers | None = None
) -> Response:
    """The one way in which an error is answered over HTTP: its record as JSON, its status from the code."""
    extra = list(headers or [])
    if error.retry_after is not None:
        extra.append((b"retry-after", str(max(1, math.ceil(error.retry_after))).encode()))
    extra.append((b"cache-control", b"no-store"))
    record = json.loads(json.dumps(error.to_record(), default=str))
    return json_response(record, status=status or http_status(error.code), headers=extra)
