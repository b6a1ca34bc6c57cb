"""An app that has done nothing, on the node of one that does its worst."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable

from proven.client import Client
from support.node import Node
from support.turns import turns

CALLS = 60
PAUSE = 0.002
"""Seconds between two calls, so that the neighbour itself is not what keeps the machine busy."""
TRIES = 3
FLOOR = 0.005
"""Processor seconds of one turn of the node that nobody minds."""


class Neighbour:
    """Calls an everyday handler again and again, and holds every answer to its arithmetic."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    async def beside(cls, node: Node) -> Neighbour:
        return cls(await node.connect(await node.deploy("neighbour")))

    async def call(self, number: int) -> float:
        """Make one call; returns the processor seconds of the longest turn that the node had meanwhile."""
        with turns() as meanwhile:
            answer = await self._client.call("greet", "Ada", number)
        assert answer == f"Hello Ada, {number} squared is {number * number}"
        return max(meanwhile)

    async def undisturbed_by(self, attack: Callable[[], Awaitable[None]]) -> None:
        """Run `attack`, over and over if it is short, and check that calls go on as if there were none.

        Every call is answered, with the right value; and during at least half of them the node never does
        much at once for others, which is what a call would have to wait for. That has three tries, since
        what an attack slows down, it slows down every time.
        """
        measured = []
        for _ in range(TRIES):
            before = statistics.median([await self._paced(number) for number in range(CALLS)])
            during = statistics.median(await self._during(attack))
            if during <= max(2 * before, before + FLOOR):
                return
            measured.append(f"{before * 1000:.2f} → {during * 1000:.2f} ms")
        raise AssertionError(f"the neighbour was slowed down: {', '.join(measured)}")

    async def _during(self, attack: Callable[[], Awaitable[None]]) -> list[float]:
        attacking = asyncio.create_task(_once(attack))
        longest: list[float] = []
        while len(longest) < CALLS or not attacking.done():
            if attacking.done():
                attacking.result()
                attacking = asyncio.create_task(_once(attack))
            longest.append(await self._paced(len(longest)))
        attacking.result()
        return longest

    async def _paced(self, number: int) -> float:
        longest = await self.call(number)
        await asyncio.sleep(PAUSE)
        return longest


async def _once(attack: Callable[[], Awaitable[None]]) -> None:
    await attack()
