"""One HTTP/1.1 connection: parsing, order, flow control and deadlines. The server's private half."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from typing import Protocol, cast

import httptools

from proven.gateway._body import EMPTY_BODY, EmptyBody, IncomingBody
from proven.gateway._head import CONTINUE, Framing, Refused, check_size, split_target, too_large
from proven.gateway._writer import close_body, write_response
from proven.gateway.http import Handler, Headers, Request, Response, error_response
from proven.gateway.limits import HttpLimits
from proven.gateway.websocket import WebSocket, WebSocketResponse
from proven.wire.errors import ErrorCode, ProvenError

_log = logging.getLogger("proven.gateway")


class Host(Protocol):
    """What a connection needs of the server it belongs to."""

    limits: HttpLimits
    draining: bool
    handle: Handler

    def scheme_of(self, authority: str) -> str: ...
    def date_header(self) -> bytes: ...
    def opened(self, connection: Connection) -> bool:
        """Count a new connection; False when there are too many."""

    def closed(self, connection: Connection) -> None: ...
    def answered(self, request: Request, response: Response, seconds: float) -> None: ...


class Connection(asyncio.Protocol):
    """One peer, from accept to close. Rules it keeps, in the order a request meets them:

    1. Nothing is parsed leniently; the first malformed byte ends the input (see `Framing` for the rest).
    2. The head, its header count and its request line are bounded, and must arrive within `header_timeout`.
    3. At most `pipelined` requests wait; past that the connection ends after answering them.
    4. Requests are answered one at a time, in order. A body nobody reads stops the reading of the socket.
    5. A peer that goes away cancels the handler that works for it.
    6. If the input cannot be trusted any more (error, unread body, upgrade) the answer says
       `Connection: close`, and what the peer still sends is discarded for `linger` seconds.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._limits = host.limits
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._peer = ""
        self._target = b""
        self._headers: Headers = []
        self._in_head = False
        self._progress = 0
        self._stalled = 0
        self._incoming: IncomingBody | None = None
        self._expects_continue: IncomingBody | None = None
        self._refused: Refused | None = None
        self._input_ended = False
        self._queue: deque[Request | Refused] = deque()
        self._task: asyncio.Task[None] | None = None
        self._buffered = 0
        self._paused_at: float | None = None
        self._closing = False
        self._upgrade_rest = b""
        self._websocket: WebSocket | None = None
        self._body_started = 0.0
        self._read_deadline = math.inf
        self._write_deadline = math.inf
        self.drained: asyncio.Future[None] | None = None

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        self._read_deadline = self._loop.time() + self._limits.header_timeout
        if not self._host.opened(self):
            self._refuse(Refused(503, "too many connections", ErrorCode.OVERLOADED))

    def connection_lost(self, exc: Exception | None) -> None:
        self._input_ended = self._closing = True
        self._queue.clear()
        self.resume_writing()
        if self._websocket is not None:
            self._websocket.connection_lost()
        if self._task is not None:
            self._task.cancel()
        self._host.closed(self)

    def pause_writing(self) -> None:
        self.drained = self._loop.create_future()
        self._write_deadline = self._loop.time() + self._limits.write_timeout

    def resume_writing(self) -> None:
        if not self._transport.is_closing():
            self._write_deadline = math.inf
        drained, self.drained = self.drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
        if self._websocket is not None:
            self._websocket.send_buffer_drained()

    def data_received(self, data: bytes) -> None:
        if self._websocket is not None:
            self._websocket.data_received(data)
            return
        if self._input_ended:
            return
        before = self._progress
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._end_input()
            self._upgrade_rest = data[upgrade.args[0] :]
            self.pause_reading()
        except httptools.HttpParserInvalidMethodError:
            self._refuse(Refused(501, "no such method", ErrorCode.METHOD_NOT_ALLOWED))
        except httptools.HttpParserError:
            # After `Connection: close` whatever follows is an error to the parser and nothing to us.
            if not self._input_ended:
                self._refuse(self._refused or Refused(400, "this is not well-formed HTTP/1.1"))
        else:
            self._bound_lines(len(data) if self._progress == before else 0)

    def _bound_lines(self, size: int) -> None:
        """Bound bytes that complete nothing: the parser holds an unfinished header or trailer line."""
        self._stalled = self._stalled + size if size else 0
        if self._stalled > self._limits.header_bytes:
            self._refuse(too_large())

    # The parser's side. Raising from a callback ends the input.

    def on_message_begin(self) -> None:
        self._in_head = True
        self._target = b""
        self._headers = []
        if len(self._queue) >= self._limits.pipelined:
            self._reject(Refused(503, "too many requests at once on one connection", ErrorCode.OVERLOADED))
        if self._task is None:
            self._read_deadline = self._loop.time() + self._limits.header_timeout

    def on_url(self, part: bytes) -> None:
        self._target += part
        if len(self._target) > self._limits.request_line:
            self._reject(Refused(414, "the request target is too long", ErrorCode.TOO_LARGE))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer
        self._headers.append((name.lower(), value.strip(b" \t")))
        if len(self._headers) > self._limits.header_count:
            self._reject(too_large())

    def on_headers_complete(self) -> None:
        try:
            request = self._request()
        except Refused as refused:
            self._reject(refused)
        self._in_head = False
        self._progress += 1
        self._read_deadline = math.inf
        if self._incoming is not None:
            self._body_started = self._loop.time()
            self._set_body_deadline(self._incoming)
        self._queue.append(request)
        self._advance()

    def on_body(self, chunk: bytes) -> None:
        self._progress += 1
        body = self._incoming
        if body is None or self._closing:
            return
        body.feed(chunk)
        self._buffered += len(chunk)
        if self._buffered > self._limits.buffered_body:
            self.pause_reading()
        else:
            self._set_body_deadline(body)

    def on_message_complete(self) -> None:
        self._progress += 1
        if self._incoming is not None:
            self._incoming.finish()
            self._incoming = None
            self._read_deadline = math.inf
        if not self._parser.should_keep_alive():
            self._end_input()

    def _request(self) -> Request:
        method = self._parser.get_method().decode("ascii")
        version = self._parser.get_http_version()
        check_size(self._target, self._headers, self._limits.header_bytes)
        path, query, target_authority = split_target(method, self._target)
        framing = Framing(version, self._headers, target_authority)
        body: IncomingBody | EmptyBody = EMPTY_BODY
        if framing.length != 0:
            if self._parser.should_upgrade():
                raise Refused(400, "an upgrade request has no body")
            body = self._incoming = IncomingBody(self, framing.length)
            if framing.expects_continue:
                self._expects_continue = body
        return Request(
            method=method,
            target=self._target.decode("ascii"),
            path=path,
            query=query,
            headers=self._headers,
            body=body,
            scheme=self._host.scheme_of(framing.authority),
            authority=framing.authority,
            version=version,
            peer=self._peer,
        )

    def _reject(self, refused: Refused) -> None:
        self._refused = refused
        raise refused

    def _refuse(self, refused: Refused) -> None:
        """End the input: fail the body being read, or answer `refused` after what is already queued."""
        self._end_input()
        if self._incoming is not None:
            self._incoming.fail(refused.error)
        else:
            self._queue.append(refused)
        self._advance()

    def _end_input(self) -> None:
        self._input_ended = True
        self._read_deadline = math.inf

    def _set_body_deadline(self, body: IncomingBody) -> None:
        allowed = self._limits.body_grace + body.received / self._limits.body_rate
        self._read_deadline = self._body_started + allowed

    # The body's side (`_body.Flow`) and the WebSocket's (`websocket.Flow`).

    def body_wanted(self) -> None:
        if self._expects_continue is not None and self._expects_continue is self._incoming:
            self.write(CONTINUE)
        self._expects_continue = None

    def body_taken(self, size: int) -> None:
        self._buffered -= size
        if self._buffered <= self._limits.buffered_body // 2:
            self.resume_reading()

    def pause_reading(self) -> None:
        if self._paused_at is None and not self._transport.is_closing():
            self._paused_at = self._loop.time()
            self._read_deadline = math.inf
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._paused_at is None or self._transport.is_closing():
            return
        self._body_started += self._loop.time() - self._paused_at
        self._paused_at = None
        self._transport.resume_reading()
        if self._incoming is not None:
            self._set_body_deadline(self._incoming)

    # Requests, one after another.

    def _advance(self) -> None:
        if self._task is None and self._queue:
            self._task = self._loop.create_task(self._answer(self._queue.popleft()))

    async def _answer(self, entry: Request | Refused) -> None:
        keep_alive = False
        try:
            if isinstance(entry, Refused):
                refusal = error_response(entry.error, status=entry.status)
                await self._write(refusal, None, keep_alive=False)
            else:
                keep_alive = await self._answer_request(entry)
        except ConnectionError:
            self._transport.abort()
        except Exception:
            _log.exception("response_failed")
            self._transport.abort()
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        finally:
            self._finished(keep_alive=keep_alive)

    async def _answer_request(self, request: Request) -> bool:
        """Handle and answer `request`; whether the connection may carry another."""
        started = self._loop.time()
        body = cast(IncomingBody | EmptyBody, request.body)
        response = await self._handle(request)
        if isinstance(response, WebSocketResponse):
            await self._serve_websocket(request, response)
            self._host.answered(request, response, self._loop.time() - started)
            return False
        try:
            self._expects_continue = None
            keep_alive = (
                body.complete and (bool(self._queue) or not self._input_ended) and not self._host.draining
            )
            if request.version != "1.1":
                keep_alive = False
            await self._write(response, request, keep_alive=keep_alive)
        finally:
            body.discard()
            if not isinstance(response.body, bytes):
                await close_body(response)
        self._host.answered(request, response, self._loop.time() - started)
        return keep_alive

    async def _handle(self, request: Request) -> Response:
        try:
            return await self._host.handle(request)
        except ProvenError as error:
            return error_response(error)
        except Exception:
            _log.exception("handler_failed", extra={"path": request.path})
            return error_response(ProvenError(ErrorCode.INTERNAL, "something went wrong inside the node"))

    async def _write(self, response: Response, request: Request | None, *, keep_alive: bool) -> None:
        date = self._host.date_header()
        await write_response(self, response, request=request, keep_alive=keep_alive, date=date)

    async def _serve_websocket(self, request: Request, response: WebSocketResponse) -> None:
        self._end_input()
        websocket = WebSocket(self._transport, response.limits, self)
        refusal = websocket.accept(request)
        if refusal is not None:
            await self._write(refusal, request, keep_alive=False)
            return
        self._websocket = websocket
        if self._upgrade_rest:
            websocket.data_received(self._upgrade_rest)
        self.resume_reading()
        if self._host.draining:
            websocket.go_away()
        await websocket.run(response.serve)

    def _finished(self, *, keep_alive: bool) -> None:
        self._task = None
        if self._transport.is_closing() or self._websocket is not None:
            return  # a WebSocket ends by its own handshake
        if not keep_alive:
            self._close()
        elif self._queue:
            self._advance()
        elif self._input_ended or self._host.draining:
            self._close()
        else:
            timeout = self._limits.header_timeout if self._in_head else self._limits.idle_timeout
            self._read_deadline = self._loop.time() + timeout

    # Closing.

    def _close(self) -> None:
        """Send what is buffered and end. A peer still sending gets `linger` seconds to read the answer."""
        self._closing = self._input_ended = True
        self._queue.clear()
        if self._transport.can_write_eof():
            self.resume_reading()
            self._transport.write_eof()
            self._read_deadline = self._loop.time() + self._limits.linger
        else:
            self._shut()

    def _shut(self) -> None:
        self._read_deadline = math.inf
        self._write_deadline = self._loop.time() + self._limits.write_timeout
        self._transport.close()

    def drain(self) -> None:
        """Finish what is being answered, then close; the server calls this once, when it stops."""
        if self._websocket is not None:
            self._websocket.go_away()
        elif self._task is None and not self._closing:
            self._shut()

    def abort(self) -> None:
        self._transport.abort()

    def sweep(self, now: float) -> None:
        """Act on deadlines that have passed; the server calls this about once a second."""
        if now >= self._write_deadline:
            self._transport.abort()
        elif self._websocket is not None:
            self._websocket.sweep(now)
        elif now >= self._read_deadline:
            if self._closing or (not self._in_head and self._incoming is None):
                self._shut()
            else:
                self._refuse(Refused(408, "the request took too long to arrive", ErrorCode.REQUEST_TIMEOUT))
