"""The log of an application, as its owner reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from proven.client._feed import Connection, Feed
from proven.client._retries import Backoff, passes
from proven.wire.commands import (
    Done,
    FollowLogs,
    LogEvent,
    LogLevel,
    LogLine,
    Permission,
    ReadLogs,
    ReadLogsResult,
)
from proven.wire.errors import ProvenError


@dataclass(frozen=True, slots=True)
class MissedLines:
    """So many lines are missing here: they were not kept until they could be read."""

    count: int


async def read(
    connection: Connection,
    application: str,
    *,
    after: int | None = None,
    since: int | None = None,
    handler: str | None = None,
    level: LogLevel | None = None,
    follow: bool = False,
    permission: Permission | None = None,
) -> AsyncGenerator[LogLine | MissedLines, None]:
    """What `Client.logs` promises."""
    place = after
    while True:
        asked = ReadLogs(
            application=application,
            after=place,
            since=since,
            handler=handler,
            level=level,
            permission=permission,
        )
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
    while not connection.closed:
        feed = Feed(LogEvent)
        connection.attach(feed)
        try:
            command = FollowLogs(
                application=page.application_id,
                after=place,
                handler=handler,
                level=level,
                permission=permission,
            )
            await connection.ask(command, Done)
            backoff = Backoff()
            while (event := await feed.next(connection)) is not None:
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
            if connection.closed:
                return
            await asyncio.sleep(backoff.after(error))
        finally:
            connection.detach(feed)
