"""Generic processes kept ready."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from proven.isolation import SandboxError
from proven.wire.errors import ProvenError

from ._endings import Ending
from ._guest import Guest

_log = logging.getLogger("proven.runtime")
_REFILL_DELAY = 0.02
_RETRY_DELAY = 1.0


class WarmPool:
    """Up to `size` idle processes that have never seen an application's code.

    Refilling waits a moment after one was taken, so that it does not compete with the call that took it.
    """

    def __init__(self, size: int, start: Callable[[], Awaitable[Guest]]) -> None:
        self._size = size
        self._start = start
        self._ready: deque[Guest] = deque()
        self._refill: asyncio.Task[None] | None = None
        self._short = asyncio.Event()

    @property
    def ready(self) -> int:
        """How many processes wait."""
        return sum(guest.alive for guest in self._ready)

    async def open(self) -> None:
        """Fill the pool. Raises `SandboxError` if processes cannot be started."""
        for _ in range(self._size):
            self._ready.append(await self._start())
        self._refill = asyncio.get_running_loop().create_task(self._keep_full())

    async def take(self) -> Guest:
        """A process of its own for the caller: a waiting one, or else a new one."""
        while self._ready:
            guest = self._ready.popleft()
            self._short.set()
            if guest.alive:
                return guest
        return await self._start()

    async def close(self) -> None:
        """End the idle processes."""
        if self._refill is not None:
            self._refill.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._refill
        for guest in self._ready:
            guest.kill(Ending.RETIRED)
        await asyncio.gather(*(guest.gone() for guest in self._ready))
        self._ready.clear()

    async def _keep_full(self) -> None:
        while True:
            await self._short.wait()
            self._short.clear()
            await asyncio.sleep(_REFILL_DELAY)
            while len(self._ready) < self._size:
                try:
                    self._ready.append(await self._start())
                except (SandboxError, ProvenError, OSError) as error:
                    _log.warning("pool_refill_failed", extra={"reason": str(error)})
                    await asyncio.sleep(_RETRY_DELAY)
