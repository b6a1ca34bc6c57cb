"""What one connection has yet to be sent without having asked: events, and which version answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from proven.gateway.events import Outgoing
from proven.gateway.limits import EventLimits
from proven.gateway.versions import Notice
from proven.gateway.websocket import WebSocketClosed
from proven.identity import Session, Sessions
from proven.wire.commands import MissedEvents, encode_event
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import includes
from proven.wire.ids import IdentityId, SessionId

_TRY_AGAIN_LATER: Final = 1013


class Connection(Protocol):
    """What a mailbox needs of the WebSocket that it sends over."""

    @property
    def congested(self) -> bool: ...
    async def drained(self) -> None: ...
    def send_now(self, message: bytes) -> None: ...
    def close(self, code: int, reason: str) -> None: ...


class Mailbox:
    """A `Listener` to events and a `Follower` of a version. Its rules, in order:

    1. Nothing is sent to a session that has ended, also if nobody has noticed its end before.
    2. An event goes only to a session that subscribes to it and belongs to its audience, and does so in the
       moment in which it is sealed.
    3. While the peer is slow to read, at most `limits.queued` events of `limits.queued_bytes` are kept; those
       after them are counted, and the count is told in their place. Events for others are not counted.
    4. Of what is to be told of the application's version, the last is kept. Before an answer of a version
       that was not told of yet, it is told of (`answering`).

    `start` is called when there is something in it for `drain` to send.
    """

    __slots__ = (
        "_bytes",
        "_connection",
        "_draining",
        "_limits",
        "_notice",
        "_queue",
        "_session",
        "_sessions",
        "_start",
        "_told",
        "names",
    )

    def __init__(
        self,
        session: Session,
        sessions: Sessions,
        connection: Connection,
        limits: EventLimits,
        start: Callable[[], None],
    ) -> None:
        self.names: set[str] = set()
        self._session = session
        self._sessions = sessions
        self._connection = connection
        self._limits = limits
        self._start = start
        self._queue: deque[Outgoing | int] = deque()
        self._bytes = 0
        self._notice: Notice | None = None
        self._told: int | None = None
        self._draining = False

    @property
    def session_id(self) -> SessionId:
        return self._session.id

    @property
    def identity(self) -> IdentityId | None:
        return self._session.identity

    def offer(self, event: Outgoing) -> None:
        if not self._is_for_this_session(event):
            return
        if not self._queue and not self._connection.congested:
            self._send(event.plaintext)
        elif self._has_room_for(event):
            self._keep(event)
            self._bytes += len(event.plaintext)
        else:
            self.missed(1)

    def missed(self, count: int) -> None:
        last = self._queue[-1] if self._queue else None
        if isinstance(last, int):
            self._queue[-1] = last + count
        elif self._queue or self._connection.congested:
            self._keep(count)
        else:
            self._send(_missed(count))

    def follow_version(self, live: int) -> None:
        self._told = live

    def tell(self, notice: Notice) -> None:
        if self._told is None or (notice.switches and notice.live <= self._told):
            return
        if self._draining or self._connection.congested:
            self._notice = notice
            self._wake()
        else:
            self._tell(notice)

    def answering(self, live: int, latest: Callable[[], Notice]) -> None:
        """What the version answers that entry `live` made live is sealed after this, without a pause."""
        if self._told is not None and live > self._told:
            self._notice = None
            self._tell(latest())

    def lost(self) -> None:
        self._connection.close(_TRY_AGAIN_LATER, ErrorCode.UNAVAILABLE.value)

    async def drain(self) -> None:
        """Send what is in it as the peer reads, until it is empty."""
        with suppress(WebSocketClosed):
            while self._queue or self._notice:
                while self._connection.congested:
                    await self._connection.drained()
                notice, self._notice = self._notice, None
                if notice is not None:
                    self._tell(notice)
                if not self._queue:
                    continue
                item = self._queue.popleft()
                if isinstance(item, int):
                    self._send(_missed(item))
                    continue
                self._bytes -= len(item.plaintext)
                if self._is_for_this_session(item):
                    self._send(item.plaintext)
        self._draining = False

    def _is_for_this_session(self, event: Outgoing) -> bool:
        return event.name in self.names and includes(event.audience, self._session.identity)

    def _has_room_for(self, event: Outgoing) -> bool:
        limits = self._limits
        return len(self._queue) < limits.queued and self._bytes + len(event.plaintext) <= limits.queued_bytes

    def _keep(self, item: Outgoing | int) -> None:
        self._queue.append(item)
        self._wake()

    def _wake(self) -> None:
        if not self._draining:
            self._draining = True
            self._start()

    def _tell(self, notice: Notice) -> None:
        self._told = notice.live
        self._send(notice.plaintext)

    def _send(self, plaintext: bytes) -> None:
        """Seal and send without a pause in between, so that frames leave in the order of their sequences."""
        if not self._sessions.is_live(self._session):
            return
        try:
            self._connection.send_now(self._session.seal(plaintext))
        except (WebSocketClosed, ProvenError):
            return  # nobody is left to be told


def _missed(count: int) -> bytes:
    return encode_event(MissedEvents(count=count))
