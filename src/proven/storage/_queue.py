"""The write queue of one database file: one writer at a time, many small writes per commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from proven.storage._writer import DatabaseWriter, Unit
from proven.storage.config import StorageConfig
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")
UnitT = TypeVar("UnitT", bound=Unit)

Job = Callable[[Any], Any]
Run = Callable[[Callable[[], Any]], Awaitable[Any]]

_MAX_BATCH = 128


@dataclass(slots=True, eq=False)
class _Waiting:
    """A write that waits, or (without a job) a transaction that waits to hold the writer."""

    future: asyncio.Future[Any]
    since: float
    job: Job | None = None
    weight: int = 0


class WriteQueue:
    """Orders everything that writes to one database file.

    - First come, first served; a transaction holds the writer until it is released.
    - Writes that queued up while the writer was busy are committed together: one wait for the disk
      acknowledges all of them. Each is a savepoint, so one that fails takes only itself back. If
      the shared commit fails, each is tried again alone, so that it gets its own answer.
    - Nothing is acknowledged before its commit.
    - The queue is bounded in writes, bytes and waiting time; beyond that, `OVERLOADED`.
    """

    def __init__(
        self,
        writer: DatabaseWriter,
        run: Run,
        translate: Callable[[Exception], ProvenError],
        config: StorageConfig,
    ):
        self.writer = writer
        self._run = run
        self._translate = translate
        self._config = config
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes = 0
        self._busy = False
        self._closed = False
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether something uses the writer's connection now."""
        return self._busy

    async def write(self, job: Callable[[UnitT], T], weight: int = 0) -> T:
        """Run `job` in a transaction of its own or of a group, and return what it returned once committed.

        `job` may run more than once and must have no effect but on the unit it is given.
        """
        if self._closed:
            raise _closed()
        if (
            len(self._queue) >= self._config.max_queued_writes
            or self._queued_bytes > self._config.max_queued_bytes
        ):
            raise _overloaded()
        result: T = await self._enqueue(job, weight)
        return result

    async def hold(self, timeout: float) -> None:
        """Wait until this caller alone may use the writer; `OVERLOADED` after `timeout` seconds."""
        if self._closed:
            raise _closed()
        try:
            async with asyncio.timeout(timeout):
                await self._enqueue(None, 0)
        except TimeoutError:
            raise _overloaded() from None

    def release(self) -> None:
        """End a hold."""
        self._busy = False
        self._next()

    def close(self) -> None:
        """Refuse what waits and whatever comes later; what runs is not affected."""
        self._closed = True
        while self._queue:
            waiting = self._queue.popleft()
            if not waiting.future.done():
                waiting.future.set_exception(_closed())
        self._queued_bytes = 0
        self._disarm()

    async def _enqueue(self, job: Job | None, weight: int) -> Any:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(loop.create_future(), loop.time(), job, weight)
        self._queue.append(waiting)
        self._queued_bytes += weight
        self._next()
        try:
            return await waiting.future
        except asyncio.CancelledError:
            if job is None and waiting.future.done() and not waiting.future.cancelled():
                self.release()
            raise

    def _next(self) -> None:
        """Start what is first in the queue, if nothing runs."""
        while not self._busy and self._queue:
            first = self._take()
            if first.future.done():
                continue
            self._busy = True
            if first.job is None:
                first.future.set_result(None)
                break
            batch = [first]
            while self._queue and len(batch) < _MAX_BATCH and self._queue[0].job is not None:
                waiting = self._take()
                if not waiting.future.done():
                    batch.append(waiting)
            task = asyncio.get_running_loop().create_task(self._commit(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._arm()

    def _take(self) -> _Waiting:
        waiting = self._queue.popleft()
        self._queued_bytes -= waiting.weight
        return waiting

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            await self._attempt(batch)
            if self.writer.tidy_is_due():
                await self._run(self.writer.tidy)
        except Exception as error:
            _refuse(batch, self._translate(error))
        finally:
            _refuse(batch, _closed())
            self.release()

    async def _attempt(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._run(lambda: self._transact(batch))
        except Exception:
            if len(batch) == 1:
                raise
            for waiting in batch:
                try:
                    await self._attempt([waiting])
                except Exception as failure:
                    _refuse([waiting], self._translate(failure))
            return
        for waiting, (value, error) in zip(batch, outcomes, strict=True):
            if waiting.future.done():
                continue
            if error is not None:
                waiting.future.set_exception(self._translate(error))
            else:
                waiting.future.set_result(value)

    def _transact(self, batch: list[_Waiting]) -> list[tuple[Any, Exception | None]]:
        """Run the jobs of a batch in one transaction; in a thread."""
        outcomes: list[tuple[Any, Exception | None]] = []
        unit = self.writer.begin()
        try:
            for waiting in batch:
                assert waiting.job is not None
                if len(batch) == 1:
                    outcomes.append((waiting.job(unit), None))
                    continue
                try:
                    with unit.savepoint():
                        outcomes.append((waiting.job(unit), None))
                except Exception as error:
                    if not unit.connection.in_transaction:
                        raise
                    outcomes.append((None, error))
        except BaseException:
            self.writer.rollback(unit)
            raise
        self.writer.commit(unit)
        return outcomes

    def _arm(self) -> None:
        if self._queue and self._alarm is None:
            wait = self._queue[0].since + self._config.max_write_wait - asyncio.get_running_loop().time()
            self._alarm = asyncio.get_running_loop().call_later(max(wait, 0), self._expire)
        elif not self._queue:
            self._disarm()

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _expire(self) -> None:
        """Refuse what has waited too long."""
        self._alarm = None
        oldest = asyncio.get_running_loop().time() - self._config.max_write_wait
        while self._queue and self._queue[0].since <= oldest:
            waiting = self._take()
            if not waiting.future.done():
                waiting.future.set_exception(_overloaded())
        self._arm()


def _refuse(batch: list[_Waiting], error: ProvenError) -> None:
    for waiting in batch:
        if not waiting.future.done():
            waiting.future.set_exception(error)


def _overloaded() -> ProvenError:
    return ProvenError(ErrorCode.OVERLOADED, "too many writes to this scope are waiting", retry_after=1.0)


def _closed() -> ProvenError:
    return ProvenError(ErrorCode.UNAVAILABLE, "the store is closing", retry_after=1.0)
