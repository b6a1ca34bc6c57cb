"""Published events on their way to subscribers: from the engine to one hub, from there to each connection."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from proven.engine.interface import Messages, MessageSubscription
from proven.gateway.limits import EventLimits
from proven.wire.commands import PublishedEvent, encode_event
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import Audience, EventMessage, check_name
from proven.wire.ids import ApplicationId, PackageId, SessionId

_log = logging.getLogger("proven.gateway")

SLICE: Final = 32
"""Connections that are handed an event before everything else in the node gets a turn."""

_SETTLED: Final = 0.05
"""Seconds without a message after which a subscription that overflowed has been read to its end."""


def subject_of(application_id: ApplicationId) -> str:
    """Where the engine carries the events of an application."""
    return f"events.{application_id}"


LiveSince = Callable[[ApplicationId, PackageId], int | None]
"""The entry of the log that made a package of an application live last; None if none did."""


class Publisher:
    """Hands events to the engine, which hands them to the hub of every node that has subscribers."""

    def __init__(self, messages: Messages, live_since: LiveSince) -> None:
        self._messages = messages
        self._live_since = live_since

    async def publish(
        self,
        application_id: ApplicationId,
        package_id: PackageId,
        event: str,
        payload: bytes,
        audience: Audience,
    ) -> None:
        """See `proven.runtime.hostcalls.EventSink`."""
        entry = self._live_since(application_id, package_id)
        message = EventMessage(event, payload, audience, None if entry is None else (package_id, entry))
        await self._messages.publish(subject_of(application_id), message.encode())


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event as all connections are sent it: made once, sealed for each."""

    name: str
    audience: Audience
    plaintext: bytes


class Listener(Protocol):
    """One connection, as the hub sees it. None of it waits."""

    @property
    def session_id(self) -> SessionId: ...
    @property
    def names(self) -> set[str]:
        """What it subscribes to; the hub's to change."""

    def offer(self, event: Outgoing) -> None:
        """Take an event of one of its names, if it is for whoever this is now."""

    def missed(self, count: int) -> None:
        """Take note that up to `count` events were lost before it was known whom they are for."""

    def lost(self) -> None:
        """Take note that nothing more will come, so that the client asks anew."""


class EventHub:
    """The subscriptions of one node. What holds, for each application:

    1. While anybody subscribes, there is one subscription to the engine, and otherwise none. It is there
       before the first `subscribe` returns.
    2. Events are handed to each listener in the order in which the engine carried them. Nobody is waited for:
       what a listener has no room for, it counts.
    3. A session subscribes to at most `limits.names` names, over all its connections.
    4. What the engine had no room for is told to every listener, whomever it was for, in the place where it
       is missing.
    5. When the engine's subscription ends, every listener is told so: none goes on waiting for nothing.
    """

    def __init__(self, messages: Messages, limits: EventLimits | None = None) -> None:
        self._messages = messages
        self._limits = limits or EventLimits()
        self._topics: dict[ApplicationId, _Topic] = {}
        self._names: Counter[SessionId] = Counter()

    async def subscribe(self, application_id: ApplicationId, name: str, listener: Listener) -> None:
        """Hand the application's events of that name to `listener` from now on. Twice is once.

        Raises `ProvenError`: `BAD_REQUEST` for what cannot name an event, `QUOTA_EXCEEDED`, `UNAVAILABLE`.
        """
        check_name(name)
        if name not in listener.names and self._names[listener.session_id] >= self._limits.names:
            raise ProvenError(
                ErrorCode.QUOTA_EXCEEDED, f"a session subscribes to at most {self._limits.names} events"
            )
        topic = self._topics.get(application_id)
        if topic is None:
            topic = self._topics[application_id] = _Topic(self._limits.buffer)
            topic.start(self._messages, application_id, self._ended)
        if name not in listener.names:
            listener.names.add(name)
            self._names[listener.session_id] += 1
        topic.listeners.setdefault(name, {})[listener] = None
        try:
            await asyncio.shield(topic.opened)
        except ProvenError:
            self.unsubscribe(application_id, name, listener)
            raise

    def unsubscribe(self, application_id: ApplicationId, name: str, listener: Listener) -> None:
        """Hand it to `listener` no more."""
        if name not in listener.names:
            return
        listener.names.discard(name)
        self._names[listener.session_id] -= 1
        if not self._names[listener.session_id]:
            del self._names[listener.session_id]
        topic = self._topics.get(application_id)
        if topic is None:
            return
        interested = topic.listeners.get(name, {})
        interested.pop(listener, None)
        if not interested:
            topic.listeners.pop(name, None)
        if not topic.listeners:
            del self._topics[application_id]
            topic.stop()

    def leave(self, application_id: ApplicationId, listener: Listener) -> None:
        """Forget `listener`, whose connection has ended."""
        for name in list(listener.names):
            self.unsubscribe(application_id, name, listener)

    async def stop(self) -> None:
        """End every subscription."""
        topics = list(self._topics.values())
        self._topics.clear()
        for topic in topics:
            topic.stop()
        for topic in topics:
            await topic.finished()

    @property
    def subscriptions(self) -> int:
        """How many applications have subscribers here."""
        return len(self._topics)

    def _ended(self, application_id: ApplicationId, topic: _Topic) -> None:
        if self._topics.get(application_id) is topic:
            del self._topics[application_id]


class _Topic:
    """One application's events: the engine's subscription, and who is handed what comes."""

    def __init__(self, buffer: int) -> None:
        self.listeners: dict[str, dict[Listener, None]] = {}
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = buffer
        self._task: asyncio.Task[None] | None = None

    def start(
        self,
        messages: Messages,
        application_id: ApplicationId,
        ended: Callable[[ApplicationId, _Topic], None],
    ) -> None:
        self._task = asyncio.create_task(self._run(messages, application_id, ended), name="events")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def finished(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(
        self,
        messages: Messages,
        application_id: ApplicationId,
        ended: Callable[[ApplicationId, _Topic], None],
    ) -> None:
        failure = ProvenError(ErrorCode.UNAVAILABLE, "events cannot be delivered now", retry_after=1)
        try:
            incoming = await messages.subscribe(subject_of(application_id), buffer=self._buffer)
            async with incoming:
                self.opened.set_result(None)
                await self._deliver(incoming)
        except ProvenError as error:
            failure = error
            _log.warning(
                "event_subscription_ended", extra={"application": application_id, "reason": str(error)}
            )
        except Exception:
            _log.exception("event_delivery_failed", extra={"application": application_id})
        finally:
            ended(application_id, self)
            if not self.opened.done():
                self.opened.set_exception(failure)
                self.opened.exception()  # there may be nobody left who asks
            for listener in self._everyone():
                listener.lost()

    async def _deliver(self, incoming: MessageSubscription) -> None:
        """Hand on what comes until nothing does any more.

        Messages are dropped while the subscription is full. Nothing is taken from it between two reads, so
        what is found dropped at one of them belongs behind as many messages as fit, that one included.
        """
        gaps: deque[tuple[int, int]] = deque()
        read = dropped = 0
        while True:
            try:
                async with asyncio.timeout(_SETTLED if gaps else None):
                    data = await incoming.__anext__()
            except StopAsyncIteration:
                return
            except TimeoutError:
                self._missed(sum(count for _, count in gaps))
                gaps.clear()
                continue
            if incoming.dropped != dropped:
                gaps.append((read + self._buffer, incoming.dropped - dropped))
                dropped = incoming.dropped
            read += 1
            await self._hand_on(data)
            while gaps and gaps[0][0] <= read:
                self._missed(gaps.popleft()[1])

    async def _hand_on(self, data: bytes) -> None:
        try:
            message = EventMessage.decode(data)
        except ProvenError:
            _log.exception("malformed_event")
            self._missed(1)
            return
        interested = self.listeners.get(message.name)
        if interested is None:
            return
        package_id, log_index = message.source or (None, None)
        plaintext = encode_event(
            PublishedEvent(
                name=message.name, payload=message.payload, package_id=package_id, log_index=log_index
            )
        )
        event = Outgoing(message.name, message.audience, plaintext)
        for number, listener in enumerate(list(interested), 1):
            listener.offer(event)
            if number % SLICE == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _missed(self, count: int) -> None:
        _log.warning("events_dropped", extra={"count": count})
        for listener in self._everyone():
            listener.missed(count)

    def _everyone(self) -> list[Listener]:
        return list(dict.fromkeys(listener for each in self.listeners.values() for listener in each))
