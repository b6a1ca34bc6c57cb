"""What is counted of calls, against a list of all of them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.engine.embedded import EmbeddedEngine
from proven.telemetry import (
    OTHER,
    Budget,
    MetricLimits,
    Metrics,
    ProcessGauges,
    Series,
    Timeline,
    render,
)
from proven.telemetry import metrics as core
from proven.telemetry.histogram import bucket_of
from proven.wire.ids import ApplicationId, PackageId
from support.clock import Clock

APP = ApplicationId("a" * 32)
PACKAGE = PackageId("c" * 64)
HOUR = 3600


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextlib.asynccontextmanager
async def counting(
    path: Path, clock: Clock, limits: MetricLimits | None = None
) -> AsyncIterator[tuple[Metrics, EmbeddedEngine]]:
    engine = EmbeddedEngine(path / "engine.db", bytes(32))
    await engine.start()
    metrics = Metrics(engine.registers, limits, applications=lambda: [APP], clock=clock)
    await metrics.start()
    try:
        yield metrics, engine
    finally:
        await metrics.stop()
        await engine.stop()


calls = st.lists(
    st.tuples(
        st.integers(0, 5000),
        st.sampled_from(["a", "b", "c", "d"]),
        st.integers(0, 10**6),
        st.sampled_from([None, None, "HANDLER_ERROR", "HANDLER_TIMEOUT"]),
    ),
    max_size=80,
).map(lambda found: sorted(found, key=lambda call: call[0]))


@given(calls, st.integers(1, 4), st.integers(1, 12))
def test_a_timeline_counts_every_call_once_and_tells_few_series_apart(
    found: list[tuple[int, str, int, str | None]], series: int, budget: int
) -> None:
    shared = Budget(budget)
    timeline = Timeline(60, 10, series, shared)
    for at, handler, duration, code in found:
        timeline.count(at, Series(handler, ""), bucket_of(duration), duration, code)
    counted = [(number, each, cell) for number, row in timeline.cells.items() for each, cell in row.items()]
    assert sum(cell.calls for _, _, cell in counted) == len(found)
    assert sum(cell.latency.total for _, _, cell in counted) == sum(duration for _, _, duration, _ in found)
    for number in timeline.cells:
        at_that_time = [call for call in found if call[0] // 60 == number]
        row = timeline.cells[number]
        assert sum(cell.calls for cell in row.values()) == len(at_that_time)
        for code in ("HANDLER_ERROR", "HANDLER_TIMEOUT"):
            assert sum(cell.errors.get(code, 0) for cell in row.values()) == sum(
                call[3] == code for call in at_that_time
            )
        assert len(row) <= series + 1
    for window in timeline.windows():
        parts = core.encode(timeline, window, 100)
        again = [cell for part in parts for cell in core.decode(part)]
        own = [entry for entry in counted if entry[0] // 10 == window]
        assert [(n, s, c.calls, c.errors, c.latency.sparse()) for n, s, c in again] == [
            (n, s, c.calls, c.errors, c.latency.sparse()) for n, s, c in sorted(own, key=lambda each: each[0])
        ]
    for window in timeline.windows():
        timeline.forget(window)
    assert (shared.used, timeline.cells) == (0, {})


async def test_counts_are_those_of_the_calls_and_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    clock.now = 1_700_000_000 // HOUR * HOUR + 30 * 60
    async with counting(tmp_path, clock) as (metrics, _):
        for milliseconds in range(1, 101):
            metrics.count(APP, "src/a.ts#a", PACKAGE, milliseconds / 1000, None)
    async with counting(tmp_path, clock) as (metrics, _):
        metrics.count(APP, "src/a.ts#a", PACKAGE, 0.5, "HANDLER_ERROR")
        metrics.count(APP, "src/b.ts#b", PACKAGE, 0.1, None)
        found = await metrics.read(APP, 3600)
        cell = found.handlers[Series("src/a.ts#a", PACKAGE)]
        assert (cell.calls, cell.errors) == (101, {"HANDLER_ERROR": 1})
        assert cell.latency.percentile(0.5) == pytest.approx(51_000, rel=1 / 16)
        assert cell.latency.percentile(0.99) == pytest.approx(100_000, rel=1 / 16)
        assert sum(each.calls for each in found.points.values()) == 102
        assert found.step == 60
        of_b = await metrics.read(APP, 3600, handler="b")
        assert [each.calls for each in of_b.points.values()] == [1]
        by_hour = await metrics.read(APP, 30 * 86_400)
        assert (by_hour.step, sum(each.calls for each in by_hour.points.values())) == (HOUR, 102)


async def test_minutes_are_kept_for_a_day_and_hours_for_a_month(tmp_path: Path, clock: Clock) -> None:
    start = clock.now
    async with counting(tmp_path, clock) as (metrics, engine):
        for _ in range(32 * 4):
            metrics.count(APP, "a", PACKAGE, 0.001, None)
            await metrics.read(APP, 60)
            clock.now += 6 * HOUR
        await metrics.sweep(APP)
        minutes = await engine.registers.entries(f"minutes-{APP}")
        hours = await engine.registers.entries(f"hours-{APP}")
        assert len(minutes) <= 5
        assert 30 * 4 - 1 <= len(hours) <= 30 * 4 + 1
        assert (
            sum(cell.calls for cell in (await metrics.read(APP, 30 * 86_400)).points.values()) >= 30 * 4 - 1
        )
        assert clock.now - start == 32 * 86_400


async def test_many_handlers_are_counted_together(tmp_path: Path, clock: Clock) -> None:
    limits = MetricLimits(series=10, total_series=20)
    async with counting(tmp_path, clock, limits) as (metrics, _):
        for number in range(100):
            metrics.count(APP, f"handler{number}", PACKAGE, 0.001, None)
        found = (await metrics.read(APP, 3600)).handlers
        assert len(found) == 11
        assert found[OTHER].calls == 90
        assert len(metrics.totals()) == 20
        for number in range(100):
            app = ApplicationId(f"{number:032}")
            metrics.count(app, "handler", PACKAGE, 0.001, None)
            assert (await metrics.read(app, 3600)).points
        assert metrics._budgets[0].used == 20


async def test_what_prometheus_reads_is_bounded_and_escaped(tmp_path: Path, clock: Clock) -> None:
    hostile = 'a"} 1\nproven_handler_calls_total{handler="x\\'
    async with counting(tmp_path, clock, MetricLimits(total_series=3)) as (metrics, _):
        for number in range(10):
            metrics.count(APP, f"h{number}", PACKAGE, 0.0003, None)
        metrics.count(APP, hostile, PACKAGE, 2.0, "HANDLER_ERROR")
        gauges = [ProcessGauges(APP, PACKAGE, 1024, 1.5, 1, 0)]
        text = render(metrics.totals(), gauges, lambda _: "todo")
    samples = [each for each in text.splitlines() if not each.startswith("#")]
    pattern = r'(\w+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} ([0-9.]+)'
    parsed = [re.fullmatch(pattern, each) for each in samples]
    assert all(parsed), samples
    calls = [each for each in samples if each.startswith("proven_handler_calls_total")]
    assert len(calls) == 3
    escaped = hostile.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    labels = f'application="todo",handler="{escaped}",package="{"c" * 12}"'
    assert f"proven_handler_calls_total{{{labels}}} 1" in samples
    assert f'proven_handler_errors_total{{{labels},code="HANDLER_ERROR"}} 1' in samples
    buckets = {
        match[1]: int(match[2])
        for each in samples
        if (match := re.search(r'h9".*le="([^"]+)"\} (\d+)', each))
    }
    assert (buckets["0.000256"], buckets["0.000512"], buckets["+Inf"]) == (0, 1, 1)
    memory = f'proven_process_memory_bytes{{application="todo",package="{"c" * 12}"}} 1024'
    assert memory in samples
