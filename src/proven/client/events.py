"""Events that an application publishes, as a client receives them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Final, TypeAlias

from proven.client._retries import Backoff, passes
from proven.wire import values
from proven.wire.commands import MissedEvents, PublishedEvent
from proven.wire.errors import ProvenError
from proven.wire.values import Value

MAX_WAITING: Final = 1024
"""Events that wait for a program to take them; what comes after them is counted instead."""


@dataclass(frozen=True, slots=True)
class Published:
    """One event: its name and what the application published with it."""

    name: str
    payload: Value


@dataclass(frozen=True, slots=True)
class Missed:
    """Events are missing here. `count` is how many at most, None if nobody knows: the connection was lost in
    between. What was derived from events before has to be looked up again.
    """

    count: int | None


Event: TypeAlias = Published | Missed


class Subscription:
    """Events as they come; made by `Client.subscribe`. Iterate it, and close it or leave its context.

    1. Events come in the order in which the application published them, each at most once.
    2. Where some are missing, there is a `Missed` in their place.
    3. When the connection is lost, it is made anew, as often as it takes: a new session, whose evidence is
       verified, with the same identity and the same names. What was published in between is `Missed(None)`.
    4. An error that will not pass by itself (evidence that is not good, a name that cannot be one) is raised
       from the iteration, and ends it. So is an event that, with pins, the log does not confirm.
    """

    def __init__(
        self,
        names: frozenset[str],
        resume: Callable[[Subscription], Awaitable[None]],
        forget: Callable[[Subscription], Awaitable[None]],
        confirm: Callable[[PublishedEvent], Awaitable[None]],
    ) -> None:
        """`confirm` raises `ProvenError` for an event that is refused."""
        self.names = names
        self._confirm = confirm
        self._resume = resume
        self._forget = forget
        self._waiting: deque[PublishedEvent | Missed] = deque()
        self._wake = asyncio.Event()
        self._connected = False
        self._begun = False
        self._closed = False

    async def start(self) -> None:
        """Subscribe now rather than with the first event asked for. Raises `ProvenError`."""
        if not self._begun:
            self._connected = True
            await self._resume(self)
            self._begun = True

    async def close(self) -> None:
        """Receive nothing more; who iterates is told that this is the end."""
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        await self._forget(self)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self

    async def __anext__(self) -> Event:
        await self.start()
        while not self._closed:
            if self._waiting:
                item = self._waiting.popleft()
                if isinstance(item, Missed):
                    return item
                try:
                    await self._confirm(item)
                except ProvenError:
                    await self.close()
                    raise
                return Published(item.name, values.decode(item.payload))
            if not self._connected:
                await self._reconnect()
                if self._closed:
                    break
                return Missed(None)
            self._wake.clear()
            await self._wake.wait()
        raise StopAsyncIteration

    async def __aenter__(self) -> Subscription:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # The client's side.

    def take(self, event: PublishedEvent | MissedEvents) -> None:
        """Keep an event until it is asked for; those that find no room are counted."""
        if isinstance(event, MissedEvents):
            self._miss(event.count)
        elif event.name not in self.names:
            return
        elif len(self._waiting) < MAX_WAITING:
            self._waiting.append(event)
        else:
            self._miss(1)
        self._wake.set()

    def lose(self) -> None:
        """Note that the connection is gone."""
        self._connected = False
        self._wake.set()

    def _miss(self, count: int) -> None:
        last = self._waiting[-1] if self._waiting else None
        if isinstance(last, Missed):
            self._waiting[-1] = Missed((last.count or 0) + count)
        else:
            self._waiting.append(Missed(count))

    async def _reconnect(self) -> None:
        backoff = Backoff()
        while not self._closed:
            try:
                self._connected = True
                await self._resume(self)
                return
            except ProvenError as error:
                self._connected = False
                if not passes(error):
                    await self.close()
                    raise
                await self._pause(backoff.after(error))

    async def _pause(self, seconds: float) -> None:
        """Wait, unless it is closed meanwhile."""
        self._wake.clear()
        if not self._closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()
