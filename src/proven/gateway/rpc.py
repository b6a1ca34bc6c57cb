"""Sealed frames over HTTP and WebSocket: opened, carried out and answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from proven.gateway.commands import Commands, Console
from proven.gateway.http import Request, Response
from proven.gateway.limits import RpcLimits
from proven.gateway.mailbox import Mailbox
from proven.gateway.pushed import Feed, PushCommand, Pushed
from proven.gateway.websocket import WebSocket, WebSocketClosed, WebSocketResponse
from proven.identity import Received, Session, Sessions
from proven.runtime import ConsoleRecord
from proven.wire.commands import (
    MAX_CONSOLE_TEXT,
    ApplicationError,
    ConsoleEvent,
    ExecuteResult,
    LogEvent,
    Result,
    decode_command,
    encode_event,
    encode_failure,
    encode_success,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.session import MAX_FRAME, MAX_REQUEST, session_of_frame

_log = logging.getLogger("proven.gateway")

_SEALED = [(b"content-type", b"application/cose"), (b"cache-control", b"no-store")]
_POLICY_VIOLATION = 1008
_TRY_AGAIN_LATER = 1013
_FEEDS = 16
"""Logs that one connection follows."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A plaintext and, of a handler's answer, the entry that made its version live."""

    plaintext: bytes
    live: int | None = None


class Rpc:
    """The endpoints of sealed sessions. What holds for every frame, before it is opened:

    1. A request that says its Origin says the one its session was opened for: a page cannot use the session
       of another page, whatever it has got hold of.
    2. The session is one of the application (or of management) whose address the frame was sent to.

    What fails before a frame is open is answered in the clear; everything after that is said inside the
    session.
    """

    def __init__(
        self,
        sessions: Sessions,
        commands: Commands,
        *,
        limits: RpcLimits,
        push_console: bool = False,
        pushed: Pushed | None = None,
    ) -> None:
        self.sessions = sessions
        self.pushed = pushed or Pushed()
        self.limits = limits
        self.push_console = push_console
        self._commands = commands
        self._turns: WeakKeyDictionary[Session, _Turn] = WeakKeyDictionary()

    async def open_session(self, request: Request, application_id: ApplicationId | None) -> Response:
        """`POST …/session`: answer a handshake."""
        body = await request.body.read(MAX_REQUEST)
        response, session = await self.sessions.open(body, application_id=application_id, source=request.peer)
        if (origin := request.header(b"origin")) is not None and origin != session.origin:
            self.sessions.revoke(session.id)
            raise _wrong_origin()
        return Response(200, [*_SEALED], response)

    async def exchange(self, request: Request, application_id: ApplicationId | None) -> Response:
        """`POST …/rpc`: one frame in, one out; the requests of one session are carried out one by one."""
        frame = await request.body.read(MAX_FRAME)
        session = self.sessions.find(session_of_frame(frame))
        check_use(session, application_id, request.header(b"origin"))
        turn = self._turns.setdefault(session, _Turn())
        async with turn.taken(self.limits.queued):
            received = self.sessions.receive(frame, session)
            return Response(200, [*_SEALED], session.seal((await self.answer(received)).plaintext))

    def connect(
        self, request: Request, application_id: ApplicationId | None, is_allowed: Callable[[], bool]
    ) -> Response:
        """`GET …/ws`: frames both ways, many calls at once, answered as they finish.

        `is_allowed` says whether the page may go on: an origin that was allowed can be removed.
        """

        async def serve(websocket: WebSocket) -> None:
            origin = request.header(b"origin")
            await _Conversation(self, websocket, application_id, origin, is_allowed).run()

        return WebSocketResponse(101, serve=serve, limits=self.limits.websocket)

    async def answer(
        self,
        received: Received,
        console: Console | None = None,
        mailbox: Mailbox | None = None,
        feed: Feed | None = None,
    ) -> Answer:
        """What answers `received`, whatever happens. Events go to `mailbox` and `feed`."""
        try:
            command = decode_command(received.plaintext)
            if isinstance(command, PushCommand):
                result: Result = await self.pushed.perform(received.session, command, mailbox, feed)
            else:
                result = await self._commands.perform(received.session, command, console)
        except ProvenError as error:
            entry = error.log_index if isinstance(error, ApplicationError) else None
            return Answer(encode_failure(received.sequence, error), entry)
        live = result.log_index if isinstance(result, ExecuteResult) else None
        return Answer(encode_success(received.sequence, result), live)


def check_use(session: Session, application_id: ApplicationId | None, origin: str | None) -> None:
    """Raises `ORIGIN_DENIED` or `BAD_REQUEST` by the rules of `Rpc`."""
    if origin is not None and origin != session.origin:
        raise _wrong_origin()
    if session.application_id != application_id:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the session is one of another application")


def _wrong_origin() -> ProvenError:
    return ProvenError(ErrorCode.ORIGIN_DENIED, "the session was opened for another origin")


class _Turn:
    """A lock with a bounded number of waiters."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._limit = 0

    def taken(self, limit: int) -> _Turn:
        self._limit = limit
        return self

    async def __aenter__(self) -> None:
        if self._waiting >= self._limit:
            raise ProvenError(ErrorCode.OVERLOADED, "too many requests wait for this session", retry_after=1)
        self._waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class _Conversation:
    """One WebSocket. Its first frame says which session it carries; no other is let in after that.

    A frame that does not open ends the session and so the connection; so does the session's end, whatever
    ends it. A page whose origin is allowed no longer loses the connection. Calls still running then are
    cancelled. When the node stops, they may finish, but none begins. What it subscribes to ends with it.
    """

    def __init__(
        self,
        rpc: Rpc,
        websocket: WebSocket,
        application_id: ApplicationId | None,
        origin: str | None,
        is_allowed: Callable[[], bool],
    ) -> None:
        self._rpc = rpc
        self._websocket = websocket
        self._application_id = application_id
        self._origin = origin
        self._is_allowed = is_allowed
        self._calls: set[asyncio.Task[None]] = set()
        self._mailbox: Mailbox | None = None
        self._feeds: dict[ApplicationId, asyncio.Task[None]] = {}
        self._unsaid = 0

    async def run(self) -> None:
        try:
            frame = await self._websocket.receive()
            session = self._rpc.sessions.find(session_of_frame(frame))
            check_use(session, self._application_id, self._origin)
        except ProvenError as error:
            self._websocket.close(_POLICY_VIOLATION, error.code.value)
            return
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._converse(session, frame, tasks)
        finally:
            if self._mailbox is not None and self._application_id is not None:
                self._rpc.pushed.leave(self._application_id, self._mailbox)

    async def _converse(self, session: Session, first: bytes, tasks: asyncio.TaskGroup) -> None:
        beside: set[asyncio.Task[None]] = {tasks.create_task(self._close_with(session))}

        def drain() -> None:
            assert self._mailbox is not None
            task = tasks.create_task(self._mailbox.drain())
            beside.add(task)
            task.add_done_callback(beside.discard)

        def accept(frame: bytes) -> None:
            self._accept(session, frame, tasks)

        limits = self._rpc.limits.events
        self._mailbox = Mailbox(session, self._rpc.sessions, self._websocket, limits, drain)
        self._websocket.on_leaving = self._leave_when_idle
        try:
            accept(first)
            await self._websocket.deliver(accept)
        finally:
            for task in (*beside, *self._calls, *self._feeds.values()):
                task.cancel()

    def _accept(self, session: Session, frame: bytes, tasks: asyncio.TaskGroup) -> None:
        try:
            received = self._rpc.sessions.receive(frame, session)
            if self._websocket.leaving:
                self._websocket.send_now(session.seal(encode_failure(received.sequence, _stopping())))
            elif len(self._calls) < self._rpc.limits.in_flight:
                task = tasks.create_task(self._answer(received, tasks))
                self._calls.add(task)
                task.add_done_callback(self._done)
            else:
                self._websocket.send_now(session.seal(encode_failure(received.sequence, _too_many())))
        except ProvenError as error:
            self._websocket.close(_POLICY_VIOLATION, error.code.value)
        except WebSocketClosed:
            return

    def _done(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        if self._websocket.leaving:
            self._leave_when_idle()

    def _leave_when_idle(self) -> None:
        if not self._calls:
            self._websocket.leave()

    async def _answer(self, received: Received, tasks: asyncio.TaskGroup) -> None:
        console = self._console(received) if self._rpc.push_console else None

        def feed(application_id: ApplicationId, events: AsyncGenerator[LogEvent, None]) -> None:
            self._feed(received.session, tasks, application_id, events)

        answer = await self._rpc.answer(received, console, self._mailbox, feed)
        await self._send(received.session, answer.plaintext, live=answer.live)
        # The peer, which has the answer, may have its next call read before this task is said to have ended.
        self._calls.discard(_this_task())

    def _feed(
        self,
        session: Session,
        tasks: asyncio.TaskGroup,
        application_id: ApplicationId,
        events: AsyncGenerator[LogEvent, None],
    ) -> None:
        before = self._feeds.pop(application_id, None)
        if before is not None:
            before.cancel()
        if len(self._feeds) >= _FEEDS:
            raise ProvenError(ErrorCode.OVERLOADED, "too many logs are followed on this connection")
        self._feeds[application_id] = tasks.create_task(self._push(session, events))

    async def _push(self, session: Session, events: AsyncGenerator[LogEvent, None]) -> None:
        """Send what comes, as fast as it is read. An error ends the connection; who asks anew is told."""
        try:
            async with aclosing(events):
                async for event in events:
                    await self._send(session, encode_event(event))
        except ProvenError as error:
            passing = error.code in (ErrorCode.UNAVAILABLE, ErrorCode.OVERLOADED)
            self._websocket.close(_TRY_AGAIN_LATER if passing else _POLICY_VIOLATION, error.code.value)
        except WebSocketClosed:
            return
        except Exception:
            _log.exception("log_feed_failed")
            self._websocket.close(_TRY_AGAIN_LATER, ErrorCode.INTERNAL.value)

    async def _send(self, session: Session, plaintext: bytes, *, live: int | None = None) -> None:
        """Seal and send without a pause in between, so that frames leave in the order of their sequences.

        `live` is the entry that made the version live which answers.
        """
        while self._websocket.congested:
            await self._websocket.drained()
        try:
            if live is not None and self._mailbox is not None:
                self._rpc.pushed.answering(session, live, self._mailbox)
            self._websocket.send_now(session.seal(plaintext))
        except (WebSocketClosed, ProvenError):
            return  # nobody is left to be answered

    async def _close_with(self, session: Session) -> None:
        reason = ErrorCode.SESSION_CLOSED
        interval = None if self._origin is None else self._rpc.limits.origin_check
        while not session.closed.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(interval):
                    await session.closed.wait()
            if not session.closed.is_set() and not self._is_allowed():
                reason = ErrorCode.ORIGIN_DENIED
                break
        self._websocket.close(_POLICY_VIOLATION, reason.value)

    def _console(self, received: Received) -> Console:
        """Push console lines as they come, except while the caller is slow to read."""

        def push(record: ConsoleRecord) -> None:
            if self._websocket.congested:
                self._unsaid += 1
                return
            text = record.text
            if self._unsaid:
                text = f"({self._unsaid} lines left out: the connection is slow)\n{text}"
                self._unsaid = 0
            event = ConsoleEvent(
                level=record.level.value,
                text=text[:MAX_CONSOLE_TEXT],
                handler=record.handler or "",
                request=received.sequence,
            )
            try:
                self._websocket.send_now(received.session.seal(encode_event(event)))
            except (WebSocketClosed, ProvenError):
                return

        return push


def _stopping() -> ProvenError:
    return ProvenError(ErrorCode.UNAVAILABLE, "the node is stopping", retry_after=1)


def _this_task() -> asyncio.Task[None]:
    task: asyncio.Task[None] | None = asyncio.current_task()
    assert task is not None
    return task


def _too_many() -> ProvenError:
    return ProvenError(ErrorCode.OVERLOADED, "too many calls at once on this connection", retry_after=0.1)
