"""What an operator's own programs read of a node: on a port of its own, on this machine only."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from proven.gateway.hosts import LOCALHOST
from proven.gateway.http import Request, Response, error_response
from proven.gateway.limits import HttpLimits
from proven.gateway.server import HttpServer
from proven.telemetry import CONTENT_TYPE
from proven.wire.errors import ErrorCode, ProvenError

METRICS: Final = "/metrics"
_LOOPBACK: Final = "127.0.0.1"
_LIMITS: Final = HttpLimits(connections=64)


class Admin:
    """Answers `GET /metrics` in the text format of Prometheus. Rules:

    1. It listens on loopback and nowhere else. Everybody on this machine may ask.
    2. It answers under the names of loopback only, so that no page reads it by a name of its own that it has
       pointed there, and sends no CORS headers, so that no page reads it at all.
    """

    def __init__(self, metrics: Callable[[], str]) -> None:
        self._metrics = metrics
        self._server = HttpServer(self._handle, limits=_LIMITS)

    async def listen(self, port: int) -> int:
        """Listen on `port`, 0 for any; returns the one in use. Raises `OSError`."""
        _, port = await self._server.listen(_LOOPBACK, port)
        return port

    async def stop(self) -> None:
        await self._server.stop(1.0)

    async def _handle(self, request: Request) -> Response:
        try:
            _check_host(request.authority)
            if request.path != METRICS:
                raise ProvenError(ErrorCode.NOT_FOUND, f"there is nothing here but {METRICS}")
            if request.method not in ("GET", "HEAD"):
                raise ProvenError(ErrorCode.BAD_REQUEST, f"{METRICS} is read with GET")
        except ProvenError as error:
            return error_response(error)
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"cross-origin-resource-policy", b"same-origin"),
        ]
        return Response(200, headers, self._metrics().encode())


def _check_host(authority: str) -> None:
    """Raises `NOT_FOUND` for names other than those of loopback."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        if host == LOCALHOST or ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise ProvenError(ErrorCode.NOT_FOUND, "there is nothing under this name")
