"""What the embedded subscriptions have in common: one consumer, woken by producers, ended once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")


class Feed(Generic[T]):
    """An asynchronous iterator over `ready`, refilled by `fetch` whenever it is empty and the feed was
    woken.
    """

    def __init__(self) -> None:
        self._wake = asyncio.Event()
        self._ended: Exception | None = None
        self.on_end: Callable[[], None] = lambda: None
        self.ready: deque[T] = deque()

    async def fetch(self) -> list[T]:
        """Items that have become available since the last call, possibly none. Loses none when cancelled."""
        return []

    def wake(self) -> None:
        self._wake.set()

    def end(self, error: Exception) -> None:
        """Make the consumer raise `error` from now on."""
        if self._ended is None:
            self._ended = error
            self.ready.clear()
            self.on_end()
            self.wake()

    async def close(self) -> None:
        self.end(StopAsyncIteration())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while self._ended is None:
            if self.ready:
                return self.ready.popleft()
            self._wake.clear()
            fetched = await self.fetch()
            self.ready.extend(fetched)
            if not self.ready:
                await self._wake.wait()
        raise self._ended

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()


F = TypeVar("F", bound=Feed[Any])


class Feeds(Generic[F]):
    """The open feeds of one service, by the topic they listen to."""

    def __init__(self) -> None:
        self._feeds: dict[str, tuple[F, ...]] = {}

    def add(self, topic: str, feed: F) -> F:
        """Keep `feed` until it ends."""
        self._feeds[topic] = (*self.of(topic), feed)
        feed.on_end = lambda: self._remove(topic, feed)
        return feed

    def of(self, topic: str) -> tuple[F, ...]:
        return self._feeds.get(topic, ())

    def end_all(self) -> None:
        """End every feed because the engine stops."""
        for feed in [feed for feeds in self._feeds.values() for feed in feeds]:
            feed.end(ProvenError(ErrorCode.UNAVAILABLE, "the engine has stopped"))

    def _remove(self, topic: str, feed: F) -> None:
        remaining = tuple(other for other in self.of(topic) if other is not feed)
        if remaining:
            self._feeds[topic] = remaining
        else:
            self._feeds.pop(topic, None)
