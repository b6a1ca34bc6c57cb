"""The log store on the embedded engine, its clock in the test's hands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.engine import Registers
from proven.telemetry import LogLimits, LogStore, Wanted, bounded
from proven.telemetry import lines as stored
from proven.telemetry.lines import Chunk, expired
from proven.wire.commands import MAX_LOG_TEXT, LogKind, LogLevel, LogLine
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from support.clock import Clock
from support.sealed import running_engine

APP = ApplicationId("a" * 32)
OTHER = ApplicationId("b" * 32)
PACKAGE = "c" * 64


@pytest.fixture
def clock() -> Clock:
    return Clock()


def line(
    text: str,
    clock: Clock,
    *,
    level: LogLevel = "info",
    handler: str | None = "src/a.ts#a",
    kind: LogKind = "console",
) -> LogLine:
    at = int(clock.now * 1000)
    return LogLine(sequence=0, at=at, kind=kind, level=level, text=text, handler=handler, package_id=PACKAGE)


@contextlib.asynccontextmanager
async def store_on(
    registers: Registers, clock: Clock, limits: LogLimits | None = None, *, killed: bool = False
) -> AsyncIterator[LogStore]:
    """A store that is stopped in order, or else just gone."""
    store = LogStore(registers, limits, applications=lambda: [APP, OTHER], clock=clock, monotonic=clock)
    await store.start()
    try:
        yield store
    finally:
        if killed:
            for task in store._tasks:
                task.cancel()
            await asyncio.gather(*store._tasks, return_exceptions=True)
        else:
            await store.stop()


async def everything(store: LogStore, app: ApplicationId = APP, after: int | None = None) -> list[LogLine]:
    found: list[LogLine] = []
    while True:
        page = await store.read(app, after)
        assert page.missed == 0
        found += page.lines
        after = page.next
        if not page.more:
            return found


async def test_lines_are_numbered_without_gaps_and_survive_a_restart(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock) as store:
        for number in range(1, 6):
            store.append(APP, line(str(number), clock))
        store.append(OTHER, line("other", clock))
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock) as store:
        store.append(APP, line("6", clock))
        found = await everything(store)
        assert [(each.sequence, each.text) for each in found] == [(n, str(n)) for n in range(1, 7)]
        assert [each.text for each in await everything(store, OTHER)] == ["other"]


async def test_a_killed_node_loses_only_what_was_not_stored_and_says_so(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine:
        async with store_on(engine.registers, clock, killed=True) as store:
            store.append(APP, line("stored", clock))
            assert [each.text for each in await everything(store)] == ["stored"]
            store.append(APP, line("lost", clock))
        async with store_on(engine.registers, clock) as store:
            store.append(APP, line("after", clock))
            found = await everything(store)
            assert [(each.sequence, each.kind) for each in found] == [
                (1, "console"),
                (2, "node"),
                (3, "console"),
            ]
        async with store_on(engine.registers, clock) as store:
            assert len(await everything(store)) == 3


async def test_nothing_that_was_said_is_on_the_disk_in_the_clear(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine:
        async with store_on(engine.registers, clock) as store:
            for _ in range(1000):
                store.append(APP, line("a secret of the application", clock))
            assert len(await everything(store)) == 1000
        written = [file.read_bytes() for file in tmp_path.iterdir() if file.is_file()]
        assert sum(map(len, written)) > 30_000
        assert not any(b"secret" in content or b"src/a.ts" in content for content in written)


async def test_nothing_can_be_read_before_it_is_stored(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock) as store:
        store.append(APP, line("1", clock))
        await everything(store)
        log = store._logs[APP]
        async with log.lock:
            store.append(APP, line("2", clock))
            taken = log.intake.take(clock(), 1000)
            data = stored.encode("other run", 1, [*log.tail, line("2", clock)])
            await engine.registers.put(f"log-{APP}", f"{1:016}", data)
            assert log.next == 2
            log.intake.put_back(taken)
        assert [each.text for each in await everything(store)] == ["1", "2"]


async def test_the_bounds_hold_under_a_flood_and_what_is_gone_is_told(tmp_path: Path, clock: Clock) -> None:
    limits = LogLimits(lines=3000, bytes=400_000, rate=1e6, burst=10**6, byte_rate=10**9, byte_burst=10**9)
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock, limits) as store:
        for number in range(1, 20_001):
            store.append(APP, line(f"{number} " + "x" * 100, clock))
            if number % 500 == 0:
                await store.read(APP, 10**9)
        entries = await engine.registers.entries(f"log-{APP}")
        assert sum(len(entry.value or b"") for entry in entries) <= limits.bytes + 400_000
        chunks = store._logs[APP].chunks
        assert sum(chunk.count for chunk in list(chunks)[:-1]) <= limits.lines
        first = chunks[0].first
        page = await store.read(APP, 10)
        assert page.missed == first - 11
        assert page.lines[0].sequence == first
        assert (await store.read(APP)).missed == 0


async def test_old_lines_go_and_numbers_go_on(tmp_path: Path, clock: Clock) -> None:
    limits = LogLimits(age=100)
    async with running_engine(tmp_path) as engine:
        async with store_on(engine.registers, clock, limits) as store:
            for _ in range(3):
                store.append(APP, line("old", clock))
            await everything(store)
            clock.now += 101
            await store.sweep(APP)
            page = await store.read(APP, 1)
            assert (page.lines, page.missed, page.next) == ([], 2, 3)
        async with store_on(engine.registers, clock, limits) as store:
            store.append(APP, line("new", clock))
            assert [(each.sequence, each.text) for each in await everything(store)] == [(4, "new")]
        assert len(await engine.registers.entries(f"log-{APP}")) == 1


async def test_readers_get_what_they_want(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock) as store:
        store.append(APP, line("early", clock))
        clock.now += 60
        since = int(clock.now * 1000)
        store.append(APP, line("a", clock))
        store.append(APP, line("b", clock, handler="src/b.ts#b", level="warn"))
        store.append(APP, line("top level", clock, handler=None, level="error"))
        store.append(APP, line("dropped 3 lines", clock, handler=None, level="warn", kind="dropped"))

        async def texts(wanted: Wanted, since: int = 0) -> list[str]:
            return [each.text for each in (await store.read(APP, since=since, wanted=wanted)).lines]

        assert await texts(Wanted(handler="a")) == ["early", "a", "dropped 3 lines"]
        assert await texts(Wanted(handler="a"), since) == ["a", "dropped 3 lines"]
        assert await texts(Wanted(handler="src/b.ts#b")) == ["b", "dropped 3 lines"]
        assert await texts(Wanted(level="error")) == ["top level", "dropped 3 lines"]
        page = await store.read(APP, 1, limit=2)
        assert ([each.sequence for each in page.lines], page.next, page.more) == ([2, 3], 3, True)


async def test_a_follower_sees_everything_once_in_order(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock) as store:
        seen: list[int] = []

        async def follow() -> None:
            async with contextlib.aclosing(store.follow(APP, 0)) as pages:
                async for page in pages:
                    seen.extend(each.sequence for each in page.lines)
                    if len(seen) == 1500:
                        return

        following = asyncio.create_task(follow())
        for number in range(1500):
            store.append(APP, line(str(number), clock))
            if number % 100 == 0:
                await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await following
        assert seen == list(range(1, 1501))
        assert store._readers == 0


async def test_a_follower_that_is_too_slow_is_told_how_much_it_missed(tmp_path: Path, clock: Clock) -> None:
    limits = LogLimits(bytes=200_000, rate=1e6, burst=10**6, byte_rate=10**9, byte_burst=10**9)
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock, limits) as store:
        store.append(APP, line("1", clock))
        async with contextlib.aclosing(store.follow(APP, 0)) as pages:
            page = await anext(pages)
            assert [each.sequence for each in page.lines] == [1]
            for number in range(2, 5001):
                store.append(APP, line(f"{number} " + "x" * 100, clock))
                if number % 500 == 0:
                    await store.read(APP, 10**9)
            place = page.next
            page = await anext(pages)
            assert page.missed > 0
            assert page.lines[0].sequence == place + page.missed + 1


async def test_followers_are_counted(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proven.telemetry.logs.MAX_READERS", 1)
    async with running_engine(tmp_path) as engine, store_on(engine.registers, clock) as store:
        store.append(APP, line("1", clock))
        first = store.follow(APP, 0)
        await anext(first)
        with pytest.raises(ProvenError) as refused:
            await anext(store.follow(APP, 0))
        assert refused.value.code is ErrorCode.OVERLOADED
        await first.aclose()


class FullDisk(Registers):
    """Registers that take nothing while `full`."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self.full = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._registers, name)

    async def put(self, bucket: str, key: str, value: bytes, *, expected: int | None = None) -> int:
        if self.full:
            raise ProvenError(ErrorCode.STORAGE_FULL, "the disk is full")
        return await self._registers.put(bucket, key, value, expected=expected)

    async def get(self, bucket: str, key: str):  # type: ignore[no-untyped-def]
        return await self._registers.get(bucket, key)

    async def delete(self, bucket: str, key: str, *, expected: int | None = None) -> bool:
        return await self._registers.delete(bucket, key, expected=expected)

    async def entries(self, bucket: str, *, after: str = "", limit: int = 1000):  # type: ignore[no-untyped-def]
        return await self._registers.entries(bucket, after=after, limit=limit)


async def test_while_nothing_can_be_stored_lines_wait_and_are_bounded(tmp_path: Path, clock: Clock) -> None:
    async with running_engine(tmp_path) as engine:
        registers = FullDisk(engine.registers)
        limits = LogLimits(rate=1e6, burst=10**6, byte_rate=10**9, byte_burst=10**9)
        async with store_on(registers, clock, limits) as store:
            registers.full = True
            for number in range(10_000):
                store.append(APP, line(str(number), clock))
            with pytest.raises(ProvenError):
                await store.read(APP)
            async with asyncio.timeout(60):
                while store._failure is None:
                    await asyncio.sleep(0.01)
            with pytest.raises(ProvenError):
                await store.health()
            registers.full = False
            clock.now += 2
            found = await everything(store)
            place = 0
            for sequence, each in enumerate(found, 1):
                assert each.sequence == sequence
                place += each.dropped or 1
            assert place == 10_000
            assert found[-1].kind == "dropped"


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 1000), st.integers(0, 100)), max_size=20),
    st.integers(0, 200),
    st.integers(0, 4000),
    st.integers(0, 100),
)
def test_retention_removes_the_fewest_of_the_oldest_chunks(
    sizes: list[tuple[int, int, int]], lines: int, size: int, before: int
) -> None:
    chunks, first = [], 1
    for count, length, latest in sizes:
        chunks.append(Chunk("", first, count, 0, latest, length))
        first += count

    def fits(kept: list[Chunk]) -> bool:
        return (
            sum(chunk.count for chunk in kept) <= lines
            and sum(chunk.size for chunk in kept) <= size
            and (not kept or kept[0].latest >= before)
        )

    gone = expired(chunks, lines=lines, size=size, before=before)
    assert gone == next(number for number in range(len(chunks) + 1) if fits(chunks[number:]))


@given(st.text(alphabet=st.characters(), max_size=50))
def test_any_text_can_be_stored_and_said(text: str) -> None:
    made = LogLine(sequence=1, at=1, kind="console", level="log", text=bounded(text))
    assert stored.decode(stored.encode("run", 1, [made])) == [made]


def test_text_is_bounded() -> None:
    assert bounded("\ud800") == "?"
    assert len(bounded("x" * 10**6)) == MAX_LOG_TEXT
    assert bounded("x" * MAX_LOG_TEXT) == "x" * MAX_LOG_TEXT
