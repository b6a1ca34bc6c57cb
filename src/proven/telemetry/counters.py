"""The metrics of applications: counted at once, stored by the engine now and then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from proven.engine import Registers
from proven.telemetry import metrics
from proven.telemetry.histogram import bucket_of
from proven.telemetry.limits import KIB, MetricLimits
from proven.telemetry.metrics import Budget, Cell, Series, Timeline
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

_log = logging.getLogger("proven.telemetry")

FLUSH_SECONDS: Final = 15.0
"""What was counted in the last so many seconds is lost when the node is killed."""
MINUTE: Final = 60
HOUR: Final = 3600
_MINUTES_TOGETHER: Final = 10
_HOURS_TOGETHER: Final = 6
_PART_BYTES: Final = 512 * KIB
_PACE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Measured:
    """What was counted of an application between `since` and `until` (Unix seconds), in steps of `step`.

    `handlers` sums up each series; `points` has what was asked for over time, by the second in which it
    begins.
    """

    since: int
    until: int
    step: int
    handlers: dict[Series, Cell]
    points: dict[int, Cell]


class Metrics:
    """Counts the calls of every application. Rules:

    1. `count` never waits and never fails; it takes a few microseconds.
    2. Counts per minute are kept for `minutes_kept`, counts per hour for `hours_kept`.
    3. In memory is what the present minutes and hours count, and a total since the node started of the
       `total_series` series called last. What has passed is read from the engine when it is asked for.
    4. Series are bounded by `MetricLimits`; calls of what is over it are counted as `OTHER`.
    5. When the node was killed, the counts of the last `FLUSH_SECONDS` are missing.
    """

    def __init__(
        self,
        registers: Registers,
        limits: MetricLimits | None = None,
        *,
        applications: Callable[[], list[ApplicationId]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registers = registers
        self._limits = limits or MetricLimits()
        self._applications = applications
        self._clock = clock
        self._counted: dict[ApplicationId, _Counted] = {}
        self._totals: OrderedDict[tuple[ApplicationId, Series], Cell] = OrderedDict()
        self._budgets = Budget(self._limits.total_series), Budget(self._limits.total_series)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to store counts, and to remove old ones."""
        self._task = asyncio.create_task(self._run(), name="metrics")

    async def stop(self) -> None:
        """Store what was counted."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        for application_id in list(self._counted):
            await self._flush(application_id)

    async def health(self) -> None:
        """Raises if counts are not stored any more."""
        if self._task is None or self._task.done():
            raise ProvenError(ErrorCode.UNAVAILABLE, "metrics are not stored any more")

    def count(
        self,
        application_id: ApplicationId,
        handler: str,
        package_id: PackageId,
        seconds: float,
        code: str | None,
    ) -> None:
        """Count a call that has just ended; `code` is that of its error."""
        now = int(self._clock())
        duration = round(seconds * 1_000_000)
        bucket = bucket_of(duration)
        series = Series(handler, package_id)
        counted = self._counted.get(application_id) or self._of(application_id)
        key = (application_id, series)
        total = self._totals.get(key)
        if total is None:
            total = self._totals[key] = Cell()
            if len(self._totals) > self._limits.total_series:
                self._totals.popitem(last=False)
        self._totals.move_to_end(key)
        counted.dirty = True
        total.count(bucket, duration, code)
        counted.minutes.count(now, series, bucket, duration, code)
        counted.hours.count(now, series, bucket, duration, code)

    def _of(self, application_id: ApplicationId) -> _Counted:
        if application_id not in self._counted:
            self._counted[application_id] = _Counted(self._limits.series, *self._budgets)
        return self._counted[application_id]

    def totals(self) -> list[tuple[ApplicationId, Series, Cell]]:
        """What was counted since the node started, of the series called last."""
        return [(application_id, series, cell) for (application_id, series), cell in self._totals.items()]

    async def read(
        self,
        application_id: ApplicationId,
        seconds: int,
        *,
        handler: str | None = None,
    ) -> Measured:
        """What was counted in the last `seconds`: by the minute for a day, else by the hour.

        `points` are of `handler` (an address, or the name of an export) or of all. Raises as the engine does.
        """
        counted = self._of(application_id)
        await self._flush(application_id)
        by_minute = seconds <= self._limits.minutes_kept
        timeline = counted.minutes if by_minute else counted.hours
        step = timeline.step
        now = int(self._clock())
        first, last = (now - seconds) // step + 1, now // step
        found = Measured(first * step, now, step, {}, {})
        present = set(timeline.windows())
        for window in range(first // timeline.window, last // timeline.window + 1):
            if window in present:
                cells = [
                    (number, series, cell)
                    for number in range(window * timeline.window, (window + 1) * timeline.window)
                    for series, cell in timeline.cells.get(number, {}).items()
                ]
            else:
                cells = await self._stored(application_id, timeline, window)
            for number, series, cell in cells:
                if first <= number <= last:
                    found.handlers.setdefault(series, Cell()).merge(cell)
                    if handler is None or series.names(handler):
                        found.points.setdefault(number * step, Cell()).merge(cell)
        return found

    async def _stored(
        self, application_id: ApplicationId, timeline: Timeline, window: int
    ) -> list[tuple[int, Series, Cell]]:
        bucket = _bucket(application_id, timeline)
        found: list[tuple[int, Series, Cell]] = []
        part = 0
        while (entry := await self._registers.get(bucket, _key(window, part))) and entry.value:
            found += metrics.decode(entry.value)
            part += 1
        return found

    async def _run(self) -> None:
        swept = -1
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            for application_id in list(self._counted):
                try:
                    await self._flush(application_id)
                except ProvenError as error:
                    _log.warning("metrics_not_stored", extra={"reason": error.message})
                except Exception:
                    _log.exception("metrics_flush_failed", extra={"application": application_id})
            hour = int(self._clock()) // HOUR
            if hour != swept:
                swept = hour
                for application_id in self._applications():
                    await asyncio.sleep(_PACE)
                    with suppress(ProvenError):
                        await self.sweep(application_id)

    async def _flush(self, application_id: ApplicationId) -> None:
        counted = self._counted[application_id]
        async with counted.lock:
            if not counted.dirty:
                return
            now = int(self._clock())
            for timeline in (counted.minutes, counted.hours):
                for window in timeline.windows():
                    await self._load(application_id, counted, timeline, window)
            counted.dirty = False
            try:
                for timeline in (counted.minutes, counted.hours):
                    present = now // timeline.step // timeline.window
                    for window in timeline.windows():
                        await self._store(application_id, timeline, window)
                        if window < present:
                            timeline.forget(window)
                            counted.loaded.discard((timeline.step, window))
            except BaseException:
                counted.dirty = True
                raise

    async def _load(
        self, application_id: ApplicationId, counted: _Counted, timeline: Timeline, window: int
    ) -> None:
        """Add what was counted of a window before the node was started anew."""
        if (timeline.step, window) in counted.loaded:
            return
        for number, series, cell in await self._stored(application_id, timeline, window):
            timeline.cell(number, series).merge(cell)
        counted.loaded.add((timeline.step, window))

    async def _store(self, application_id: ApplicationId, timeline: Timeline, window: int) -> None:
        bucket = _bucket(application_id, timeline)
        for part, data in enumerate(metrics.encode(timeline, window, _PART_BYTES)):
            await self._registers.put(bucket, _key(window, part), data)

    async def sweep(self, application_id: ApplicationId) -> None:
        """Remove the counts of one application that are old."""
        kept = ((MINUTE * _MINUTES_TOGETHER, "minutes"), (HOUR * _HOURS_TOGETHER, "hours"))
        for seconds, name in kept:
            age = self._limits.minutes_kept if name == "minutes" else self._limits.hours_kept
            end = _key(int(self._clock() - age) // seconds, 0)
            bucket = f"{name}-{application_id}"
            while (page := await self._registers.entries(bucket, limit=16)) and page[0].key < end:
                for entry in page:
                    if entry.key < end:
                        await self._registers.delete(bucket, entry.key)


class _Counted:
    """The present counts of one application."""

    __slots__ = ("dirty", "hours", "loaded", "lock", "minutes")

    def __init__(self, max_series: int, minutes: Budget, hours: Budget) -> None:
        self.minutes = Timeline(MINUTE, _MINUTES_TOGETHER, max_series, minutes)
        self.hours = Timeline(HOUR, _HOURS_TOGETHER, max_series, hours)
        self.loaded: set[tuple[int, int]] = set()
        self.lock = asyncio.Lock()
        self.dirty = False


def _bucket(application_id: ApplicationId, timeline: Timeline) -> str:
    return f"{'minutes' if timeline.step == MINUTE else 'hours'}-{application_id}"


def _key(window: int, part: int) -> str:
    return f"{window:012}-{part:04}"
