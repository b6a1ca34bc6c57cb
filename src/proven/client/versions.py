"""Which version of an application answers, and which is to, as a node tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal

from proven.client._feed import Connection, Feed
from proven.client._retries import Backoff, passes
from proven.wire.commands import FollowVersion, PendingChange, VersionChange, VersionEvent, VersionState
from proven.wire.errors import ProvenError


@dataclass(frozen=True, slots=True)
class VersionNotice:
    """What the node says of the application's version. `what` is "present" for how things are at first and
    after the connection was lost or too many notices waited, else what the entry `entry` of the log did:

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


async def follow(connection: Connection) -> AsyncGenerator[VersionNotice, None]:
    """What `Client.versions` promises."""
    backoff = Backoff()
    known: VersionState | None = None
    while not connection.closed:
        feed = Feed(VersionEvent)
        connection.attach(feed)
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
            connection.detach(feed)


def _notice(
    what: Literal["present"] | VersionChange,
    entry: int | None,
    state: VersionState,
    previous: str | None = None,
) -> VersionNotice:
    return VersionNotice(what, entry, state.package_id, state.log_index, state.pending, previous)
