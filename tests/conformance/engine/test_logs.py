"""What every backend's logs promise."""

from __future__ import annotations

import asyncio

import pytest

from proven.engine import MAX_PAYLOAD_BYTES, Engine, Record
from proven.wire.errors import ErrorCode, ProvenError


async def test_sequences_start_at_one_and_have_no_gaps_over_all_subjects(engine: Engine) -> None:
    sequences = [await engine.logs.append("log", subject, b"") for subject in ("a", "b", "a", "c")]
    assert sequences == [1, 2, 3, 4]
    assert await engine.logs.last("log") == 4
    assert await engine.logs.last("log", subject="a") == 3
    assert await engine.logs.last("log", subject="nothing") == 0


async def test_logs_do_not_share_sequences(engine: Engine) -> None:
    await engine.logs.append("one", "a", b"")
    assert await engine.logs.append("two", "a", b"") == 1


async def test_reads_are_in_order_and_filtered_by_subject(engine: Engine) -> None:
    for number, subject in enumerate(("a", "b", "a", "b", "a")):
        await engine.logs.append("log", subject, bytes([number]))
    assert [record.data[0] for record in await engine.logs.read("log")] == [0, 1, 2, 3, 4]
    assert await engine.logs.read("log", after=1, subject="a") == [
        Record(3, "a", b"\x02"),
        Record(5, "a", b"\x04"),
    ]
    assert [record.sequence for record in await engine.logs.read("log", after=2, limit=2)] == [3, 4]
    assert await engine.logs.read("log", after=5) == []


async def test_an_append_with_a_stale_expectation_is_refused_and_changes_nothing(engine: Engine) -> None:
    await engine.logs.append("log", "a", b"first", expected=0)
    await engine.logs.append("log", "b", b"other subject")
    with pytest.raises(ProvenError) as refused:
        await engine.logs.append("log", "a", b"stale", expected=0)
    assert refused.value.code is ErrorCode.CONFLICT
    assert refused.value.details == {"last": 1}
    assert await engine.logs.append("log", "a", b"second", expected=1) == 3


async def test_of_concurrent_appends_with_one_expectation_exactly_one_succeeds(engine: Engine) -> None:
    outcomes = await asyncio.gather(
        *(engine.logs.append("log", "a", bytes([n]), expected=0) for n in range(50)), return_exceptions=True
    )
    assert [outcome for outcome in outcomes if not isinstance(outcome, ProvenError)] == [1]
    assert len(await engine.logs.read("log")) == 1


async def test_concurrent_appends_get_distinct_contiguous_sequences(engine: Engine) -> None:
    sequences = await asyncio.gather(
        *(engine.logs.append("log", f"s{n % 7}", str(n).encode()) for n in range(400))
    )
    assert sorted(sequences) == list(range(1, 401))
    stored = {record.sequence: record.data for record in await engine.logs.read("log")}
    assert stored == {sequence: str(n).encode() for n, sequence in enumerate(sequences)}


async def test_a_follower_sees_what_was_there_and_what_comes_without_gap_or_duplicate(engine: Engine) -> None:
    total = 300

    async def write() -> None:
        for n in range(total):
            await engine.logs.append("log", "a", str(n).encode())

    seen: list[int] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        async with await engine.logs.follow("log") as records:
            async for record in records:
                seen.append(record.sequence)
                if len(seen) == total:
                    break
    assert seen == list(range(1, total + 1))


async def test_a_follower_of_one_subject_from_a_sequence_sees_only_that(engine: Engine) -> None:
    for subject in ("a", "b", "a", "b"):
        await engine.logs.append("log", subject, b"")
    async with await engine.logs.follow("log", after=1, subject="a") as records:
        assert (await anext(records)).sequence == 3
        waiting = asyncio.ensure_future(anext(records))
        await engine.logs.append("log", "b", b"")
        await engine.logs.append("log", "a", b"")
        assert (await waiting).sequence == 6


async def test_a_cancelled_wait_for_the_next_record_loses_nothing(engine: Engine) -> None:
    async with await engine.logs.follow("log") as records:
        for n in range(1, 30):
            waiting = asyncio.ensure_future(anext(records))
            for _ in range(n % 4):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            cancelled_in_time = waiting.cancelled()
            await engine.logs.append("log", "a", b"")
            if cancelled_in_time:
                assert (await anext(records)).sequence == n


async def test_closing_a_subscription_ends_its_iteration(engine: Engine) -> None:
    records = await engine.logs.follow("log")
    waiting = asyncio.ensure_future(anext(records, None))
    await asyncio.sleep(0)
    await records.close()
    assert await waiting is None
    assert [record async for record in records] == []


async def test_stopping_the_engine_tells_followers_and_later_calls(opened) -> None:
    async with opened() as engine:
        records = await engine.logs.follow("log")
        waiting = asyncio.ensure_future(anext(records))
        await engine.logs.append("other", "a", b"")
    for call in (waiting, engine.logs.append("log", "a", b""), engine.logs.last("log")):
        with pytest.raises(ProvenError) as stopped:
            await call
        assert stopped.value.code is ErrorCode.UNAVAILABLE


async def test_records_survive_a_restart(opened) -> None:
    async with opened() as engine:
        await engine.logs.append("log", "a", b"kept")
    async with opened() as engine:
        assert await engine.logs.read("log") == [Record(1, "a", b"kept")]
        assert await engine.logs.append("log", "a", b"next", expected=1) == 2


async def test_the_largest_record_fits_and_a_larger_one_is_refused(engine: Engine) -> None:
    largest = bytes(MAX_PAYLOAD_BYTES)
    await engine.logs.append("log", "a", largest)
    assert (await engine.logs.read("log"))[0].data == largest
    with pytest.raises(ProvenError) as refused:
        await engine.logs.append("log", "a", largest + b"x")
    assert refused.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "a..b", "a b", "a*", ">", "é", "a\n", "a/b", "x" * 201]
)
async def test_names_that_a_backend_could_misread_are_refused(engine: Engine, name: str) -> None:
    calls = [
        engine.logs.append("log", name, b""),
        engine.logs.append(name, "a", b""),
        engine.registers.put("bucket", name, b""),
        engine.registers.put(name, "key", b""),
        engine.messages.publish(name, b""),
        engine.leases.acquire(name, ttl=1),
        engine.objects.put("bucket", name, b""),
        engine.objects.put(name, "name", b""),
    ]
    for call in calls:
        with pytest.raises(ProvenError) as refused:
            await call
        assert refused.value.code is ErrorCode.BAD_REQUEST
