"""The host's ends of byte streams. Credit bounds what is on its way: see `stream_window`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable

from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError

from ._connection import Connection
from ._frames import U32, FrameType, ProtocolError
from .host import HostStream

_log = logging.getLogger("proven.runtime")
_CHUNK = 64 * 1024


class IncomingStream:
    """Bytes that the guest sends: an async iterator of chunks, to be read once."""

    def __init__(self, id_: int, connection: Connection, window: int, on_done: Callable[[], None]) -> None:
        self._id = id_
        self._connection = connection
        self._credit = window
        self._chunks: deque[bytes] = deque()
        self._error: Exception | None = None
        self._done = False
        self._released = False
        self._on_done = on_done
        self._wake: asyncio.Future[None] | None = None
        self.on_chunk: Callable[[], None] | None = None

    @property
    def waits_for_reader(self) -> bool:
        """Whether it is not the guest who holds things up."""
        return bool(self._chunks)

    def feed(self, chunk: bytes) -> None:
        """Take in DATA. Raises `ProtocolError` if the guest sends more than it was granted."""
        if self._done or self._released:
            return
        self._credit -= len(chunk)
        if self._credit < 0:
            raise ProtocolError("more stream data than was granted")
        self._chunks.append(chunk)
        if self.on_chunk is not None:
            self.on_chunk()
        self._notify()

    def finish(self, error: Exception | None = None) -> None:
        """Take in END or ERROR, or the end of the process."""
        if self._done:
            return
        self._done = True
        self._error = error
        self._on_done()
        self._notify()

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not self._chunks:
            if self._error is not None:
                raise self._error
            if self._done or self._released:
                raise StopAsyncIteration
            self._wake = asyncio.get_running_loop().create_future()
            try:
                await self._wake
            finally:
                self._wake = None
        chunk = self._chunks.popleft()
        if not self._done:
            self._credit += len(chunk)
            self._connection.send(FrameType.STREAM_CREDIT, self._id, U32.pack(len(chunk)))
        return chunk

    async def aclose(self) -> None:
        """Stop reading: the guest is told, and what is left is dropped."""
        if self._released:
            return
        self._released = True
        self._chunks.clear()
        if not self._done:
            self._connection.send(FrameType.STREAM_CANCEL, self._id)
            self.finish()


class OutgoingStream:
    """Bytes that the host sends, read from an iterator as the guest grants credit."""

    def __init__(
        self, id_: int, source: HostStream, connection: Connection, window: int, on_done: Callable[[], None]
    ) -> None:
        self._id = id_
        self._source = source
        self._connection = connection
        self._credit = window
        self._credited = asyncio.Event()
        self._on_done = on_done
        self._task = asyncio.get_running_loop().create_task(self._pump())

    def credit(self, size: int) -> None:
        """Take in CREDIT."""
        self._credit += size
        self._credited.set()

    def cancel(self) -> None:
        """Stop sending and release the source."""
        self._task.cancel()

    async def _pump(self) -> None:
        try:
            async for chunk in self._source:
                await self._send(chunk)
            self._connection.send(FrameType.STREAM_END, self._id)
        except asyncio.CancelledError:
            self._fail(ProvenError(ErrorCode.UNAVAILABLE, "the stream was cancelled"))
        except ProvenError as error:
            self._fail(error)
        except Exception:
            _log.exception("stream_failed")
            self._fail(ProvenError(ErrorCode.INTERNAL, "the stream failed"))
        finally:
            self._on_done()
            with contextlib.suppress(Exception):
                await self._source.close()

    async def _send(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            while self._credit <= 0:
                self._credited.clear()
                await self._credited.wait()
            await self._connection.writable()
            size = min(len(view), self._credit, _CHUNK)
            self._credit -= size
            self._connection.send(FrameType.STREAM_DATA, self._id, bytes(view[:size]))
            view = view[size:]

    def _fail(self, error: ProvenError) -> None:
        self._connection.send(FrameType.STREAM_ERROR, self._id, values.encode(error.to_record()))
