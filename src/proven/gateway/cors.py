"""Which pages may read an answer (the Fetch standard's CORS protocol)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from proven.gateway.http import Headers, Request, Response

Origins = Callable[[str], bool]


def any_origin(origin: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """What a page of another origin may do with an endpoint. `max_age` is in seconds."""

    allows: Origins
    methods: tuple[str, ...]
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    wildcard: bool = False

    def headers_for(self, request: Request) -> Headers:
        """What to add to an answer. Empty for requests that are not cross-origin or not allowed.

        `*` is never sent together with credentials: the origin is named instead (Fetch, 3.2.5).
        """
        origin = request.header(b"origin")
        if origin is None:
            return [] if self.wildcard and not self.credentials else [(b"vary", b"origin")]
        if not self.allows(origin):
            return [(b"vary", b"origin")]
        if self.wildcard and not self.credentials:
            headers = [(b"access-control-allow-origin", b"*")]
        else:
            headers = [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")]
        if self.credentials:
            headers.append((b"access-control-allow-credentials", b"true"))
        if self.exposed:
            headers.append((b"access-control-expose-headers", _joined(self.exposed)))
        return headers

    def preflight(self, request: Request) -> Response:
        """The answer to OPTIONS: 204 whatever is asked; only an allowed origin is told what it may do."""
        headers = self.headers_for(request)
        headers.append((b"allow", _joined(sorted({*self.methods, "OPTIONS"}))))
        if is_preflight(request) and any(name == b"access-control-allow-origin" for name, _ in headers):
            headers.append((b"access-control-allow-methods", _joined(self.methods)))
            if self.headers:
                headers.append((b"access-control-allow-headers", _joined(self.headers)))
            if self.max_age is not None:
                headers.append((b"access-control-max-age", str(self.max_age).encode()))
        return Response(204, headers)


def is_preflight(request: Request) -> bool:
    return (
        request.method == "OPTIONS"
        and request.header(b"origin") is not None
        and request.header(b"access-control-request-method") is not None
    )


def _joined(names: Iterable[str]) -> bytes:
    return ", ".join(names).encode("latin-1")
