"""The log of an application, as its owner reads it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from proven.client._retries import Backoff, passes
from proven.client._session import KEEP_ALIVE
from proven.wire.commands import (
    Command,
    Done,
    FollowLogs,
    LogEvent,
    LogLevel,
    LogLine,
    ReadLogs,
    ReadLogsResult,
    WhoAmI,
    WhoAmIResult,
)
from proven.wire.errors import ProvenError

MAX_WAITING: Final = 64
"""Events that wait for a program to take them. When there are more, they are asked for again."""


@dataclass(frozen=True, slots=True)
class MissedLines:
    """So many lines are missing here: they were not kept until they could be read."""

    count: int


class LogFeed:
    """Events of one application's log over one connection, until it is lost or too many of them wait."""

    def __init__(self) -> None:
        self._waiting: deque[LogEvent] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    def take(self, event: LogEvent | None) -> None:
        """Keep an event until it is asked for; None when nothing more will come."""
        if event is None or len(self._waiting) >= MAX_WAITING:
            self._ended = True
        elif not self._ended:
            self._waiting.append(event)
        self._wake.set()

    async def next(self, idle: Callable[[], Awaitable[Any]]) -> LogEvent | None:
        """The next event, None after the last one; `idle` is run when there was none for `KEEP_ALIVE`."""
        while not self._waiting:
            if self._ended:
                return None
            self._wake.clear()
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    await self._wake.wait()
            except TimeoutError:
                with suppress(ProvenError):
                    await idle()
        return self._waiting.popleft()


class Connection(Protocol):
    """Where the log is asked for, and what comes of it is delivered."""

    async def ask(self, command: Command, kind: Any, timeout: float | None = None) -> Any: ...
    def attach(self, feed: LogFeed) -> None: ...
    def detach(self, feed: LogFeed) -> None: ...


async def read(
    connection: Connection,
    application: str,
    *,
    after: int | None = None,
    since: int | None = None,
    handler: str | None = None,
    level: LogLevel | None = None,
    follow: bool = False,
) -> AsyncGenerator[LogLine | MissedLines, None]:
    """What `Client.logs` promises."""
    place = after
    while True:
        asked = ReadLogs(application=application, after=place, since=since, handler=handler, level=level)
        page: ReadLogsResult = await connection.ask(asked, ReadLogsResult)
        if page.missed:
            yield MissedLines(page.missed)
        for line in page.lines:
            yield line
        place = page.next
        if not page.more:
            break
    if not follow:
        return
    backoff = Backoff()
    while True:
        feed = LogFeed()
        connection.attach(feed)
        try:
            command = FollowLogs(application=page.application_id, after=place, handler=handler, level=level)
            await connection.ask(command, Done)
            backoff = Backoff()
            while (event := await feed.next(lambda: connection.ask(WhoAmI(), WhoAmIResult))) is not None:
                if event.application_id != page.application_id or event.next <= place:
                    continue
                if event.after > place:
                    break
                if event.missed and event.after == place:
                    yield MissedLines(event.missed)
                for line in event.lines:
                    if line.sequence > place:
                        yield line
                place = event.next
        except ProvenError as error:
            if not passes(error):
                raise
            await asyncio.sleep(backoff.after(error))
        finally:
            connection.detach(feed)
