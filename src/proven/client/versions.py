"""Which version of an application answers, and which is to, as a node tells it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from proven.client._retries import Backoff, passes
from proven.client._session import KEEP_ALIVE
from proven.wire.commands import (
    Command,
    FollowVersion,
    PendingChange,
    VersionChange,
    VersionEvent,
    VersionState,
    WhoAmI,
    WhoAmIResult,
)
from proven.wire.errors import ProvenError

MAX_WAITING: Final = 256
"""Notices that wait for a program to take them; of more, the oldest are left out."""


@dataclass(frozen=True, slots=True)
class VersionNotice:
    """What the node says of the application's version. `what` is "present" for how things are at first and
    after the connection was lost, else what the entry `entry` of the log did:

    - "announced": the change `pending` may come into force at its time.
    - "cancelled", "vetoed": it does not.
    - "activated": it did, and is not one of code.
    - "switched": `package_id` answers from now on, and `previous` answered before. It comes before any answer
      of the new version.

    `package_id` and `log_index` are those of the version that new calls go to. None of it is proven: pins and
    `Client.verify` hold answers to the log.
    """

    what: Literal["present"] | VersionChange
    entry: int | None
    package_id: str | None
    log_index: int | None
    pending: PendingChange | None
    previous: str | None = None


class VersionFeed:
    """What comes over one connection, until it is lost."""

    def __init__(self) -> None:
        self._waiting: deque[VersionEvent] = deque(maxlen=MAX_WAITING)
        self._wake = asyncio.Event()
        self._ended = False

    def take(self, event: VersionEvent | None) -> None:
        """Keep a notice until it is asked for; None when nothing more will come."""
        if event is None:
            self._ended = True
        else:
            self._waiting.append(event)
        self._wake.set()

    async def next(self, connection: Connection) -> VersionEvent | None:
        """The next notice, None after the last one. The session is kept alive meanwhile."""
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
    """Where it is asked for, and what comes of it is delivered."""

    @property
    def closed(self) -> bool: ...
    async def ask(self, command: Command, kind: Any, timeout: float | None = None) -> Any: ...
    def attach_versions(self, feed: VersionFeed) -> None: ...
    def detach_versions(self, feed: VersionFeed) -> None: ...


async def follow(connection: Connection) -> AsyncGenerator[VersionNotice, None]:
    """What `Client.versions` promises."""
    backoff = Backoff()
    known: VersionState | None = None
    while not connection.closed:
        feed = VersionFeed()
        connection.attach_versions(feed)
        try:
            state: VersionState = await connection.ask(FollowVersion(), VersionState)
            backoff = Backoff()
            if known is None or state.revision > known.revision:
                known = state
                yield _notice("present", None, state)
            while (event := await feed.next(connection)) is not None:
                if event.now.revision >= known.revision:
                    known = event.now
                    yield _notice(event.what, event.entry, event.now, event.previous)
        except ProvenError as error:
            if not passes(error):
                raise
            if connection.closed:
                return
            await asyncio.sleep(backoff.after(error))
        finally:
            connection.detach_versions(feed)


def _notice(
    what: Literal["present"] | VersionChange,
    entry: int | None,
    state: VersionState,
    previous: str | None = None,
) -> VersionNotice:
    return VersionNotice(what, entry, state.package_id, state.log_index, state.pending, previous)
