"""What a node pushes over one connection, for a program that takes it when it likes."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar

from proven.client._session import KEEP_ALIVE
from proven.wire.commands import Command, WhoAmI, WhoAmIResult
from proven.wire.errors import ProvenError

MAX_WAITING: Final = 64
"""Events that wait to be taken. When there are more, the feed ends, and what they say is asked for again."""

_EventT = TypeVar("_EventT")


class Feed(Generic[_EventT]):
    """Events of one kind over one connection, until it is lost or too many of them wait."""

    def __init__(self, kind: type[_EventT]) -> None:
        self.kind = kind
        self._waiting: deque[_EventT] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    def take(self, event: _EventT | None) -> None:
        """Keep an event until it is asked for; None when nothing more will come."""
        if event is None or len(self._waiting) >= MAX_WAITING:
            self._ended = True
        elif not self._ended:
            self._waiting.append(event)
        self._wake.set()

    async def next(self, connection: Connection) -> _EventT | None:
        """The next event, None after the last one. The session is kept alive meanwhile."""
        while not self._waiting:
            if self._ended:
                return None
            self._wake.clear()
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    await self._wake.wait()
            except TimeoutError:
                with suppress(ProvenError):
                    await connection.ask(WhoAmI(), WhoAmIResult)
        return self._waiting.popleft()


class Connection(Protocol):
    """Where events are asked for, and delivered to the feeds that are attached."""

    @property
    def closed(self) -> bool: ...
    async def ask(self, command: Command, kind: Any, timeout: float | None = None) -> Any: ...
    def attach(self, feed: Feed[Any]) -> None: ...
    def detach(self, feed: Feed[Any]) -> None: ...
