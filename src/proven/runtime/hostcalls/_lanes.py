"""Each application's share of the network."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import aiohttp

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

MAX_LANES: Final = 64
"""Applications whose idle connections are kept."""

OpenSession = Callable[[bool], aiohttp.ClientSession]


class Lane:
    """One application's connections, which no other application ever uses, and its requests in flight."""

    def __init__(self, open_session: OpenSession, width: int) -> None:
        self._open_session = open_session
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self.width = asyncio.Semaphore(width)
        self.users = 0

    def session(self, *, check: bool) -> aiohttp.ClientSession:
        """The session that connects to public addresses only (`check`), or to any."""
        if check not in self._sessions:
            self._sessions[check] = self._open_session(check)
        return self._sessions[check]

    async def close(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            await session.close()


class Lanes:
    """Gives requests a place: so many per application and in all at once, and a bounded wait for one."""

    def __init__(self, open_session: OpenSession, *, width: int, total: int, timeout: float) -> None:
        self._open_session = open_session
        self._width = width
        self._total = asyncio.Semaphore(total)
        self._timeout = timeout
        self._lanes: OrderedDict[ApplicationId, Lane] = OrderedDict()

    @asynccontextmanager
    async def place(self, application_id: ApplicationId) -> AsyncIterator[Lane]:
        """A place in the application's lane. Raises `ProvenError` OVERLOADED when the wait is too long."""
        lane = self._lanes.setdefault(application_id, Lane(self._open_session, self._width))
        self._lanes.move_to_end(application_id)
        lane.users += 1
        try:
            await self._acquire(lane)
            try:
                yield lane
            finally:
                lane.width.release()
                self._total.release()
        finally:
            lane.users -= 1
            await self._close_idle()

    async def close(self) -> None:
        """Close every connection."""
        lanes, self._lanes = self._lanes, OrderedDict()
        for lane in lanes.values():
            await lane.close()

    async def _acquire(self, lane: Lane) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await lane.width.acquire()
                try:
                    await self._total.acquire()
                except BaseException:
                    lane.width.release()
                    raise
        except TimeoutError:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many outbound requests are in flight", retry_after=1.0
            ) from None

    async def _close_idle(self) -> None:
        surplus = len(self._lanes) - MAX_LANES
        for application_id, lane in list(self._lanes.items())[: max(0, surplus)]:
            if not lane.users:
                del self._lanes[application_id]
                await lane.close()
