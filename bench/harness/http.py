"""The smallest HTTP/1.1 client that still checks what it is told."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from typing import cast

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    size: int
    """Bytes of the response on the wire."""


def request(
    host: str,
    target: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """The bytes of one keep-alive request."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def parse(data: bytes) -> Response | None:
    """The response that `data` begins with, or `None` if more of it has to arrive.

    Raises `ValueError` for what is not a response with a length.
    """
    head_end = data.find(b"\r\n\r\n")
    if head_end < 0:
        return None
    if not data.startswith(b"HTTP/1.1 "):
        raise ValueError(f"not an HTTP/1.1 response: {data[:40]!r}")
    head, start = data[:head_end], head_end + 4
    status = int(head[9:12])
    if length := _CONTENT_LENGTH.search(head):
        end = start + int(length[1])
        return Response(status, data[start:end], end) if len(data) >= end else None
    if _CHUNKED.search(head):
        return _parse_chunks(status, data, start)
    raise ValueError("the response has neither a length nor chunks")


def _parse_chunks(status: int, data: bytes, position: int) -> Response | None:
    body = bytearray()
    while (line_end := data.find(b"\r\n", position)) >= 0:
        size = int(data[position:line_end].split(b";")[0], 16)
        chunk_start, position = line_end + 2, line_end + 2 + size + 2
        if len(data) < position:
            return None
        if size == 0:
            return Response(status, bytes(body), position)
        body += data[chunk_start : chunk_start + size]
    return None


class RawClient(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: deque[asyncio.Future[Response]] = deque()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(cls, host: str, port: int) -> RawClient:
        _, client = await asyncio.get_running_loop().create_connection(cls, host, port)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while self._buffer and (response := parse(self._buffer)):
            self._buffer = self._buffer[response.size :]
            self._waiting.popleft().set_result(response)

    def connection_lost(self, exc: Exception | None) -> None:
        for future in self._waiting:
            future.set_exception(exc or ConnectionResetError("the server closed the connection"))

    async def send(self, data: bytes) -> Response:
        assert self._transport is not None
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._transport.write(data)
        return await future

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
