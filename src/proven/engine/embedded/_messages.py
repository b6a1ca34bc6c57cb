"""Messages between the parts of one process: a table of who listens, and a bounded buffer for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain

from proven.engine._names import require_name
from proven.engine.embedded._feed import Feed, Feeds
from proven.engine.interface import MAX_PAYLOAD_BYTES, Messages, MessageSubscription, Responder
from proven.wire.errors import ErrorCode, ProvenError

logger = logging.getLogger("proven.engine")

Handler = Callable[[bytes], Awaitable[bytes]]


class EmbeddedMessages(Messages):
    """`Messages` of the embedded backend."""

    def __init__(self) -> None:
        self._subscriptions: Feeds[_Subscription] = Feeds()
        self._responders: dict[str, list[_Responder]] = {}
        self._running = False

    def start(self) -> None:
        self._running = True

    async def publish(self, subject: str, data: bytes) -> None:
        self._require_running(subject)
        _require_size(data)
        groups: dict[str, list[_Subscription]] = {}
        for subscription in self._subscriptions.of(subject):
            if subscription.group is None:
                subscription.offer(data)
            else:
                groups.setdefault(subscription.group, []).append(subscription)
        for members in groups.values():
            min(members, key=lambda member: (len(member.ready), member.offered)).offer(data)

    async def subscribe(self, subject: str, *, group: str | None = None, buffer: int = 1024) -> _Subscription:
        self._require_running(subject)
        return self._subscriptions.add(subject, _Subscription(group, buffer))

    async def request(self, subject: str, data: bytes, *, timeout: float) -> bytes:
        self._require_running(subject)
        _require_size(data)
        responders = self._responders.get(subject)
        if not responders:
            raise ProvenError(ErrorCode.UNAVAILABLE, f"nobody answers requests for {subject}")
        responder = min(responders, key=lambda each: (each.load, each.served))
        try:
            async with asyncio.timeout(timeout):
                return await responder.answer(data)
        except TimeoutError:
            raise ProvenError(
                ErrorCode.REQUEST_TIMEOUT, f"no answer for {subject} within {timeout} s"
            ) from None

    async def respond(self, subject: str, handler: Handler, *, concurrency: int = 64) -> _Responder:
        self._require_running(subject)
        responders = self._responders.setdefault(subject, [])

        def detach(responder: _Responder) -> None:
            responders.remove(responder)
            if not responders and self._responders.get(subject) is responders:
                del self._responders[subject]

        responder = _Responder(handler, concurrency, detach)
        responders.append(responder)
        return responder

    async def stop(self) -> None:
        self._running = False
        self._subscriptions.end_all()
        for responder in list(chain.from_iterable(self._responders.values())):
            await responder.close()

    def _require_running(self, subject: str) -> None:
        require_name(subject)
        if not self._running:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the engine is not running")


class _Subscription(Feed[bytes], MessageSubscription):
    def __init__(self, group: str | None, buffer: int) -> None:
        super().__init__()
        self.group = group
        self.offered = 0
        self._buffer = buffer
        self._dropped = 0

    @property
    def dropped(self) -> int:
        return self._dropped

    def offer(self, data: bytes) -> None:
        self.offered += 1
        if len(self.ready) >= self._buffer:
            self._dropped += 1
            return
        self.ready.append(data)
        self.wake()


class _Responder(Responder):
    """Runs requests as tasks of its own, so that closing it ends them; a requester that gives up ends its
    own.
    """

    def __init__(self, handler: Handler, concurrency: int, detach: Callable[[_Responder], None]) -> None:
        self._handler = handler
        self._concurrency = concurrency
        self._detach = detach
        self._running: set[asyncio.Task[bytes]] = set()
        self._closed = False
        self.served = 0

    @property
    def load(self) -> int:
        return len(self._running)

    async def answer(self, data: bytes) -> bytes:
        if len(self._running) >= self._concurrency:
            raise ProvenError(ErrorCode.OVERLOADED, "everyone who answers is busy", retry_after=0.1)
        self.served += 1
        task = asyncio.ensure_future(self._run(data))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await task
        except asyncio.CancelledError:
            requester = asyncio.current_task()
            if self._closed and requester is not None and not requester.cancelling():
                raise ProvenError(ErrorCode.UNAVAILABLE, "whoever was answering has stopped") from None
            raise

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._detach(self)
        await _cancel(self._running)

    async def __aenter__(self) -> _Responder:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def _run(self, data: bytes) -> bytes:
        try:
            reply = await self._handler(data)
            _require_size(reply)
        except ProvenError:
            raise
        except Exception:
            logger.exception("responder_failed")
            raise ProvenError(ErrorCode.INTERNAL, "the request could not be answered") from None
        return reply


async def _cancel(tasks: Iterable[asyncio.Task[bytes]]) -> None:
    cancelled = list(tasks)
    for task in cancelled:
        task.cancel()
    await asyncio.gather(*cancelled, return_exceptions=True)


def _require_size(data: bytes) -> None:
    if len(data) > MAX_PAYLOAD_BYTES:
        raise ProvenError(ErrorCode.TOO_LARGE, f"a message holds at most {MAX_PAYLOAD_BYTES} bytes")
