"""A request's body between the socket and the handler: bounded, held back while nobody reads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from proven.wire.errors import ErrorCode, ProvenError


class Flow(Protocol):
    """What a body asks of its connection."""

    def body_wanted(self) -> None:
        """A reader waits: answer Expect: 100-continue, if it was asked, and read on."""

    def body_taken(self, size: int) -> None:
        """`size` buffered bytes have gone to the reader."""


class IncomingBody:
    """Implements `http.Body`; fed by the connection, read by one handler."""

    __slots__ = ("_chunks", "_error", "_flow", "_waiter", "complete", "length", "received")

    def __init__(self, flow: Flow, length: int | None) -> None:
        self._flow = flow
        self._chunks: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._error: Exception | None = None
        self.length = length
        self.received = 0
        self.complete = False

    def feed(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self.received += len(chunk)
        self._wake()

    def finish(self) -> None:
        self.complete = True
        self._wake()

    def fail(self, error: Exception) -> None:
        if not self.complete:
            self._error = error
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def read(self, limit: int) -> bytes:
        if self.complete and len(self._chunks) <= 1:
            self._check(limit)
            return self._take() if self._chunks else b""
        return b"".join([chunk async for chunk in self.stream(limit)])

    async def stream(self, limit: int) -> AsyncIterator[bytes]:
        self._check(limit)
        while True:
            while self._chunks:
                self._check(limit)
                yield self._take()
            if self.complete:
                return
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            self._flow.body_wanted()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def discard(self) -> None:
        """Drop what nobody has read."""
        while self._chunks:
            self._take()

    def _take(self) -> bytes:
        chunk = self._chunks.popleft()
        self._flow.body_taken(len(chunk))
        return chunk

    def _check(self, limit: int) -> None:
        if (self.length or 0) > limit or self.received > limit:
            raise ProvenError(
                ErrorCode.TOO_LARGE, f"the body is longer than {limit} bytes", details={"limit": limit}
            )


class EmptyBody:
    """The body of a request that has none."""

    __slots__ = ()
    length = 0
    complete = True

    async def read(self, limit: int) -> bytes:
        return b""

    async def stream(self, limit: int) -> AsyncIterator[bytes]:
        return
        yield b""

    def discard(self) -> None:
        return


EMPTY_BODY = EmptyBody()
