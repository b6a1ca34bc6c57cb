"""An app does its worst on a node: its caller is told so, and the app next to it notices nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import struct
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from proven.client import Client
from proven.runtime import ConsoleRecord, RuntimeConfig
from proven.wire import values
from proven.wire.commands import ConsoleEvent
from proven.wire.errors import ErrorCode, ProvenError
from support.neighbour import FLOOR, Neighbour
from support.node import Node, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024
SENDER = Path(__file__).parents[1] / "support" / "oversized.py"


@dataclass
class Stage:
    node: Node
    application_id: str
    attacker: Client
    neighbour: Neighbour
    console: list[ConsoleEvent]
    """What the attacker's client is shown."""
    log: list[ConsoleRecord]
    """What the node is told of all consoles."""

    async def failure(self, handler: str, *arguments: Any) -> ProvenError:
        with pytest.raises(ProvenError) as caught:
            await self.attacker.call(handler, *arguments, timeout=120)
        return caught.value

    async def attacker_answers(self) -> bool:
        """Whether the app can be called again; its process may first be ended for what is left in memory."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return bool(await self.attacker.call("ping") == "pong")
                except ProvenError as error:
                    if error.retry_after is None and error.code is not ErrorCode.HANDLER_MEMORY:
                        raise
                    await asyncio.sleep(error.retry_after or 0)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    config = RuntimeConfig(pool_size=1, timeout=60.0, memory_mib=64)
    console: list[ConsoleEvent] = []
    log: list[ConsoleRecord] = []
    directory = tmp_path_factory.mktemp("node")
    async with running_node(directory, runtime=config, on_console=log.append) as node:
        application = await node.deploy("attacker")
        attacker = await node.connect(application, on_console=console.append)
        yield Stage(node, application.id, attacker, await Neighbour.beside(node), console, log)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def flooding(stage: Stage) -> Stage:
    """The same with an application of its own, in whose process memory attacks leave their garbage."""
    application = await stage.node.deploy("attacker", name="flooder")
    attacker = await stage.node.connect(application)
    return dataclasses.replace(stage, application_id=application.id, attacker=attacker)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        pytest.param("spin", ErrorCode.HANDLER_TIMEOUT, id="while(true)"),
        pytest.param("spinInMicrotasks", ErrorCode.HANDLER_TIMEOUT, id="endless microtasks"),
        pytest.param("backtrack", ErrorCode.HANDLER_TIMEOUT, id="catastrophic regular expression"),
        pytest.param("waitForever", ErrorCode.HANDLER_TIMEOUT, id="a wait that uses no CPU"),
        pytest.param("neverSettle", ErrorCode.HANDLER_TIMEOUT, id="promise that never settles"),
        pytest.param("heapBomb", ErrorCode.HANDLER_MEMORY, id="heap bomb"),
        pytest.param("promiseFlood", ErrorCode.HANDLER_MEMORY, id="promise flood"),
        pytest.param("recurse", ErrorCode.HANDLER_ERROR, id="endless recursion"),
    ],
)
async def test_what_uses_up_time_or_memory_is_ended_and_the_neighbour_keeps_answering(
    flooding: Stage, handler: str, code: ErrorCode
) -> None:
    async def attack() -> None:
        assert (await flooding.failure(handler)).code is code
        assert await flooding.attacker_answers()

    await flooding.neighbour.undisturbed_by(attack)


@pytest.mark.parametrize("handler", ["arrayBufferFlood", "wasmFlood"])
async def test_a_flood_of_buffers_ends_at_the_limit_and_the_neighbour_keeps_answering(
    flooding: Stage, handler: str
) -> None:
    """Which of two limits it meets first depends on how fast it is: allocating fails, or it is ended."""

    async def attack() -> None:
        error = await flooding.failure(handler)
        if error.code is not ErrorCode.HANDLER_MEMORY:
            assert error.code is ErrorCode.HANDLER_ERROR
            assert (error.details or {})["name"] == "RangeError"
        assert await flooding.attacker_answers()

    await flooding.neighbour.undisturbed_by(attack)


async def test_a_neighbour_notices_that_the_node_does_much_at_once_for_another(stage: Stage) -> None:
    async def work() -> None:
        while True:
            until = time.thread_time() + 4 * FLOOR
            while time.thread_time() < until:
                pass
            await asyncio.sleep(0)

    working = asyncio.create_task(work())
    longest = await stage.neighbour.call(9)
    working.cancel()
    assert longest > 3 * FLOOR


async def test_an_app_that_goes_on_computing_after_its_answer_is_ended(stage: Stage) -> None:
    async def attack() -> None:
        await stage.attacker.call("spinAfterwards")
        assert await stage.attacker_answers()

    await stage.neighbour.undisturbed_by(attack)


async def test_a_million_console_lines_are_cut_short_and_counted(stage: Stage) -> None:
    async def attack() -> None:
        stage.console.clear()
        assert await stage.attacker.call("shout", 1_000_000) == 1_000_000
        assert [line.text for line in stage.console[:2]] == ["line 0", "line 1"]
        assert len(stage.console) == 1001
        assert stage.console[-1].text == "999000 more console lines were dropped"

    await stage.neighbour.undisturbed_by(attack)


async def test_thousands_of_host_calls_at_once_are_refused_beyond_a_bound(stage: Stage) -> None:
    async def attack() -> None:
        answered = await stage.attacker.call("hostCallFlood")
        assert 0 < answered < 5_000

    await stage.neighbour.undisturbed_by(attack)


@pytest.mark.parametrize(
    ("handler", "place"),
    [("cyclicResult", "$.inner[0]"), ("functionResult", "$.call.me"), ("symbolResult", "$[0]")],
)
async def test_a_result_that_cannot_travel_is_named_by_its_path(
    stage: Stage, handler: str, place: str
) -> None:
    error = await stage.failure(handler)
    assert error.code is ErrorCode.UNSUPPORTED_VALUE
    assert place in error.message


async def test_a_result_over_the_limit_is_not_sent(stage: Stage) -> None:
    assert (await stage.failure("bigResult", 16 * MIB)).code is ErrorCode.TOO_LARGE
    assert await stage.attacker_answers()


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("text", "threw something that is not an Error: 'just text'"),
        ("nothing", "threw something that is not an Error: undefined"),
        ("object", "threw something that is not an Error: {"),
        ("hostile", "threw something that is not an Error: "),
        ("pretender", "not from the node"),
        ("getters", ""),
    ],
)
async def test_whatever_is_thrown_is_a_handler_error(stage: Stage, what: str, message: str) -> None:
    """Also where it claims a code that only the node gives."""
    error = await stage.failure("throws", what)
    assert error.code is ErrorCode.HANDLER_ERROR
    assert error.message.startswith(message)


@pytest.mark.parametrize(
    ("handler", "answer", "report"),
    [
        ("rejectUnhandled", "returned", "nobody caught this"),
        ("rejectLater", "still here", "thrown in a timer"),
    ],
)
async def test_what_nobody_catches_is_reported_and_ends_neither_call_nor_process(
    stage: Stage, handler: str, answer: str, report: str
) -> None:
    def processes() -> set[int]:
        return {process.pid for process in stage.node.local.runtime_report().processes}

    assert await stage.attacker_answers()
    before = processes()
    waiting = asyncio.create_task(stage.attacker.call("wait", 50))
    assert await stage.attacker.call(handler) == answer
    assert await waiting == 50
    assert processes() == before
    assert any(report in record.text for record in stage.log)


async def test_nothing_that_a_call_does_to_the_language_reaches_the_next_call(stage: Stage) -> None:
    assert await stage.attacker.call("pollute") == []
    undefined = values.UNDEFINED
    assert await stage.attacker.call("traces") == {
        "polluted": [undefined, undefined, undefined],
        "map": [2, 3],
        "json": '{"a":1}',
        "stack": "string",
    }
    await stage.neighbour.call(7)


async def test_no_way_out_of_the_sandbox_is_found(stage: Stage) -> None:
    assert await stage.attacker.call("attempted") > 30
    assert await stage.attacker.call("escape") == {}
    await stage.neighbour.call(8)


async def test_a_client_does_not_send_an_argument_over_the_limit(stage: Stage) -> None:
    assert (await stage.failure("sizeOf", bytes(100_000_000))).code is ErrorCode.TOO_LARGE
    largest = values.MAX_BYTES - 64
    assert await stage.attacker.call("sizeOf", bytes(largest)) == largest


@pytest.mark.parametrize("way", ["declared", "chunked", "in one message", "in fragments"])
async def test_a_hundred_megabytes_sent_anyway_are_refused_unread(stage: Stage, way: str) -> None:
    async def attack() -> None:
        sender = await asyncio.create_subprocess_exec(
            sys.executable, SENDER, stage.node.url, stage.application_id, way, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await sender.communicate()
        expected = b"HTTP/1.1 413 " if way in ("declared", "chunked") else struct.pack("!H", 1009)
        assert expected in answer
        assert len(answer) < 1000

    await stage.neighbour.undisturbed_by(attack)


async def test_all_of_it_at_once_leaves_the_neighbour_answering(flooding: Stage) -> None:
    """No promise about speed here: more processes compute than the machine has cores."""
    handlers = ["spin", "backtrack", "heapBomb", "arrayBufferFlood", "shout", "neverSettle", "recurse"]
    calls = [
        asyncio.create_task(
            flooding.attacker.call(name, *([100_000] if name == "shout" else []), timeout=120)
        )
        for name in handlers
    ]
    number = 0
    while not all(call.done() for call in calls) or number < 20:
        await flooding.neighbour.call(number)
        number += 1
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(outcome, ProvenError | int)
    assert await flooding.attacker_answers()
