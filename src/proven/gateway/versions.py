"""Which version of an application answers, told to the connections that want to know."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from proven.apps import ApplicationRecord, Change, Version
from proven.wire.applications import CancelUpgrade, Command, Upgrade, Veto
from proven.wire.commands import PendingChange, VersionChange, VersionEvent, VersionState, encode_event
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.log_entries import Activated, Submitted

_log = logging.getLogger("proven.gateway")

_ENDED: Final[Mapping[type[Command], VersionChange]] = {CancelUpgrade: "cancelled", Veto: "vetoed"}

SLICE: Final = 32
"""Connections that are told before everything else in the node gets a turn."""


class VersionLog(Protocol):
    """Where versions are, as `proven.apps.Applications` has them."""

    def find(self, id_or_name: str) -> ApplicationRecord: ...
    def versions(self, application: ApplicationId) -> Sequence[Version]: ...
    def entries_of(self, application: ApplicationId) -> Sequence[int]: ...
    def package_of(self, application: ApplicationId, change: Upgrade) -> PackageId | None: ...
    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[Change]]: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """A `VersionEvent` as all connections are sent it: made once, sealed for each. `live` is the entry that
    made the version live which it tells of, -1 where there is none; `switches`: that is what it tells.
    """

    live: int
    switches: bool
    plaintext: bytes


class Follower(Protocol):
    """One connection, as the hub sees it. None of it waits."""

    def follow_version(self, live: int) -> None:
        """Take note that the peer is answered with the version that entry `live` made live."""

    def tell(self, notice: Notice) -> None:
        """Send this, or the last of several if the peer is slow to read."""

    def lost(self) -> None:
        """Take note that nothing more will come, so that the client asks anew."""


class VersionHub:
    """Follows the log of applications for the connections that follow a version. What holds:

    1. Who follows is answered with how things are, and told of every later entry of the application that
       changes its version or what is pending, whichever node appended it.
    2. Nobody is waited for: who is slow to read is told of the last change.
    3. When the log is not followed any more, every follower is told so: none goes on waiting for nothing.

    That a connection hears of a version before it hears what the version answers is up to `Mailbox`, which
    takes the notice of it from `latest`.
    """

    def __init__(self, applications: VersionLog) -> None:
        self._applications = applications
        self._followers: dict[ApplicationId, dict[Follower, int]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._opened: asyncio.Future[None] | None = None

    async def follow(self, application_id: ApplicationId, follower: Follower) -> VersionState:
        """Tell `follower` of what changes from now on. Raises `ProvenError` `NOT_FOUND`, `UNAVAILABLE`."""
        opened = self._opened
        if opened is None:
            opened = self._opened = asyncio.get_running_loop().create_future()
            self._watching = asyncio.create_task(self._watch(opened), name="versions")
        await asyncio.shield(opened)
        if self._opened is not opened:
            raise _unavailable()
        state = self._state(application_id)
        seen = self._applications.entries_of(application_id)[-1]
        self._followers.setdefault(application_id, {})[follower] = seen
        follower.follow_version(_live(state))
        return state

    def leave(self, application_id: ApplicationId, follower: Follower) -> None:
        """Forget `follower`, whose connection has ended."""
        followers = self._followers.get(application_id, {})
        followers.pop(follower, None)
        if not followers:
            self._followers.pop(application_id, None)

    async def stop(self) -> None:
        """Tell nobody any more."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            await asyncio.wait([watching])

    def latest(self, application_id: ApplicationId) -> Notice:
        """That new calls go to the present version."""
        record = self._applications.find(application_id)
        return self._notice(application_id, "switched", record.log_index or 0)

    async def _watch(self, opened: asyncio.Future[None]) -> None:
        failure = _unavailable()
        try:
            async with self._applications.watch() as changes:
                opened.set_result(None)
                async for change in changes:
                    await self._tell(change)
        except ProvenError as error:
            failure = error
            _log.warning("versions_not_followed", extra={"reason": error.message})
        except Exception:
            _log.exception("versions_not_followed")
        finally:
            self._watching = self._opened = None
            if not opened.done():
                opened.set_exception(failure)
                opened.exception()  # there may be nobody left who asks
            everyone = [each for followers in self._followers.values() for each in followers]
            self._followers.clear()
            for follower in everyone:
                follower.lost()

    async def _tell(self, change: Change) -> None:
        application_id = change.record.id
        if application_id not in self._followers:
            return
        what = self._what(change)
        if what is None:
            return
        notice = self._notice(application_id, what, change.log_index)
        for number, (follower, seen) in enumerate(list(self._followers[application_id].items()), 1):
            if change.log_index > seen:
                follower.tell(notice)
            if number % SLICE == 0:
                await asyncio.sleep(0)

    def _what(self, change: Change) -> VersionChange | None:
        """What an entry did to the version, or to what is pending; None for all others."""
        versions = self._applications.versions(change.record.id)
        if any(version.log_index == change.log_index for version in reversed(versions)):
            return "switched"
        pending = change.record.pending
        if pending is not None and pending.log_index == change.log_index:
            return "announced"
        if isinstance(change.entry, Activated):
            return "activated"
        if isinstance(change.entry, Submitted):
            return _ENDED.get(type(change.entry.command.body.command))
        return None

    def _notice(self, application_id: ApplicationId, what: VersionChange, entry: int) -> Notice:
        state = self._state(application_id)
        previous = None
        if what == "switched":
            before = [each for each in self._applications.versions(application_id) if each.log_index < entry]
            previous = before[-1].package_id if before else None
        event = VersionEvent(what=what, entry=entry, now=state, previous=previous)
        return Notice(_live(state), what == "switched", encode_event(event))

    def _state(self, application_id: ApplicationId) -> VersionState:
        record = self._applications.find(application_id)
        pending = record.pending
        return VersionState(
            revision=record.revision,
            package_id=record.package_id,
            log_index=record.log_index,
            pending=None
            if pending is None
            else PendingChange(
                log_index=pending.log_index,
                activates_at=pending.activates_at,
                package_id=self._applications.package_of(application_id, pending.change),
            ),
        )


def _unavailable() -> ProvenError:
    return ProvenError(ErrorCode.UNAVAILABLE, "versions cannot be followed now", retry_after=1)


def _live(state: VersionState) -> int:
    return -1 if state.log_index is None else state.log_index
