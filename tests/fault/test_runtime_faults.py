"""Hostile and broken handlers: the caller gets the right code, and the neighbour does not notice."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from proven.runtime import ConsoleRecord, Runtime
from proven.runtime._guest import Guest
from proven.wire.errors import ErrorCode, ProvenError
from support.turns import turns
from unit.runtime.harness import App, eventually, load, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

NEIGHBOUR = "export const echo = run((value) => value);"
VILLAIN = Path(__file__).with_name("runtime_villain.ts")


@pytest.fixture(scope="module")
def application_log() -> list[ConsoleRecord]:
    return []


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def runtime(application_log: list[ConsoleRecord]) -> AsyncIterator[Runtime]:
    async with running(
        pool_size=2, memory_mib=64, timeout=60.0, on_console=application_log.append
    ) as runtime:
        yield runtime


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def neighbour(runtime: Runtime) -> App:
    return await load(runtime, NEIGHBOUR, "neighbour")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def villain(runtime: Runtime) -> App:
    return await load(runtime, {"src/app.ts": VILLAIN.read_text()}, "villain")


@pytest_asyncio.fixture(loop_scope="module")
async def fresh_villain(runtime: Runtime, request: pytest.FixtureRequest) -> App:
    """One in whose process nothing has happened yet."""
    return await load(runtime, {"src/app.ts": VILLAIN.read_text()}, request.node.name[:40])


async def longest_turn(app: App, calls: int = 200) -> float:
    """Call it again and again: the median of the processor seconds that each call's longest turn took."""
    longest = []
    for number in range(calls):
        with turns() as meanwhile:
            assert await app.call("echo", number) == number
        longest.append(max(meanwhile))
    return statistics.median(longest)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("spin", ErrorCode.HANDLER_TIMEOUT),
        ("spinLater", ErrorCode.HANDLER_TIMEOUT),
        ("microtasks", ErrorCode.HANDLER_TIMEOUT),
        ("regex", ErrorCode.HANDLER_TIMEOUT),
        ("never", ErrorCode.HANDLER_TIMEOUT),
        ("neverTicking", ErrorCode.HANDLER_TIMEOUT),
        ("heap", ErrorCode.HANDLER_MEMORY),
        ("strings", ErrorCode.HANDLER_MEMORY),
        ("cyclic", ErrorCode.UNSUPPORTED_VALUE),
        ("deep", ErrorCode.UNSUPPORTED_VALUE),
        ("function_", ErrorCode.UNSUPPORTED_VALUE),
        ("symbol", ErrorCode.UNSUPPORTED_VALUE),
        ("huge", ErrorCode.TOO_LARGE),
        ("wide", ErrorCode.TOO_LARGE),
        ("shared", ErrorCode.TOO_LARGE),
        ("throwText", ErrorCode.HANDLER_ERROR),
        ("throwNull", ErrorCode.HANDLER_ERROR),
        ("throwObject", ErrorCode.HANDLER_ERROR),
        ("throwHostile", ErrorCode.HANDLER_ERROR),
        ("throwGetters", ErrorCode.HANDLER_ERROR),
        ("throwLong", ErrorCode.HANDLER_ERROR),
        ("hostileResult", ErrorCode.HANDLER_ERROR),
        ("hostileThen", ErrorCode.HANDLER_ERROR),
        ("recursion", ErrorCode.HANDLER_ERROR),
    ],
)
async def test_the_caller_gets_the_code_and_the_neighbour_keeps_answering(
    villain: App, neighbour: App, handler: str, code: ErrorCode
) -> None:
    await longest_turn(neighbour, 50)
    normal = await longest_turn(neighbour)
    fault = asyncio.ensure_future(villain.error(handler))
    meanwhile = await longest_turn(neighbour)
    error = await fault
    assert error.code is code, error
    assert meanwhile < max(4 * normal, 0.005)
    assert await villain.call("alive") == "ok"


@pytest.mark.parametrize("handler", ["buffers", "reserve", "wasmMemory"])
async def test_memory_outside_the_heap_is_bounded_too(villain: App, neighbour: App, handler: str) -> None:
    try:
        result = await villain.call(handler)
    except ProvenError as error:
        result = error.code
    assert result == ErrorCode.HANDLER_MEMORY or "RangeError" in result
    assert await neighbour.call("echo", 1) == 1
    await eventually(lambda: _is_alive(villain))


async def _is_alive(app: App) -> bool:
    """Whether it answers: a process that has caught its error may still be ended for the memory it holds."""
    try:
        answer = await app.call("alive")
    except ProvenError as error:
        if error.code not in (ErrorCode.HANDLER_MEMORY, ErrorCode.UNAVAILABLE):
            raise
        return False
    return bool(answer == "ok")


async def test_garbage_is_not_held_against_a_process_that_the_machine_leaves_no_time_to_collect_it(
    fresh_villain: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await fresh_villain.call("alive") == "ok"
    stopped: list[int] = []

    def collect_and_stand_still(guest: Guest) -> None:
        ask(guest)
        os.kill(guest.pid, signal.SIGSTOP)
        stopped.append(guest.pid)
        asyncio.get_running_loop().call_later(1.0, os.kill, guest.pid, signal.SIGCONT)

    ask = Guest.collect
    monkeypatch.setattr(Guest, "collect", collect_and_stand_still)
    assert await fresh_villain.call("litter") == 9
    assert len(stopped) <= 2


async def test_memory_that_is_not_given_back_ends_the_process(fresh_villain: App) -> None:
    assert (await fresh_villain.error("hoard")).code is ErrorCode.HANDLER_MEMORY
    assert await fresh_villain.call("alive") == "ok"


async def test_a_million_console_lines_cost_a_bounded_amount(villain: App) -> None:
    villain.console.clear()
    assert await villain.call("console_") == "done"
    await eventually(lambda: bool(villain.console) and villain.console[-1].dropped > 0)
    assert len(villain.console) == 1_001
    assert villain.console[-1].dropped == 999_000


async def test_what_was_thrown_is_described(fresh_villain: App) -> None:
    assert "just text" in (await fresh_villain.error("throwText")).message
    assert "null" in (await fresh_villain.error("throwNull")).message
    assert "some: 'object'" in (await fresh_villain.error("throwObject")).message
    assert len((await fresh_villain.error("throwLong")).message) < 10_000
    assert "$.c.back" in (await fresh_villain.error("cyclic")).message
    assert "$.list[1]" in (await fresh_villain.error("function_")).message
    assert (await fresh_villain.error("recursion")).details["name"] == "RangeError"


@pytest.mark.parametrize("handler", ["reject", "throwLater", "throwMicrotask"])
async def test_what_nobody_catches_is_logged_and_kills_nothing(
    villain: App, application_log: list[ConsoleRecord], handler: str
) -> None:
    assert await villain.call("alive") == "ok"
    pid = villain.pid
    application_log.clear()
    assert await villain.call(handler) == "fine"
    await eventually(lambda: any(record.level == "error" for record in application_log))
    assert villain.pid == pid


async def test_a_hundred_megabytes_of_arguments_are_refused(villain: App) -> None:
    assert (await villain.error("alive", b"x" * 100_000_000)).code is ErrorCode.TOO_LARGE


async def test_others_in_a_killed_process_are_told_to_try_again(villain: App) -> None:
    spinning = asyncio.ensure_future(villain.error("spin"))
    await asyncio.sleep(0)
    bystander = await villain.error("alive")
    assert (await spinning).code is ErrorCode.HANDLER_TIMEOUT
    assert bystander.code is ErrorCode.UNAVAILABLE
    assert bystander.retry_after is not None


async def test_code_that_keeps_computing_after_its_call_is_stopped(villain: App) -> None:
    assert await villain.call("alive") == "ok"
    pid = villain.pid
    assert await villain.call("leave") == "left"
    await eventually(lambda: all(process.pid != pid for process in villain.runtime.report().processes))
    assert await villain.call("alive") == "ok"


async def test_so_many_that_keep_computing_that_none_gets_much_of_a_cpu_are_all_stopped() -> None:
    villains = 3 * (os.cpu_count() or 1)
    async with running(max_processes=villains, load_timeout=60.0, timeout=60.0) as runtime:
        for number in range(villains):
            app = await load(runtime, {"src/app.ts": VILLAIN.read_text()}, f"villain {number}")
            assert await app.call("leave") == "left"
        await eventually(lambda: not runtime.report().processes)


async def test_a_killed_process_is_replaced_by_one_that_was_ready(villain: App) -> None:
    for _ in range(5):
        await eventually(lambda: villain.runtime.report().warm_processes > 0)
        ready = {guest.pid for guest in villain.runtime._pool._ready}
        await villain.error("spin")
        await eventually(
            lambda: (
                not any(
                    p.application_id == villain.application_id for p in villain.runtime.report().processes
                )
            )
        )
        assert await villain.call("alive") == "ok"
        assert villain.pid in ready
