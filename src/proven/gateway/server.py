"""The HTTP server: listening sockets, connections, deadlines and a graceful end."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from proven.gateway._connection import Connection
from proven.gateway.hosts import PublicAddress
from proven.gateway.http import Handler, Request, Response
from proven.gateway.limits import HttpLimits

_log = logging.getLogger("proven.gateway")

SWEEP_INTERVAL = 1.0


@dataclass(frozen=True, slots=True)
class Access:
    """One answered request, for the access log. The query is left out: it may hold secrets."""

    peer: str
    method: str
    authority: str
    path: str
    status: int
    seconds: float


class HttpServer:
    """Serves `handler` on any number of addresses. `stop` lets requests under way finish first.

    `public` is where callers reach it if something in front of the node ends TLS.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        limits: HttpLimits | None = None,
        tls: ssl.SSLContext | None = None,
        public: PublicAddress | None = None,
        on_access: Callable[[Access], None] | None = None,
        sweep_interval: float = SWEEP_INTERVAL,
    ) -> None:
        self.limits = limits or HttpLimits()
        self._scheme = "https" if tls else "http"
        self._public = public
        self.draining = False
        self.handle = handler
        self._tls = tls
        self._on_access = on_access
        self._sweep_interval = sweep_interval
        self._connections: set[Connection] = set()
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()
        self._date = (0, b"")

    def scheme_of(self, authority: str) -> str:
        """By which scheme a request for `authority` came."""
        if self._public is None:
            return self._scheme
        return self._public.scheme_of(authority, self._scheme)

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Accept connections at `host`:`port`; port 0 picks one. Returns the address in use."""
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: Connection(self), host, port, ssl=self._tls, backlog=1024)
        self._listeners.append(listener)
        if self._sweeper is None:
            self._sweep()
        address = listener.sockets[0].getsockname()
        return address[0], address[1]

    async def stop(self, grace: float = 10.0) -> None:
        """Stop accepting, let what is being answered finish for `grace` seconds, then cut the rest."""
        self.draining = True
        for listener in self._listeners:
            listener.close()
        for connection in list(self._connections):
            connection.drain()
        try:
            async with asyncio.timeout(grace):
                while self._connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            _log.warning("drain_timeout", extra={"connections": len(self._connections)})
        for connection in list(self._connections):
            connection.abort()
        while self._connections:
            self._empty.clear()
            await self._empty.wait()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    @property
    def connections(self) -> int:
        return len(self._connections)

    # The connections' side.

    def opened(self, connection: Connection) -> bool:
        self._connections.add(connection)
        return len(self._connections) <= self.limits.connections and not self.draining

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()

    def answered(self, request: Request, response: Response, seconds: float) -> None:
        if self._on_access is not None:
            self._on_access(
                Access(
                    request.peer, request.method, request.authority, request.path, response.status, seconds
                )
            )

    def date_header(self) -> bytes:
        """The Date line, made once a second."""
        now = int(time.time())
        if self._date[0] != now:
            self._date = (now, b"date: %b\r\n" % email.utils.formatdate(now, usegmt=True).encode())
        return self._date[1]

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._connections):
            connection.sweep(now)
        self._sweeper = loop.call_later(self._sweep_interval, self._sweep)


def log_access(access: Access) -> None:
    """The default access log: one `request` event for each answer."""
    _log.info(
        "request",
        extra={
            "peer": access.peer,
            "method": access.method,
            "authority": access.authority,
            "path": access.path,
            "status": access.status,
            "milliseconds": round(access.seconds * 1000, 3),
        },
    )
