"""How `proven dev` ends, by Ctrl-C or by force, and what is left of it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from support.dev import DevNode, copied, dev_node, dev_process
from support.node import APPS

PROMPTLY = 60.0
"""Seconds in which a node that waits for nobody is gone, on a slow machine; the calls below take longer."""
LONG_GRACE = {"PROVEN_GATEWAY_SHUTDOWN_GRACE": "600"}
NO_GRACE = {"PROVEN_GATEWAY_SHUTDOWN_GRACE": "0.5"}


@pytest.fixture
def attacker(tmp_path: Path) -> Path:
    return copied(APPS / "attacker", tmp_path / "app")


async def survivors(node: DevNode, end: signal.Signals) -> tuple[int, set[int]]:
    """End a node; returns its exit status, and those of its processes that outlive it."""
    family = node.family()
    assert len(family) >= 2, "a node has a spawner and isolates"
    node.process.send_signal(end)
    status = await node.ended(PROMPTLY)
    return status, await asyncio.to_thread(family.survivors, PROMPTLY)


@contextlib.asynccontextmanager
async def under_way(node: DevNode, handler: str, milliseconds: int) -> AsyncIterator[asyncio.Task[object]]:
    """A call that its handler has begun to answer."""
    begun = asyncio.Event()
    async with await node.connect(on_console=lambda line: begun.set()) as client:
        call: asyncio.Task[object] = asyncio.create_task(client.call(handler, milliseconds))
        async with asyncio.timeout(PROMPTLY):
            await begun.wait()
        yield call


async def test_ctrl_c_ends_the_node_and_everything_it_started(attacker: Path, tmp_path: Path) -> None:
    async with dev_node(attacker, tmp_path / "node", environment=LONG_GRACE) as node:
        async with await node.connect() as client:
            assert await client.call("ping") == "pong"
        family = node.family()
        assert [file.stem for file in node.presence_files] == [str(node.pid)]
        node.interrupt()
        assert await node.ended(PROMPTLY) == 0
        assert node.events[-1]["event"] == "stopping"
        assert await asyncio.to_thread(family.survivors, PROMPTLY) == set()
        assert node.presence_files == []
        assert "Traceback" not in node.stderr


async def test_sigterm_is_as_good_as_ctrl_c(attacker: Path, tmp_path: Path) -> None:
    async with dev_node(attacker, tmp_path / "node", environment=LONG_GRACE) as node:
        assert await survivors(node, signal.SIGTERM) == (0, set())
        assert node.presence_files == []


async def test_ctrl_c_while_the_node_starts_ends_it(attacker: Path, tmp_path: Path) -> None:
    async with dev_process(attacker, tmp_path / "node") as node:
        async with asyncio.timeout(PROMPTLY):
            while not (node.data_dir / "storage").exists():
                await asyncio.sleep(0.001)
        node.interrupt()
        assert await node.ended() == 0
        assert node.presence_files == []


async def test_ctrl_c_lets_a_call_under_way_finish(attacker: Path, tmp_path: Path) -> None:
    async with dev_node(attacker, tmp_path / "node") as node, under_way(node, "wait", 1_000) as call:
        node.interrupt()
        await node.next("stopping")
        assert await call == 1_000
        assert await node.ended(PROMPTLY) == 0


async def test_ctrl_c_does_not_wait_for_a_call_that_does_not_end(attacker: Path, tmp_path: Path) -> None:
    async with (
        dev_node(attacker, tmp_path / "node", environment=NO_GRACE) as node,
        under_way(node, "spinFor", 110_000) as call,
    ):
        family = node.family()
        node.interrupt()
        assert await node.ended(PROMPTLY) == 0
        assert await asyncio.to_thread(family.survivors, PROMPTLY) == set()
        with pytest.raises(ProvenError) as lost:
            await call
        assert lost.value.code is ErrorCode.UNAVAILABLE


async def test_kill_9_takes_the_isolates_along_even_one_that_is_computing(
    attacker: Path, tmp_path: Path
) -> None:
    async with dev_node(attacker, tmp_path / "node") as node, under_way(node, "spinFor", 110_000) as call:
        status, left = await survivors(node, signal.SIGKILL)
        assert (status, left) == (-signal.SIGKILL, set())
        with pytest.raises(ProvenError):
            await call


async def test_data_keys_and_addresses_survive_restarts(tmp_path: Path) -> None:
    ledger = copied(APPS / "ledger", tmp_path / "app")
    alice = new_seed()
    roots, applications = set(), set()
    for round_ in range(3):
        async with dev_node(ledger, tmp_path / "node") as node, await node.connect(identity=alice) as client:
            everything = await client.call("everything")
            assert isinstance(everything, dict)
            assert everything["entries"].get("put/1") == (round_ - 1 if round_ else None)
            assert len(everything["rows"]) == round_
            assert (await client.call("ownEntries")) == ({"put/1": round_ - 1} if round_ else {})
            for handler in ("put", "putOwn", "enter"):
                await client.call(handler, 1, round_)
            await client.call("save", 1, round_, 100_000)
            assert await client.call("isSaved", 1, 0, 100_000)
            roots.add(node.presence["development_root"])
            applications.add(node.started["application_id"])
            node.interrupt()
            assert await node.ended(PROMPTLY) == 0
    assert len(roots) == len(applications) == 1


async def test_calls_and_console_output_are_shown_as_they_happen(attacker: Path, tmp_path: Path) -> None:
    async with dev_node(attacker, tmp_path / "node") as node:
        seed = new_seed()
        async with await node.connect(identity=seed) as client:
            identity = (await client.whoami()).identity
            await client.call("shout", 2)
            first, second = await node.next("console"), await node.next("console")
            assert [first["text"], second["text"]] == ["line 0", "line 1"]
            called = await node.next("called")
            assert (called["handler"], called["identity"]) == ("src/resources.ts#shout", identity)
            assert called["error"] is None
            with pytest.raises(ProvenError):
                await client.call("throws", "text")
            failed = await node.next("called")
            assert failed["error"]["code"] == "HANDLER_ERROR"
