"""The host's ends of byte streams. Credit bounds what is on its way: see `stream_window`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError

from ._connection import Connection
from ._frames import U32, FrameType, ProtocolError
from .host import HostStream

_log = logging.getLogger("proven.runtime")
_CHUNK = 64 * 1024
MAX_INCOMING = 256
"""Streams that one invocation may be sending at once."""


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


@dataclass(slots=True)
class StreamOwner:
    """The streams that end with one invocation."""

    incoming: set[IncomingStream] = field(default_factory=set)
    outgoing: set[OutgoingStream] = field(default_factory=set)

    def close(self, keep: IncomingStream | None) -> None:
        """End all of them but `keep`."""
        for outgoing in list(self.outgoing):
            outgoing.cancel()
        for incoming in list(self.incoming):
            if incoming is not keep:
                incoming.finish(ProvenError(ErrorCode.UNAVAILABLE, "the invocation has ended"))


class StreamTable:
    """The streams of one process, by number."""

    def __init__(self, window: int, read_error: Callable[[bytes], ProvenError]) -> None:
        self.connection: Connection | None = None
        self._window = window
        self._read_error = read_error
        self._incoming: dict[int, IncomingStream] = {}
        self._outgoing: dict[int, OutgoingStream] = {}
        self._last = 0

    @property
    def handlers(self) -> dict[FrameType, Callable[[int, bytes], None]]:
        """What to do with frames of streams."""
        return {
            FrameType.STREAM_DATA: self._on_data,
            FrameType.STREAM_END: self._on_end,
            FrameType.STREAM_ERROR: self._on_error,
            FrameType.STREAM_CREDIT: self._on_credit,
            FrameType.STREAM_CANCEL: self._on_cancel,
        }

    def send(self, owner: StreamOwner, source: HostStream) -> values.StreamRef:
        """Start sending `source` to the guest."""
        assert self.connection is not None
        self._last += 2
        id_ = self._last

        def done() -> None:
            self._outgoing.pop(id_, None)
            owner.outgoing.discard(stream)

        stream = OutgoingStream(id_, source, self.connection, self._window, done)
        self._outgoing[id_] = stream
        owner.outgoing.add(stream)
        return values.StreamRef(id_)

    def receive(self, owner: StreamOwner, id_: int) -> IncomingStream:
        """Expect stream `id_` from the guest. Raises `ProvenError` for a number it may not use."""
        assert self.connection is not None
        if id_ in self._incoming or id_ % 2 == 0:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a stream that is already in use")
        if len(owner.incoming) >= MAX_INCOMING:
            raise ProvenError(ErrorCode.OVERLOADED, "too many streams at once", retry_after=0.1)

        def done() -> None:
            self._incoming.pop(id_, None)
            owner.incoming.discard(stream)

        stream = IncomingStream(id_, self.connection, self._window, done)
        self._incoming[id_] = stream
        owner.incoming.add(stream)
        return stream

    def opened(self, owner: StreamOwner, arguments: list[Any]) -> list[Any]:
        """References among the arguments, or directly inside one, as streams."""
        if not any(type(argument) in _MAY_HOLD_STREAMS for argument in arguments):
            return arguments

        def open_(value: Any) -> Any:
            if not isinstance(value, values.StreamRef):
                return value
            stream = self.receive(owner, value.id)
            return HostStream(stream, close=stream.aclose)

        return [
            {key: open_(item) for key, item in argument.items()}
            if type(argument) is dict
            else open_(argument)
            for argument in arguments
        ]

    def referred(self, owner: StreamOwner, result: Any) -> Any:
        """A stream that is a result, or those directly inside one, as references."""
        if isinstance(result, HostStream):
            return self.send(owner, result)
        if type(result) is dict and any(isinstance(item, HostStream) for item in result.values()):
            return {key: self.referred(owner, item) for key, item in result.items()}
        if isinstance(result, list | tuple) and any(isinstance(item, HostStream) for item in result):
            return [self.referred(owner, item) for item in result]
        return result

    def fail(self, error: ProvenError) -> None:
        """The process has ended."""
        for stream in list(self._incoming.values()):
            stream.finish(error)

    def _on_data(self, id_: int, payload: bytes) -> None:
        stream = self._incoming.get(id_)
        if stream is not None:
            stream.feed(payload)

    def _on_end(self, id_: int, payload: bytes) -> None:
        stream = self._incoming.get(id_)
        if stream is not None:
            stream.finish()

    def _on_error(self, id_: int, payload: bytes) -> None:
        stream = self._incoming.get(id_)
        if stream is not None:
            stream.finish(self._read_error(payload))

    def _on_credit(self, id_: int, payload: bytes) -> None:
        if len(payload) != U32.size:
            raise ProtocolError("a malformed credit")
        stream = self._outgoing.get(id_)
        if stream is not None:
            stream.credit(U32.unpack(payload)[0])

    def _on_cancel(self, id_: int, payload: bytes) -> None:
        stream = self._outgoing.get(id_)
        if stream is not None:
            stream.cancel()


_MAY_HOLD_STREAMS = frozenset({dict, values.StreamRef})
