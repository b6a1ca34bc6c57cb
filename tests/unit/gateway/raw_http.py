"""A peer that sends exactly the bytes it is told to, and a server to send them to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from proven.gateway.http import Handler
from proven.gateway.limits import HttpLimits
from proven.gateway.server import HttpServer

DEADLINE = 60.0
"""Seconds that something which is sure to happen may take on a busy machine."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, *, head: bool = False) -> Answer:
        async with asyncio.timeout(DEADLINE):
            raw = await self.reader.readuntil(b"\r\n\r\n")
            lines = raw.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            headers = dict(line.split(": ", 1) for line in lines[1:] if line)
            body = b""
            if not head and status >= 200:
                if headers.get("transfer-encoding") == "chunked":
                    body = await self._chunks()
                elif "content-length" in headers:
                    body = await self.reader.readexactly(int(headers["content-length"]))
                elif headers.get("connection") == "close":
                    body = await self.reader.read()
            return Answer(status, headers, body)

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            chunk = await self.reader.readexactly(size + 2)
            if size == 0:
                return body
            body += chunk[:-2]

    async def ask(self, data: bytes) -> Answer:
        await self.send(data)
        return await self.answer()

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(DEADLINE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def close(self) -> None:
        self.writer.close()


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(
    handler: Handler, limits: HttpLimits | None = None, *, sweep: float = 0.02, grace: float = 1.0
) -> AsyncIterator[tuple[HttpServer, int]]:
    server = HttpServer(handler, limits=limits, sweep_interval=sweep)
    _, port = await server.listen("127.0.0.1", 0)
    try:
        yield server, port
    finally:
        await server.stop(grace=grace)


@asynccontextmanager
async def talking(handler: Handler, limits: HttpLimits | None = None) -> AsyncIterator[Peer]:
    async with serving(handler, limits) as (_, port), connect(port) as peer:
        yield peer
