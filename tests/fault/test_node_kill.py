"""kill -9 of a node while callers write through it: what was acknowledged is there, and nothing by half."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from proven.client import Client
from proven.wire.errors import ProvenError
from proven.wire.identity import new_seed
from support.dev import copied, dev_node
from support.node import APPS

LANES = 2
KILLS_PER_LANE = 25
QUICK = {"PROVEN_RUNTIME_POOL_SIZE": "1"}
KINDS = ("put", "putOwn", "enter", "save", "transfer", "transfer")
FILE_SIZES = (0, 100, 20_000, 200_000)


class Ledger:
    """What was asked of a node, what it acknowledged, and what it may therefore hold."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._person = new_seed(self._chance.randbytes)
        self._number = 0
        self._asked: dict[str, list[int]] = defaultdict(list)
        self._acknowledged: dict[str, list[int]] = defaultdict(list)
        self._amounts: dict[int, int] = {}
        self._sizes: dict[int, int] = {}
        self._enough = asyncio.Event()

    async def write_until_killed(self, folder: Path, scratch: Path) -> None:
        """Start a node, check what it holds, write to it, and kill it in the middle of that."""
        async with (
            dev_node(folder, scratch, options=["--no-watch"], environment=QUICK) as node,
            await node.connect(identity=self._person) as client,
        ):
            await self.check(client)
            self._enough.clear()
            enough = self._total() + self._chance.randrange(5, 80)
            writers = [asyncio.create_task(self._write(client, kind, enough)) for kind in KINDS]
            async with asyncio.timeout(60):
                await self._enough.wait()
            node.kill()
            await asyncio.gather(*writers)
            await node.ended()

    async def check_again(self, folder: Path, scratch: Path) -> None:
        """Start a node once more, only to check what it holds."""
        async with (
            dev_node(folder, scratch, options=["--no-watch"], environment=QUICK) as node,
            await node.connect(identity=self._person) as client,
        ):
            await self.check(client)

    async def _write(self, client: Client, kind: str, enough: int) -> None:
        with contextlib.suppress(ProvenError):
            while True:
                self._number += 1
                number, more = self._number, []
                if kind == "save":
                    more = [self._chance.choice(FILE_SIZES)]
                    self._sizes[number] = more[0]
                elif kind == "transfer":
                    more = [self._chance.randrange(1, 100)]
                    self._amounts[number] = more[0]
                self._asked[kind].append(number)
                await client.call(kind, 1, number, *more)
                self._acknowledged[kind].append(number)
                if self._total() >= enough:
                    self._enough.set()

    def _total(self) -> int:
        return sum(map(len, self._acknowledged.values()))

    async def check(self, client: Client) -> None:
        """Hold what a node has against what it may have."""
        held = await client.call("everything")
        assert isinstance(held, dict)
        entries = held["entries"]
        self._check_latest("put", entries.get("put/1"))
        self._check_latest("putOwn", (await client.call("ownEntries")).get("put/1"))
        self._check_all("enter", {number for _, number in held["rows"]})
        for number in self._acknowledged["save"][-3:]:
            assert await client.call("isSaved", 1, number, self._sizes[number])
        self._check_transfers(held)

    def _check_latest(self, kind: str, value: int | None) -> None:
        """An entry that one writer overwrites holds what was acknowledged last, or something asked since."""
        acknowledged = self._acknowledged[kind][-1:]
        since = [number for number in self._asked[kind] if not acknowledged or number > acknowledged[0]]
        assert value in acknowledged + since or (value is None and not acknowledged)

    def _check_all(self, kind: str, numbers: set[int]) -> None:
        assert set(self._acknowledged[kind]) <= numbers <= set(self._asked[kind])

    def _check_transfers(self, held: dict[str, Any]) -> None:
        """Rows, entries and file of the transactions tell one story."""
        transfers = {number: amount for _, number, amount in held["transfers"]}
        self._check_all("transfer", set(transfers))
        assert all(self._amounts[number] == amount for number, amount in transfers.items())
        if transfers:
            total, last = sum(transfers.values()), held["entries"]["last/1"]
            assert held["entries"]["total/1"] == total
            assert held["receipts"]["1"] == [last, total]
            assert last in transfers


@pytest.mark.timeout(600)
async def test_fifty_times_killed_no_acknowledged_write_is_lost_and_no_transaction_is_half(
    tmp_path: Path,
) -> None:
    async def lane(seed: int) -> None:
        folder = copied(APPS / "ledger", tmp_path / f"app{seed}")
        scratch = tmp_path / f"node{seed}"
        ledger = Ledger(seed)
        for _ in range(KILLS_PER_LANE):
            await ledger.write_until_killed(folder, scratch)
        await ledger.check_again(folder, scratch)

    async with asyncio.TaskGroup() as lanes:
        for seed in range(LANES):
            lanes.create_task(lane(seed))
