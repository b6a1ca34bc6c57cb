"""Threads for what may wait for a disk or run long, shared fairly between applications."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

T = TypeVar("T")

_MAX_WAITING_PER_THREAD = 64


async def finish(future: asyncio.Future[T], *, on_cancel: Callable[[], None] | None = None) -> T:
    """Wait for work in a thread, which can't be abandoned: when cancelled, wait for its end all the same."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if on_cancel is not None:
            on_cancel()
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                continue
        if not future.cancelled():
            future.exception()
        raise


class FairThreads:
    """A thread pool in which one application uses at most half of the threads (but at least one)."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._share = max(1, threads // 2)
        self._running: dict[ApplicationId, int] = {}
        self._waiting: dict[ApplicationId, list[asyncio.Future[None]]] = {}

    def submit(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Run the store's own short work, which no application can prolong."""
        return asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def run(
        self,
        application_id: ApplicationId,
        work: Callable[[], T],
        *,
        deadline: float,
        on_cancel: Callable[[], None] | None = None,
    ) -> T:
        """Run an application's work; `OVERLOADED` if it can't begin before `deadline` (loop time)."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._enter(application_id)
        except TimeoutError:
            raise _overloaded() from None
        try:
            return await finish(self.submit(work), on_cancel=on_cancel)
        finally:
            self._leave(application_id)

    def close(self) -> None:
        """End the threads once their work is done."""
        self._pool.shutdown(wait=True)

    async def _enter(self, application_id: ApplicationId) -> None:
        running = self._running.get(application_id, 0)
        if running < self._share:
            self._running[application_id] = running + 1
            return
        waiting = self._waiting.setdefault(application_id, [])
        if len(waiting) >= _MAX_WAITING_PER_THREAD * self._share:
            raise _overloaded()
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn in waiting:
                waiting.remove(turn)
            else:
                self._leave(application_id)
            raise

    def _leave(self, application_id: ApplicationId) -> None:
        waiting = self._waiting.get(application_id)
        while waiting:
            turn = waiting.pop(0)
            if not turn.done():
                turn.set_result(None)
                return
        self._waiting.pop(application_id, None)
        self._running[application_id] -= 1
        if not self._running[application_id]:
            del self._running[application_id]


def _overloaded() -> ProvenError:
    return ProvenError(
        ErrorCode.OVERLOADED, "too many statements of this application are waiting", retry_after=1.0
    )
