"""What may sit between a page and a node: a wire that can be cut, and someone who reads and rewrites."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable

import aiohttp
from aiohttp import web

from support.web_servers import listening

_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "accept-encoding"}


class Wire:
    """Carries connections to the port `target` as long as it is not cut; with `tls`, ends TLS."""

    def __init__(self, target: int, tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self._tls = tls
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        assert self._server is not None
        self._server.close()
        for writer in [*self._writers]:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, upstream}
        self._writers |= pair
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pump(reader, upstream))
                tasks.create_task(_pump(upstream_reader, writer))
        finally:
            self._writers -= pair
            for each in pair:
                each.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def wire_to(target: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    wire = Wire(target, tls)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()


Rewrite = Callable[[bytes], bytes]


def unchanged(data: bytes) -> bytes:
    return data


def _noting(frames: list[bytes]) -> Rewrite:
    def note(frame: bytes) -> bytes:
        frames.append(frame)
        return frame

    return note


class Meddler:
    """Ends HTTP and WebSocket connections, reads everything and passes on what it makes of it.

    `handshakes` rewrites the node's answers to session requests; `requests` and `answers` rewrite sealed
    frames on their way to the node and back. `target` is the node's URL.
    """

    def __init__(self, target: str = "") -> None:
        self.target = target
        self.url = ""
        self.seen: list[bytes] = []
        self.handshakes: Rewrite = unchanged
        self.requests: Rewrite = unchanged
        self.answers: Rewrite = unchanged
        self._client: aiohttp.ClientSession | None = None

    def noting_requests(self) -> list[bytes]:
        """Pass frames to the node on as they are; they are added to what is returned."""
        frames: list[bytes] = []
        self.requests = _noting(frames)
        return frames

    def noting_answers(self) -> list[bytes]:
        """As `noting_requests`, for frames to the page."""
        frames: list[bytes] = []
        self.answers = _noting(frames)
        return frames

    @contextlib.asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[Meddler]:
        """Listen at `url`; with `tls`, end TLS there."""
        application = web.Application(client_max_size=16 << 20)
        application.router.add_route("*", "/{path:.*}", self._meddle)
        async with listening(application, tls=tls) as port, aiohttp.ClientSession() as self._client:
            self.url = f"{'http' if tls is None else 'https'}://localhost:{port}"
            yield self

    async def _meddle(self, request: web.Request) -> web.StreamResponse:
        assert self._client is not None
        url = self.target + request.path_qs
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        if request.path.endswith("/ws"):
            return await self._websocket(request, url)
        body = await request.read()
        self.seen += [*map(b": ".join, request.raw_headers), request.path_qs.encode(), body]
        if request.path.endswith("/rpc"):
            body = self.requests(body)
        async with self._client.request(request.method, url, data=body, headers=headers) as answer:
            content = await answer.read()
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
            self.seen += [*map(b": ".join, answer.raw_headers), content]
            if answer.status == 200 and request.path.endswith("/session"):
                content = self.handshakes(content)
            elif answer.status == 200 and request.path.endswith("/rpc"):
                content = self.answers(content)
            return web.Response(status=answer.status, headers=kept, body=content)

    async def _websocket(self, request: web.Request, url: str) -> web.StreamResponse:
        assert self._client is not None
        headers = {name: request.headers[name] for name in ("Host", "Origin")}
        page = web.WebSocketResponse(max_msg_size=16 << 20)
        await page.prepare(request)
        async with (
            self._client.ws_connect(url, headers=headers, max_msg_size=16 << 20) as node,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._pass(page, node, lambda data: self.requests(data)))
            tasks.create_task(self._pass(node, page, lambda data: self.answers(data)))
        return page

    async def _pass(
        self,
        source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        target: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        rewrite: Rewrite,
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while (message := await source.receive()).type is aiohttp.WSMsgType.BINARY:
                self.seen.append(message.data)
                await target.send_bytes(rewrite(message.data))
        await target.close()
