"""Places for packages that arrive over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

AT_ONCE: Final = 4
PATIENCE: Final = 5.0
RATE: Final = 256 * 1024
FORGOTTEN: Final = 60.0
_LOOK_AGAIN: Final = 0.5


class Uploads:
    """Bounds what packages take while they arrive. Rules:

    1. `AT_ONCE` arrive and are carried out at the same time, one of each application; the others wait.
    2. While others wait, one that has not arrived `PATIENCE` seconds after it began, plus one for each `RATE`
       bytes of it, gives up its place: whoever has a slow connection tries again when fewer are there.
    3. Of those that wait, the application goes first that had places for the least time lately: whoever has
       versions that take long to check, in however many applications, delays others by one turn.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._free = AT_ONCE
        self._waiting: dict[asyncio.Future[None], ApplicationId] = {}
        self._had: dict[ApplicationId, tuple[float, float]] = {}
        """Seconds of places, and when that was so."""
        self._turns: WeakValueDictionary[ApplicationId, asyncio.Lock] = WeakValueDictionary()
        self._arriving: set[Upload] = set()

    @asynccontextmanager
    async def place(self, application: ApplicationId) -> AsyncIterator[Upload]:
        """A place, as soon as there is one."""
        turn = self._turns.setdefault(application, asyncio.Lock())
        async with turn:
            await self._wait(application)
            begun = self._clock()
            try:
                yield Upload(self._arriving, self._clock)
            finally:
                now = self._clock()
                self._had[application] = self._lately(application, now) + now - begun, now
                self._hand_on()

    async def _wait(self, application: ApplicationId) -> None:
        if self._free:
            self._free -= 1
            return
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[mine] = application
        try:
            while not (await asyncio.wait([mine], timeout=_LOOK_AGAIN))[0]:
                for upload in self._arriving:
                    upload.hurry()
        except asyncio.CancelledError:
            if self._waiting.pop(mine, None) is None:
                self._hand_on()
            raise

    def _hand_on(self) -> None:
        now = self._clock()
        self._had = {each: had for each, had in self._had.items() if self._lately(each, now)}
        if not self._waiting:
            self._free += 1
            return
        following = min(self._waiting, key=lambda each: self._lately(self._waiting[each], now))
        del self._waiting[following]
        following.set_result(None)

    def _lately(self, application: ApplicationId, now: float) -> float:
        """Seconds of places that the application had, of which one is forgotten in `FORGOTTEN` seconds."""
        seconds, at = self._had.get(application, (0.0, now))
        return max(0.0, seconds - (now - at) / FORGOTTEN)


class Upload:
    """One package while it arrives."""

    def __init__(self, arriving: set[Upload], clock: Callable[[], float]) -> None:
        self._arriving = arriving
        self._clock = clock
        self._begun = clock()
        self._received = bytearray()
        self._slow = False
        self._end = asyncio.timeout(None)

    async def read(self, chunks: AsyncIterator[bytes], received: bytearray) -> bytes:
        """All of it; `received` is what of it is there. Raises `REQUEST_TIMEOUT` if it gives up its place."""
        self._received = received
        self._arriving.add(self)
        try:
            async with self._end:
                async for chunk in chunks:
                    received += chunk
        except TimeoutError:
            raise ProvenError(
                ErrorCode.REQUEST_TIMEOUT,
                "the package came slowly, and others wait; try again",
                retry_after=5,
            ) from None
        finally:
            self._arriving.discard(self)
        return bytes(received)

    def hurry(self) -> None:
        """Somebody waits."""
        if not self._slow and self._clock() > self._begun + PATIENCE + len(self._received) / RATE:
            self._slow = True
            self._end.reschedule(0)
