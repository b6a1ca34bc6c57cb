"""Calls counted by handler and version over time: the pure part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from proven.telemetry.histogram import Histogram


class Series(NamedTuple):
    """What is counted together: the calls of one handler in one package."""

    handler: str
    package_id: str

    def names(self, handler: str) -> bool:
        """Whether that is its handler, by its address or by the name of its export."""
        return handler in (self.handler, self.handler.partition("#")[2])


OTHER: Final = Series("(other)", "")
"""Stands for those that were too many to be told apart."""


class Cell:
    """Some calls: how long they took, and how those failed that did."""

    __slots__ = ("errors", "latency")

    def __init__(self) -> None:
        self.latency = Histogram()
        self.errors: dict[str, int] = {}

    @property
    def calls(self) -> int:
        return self.latency.calls

    @property
    def failed(self) -> int:
        return sum(self.errors.values())

    def count(self, bucket: int, duration: int, code: str | None) -> None:
        """Count a call of `duration` microseconds; `code` is that of its error."""
        self.latency.count(bucket, duration)
        if code is not None:
            self.errors[code] = self.errors.get(code, 0) + 1

    def merge(self, other: Cell) -> None:
        self.latency.merge(other.latency)
        for code, count in other.errors.items():
            self.errors[code] = self.errors.get(code, 0) + count


class Budget:
    """How many series are told apart, in all timelines that share it."""

    __slots__ = ("limit", "used")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0


class Timeline:
    """Cells by stretch of time and series. Stretches are `step` seconds long and numbered since the epoch;
    `window` of them that follow each other are stored together, and no more than `max_series` series are told
    apart in a window, and no more than `budget` lets.
    """

    __slots__ = ("_budget", "_series", "cells", "max_series", "step", "window")

    def __init__(self, step: int, window: int, max_series: int, budget: Budget) -> None:
        self._budget = budget
        self.step = step
        self.window = window
        self.max_series = max_series
        self.cells: dict[int, dict[Series, Cell]] = {}
        self._series: dict[int, set[Series]] = {}

    def count(self, now: int, series: Series, bucket: int, duration: int, code: str | None) -> None:
        """Count a call that ended at `now` (Unix seconds)."""
        self.cell(now // self.step, series).count(bucket, duration, code)

    def cell(self, number: int, series: Series) -> Cell:
        """The cell of a series in a stretch of time, made if there is none."""
        row = self.cells.get(number)
        if row is None:
            row = self.cells[number] = {}
        found = row.get(series)
        if found is not None:
            return found
        known = self._series.setdefault(number // self.window, set())
        if series not in known:
            if len(known) >= self.max_series or self._budget.used >= self._budget.limit:
                series = OTHER
                if series in row:
                    return row[series]
            else:
                known.add(series)
                self._budget.used += 1
        made = row[series] = Cell()
        return made

    def windows(self) -> list[int]:
        """The numbers of the windows in which something was counted, in order."""
        return sorted(self._series)

    def forget(self, window: int) -> None:
        """Let go of a window."""
        self._budget.used -= len(self._series.pop(window, ()))
        for number in range(window * self.window, (window + 1) * self.window):
            self.cells.pop(number, None)


class _StoredCell(msgspec.Struct, frozen=True, array_like=True):
    number: int
    handler: str
    package_id: str
    total: int
    counts: list[int]
    errors: dict[str, int]


def encode(timeline: Timeline, window: int, part_bytes: int) -> list[bytes]:
    """A window in parts of about `part_bytes`."""
    parts: list[bytes] = []
    cells: list[bytes] = []
    size = 0
    for number in range(window * timeline.window, (window + 1) * timeline.window):
        for series, cell in timeline.cells.get(number, {}).items():
            data = msgspec.msgpack.encode(
                _StoredCell(number, *series, cell.latency.total, cell.latency.sparse(), cell.errors)
            )
            if size + len(data) > part_bytes and cells:
                parts.append(_joined(cells))
                cells, size = [], 0
            cells.append(data)
            size += len(data)
    return [*parts, _joined(cells)] if cells else parts


def _joined(cells: list[bytes]) -> bytes:
    return msgspec.msgpack.encode([msgspec.Raw(cell) for cell in cells])


def decode(data: bytes) -> Iterable[tuple[int, Series, Cell]]:
    """The cells of a part. Raises `ValueError`."""
    for stored in msgspec.msgpack.decode(data, type=list[_StoredCell]):
        cell = Cell()
        cell.latency = Histogram.of(stored.counts, stored.total)
        cell.errors = dict(stored.errors)
        yield stored.number, Series(stored.handler, stored.package_id), cell
