"""What every backend's registers promise."""

from __future__ import annotations

import asyncio

import pytest

from proven.engine import MAX_PAYLOAD_BYTES, Engine, Entry
from proven.wire.errors import ErrorCode, ProvenError


async def test_a_value_is_read_back_with_a_revision_that_only_grows(engine: Engine) -> None:
    assert await engine.registers.get("bucket", "a") is None
    first = await engine.registers.put("bucket", "a", b"1")
    second = await engine.registers.put("bucket", "b", b"2")
    third = await engine.registers.put("bucket", "a", b"3")
    assert first < second < third
    assert await engine.registers.get("bucket", "a") == Entry("a", b"3", third)
    assert await engine.registers.get("other", "a") is None


async def test_revisions_keep_growing_over_deletes_and_restarts(opened) -> None:
    async with opened() as engine:
        before = await engine.registers.put("bucket", "a", b"1")
        assert await engine.registers.delete("bucket", "a")
    async with opened() as engine:
        assert await engine.registers.get("bucket", "a") is None
        assert await engine.registers.put("bucket", "a", b"2", expected=0) > before


async def test_a_conditional_write_needs_the_present_revision(engine: Engine) -> None:
    revision = await engine.registers.put("bucket", "a", b"1", expected=0)
    for attempt in (
        engine.registers.put("bucket", "a", b"2", expected=0),
        engine.registers.put("bucket", "a", b"2", expected=revision + 1),
        engine.registers.delete("bucket", "a", expected=0),
    ):
        with pytest.raises(ProvenError) as refused:
            await attempt
        assert refused.value.code is ErrorCode.CONFLICT
        assert refused.value.details == {"revision": revision}
    assert await engine.registers.delete("bucket", "a", expected=revision)
    assert not await engine.registers.delete("bucket", "a")


async def test_of_concurrent_creations_exactly_one_succeeds(engine: Engine) -> None:
    outcomes = await asyncio.gather(
        *(engine.registers.put("bucket", "a", bytes([n]), expected=0) for n in range(50)),
        return_exceptions=True,
    )
    winners = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, ProvenError)]
    entry = await engine.registers.get("bucket", "a")
    assert len(winners) == 1
    assert entry is not None
    assert entry.value == bytes(winners)


async def test_entries_are_paged_in_key_order_without_deleted_ones(engine: Engine) -> None:
    for key in ("b", "c", "a", "d"):
        await engine.registers.put("bucket", key, key.encode())
    await engine.registers.delete("bucket", "c")
    assert [entry.key for entry in await engine.registers.entries("bucket")] == ["a", "b", "d"]
    assert [entry.key for entry in await engine.registers.entries("bucket", after="a", limit=1)] == ["b"]


async def test_a_watch_starts_with_the_present_and_goes_on_with_changes(engine: Engine) -> None:
    await engine.registers.put("bucket", "a", b"1")
    async with await engine.registers.watch("bucket") as entries:
        assert (await anext(entries)).value == b"1"
        waiting = asyncio.ensure_future(anext(entries))
        await engine.registers.put("other", "a", b"elsewhere")
        await engine.registers.put("bucket", "b", b"2")
        assert (await waiting).value == b"2"
        await engine.registers.delete("bucket", "a")
        deleted = await anext(entries)
        assert (deleted.key, deleted.value) == ("a", None)


async def test_a_watch_of_one_key_sees_only_that_key(engine: Engine) -> None:
    async with await engine.registers.watch("bucket", key="b") as entries:
        for key in ("a", "b", "c"):
            await engine.registers.put("bucket", key, key.encode())
        await engine.registers.delete("bucket", "b")
        await engine.registers.put("bucket", "b", b"end")
        seen = []
        async for entry in entries:
            seen.append(entry.key)
            if entry.value == b"end":
                break
    assert set(seen) == {"b"}


async def test_a_slow_watcher_ends_up_with_the_latest_state_of_every_key(engine: Engine) -> None:
    for n in range(97):
        await engine.registers.put("bucket", f"k{n}", b"first")
    async with await engine.registers.watch("bucket") as entries:
        view = {(entry := await anext(entries)).key: entry.value for _ in range(97)}
        for n in range(600):
            key = f"k{n % 97}"
            if n % 5 == 4:
                await engine.registers.delete("bucket", key)
            else:
                await engine.registers.put("bucket", key, str(n).encode())
        last = await engine.registers.put("bucket", "end", b"")
        revisions = []
        async for entry in entries:
            view[entry.key] = entry.value
            revisions.append(entry.revision)
            if entry.revision == last:
                break
    present = {entry.key: entry.value for entry in await engine.registers.entries("bucket")}
    assert {key: value for key, value in view.items() if value is not None} == present
    assert revisions == sorted(set(revisions))


async def test_a_value_that_is_too_large_is_refused(engine: Engine) -> None:
    with pytest.raises(ProvenError) as refused:
        await engine.registers.put("bucket", "a", bytes(MAX_PAYLOAD_BYTES + 1))
    assert refused.value.code is ErrorCode.TOO_LARGE
