"""kill -9 of a node whose application talks: what was said is there, and where it is not, the log says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from proven.wire.errors import ProvenError
from support.dev import DevNode, copied, dev_node
from support.node import APPS
from support.shell import Shell, at_home

KILLS = 3
UNSTORED = 150
"""Calls of which the lines may be lost, all of them the last: some 20 are made in the time that lines wait,
on a machine that gives the node enough of it.
"""
QUICK = {"PROVEN_RUNTIME_POOL_SIZE": "1"}


async def log_of(scratch: Path) -> list[dict[str, Any]]:
    """What `proven logs` prints, as the user of that node."""
    out = await Shell(scratch, at_home(scratch / "state")).ok("logs", "chatty", "--json")
    return [json.loads(line) for line in out.splitlines()]


async def talk_until_killed(node: DevNode, said: list[int]) -> None:
    async def talk() -> None:
        with contextlib.suppress(ProvenError):
            while True:
                said.append(len(said) + 1)
                await client.call("say", "log", str(said[-1]))
                await asyncio.sleep(0.01)

    async with await node.connect() as client:
        talking = asyncio.create_task(talk())
        first = len(said)
        while len(said) < first + 2 * UNSTORED:
            await asyncio.sleep(0.05)
        node.kill()
        await talking
        await node.ended()


async def test_only_the_last_moment_is_lost_and_that_is_told(tmp_path: Path) -> None:
    folder = copied(APPS / "chatty", tmp_path / "app")
    scratch = tmp_path / "scratch"
    said: list[int] = []
    killed: list[int] = []
    for _ in range(KILLS):
        async with dev_node(folder, scratch, options=["--no-watch"], environment=QUICK) as node:
            if killed:
                await log_of(scratch)
            await talk_until_killed(node, said)
            killed.append(len(said))
    async with dev_node(folder, scratch, options=["--no-watch"], environment=QUICK):
        lines = await log_of(scratch)
    assert [line["sequence"] for line in lines] == list(range(1, len(lines) + 1))
    present = [int(line["text"]) for line in lines if line["kind"] == "console"]
    assert present == sorted(set(present))
    assert [line["kind"] for line in lines].count("node") == KILLS
    runs, before = [0], 0
    for line in lines:
        if line["kind"] == "node":
            runs.append(before)
        elif line["kind"] == "console":
            before = int(line["text"])
    first = 1
    for last, kept in zip(killed, runs[1:], strict=True):
        missing = set(range(first, last + 1)) - set(present)
        assert all(number > kept for number in missing)
        assert all(number > last - UNSTORED for number in missing)
        first = last + 1
