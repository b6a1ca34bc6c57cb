from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from proven.gateway import Activity, Call
from proven.gateway import console_activity as limits
from proven.packages import HandlerKind
from proven.runtime import ConsoleLevel, ConsoleRecord
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from support.clock import Clock

APPLICATION = ApplicationId("a" * 32)
PACKAGE = PackageId("b" * 64)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def activity(clock: Clock) -> Activity:
    return Activity(lambda _: "app", clock=clock)


def call(handler: str = "a.ts#a", seconds: float = 0.001, error: ProvenError | None = None) -> Call:
    return Call(APPLICATION, "app", PACKAGE, handler, HandlerKind.RPC, None, seconds, error)


def line(text: str) -> ConsoleRecord:
    return ConsoleRecord(APPLICATION, PACKAGE, "a.ts#a", ConsoleLevel.INFO, text)


async def events(stream: Any, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(60):
        while len(found) < count:
            chunk = (await anext(stream)).decode()
            for part in chunk.split("\n"):
                if part.startswith("data: "):
                    found.append(json.loads(part.removeprefix("data: ")))
    return found


def test_the_oldest_entries_leave_first_and_are_counted_as_missed(clock: Clock) -> None:
    activity = Activity(lambda _: "app", clock=clock, max_entries=3)
    for number in range(5):
        activity.console(line(str(number)))
    page = activity.since(0)
    assert [entry.text for entry in page.entries] == ["2", "3", "4"]  # type: ignore[union-attr]
    assert (page.last, page.missed) == (5, 2)
    later = activity.since(4)
    assert ([entry.sequence for entry in later.entries], later.missed) == ([5], 0)
    assert [entry.sequence for entry in activity.since(0, limit=1).entries] == [5]
    assert activity.since(99).entries == []


def test_text_is_bounded_for_each_entry_and_for_all(activity: Activity) -> None:
    activity.console(line("x" * 100_000))
    details = {"stack": "s" * 100_000}
    activity.called(call(error=ProvenError(ErrorCode.HANDLER_ERROR, "m" * 100_000, details=details)))
    logged, called = activity.since(0).entries
    assert len(logged.text) == limits.MAX_TEXT + 1  # type: ignore[union-attr]
    assert len(called.error.message) == len(called.error.stack) == limits.MAX_TEXT + 1  # type: ignore[union-attr]
    for _ in range(2000):
        activity.console(line("y" * limits.MAX_TEXT))
    kept = activity.since(0).entries
    assert sum(len(entry.text) for entry in kept) <= limits.MAX_BYTES  # type: ignore[union-attr]


def test_text_that_is_no_unicode_can_be_sent(activity: Activity) -> None:
    activity.console(line("\ud800"))
    assert [entry.text for entry in activity.since(0).entries] == ["?"]  # type: ignore[union-attr]


def test_counts_and_percentiles_are_those_of_the_calls(activity: Activity, clock: Clock) -> None:
    for milliseconds in range(1, 101):
        activity.called(call(seconds=milliseconds / 1000))
    clock.now += limits.BUCKET_SECONDS
    activity.called(call(seconds=0.5, error=ProvenError(ErrorCode.HANDLER_ERROR, "no")))
    (found,) = activity.statistics().handlers
    assert (found.calls, found.errors) == (101, 1)
    assert found.p50_us == pytest.approx(50_000, rel=0.11)
    assert found.p99_us == pytest.approx(100_000, rel=0.11)
    assert len(found.recent) == limits.BUCKETS
    before, last = found.recent[-2:]
    assert (before.calls, before.errors, last.calls, last.errors) == (100, 0, 1, 1)
    assert last.at - before.at == limits.BUCKET_SECONDS * 1000
    assert last.p50_us == pytest.approx(500_000, rel=0.11)


def test_what_is_long_ago_leaves_the_recent_buckets_only(activity: Activity, clock: Clock) -> None:
    activity.called(call())
    clock.now += limits.BUCKET_SECONDS * limits.BUCKETS
    (found,) = activity.statistics().handlers
    assert (found.calls, sum(bucket.calls for bucket in found.recent)) == (1, 0)


def test_handlers_called_longest_ago_are_forgotten_first(
    activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_HANDLERS", 2)
    for handler in ("a", "b", "a", "c"):
        activity.called(call(handler))
    assert [each.handler for each in activity.statistics().handlers] == ["a", "c"]


async def test_a_stream_tells_what_was_and_what_comes(activity: Activity) -> None:
    activity.console(line("before"))
    stream = activity.stream(0)
    (page,) = await events(stream, 1)
    assert [entry["text"] for entry in page["entries"]] == ["before"]
    waiting = asyncio.create_task(events(stream, 1))
    activity.called(call())
    (page,) = await waiting
    assert [(entry["kind"], entry["sequence"]) for entry in page["entries"]] == [("call", 2)]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_slow_reader_is_told_how_much_it_missed(clock: Clock) -> None:
    activity = Activity(lambda _: "app", clock=clock, max_entries=10)
    stream = activity.stream(0)
    activity.console(line("0"))
    await events(stream, 1)
    for number in range(1, 31):
        activity.console(line(str(number)))
    (page,) = await events(stream, 1)
    assert (page["missed"], [entry["text"] for entry in page["entries"]]) == (
        20,
        [str(n) for n in range(21, 31)],
    )
    await stream.aclose()  # type: ignore[attr-defined]


async def test_streams_are_counted_and_end_with_the_node(activity: Activity) -> None:
    streams = [activity.stream(0) for _ in range(limits.MAX_STREAMS)]
    for stream in streams:
        await anext(stream)
    with pytest.raises(ProvenError) as refused:
        activity.stream(0)
    assert refused.value.code is ErrorCode.OVERLOADED
    ends = [asyncio.create_task(anext(stream, b"end")) for stream in streams]  # type: ignore[call-overload]
    activity.close()
    async with asyncio.timeout(60):
        assert await asyncio.gather(*ends) == [b"end"] * limits.MAX_STREAMS


def test_an_event_id_of_this_run_is_where_to_go_on(activity: Activity) -> None:
    assert activity.place(f"{activity.run}-17") == 17
    for other in (
        None,
        "",
        "17",
        "0123-17",
        f"{activity.run}-",
        f"{activity.run}-x",
        f"{activity.run}-{'9' * 99}",
    ):
        assert activity.place(other) == 0
