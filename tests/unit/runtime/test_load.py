"""Under more load than there is room for: bounded queues, fair turns, clear refusals."""

from __future__ import annotations

import asyncio

import pytest

from proven.wire.errors import ErrorCode, ProvenError
from unit.runtime.harness import App, eventually, load, running

pytestmark = pytest.mark.asyncio

SOURCE = """
export const later = run((ms: number) => new Promise((resolve) => setTimeout(() => resolve(ms), ms)));
export const one = run(() => 1);
"""


async def outcome(app: App, ms: int) -> object:
    try:
        return await app.call("later", ms)
    except ProvenError as error:
        return error


async def test_a_full_queue_refuses_at_once_and_says_when_to_come_back() -> None:
    async with running(max_in_flight=2, max_queued_per_application=3) as runtime:
        app = await load(runtime, SOURCE)
        results = await asyncio.gather(*(outcome(app, 50) for _ in range(8)))
    refused = [result for result in results if isinstance(result, ProvenError)]
    assert len(refused) == 3
    assert all(error.code is ErrorCode.OVERLOADED and error.retry_after for error in refused)


async def test_waiting_in_the_queue_has_a_limit() -> None:
    async with running(max_in_flight=1, queue_timeout=0.1) as runtime:
        app = await load(runtime, SOURCE)
        slow = asyncio.ensure_future(app.call("later", 400))
        await asyncio.sleep(0)
        error = await app.error("one")
        assert error.code is ErrorCode.OVERLOADED
        assert await slow == 400
        assert await app.call("one") == 1


async def test_the_queues_of_all_applications_share_a_bound() -> None:
    async with running(max_in_flight=1, max_queued=2, pool_size=2) as runtime:
        first, second = await load(runtime, SOURCE, "first"), await load(runtime, SOURCE, "second")
        results = await asyncio.gather(
            *(outcome(first, 50) for _ in range(3)), *(outcome(second, 50) for _ in range(3))
        )
    assert sum(isinstance(result, ProvenError) for result in results) == 2


async def test_calls_of_one_application_keep_their_order() -> None:
    async with running(max_in_flight=1) as runtime:
        app = await load(
            runtime,
            "const seen: number[] = []; export const add = run((n: number) => (seen.push(n), seen));",
        )
        results = await asyncio.gather(*(app.call("add", number) for number in range(50)))
    assert results[-1] == list(range(50))


async def test_more_applications_than_processes_all_get_their_turn() -> None:
    async with running(max_processes=2, slot_slice=0.05, pool_size=2, queue_timeout=60) as runtime:
        apps = [await load(runtime, SOURCE, f"app {number}") for number in range(3)]
        assert len(runtime.report().processes) == 2

        async def keep_busy(app: App) -> list[object]:
            return [await outcome(app, 5) for _ in range(8)]

        results = await asyncio.gather(*(keep_busy(app) for app in apps))
        assert results == [[5] * 8] * 3
        assert len(runtime.report().processes) <= 2


async def test_a_busy_application_does_not_keep_others_from_a_process() -> None:
    async with running(max_processes=1, slot_slice=0.05, pool_size=2, queue_timeout=60) as runtime:
        greedy, modest = await load(runtime, SOURCE, "greedy"), await load(runtime, SOURCE, "modest")
        stop = False

        async def hog() -> None:
            while not stop:
                await outcome(greedy, 10)

        hogs = [asyncio.ensure_future(hog()) for _ in range(8)]
        try:
            for _ in range(3):
                async with asyncio.timeout(60):
                    assert await modest.call("one") == 1
        finally:
            stop = True
            await asyncio.gather(*hogs)


async def test_the_process_idle_longest_makes_room_and_comes_back_when_called() -> None:
    async with running(max_processes=2, pool_size=2) as runtime:
        first, second = await load(runtime, SOURCE, "first"), await load(runtime, SOURCE, "second")
        assert await first.call("one") == 1
        await load(runtime, SOURCE, "third")
        served = {process.application_id for process in runtime.report().processes}
        assert first.application_id in served
        assert second.application_id not in served
        assert await second.call("one") == 1


async def test_the_pool_is_refilled_with_processes_nobody_has_used() -> None:
    async with running(pool_size=2) as runtime:
        app = await load(runtime, SOURCE)
        await eventually(lambda: runtime.report().warm_processes == 2)
        assert await app.call("one") == 1


async def test_the_runtime_recovers_from_the_death_of_its_spawner() -> None:
    async with running() as runtime:
        app = await load(runtime, SOURCE)
        assert runtime._spawner is not None
        helper = runtime._spawner._helper
        assert helper is not None
        call = asyncio.ensure_future(outcome(app, 60_000))
        await eventually(lambda: any(process.in_flight for process in runtime.report().processes))
        helper.kill()
        error = await call
        assert isinstance(error, ProvenError)

        async def recovered() -> bool:
            try:
                return await app.call("one") == 1
            except ProvenError:
                return False

        await eventually(recovered)


async def test_an_application_that_does_not_start_is_left_alone_for_a_while() -> None:
    source = """
    import { getApplicationStore } from "@proven-network/kv";
    if (await getApplicationStore("s").get("fail")) throw new Error("not today");
    export const one = run(() => 1);
    export const spin = runWithOptions({ timeout: 50 }, () => { for (;;); });
    """
    failing = False

    async def get(context: object, arguments: object) -> object:
        return "yes" if failing else None

    async with running({"kv.get": get}, while_loading=frozenset({"kv.get"})) as runtime:
        app = await load(runtime, source)
        failing = True
        await app.error("spin")
        await eventually(lambda: not runtime.report().processes)
        assert "not today" in (await app.error("one")).message
        error = await app.error("one")
        assert (error.code, error.retry_after is not None) == (ErrorCode.UNAVAILABLE, True)
        failing = False

        async def recovered() -> bool:
            try:
                return await app.call("one") == 1
            except ProvenError:
                return False

        await eventually(recovered)
