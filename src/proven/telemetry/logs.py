"""The logs of applications: taken without waiting, stored by the engine, read by place."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from proven.engine import Registers
from proven.telemetry import lines as stored
from proven.telemetry._intake import Intake
from proven.telemetry.limits import KIB, LogLimits
from proven.telemetry.lines import Chunk, Wanted
from proven.wire.commands import MAX_LOG_LINES, LogLine
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

_log = logging.getLogger("proven.telemetry")

FLUSH_SECONDS: Final = 0.2
"""A line is stored, and readable, at most about this long after it was said."""
MAX_READERS: Final = 64
_CHUNK_BYTES: Final = 64 * KIB
_FLUSH_BYTES: Final = 256 * KIB
_LEAST_BYTES: Final = 512 * KIB
"""What each application has, however many there are."""
_SCANNED_CHUNKS: Final = 16
_PAGE_BYTES: Final = 512 * KIB
_RETRY_SECONDS: Final = 1.0
_FIRST_SWEEP_SECONDS: Final = 10.0
_SWEEP_SECONDS: Final = 3600.0
_SWEEP_PACE: Final = 0.05
_RECOUNT_SECONDS: Final = 10.0
_BUCKET: Final = "telemetry"
_RUNNING: Final = "running"


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a log in order. `next` is the place behind what was looked at; `missed` lines were between the
    place asked for and the first one, and are not kept any more; `more`: there is more there now.
    """

    lines: list[LogLine]
    next: int
    missed: int
    more: bool


class LogStore:
    """Keeps the log of each application. Rules:

    1. `append` never waits and never fails. What an application says too fast is left out and counted
       (`Intake`), so no application slows another one or the node.
    2. One write at a time, of one application after the other, stores what was taken. A line can be read once
       it is stored, and then has the next sequence of its application: there are no gaps.
    3. Of each application the bounds of `LogLimits` hold, in whole chunks; the oldest go first. Its share of
       `total_bytes` is that divided by the number of applications.
    4. Readers have no queue: each has a place, and is told how many lines were gone before it read them.
    5. When the node was killed, lines of the last `FLUSH_SECONDS` may be missing, and nothing else; the log
       says so in that place.

    The engine keeps it encrypted, as everything. `applications` lists those that there are.
    """

    def __init__(
        self,
        registers: Registers,
        limits: LogLimits | None = None,
        *,
        applications: Callable[[], list[ApplicationId]],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registers = registers
        self._limits = limits or LogLimits()
        self._applications = applications
        self._clock = clock
        self._monotonic = monotonic
        self._run = secrets.token_hex(8)
        self._killed_run: str | None = None
        self._logs: dict[ApplicationId, _Log] = {}
        self._dirty: dict[ApplicationId, None] = {}
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._readers = 0
        self._failure: ProvenError | None = None
        self._count = 1
        self._counted_until = 0.0

    async def start(self) -> None:
        """Begin to store what was appended, and to remove what is old."""
        before = await self._registers.get(_BUCKET, _RUNNING)
        if before is not None and before.value is not None:
            self._killed_run = before.value.decode()
        await self._registers.put(_BUCKET, _RUNNING, self._run.encode())
        self._tasks = [
            asyncio.create_task(self._flush_all(), name="log-writer"),
            asyncio.create_task(self._sweep(), name="log-sweeper"),
        ]

    async def stop(self) -> None:
        """Store what is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for application_id in list(self._dirty):
            log = self._logs[application_id]
            log.intake.end()
            while log.intake:
                await self._flush(application_id)
        await self._registers.delete(_BUCKET, _RUNNING)

    async def health(self) -> None:
        """Raises if lines cannot be stored now."""
        if self._failure is not None:
            raise self._failure
        if any(task.done() for task in self._tasks):
            raise ProvenError(ErrorCode.UNAVAILABLE, "logs are not stored any more")

    def append(self, application_id: ApplicationId, line: LogLine) -> None:
        """Add a line, whose sequence does not matter."""
        log = self._logs.get(application_id)
        if log is None:
            log = self._logs[application_id] = _Log(self._limits)
        log.intake.offer(line, self._monotonic())
        self._dirty[application_id] = None
        self._wake.set()

    async def read(
        self,
        application_id: ApplicationId,
        after: int | None = None,
        *,
        since: int = 0,
        wanted: Wanted | None = None,
        limit: int = MAX_LOG_LINES,
    ) -> Page:
        """Lines behind the place `after`, from the beginning for None, and not from before `since` (Unix ms).

        A page may be empty although there is `more`: little is looked at for one page.
        Raises `UNAVAILABLE` and `OVERLOADED` as the engine does.
        """
        await self._flush(application_id)
        log = self._logs[application_id]
        first = log.chunks[0].first if log.chunks else log.next
        place = first - 1 if after is None else min(after, log.next - 1)
        missed = max(0, first - 1 - place)
        place = max(place, first - 1)
        found: list[LogLine] = []
        size = scanned = 0
        for chunk in [chunk for chunk in log.chunks if chunk.last > place]:
            if chunk.latest < since:
                place = chunk.last
                continue
            if scanned >= _SCANNED_CHUNKS or size > _PAGE_BYTES:
                return Page(found, place, missed, more=True)
            scanned += 1
            lines = await self._lines(application_id, log, chunk)
            begin = lines[0].sequence - 1 if lines else chunk.last
            if begin > place:
                if found:
                    return Page(found, place, missed, more=True)
                missed += begin - place
                place = begin
            for line in lines:
                if not place < line.sequence < log.next:
                    continue
                if len(found) >= limit:
                    return Page(found, place, missed, more=True)
                place = line.sequence
                if line.at >= since and (wanted is None or wanted.includes(line)):
                    found.append(line)
                    size += stored.size_of(line)
        return Page(found, place, missed, more=place < log.next - 1)

    async def follow(
        self, application_id: ApplicationId, after: int, *, wanted: Wanted | None = None
    ) -> AsyncGenerator[Page, None]:
        """Pages behind `after`, those there are and then whatever comes; none is empty.

        Raises `OVERLOADED` when `MAX_READERS` follow. Close it to make room for others.
        """
        if self._readers >= MAX_READERS:
            raise ProvenError(ErrorCode.OVERLOADED, "too many follow logs on this node", retry_after=5)
        self._readers += 1
        news = asyncio.Event()
        log = self._logs.setdefault(application_id, _Log(self._limits))
        log.readers.add(news)
        try:
            while True:
                news.clear()
                page = await self.read(application_id, after, wanted=wanted)
                if page.lines or page.missed:
                    yield page
                after = page.next
                if not page.more:
                    await news.wait()
        finally:
            log.readers.discard(news)
            self._readers -= 1

    async def _lines(self, application_id: ApplicationId, log: _Log, chunk: Chunk) -> list[LogLine]:
        if log.chunks and chunk.first == log.chunks[-1].first:
            return log.tail
        entry = await self._registers.get(_bucket(application_id), _key(chunk.first))
        if entry is None or entry.value is None:
            return []
        return stored.decode(entry.value)

    # Storing.

    async def _flush_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(FLUSH_SECONDS)
            for application_id in list(self._dirty):
                try:
                    await self._flush(application_id)
                    self._failure = None
                except ProvenError as error:
                    if self._failure is None:
                        _log.warning("logs_not_stored", extra={"reason": error.message})
                    self._failure = error
                    await asyncio.sleep(_RETRY_SECONDS)
                except Exception:
                    _log.exception("log_flush_failed", extra={"application": application_id})
                    await asyncio.sleep(_RETRY_SECONDS)
            if self._dirty:
                self._wake.set()

    async def _flush(self, application_id: ApplicationId) -> None:
        """Store some of what waits. Raises what the engine does; nothing is lost then."""
        log = self._logs.setdefault(application_id, _Log(self._limits))
        async with log.lock:
            if not log.loaded:
                await self._load(application_id, log)
            taken = log.intake.take(self._monotonic(), _FLUSH_BYTES)
            if not log.intake:
                self._dirty.pop(application_id, None)
            if not taken:
                return
            try:
                await self._store(application_id, log, taken)
            except BaseException:
                log.intake.put_back(taken)
                self._dirty[application_id] = None
                raise
            for news in log.readers:
                news.set()
            await self._trim(application_id, log)

    async def _store(self, application_id: ApplicationId, log: _Log, taken: list[LogLine]) -> None:
        numbered = [
            msgspec.structs.replace(line, sequence=sequence) for sequence, line in enumerate(taken, log.next)
        ]
        fresh = not log.chunks or log.chunks[-1].size >= _CHUNK_BYTES
        tail = numbered if fresh else [*log.tail, *numbered]
        first = log.next if fresh else log.chunks[-1].first
        data = stored.encode(self._run, first, tail)
        await self._registers.put(_bucket(application_id), _key(first), data)
        if not fresh:
            log.chunks.pop()
        log.chunks.append(stored.describe(data))
        log.tail = tail
        log.next += len(numbered)

    async def _trim(self, application_id: ApplicationId, log: _Log) -> None:
        """Remove what is over a bound. What was stored last stays as the place where to go on, without its
        lines when they are old.
        """
        if not log.chunks:
            return
        limits = self._limits
        before = int((self._clock() - limits.age) * 1000)
        size = min(limits.bytes, self._share())
        gone = stored.expired(log.chunks, lines=limits.lines, size=size, before=before)
        for _ in range(min(gone, len(log.chunks) - 1)):
            await self._registers.delete(_bucket(application_id), _key(log.chunks[0].first))
            log.chunks.popleft()
        last = log.chunks[-1]
        if last.count and last.latest < before:
            data = stored.encode(self._run, log.next, [])
            await self._registers.put(_bucket(application_id), _key(log.next), data)
            log.chunks.append(stored.describe(data))
            log.chunks.popleft()
            log.tail = []
            await self._registers.delete(_bucket(application_id), _key(last.first))

    def _share(self) -> int:
        now = self._monotonic()
        if now >= self._counted_until:
            self._counted_until = now + _RECOUNT_SECONDS
            self._count = max(1, len(self._applications()))
        return max(self._limits.total_bytes // self._count, _LEAST_BYTES)

    async def _load(self, application_id: ApplicationId, log: _Log) -> None:
        """Find out what is stored of a log."""
        chunks: deque[Chunk] = deque()
        after, data = "", b""
        while page := await self._registers.entries(
            _bucket(application_id), after=after, limit=_SCANNED_CHUNKS
        ):
            for entry in page:
                data = entry.value or b""
                chunks.append(stored.describe(data))
            after = page[-1].key
        log.chunks = chunks
        log.loaded = True
        if not chunks:
            return
        log.tail = stored.decode(data)
        log.next = chunks[-1].last + 1
        if self._killed_run is not None and chunks[-1].run == self._killed_run and log.tail:
            log.intake.first(
                LogLine(
                    sequence=0,
                    at=int(self._clock() * 1000),
                    kind="node",
                    level="warn",
                    text="the node was ended from outside; the last lines before that may be missing",
                )
            )

    async def _sweep(self) -> None:
        """Remove what is old of applications that say nothing any more."""
        await asyncio.sleep(_FIRST_SWEEP_SECONDS)
        while True:
            for application_id in self._applications():
                await asyncio.sleep(_SWEEP_PACE)
                with suppress(ProvenError):
                    await self.sweep(application_id)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def sweep(self, application_id: ApplicationId) -> None:
        """Remove what is over a bound of one application."""
        await self._flush(application_id)
        log = self._logs[application_id]
        async with log.lock:
            await self._trim(application_id, log)


class _Log:
    """What is known of one application's log. `tail` has the lines of the last chunk."""

    __slots__ = ("chunks", "intake", "loaded", "lock", "next", "readers", "tail")

    def __init__(self, limits: LogLimits) -> None:
        self.intake = Intake(limits)
        self.lock = asyncio.Lock()
        self.loaded = False
        self.chunks: deque[Chunk] = deque()
        self.tail: list[LogLine] = []
        self.next = 1
        self.readers: set[asyncio.Event] = set()


def _bucket(application_id: ApplicationId) -> str:
    return f"log-{application_id}"


def _key(first: int) -> str:
    return f"{first:016}"
