"""Writing one response to a transport: framing, order of head and chunks, waiting for a slow reader."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from proven.gateway._head import BODYLESS_STATUSES, encode_head
from proven.gateway.http import Request, Response

_CLOSE = b"connection: close\r\n"


class Sink(Protocol):
    """Where a response goes."""

    def write(self, data: bytes) -> None: ...

    @property
    def drained(self) -> asyncio.Future[None] | None:
        """Set while the send buffer is full; completes when it has room again."""


async def write_response(
    sink: Sink, response: Response, *, request: Request | None, keep_alive: bool, date: bytes
) -> None:
    """Write `response` to `request`; None when there was none that could be understood.

    Raises `ValueError` if a header is not one, or if a streamed body has not the length its Content-Length
    declares; the connection must then be aborted, so that the peer sees the response is not whole.
    """
    bodyless = response.status in BODYLESS_STATUSES
    head_only = bodyless or (request is not None and request.method == "HEAD")
    end = b"" if keep_alive else _CLOSE
    if isinstance(response.body, bytes):
        framing = end if bodyless else b"content-length: %d\r\n%b" % (len(response.body), end)
        head = encode_head(response.status, response.headers, framing, date)
        sink.write(head if head_only else head + response.body)
        await drain(sink)
        return
    declared = next((int(value) for name, value in response.headers if name == b"content-length"), None)
    chunked = declared is None and not bodyless and (request is None or request.version == "1.1")
    framing = b"transfer-encoding: chunked\r\n%b" % end if chunked else end
    sink.write(encode_head(response.status, response.headers, framing, date))
    if not head_only:
        await _write_chunks(sink, response.body, chunked=chunked, declared=declared)


async def _write_chunks(
    sink: Sink, chunks: AsyncIterator[bytes], *, chunked: bool, declared: int | None
) -> None:
    sent = 0
    async for chunk in chunks:
        if not chunk:
            continue
        sent += len(chunk)
        if declared is not None and sent > declared:
            break
        sink.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        await drain(sink)
    if declared is not None and sent != declared:
        raise ValueError(f"the body has not the {declared} bytes that its Content-Length declares")
    if chunked:
        sink.write(b"0\r\n\r\n")


async def drain(sink: Sink) -> None:
    """Wait while the peer is slow to read."""
    drained = sink.drained
    if drained is not None:
        await asyncio.shield(drained)


async def close_body(response: Response) -> None:
    """Tell a streamed body's source that nobody reads it any more."""
    close = getattr(response.body, "aclose", None)
    if close is not None:
        await close()
