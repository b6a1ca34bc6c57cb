"""One guest process, from the warm pool to its end: what it is asked, and what it asks."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from proven.isolation.spawner import SandboxedProcess
from proven.packages import HandlerEntry
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

from . import _wire
from ._calls import HostCalls
from ._connection import Connection
from ._endings import Ending, ending_by_itself, error_of
from ._frames import U32, FrameType, ProtocolError
from ._running import Running
from ._streams import IncomingStream, StreamTable
from ._sync import SyncChannel
from ._thrown import ThrownError, read_thrown
from ._usage import Usage
from .config import RuntimeConfig
from .host import ConsoleLevel, ConsoleRecord, HostFunctions, HostStream
from .invocation import HttpRequest, HttpResponse, Invocation

_log = logging.getLogger("proven.runtime")
_START_SECONDS = 30.0
_LAST_WORDS = 64 * 1024


@dataclass(slots=True)
class Cancellation:
    """A CANCEL that the guest has not answered: if it is not even able to do that, it is killed."""

    cpu: float
    waited: float = 0.0


class Guest:
    """A process and the frames to and from it. It serves one application version, or compiles one package."""

    def __init__(self, config: RuntimeConfig, host_functions: HostFunctions, memory_mib: int) -> None:
        self._config = config
        self.memory_mib = memory_mib
        self.ending: Ending | None = None
        self.running: dict[int, Running] = {}
        self.cancelled: dict[int, Cancellation] = {}
        self.collecting = False
        self.map_stack: Callable[[str], str] = lambda stack: stack
        self.on_release: Callable[[], None] = lambda: None
        self.on_end: Callable[[], None] = lambda: None
        self.console: Callable[[ConsoleRecord], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self._streams = StreamTable(config.stream_window, lambda payload: self._thrown(payload).as_seen())
        self._calls = HostCalls(config, host_functions, self._streams)
        self._next_id = 1
        self._endings: set[asyncio.Task[None]] = set()
        self._loaded: Running | None = None
        self._closers: list[Callable[[], None]] = []

    async def attach(
        self, process: SandboxedProcess, frames: socket.socket, sync: socket.socket, stderr: int
    ) -> None:
        """Take over a process that was just started, and wait until it is ready."""
        self._process = process
        self._closers += [process.kill, lambda: os.close(stderr)]
        self._stderr = stderr
        self.usage = Usage(process.pid)
        self._connection = await Connection.open(
            frames,
            {
                FrameType.READY: self._on_ready,
                FrameType.LOADED: self._on_reply,
                FrameType.COMPILED: self._on_reply,
                FrameType.REFUSED: self._on_refused,
                FrameType.RETURN: self._on_return,
                FrameType.THROW: self._on_throw,
                FrameType.RESPONSE: self._on_response,
                FrameType.ENDED: self._on_ended,
                FrameType.CALL: self._on_call,
                FrameType.CONSOLE: self._on_console,
                FrameType.COLLECTED: self._on_collected,
                **self._streams.handlers,
            },
            max_frame_bytes=self._config.max_frame_bytes,
            on_lost=self._on_lost,
        )
        self._streams.connection = self._calls.connection = self._connection
        self._closers.append(self._connection.close)
        self._sync = await SyncChannel.open(sync, self._call_synchronously, self._config.max_frame_bytes)
        self._closers.append(self._sync.close)
        async with asyncio.timeout(_START_SECONDS):
            await self._ready
        self.usage.settle()

    @property
    def alive(self) -> bool:
        return self.ending is None

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def unread_bytes(self) -> int:
        """What the node holds because the process has not read it; counts towards the process's memory."""
        return self._connection.unread_bytes

    def load(
        self, application_id: ApplicationId, package_id: PackageId, payload: bytes
    ) -> asyncio.Future[Any]:
        """Load a program; the result is what its top-level code registered."""
        loaded = Running(0, application_id, package_id, None, None, self._loop.create_future(), 0.0, 0.0)
        self._loaded = self.running[0] = loaded
        return self._ask(FrameType.LOAD, payload)

    def compile(self, sources: Sequence[tuple[str, str]]) -> asyncio.Future[Any]:
        """Compile modules; the result is a list of [code, has a source map]."""
        return self._ask(FrameType.COMPILE, values.encode([list(pair) for pair in sources]))

    def _ask(self, type_: FrameType, payload: bytes) -> asyncio.Future[Any]:
        id_ = self._new_id()
        reply = self._replies[id_] = self._loop.create_future()
        self._connection.send(type_, id_, payload)
        return reply

    def loaded(self, registrations: dict[str, list[Any]]) -> None:
        """Top-level code is done: from now on there are only invocations."""
        loaded = self.running.pop(0)
        loaded.registrations = registrations
        self._release(loaded)

    def invoke(self, handler: HandlerEntry, number: bytes, invocation: Invocation, timeout: float) -> Running:
        """Start an invocation of the handler with the encoded `number`; the result is in its future."""
        id_ = self._new_id()
        running = Running(
            id_,
            invocation.application_id,
            invocation.package_id,
            handler,
            invocation,
            self._loop.create_future(),
            timeout,
            time.monotonic() + timeout,
        )
        if self._loaded is not None:
            running.registrations = self._loaded.registrations
        arguments = (
            invocation.arguments
            if invocation.http is None
            else _wire.request(invocation.http, self._body_of(running, invocation.http))
        )
        caller = _wire.caller(invocation.identity, invocation.accounts, invocation.origin)
        self.running[id_] = running
        self._connection.send(FrameType.INVOKE, id_, b"\x85" + number + caller + arguments)
        return running

    def _body_of(self, running: Running, http: HttpRequest) -> bytes | values.StreamRef | None:
        if http.body is None or isinstance(http.body, bytes):
            return http.body
        return self._streams.send(running.own_streams(), HostStream(http.body))

    def cancel(self, running: Running, error: ProvenError) -> None:
        """End an invocation from outside. The guest has to confirm; see `cancelled`."""
        if self.running.pop(running.id, None) is None:
            return
        self.cancelled[running.id] = Cancellation(self.usage.cpu_seconds())
        self._connection.send(FrameType.CANCEL, running.id)
        running.fail(error)
        self._release(running)

    def collect(self) -> None:
        """Ask it to give back memory it does not need; it is `collecting` until it says that it has."""
        self.collecting = True
        self._connection.send(FrameType.COLLECT, 0)

    def kill(self, ending: Ending) -> None:
        """End the process now, and with it everything that runs in it."""
        if self.ending is not None:
            return
        self.ending = ending
        for close in self._closers:
            close()
        self._fail_all(ending)
        if ending is not Ending.RETIRED:
            _log.warning("guest_ended", extra=self._ended(ending))
        self.on_end()

    def _ended(self, ending: Ending) -> dict[str, object]:
        of = {} if self._loaded is None else {"application": self._loaded.application_id}
        return {"pid": self.pid, "reason": ending.value, **of}

    async def gone(self) -> None:
        """Wait until the process has been reaped and nothing of its invocations is left."""
        await self._process.wait()
        if self._endings:
            await asyncio.wait(self._endings)

    def _new_id(self) -> int:
        id_ = self._next_id
        self._next_id = id_ + 1 if id_ < 0xFFFFFFFF else 1
        return id_

    # What the guest sends

    def _on_ready(self, id_: int, payload: bytes) -> None:
        if not self._ready.done():
            self._ready.set_result(None)

    def _on_reply(self, id_: int, payload: bytes) -> None:
        result = _wire.decode(payload, max_bytes=self._config.max_frame_bytes)
        reply = self._replies.pop(id_, None)
        if reply is not None and not reply.done():
            reply.set_result(result)

    def _on_refused(self, id_: int, payload: bytes) -> None:
        thrown = self._thrown(payload)
        reply = self._replies.pop(id_, None)
        if reply is not None and not reply.done():
            reply.set_exception(thrown)

    def _on_return(self, id_: int, payload: bytes) -> None:
        running = self.running.pop(id_, None)
        if running is None:
            return
        if not running.future.done():
            running.future.set_result(payload)
        self._release(running)

    def _on_throw(self, id_: int, payload: bytes) -> None:
        error = self._thrown(payload).as_seen()
        running = self.running.pop(id_, None)
        if running is None:
            return
        running.fail(error)
        self._release(running)

    def _on_response(self, id_: int, payload: bytes) -> None:
        running = self.running.get(id_)
        if running is None or running.future.done():
            return
        try:
            status, headers, body = _wire.response(payload)
            stream = None
            if isinstance(body, values.StreamRef):
                stream = running.response = self._streams.receive(running.own_streams(), body.id)
        except ProvenError as error:
            raise ProtocolError(error.message) from None
        if not 200 <= status < 600:
            raise ProtocolError(f"a response with status {status}")
        if stream is not None:
            stream.on_chunk = lambda: self._progress(running)
            running.future.set_result(HttpResponse(status, headers, self._body(running, stream)))
            return
        del self.running[id_]
        running.future.set_result(HttpResponse(status, headers, body if isinstance(body, bytes) else b""))
        self._release(running)

    async def _body(self, running: Running, stream: IncomingStream) -> Any:
        try:
            async for chunk in stream:
                self._progress(running)
                yield chunk
        finally:
            if running.id in self.running:
                self.cancel(running, ProvenError(ErrorCode.UNAVAILABLE, "nobody reads the response any more"))

    def _progress(self, running: Running) -> None:
        running.deadline = time.monotonic() + running.timeout

    def _on_ended(self, id_: int, payload: bytes) -> None:
        if self.cancelled.pop(id_, None) is not None:
            self.on_release()
        running = self.running.pop(id_, None)
        if running is None:
            return
        running.fail(ProvenError(ErrorCode.HANDLER_ERROR, "the handler ended without a result"))
        self._release(running)

    def _on_console(self, id_: int, payload: bytes) -> None:
        match _wire.decode(payload):
            case [str(level), str(text), int(dropped)] if level in _CONSOLE_LEVELS:
                pass
            case _:
                raise ProtocolError("a malformed console line")
        running = self.running.get(id_) or self._loaded
        if running is None:
            return
        record = ConsoleRecord(
            application_id=running.application_id,
            package_id=running.package_id,
            handler=running.handler.address if running.handler else None,
            level=ConsoleLevel(level),
            text=self.map_stack(text) if level == ConsoleLevel.ERROR else text,
            dropped=dropped,
        )
        for receiver in (running.console, self.console):
            if receiver is not None:
                receiver(record)

    def _on_collected(self, id_: int, payload: bytes) -> None:
        self.collecting = False

    def _on_call(self, id_: int, payload: bytes) -> None:
        if len(payload) < U32.size:
            raise ProtocolError("a malformed call")
        running = self.running.get(U32.unpack_from(payload)[0])
        if running is not None:
            self._calls.begin(running, id_, payload[U32.size :])

    async def _call_synchronously(self, invocation: int, payload: bytes) -> bytes:
        return await self._calls.answer_now(self.running.get(invocation), payload)

    # Ends

    def _thrown(self, payload: bytes) -> ThrownError:
        return read_thrown(payload, self.map_stack)

    def _release(self, running: Running) -> None:
        ending = running.release()
        if ending is not None:
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
        self.on_release()

    def _on_lost(self, fault: ProtocolError | None) -> None:
        if self.ending is None:
            if fault is not None:
                _log.error("guest_protocol", extra={"pid": self.pid, "fault": str(fault)})
                self.kill(Ending.PROTOCOL)
            else:
                task = self._loop.create_task(self._classify_end())
                self._endings.add(task)
                task.add_done_callback(self._endings.discard)

    async def _classify_end(self) -> None:
        """The process closed its socket: find out what became of it, and end what is left."""
        self._process.kill()
        status = await self._process.wait()
        if self.ending is not None:
            return
        last_words = b""
        try:
            os.set_blocking(self._stderr, False)
            last_words = os.read(self._stderr, _LAST_WORDS)
        except OSError:
            pass
        _log.warning(
            "guest_exited",
            extra={
                "pid": self.pid,
                "status": status,
                "last_words": last_words[-2000:].decode(errors="replace"),
            },
        )
        self.kill(ending_by_itself(status, last_words))

    def _fail_all(self, ending: Ending) -> None:
        error = error_of(ending)
        for running in list(self.running.values()):
            running.fail(ProvenError(error.code, error.message, retry_after=error.retry_after))
            self._release(running)
        self.running.clear()
        self.cancelled.clear()
        self._streams.fail(error)
        for reply in (*self._replies.values(), self._ready):
            if not reply.done():
                reply.set_exception(error)
                reply.exception()
        self._replies.clear()


_CONSOLE_LEVELS = frozenset(level.value for level in ConsoleLevel)
