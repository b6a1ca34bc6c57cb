"""WebSockets (RFC 6455) over an accepted HTTP connection; framing by the sans-I/O half of `websockets`."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from websockets.datastructures import Headers as HandshakeHeaders
from websockets.exceptions import ProtocolError
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request as HandshakeRequest
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from proven.gateway.http import Request, Response
from proven.gateway.limits import WebSocketLimits

_log = logging.getLogger("proven.gateway")
_SWITCHING_PROTOCOLS = 101


class _ProtocolLog(logging.LoggerAdapter[logging.Logger]):
    """The framing library reports each connection's opening and closing at INFO; the access log has those."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802
        return level > logging.INFO and super().isEnabledFor(level)


class WebSocketClosed(Exception):  # noqa: N818
    """The peer, the network or this side has closed the WebSocket."""


def _frame_head(size: int) -> bytes:
    """What comes before a whole binary message from a server (RFC 6455 §5.2): final, not masked.

    Written here because the framing library takes several times as long to make it as it takes to send it.
    """
    if size < 126:
        return bytes((0x82, size))
    if size < 0x10000:
        return b"\x82\x7e" + size.to_bytes(2, "big")
    return b"\x82\x7f" + size.to_bytes(8, "big")


class Flow(Protocol):
    """What a WebSocket needs of the connection that carries it."""

    @property
    def drained(self) -> asyncio.Future[None] | None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


@dataclass(slots=True)
class WebSocketResponse(Response):
    """A handler's answer that accepts the upgrade and says who serves it."""

    serve: Callable[[WebSocket], Awaitable[None]] = field(kw_only=True)
    limits: WebSocketLimits = field(default_factory=WebSocketLimits, kw_only=True)


class WebSocket:
    """One open WebSocket: whole binary messages in and out, both ways held back by the slower side.

    Text messages close it (1003): everything this node says over one is binary. Compression is never
    negotiated: it would make a sealed frame's length tell about its content, and a small message a large one.
    """

    def __init__(self, transport: asyncio.Transport, limits: WebSocketLimits, flow: Flow) -> None:
        self._transport = transport
        self._limits = limits
        self._flow = flow
        self._loop = asyncio.get_running_loop()
        self._protocol = ServerProtocol(state=OPEN, max_size=limits.message, logger=_ProtocolLog(_log, {}))
        self._messages: deque[bytes] = deque()
        self._fragments = bytearray()
        self._reader: asyncio.Future[None] | None = None
        self._receiver: Callable[[bytes], None] | None = None
        self._lost = False
        self.leaving = False
        self.on_leaving: Callable[[], None] = self.leave
        self._next_ping = math.inf
        self._dead_at = math.inf
        self._close_by = math.inf

    def accept(self, request: Request) -> Response | None:
        """Answer the handshake; None when it succeeded, else the HTTP response that refuses it."""
        headers = HandshakeHeaders()
        for name, value in request.headers:
            headers[name.decode("ascii")] = value.decode("latin-1")
        handshake = HandshakeRequest(
            request.target, headers, method=request.method, protocol=f"HTTP/{request.version}"
        )
        answer = ServerProtocol(logger=_ProtocolLog(_log, {})).accept(handshake)
        if answer.status_code != _SWITCHING_PROTOCOLS:
            kept = [
                (name.lower().encode("ascii"), value.encode("latin-1"))
                for name, value in answer.headers.raw_items()
                if name.lower() in ("content-type", "upgrade", "allow", "sec-websocket-version")
            ]
            return Response(answer.status_code, kept, bytes(answer.body or b""))
        self._transport.write(answer.serialize())
        self._next_ping = self._loop.time() + self._limits.ping_interval
        return None

    async def receive(self) -> bytes:
        """The next message. Raises `WebSocketClosed` once there will be none."""
        while not self._messages:
            if self._lost or self._protocol.state is not OPEN:
                raise WebSocketClosed
            self._reader = self._loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        message = self._messages.popleft()
        if len(self._messages) == self._limits.queued_messages // 2:
            self._flow.resume_reading()
        return message

    async def deliver(self, receiver: Callable[[bytes], None]) -> None:
        """Hand every message to `receiver` as it arrives, without a queue, until there will be none.

        The receiver bounds what it takes on; the peer is still held back while it does not read.
        """
        while self._messages:
            receiver(self._messages.popleft())
        self._receiver = receiver
        self._flow.resume_reading()
        try:
            while not self._lost and self._protocol.state is OPEN:
                self._reader = self._loop.create_future()
                await self._reader
        finally:
            self._reader = self._receiver = None

    async def send(self, message: bytes) -> None:
        """Send one message, waiting while the peer is slow. Raises `WebSocketClosed`."""
        self.send_now(message)
        await self.drained()

    def send_now(self, message: bytes) -> None:
        """Put one message in the send buffer without waiting; for callers that bound themselves."""
        if self._lost or self._protocol.state is not OPEN:
            raise WebSocketClosed
        self._transport.write(_frame_head(len(message)) + message)

    @property
    def congested(self) -> bool:
        """Whether the peer is slow to read."""
        return self._flow.drained is not None

    async def drained(self) -> None:
        """Wait until the send buffer has room again."""
        drained = self._flow.drained
        if drained is not None:
            await asyncio.shield(drained)

    def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Start the closing handshake; nothing can be sent after it."""
        if self._lost or self._protocol.state is not OPEN:
            return
        self._protocol.send_close(code, reason[:120])
        self._flush()
        self._close_by = self._loop.time() + self._limits.close_timeout
        self._wake()

    def go_away(self) -> None:
        """The server stops: close now or, where `on_leaving` says so, when there is nothing left to say."""
        self.leaving = True
        self.on_leaving()

    def leave(self) -> None:
        """Tell the peer that the server stops."""
        self.close(CloseCode.GOING_AWAY, "the node is stopping")

    async def run(self, serve: Callable[[WebSocket], Awaitable[None]]) -> None:
        """Serve until `serve` returns or the peer is gone, then close."""
        try:
            await serve(self)
        except WebSocketClosed:
            pass
        except Exception:
            _log.exception("websocket_failed")
            self.close(CloseCode.INTERNAL_ERROR)
        self.close()

    # The connection's side.

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frame(event)
        self._dead_at = math.inf
        self._next_ping = self._loop.time() + self._limits.ping_interval
        if self._protocol.state is not OPEN:
            self._wake()
        elif len(self._messages) >= self._limits.queued_messages or self._flow.drained is not None:
            self._flow.pause_reading()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:
            self.close(CloseCode.UNSUPPORTED_DATA, "binary messages only")
        elif frame.opcode is Opcode.BINARY and frame.fin:
            self._message(bytes(frame.data))
        elif frame.opcode is Opcode.BINARY or frame.opcode is Opcode.CONT:
            self._fragments += frame.data
            if frame.fin:
                message = bytes(self._fragments)
                self._fragments.clear()
                self._message(message)

    def _message(self, message: bytes) -> None:
        if self._receiver is not None:
            self._receiver(message)
        elif self._protocol.state is OPEN:
            self._messages.append(message)
            self._wake()

    def connection_lost(self) -> None:
        self._lost = True
        self._wake()

    def send_buffer_drained(self) -> None:
        if len(self._messages) < self._limits.queued_messages:
            self._flow.resume_reading()

    def sweep(self, now: float) -> None:
        if now >= self._dead_at or now >= self._close_by:
            self._transport.abort()
        elif now >= self._next_ping and self._protocol.state is OPEN:
            self._next_ping = math.inf
            self._dead_at = now + self._limits.pong_timeout
            try:
                self._protocol.send_ping(b"")
            except ProtocolError:
                return
            self._flush()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._transport.close()
                self._close_by = self._loop.time() + self._limits.close_timeout
                self._wake()
