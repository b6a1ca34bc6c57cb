"""One passkey id, finished or removed by several at once: whatever the order of their steps, one has it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from proven.engine import Registers
from proven.engine.embedded import EmbeddedEngine
from proven.wire.commands import FinishRegistration, ListPasskeys, RemovePasskey
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId
from support.authenticator import SoftwareAuthenticator
from support.sealed import OTHER_SEED, SEED, running_engine
from unit.identity.people import PAGE, Node, Person

STEPS = 6
"""More than lie before the last write that the other can interfere with."""


class Turns:
    """Registers whose every operation waits until it is told that it is its turn."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._waiting = asyncio.Event()
        self._turn = asyncio.Event()
        self.free = True

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._registers, name)

        async def taking_turns(*arguments: Any, **options: Any) -> Any:
            if not self.free:
                self._waiting.set()
                await self._turn.wait()
                self._turn.clear()
            return await operation(*arguments, **options)

        return taking_turns

    async def step(self, task: asyncio.Task[Any]) -> None:
        """Let one operation of `task` happen, and what follows up to the next."""
        await self._blocked(task)
        self._waiting.clear()
        self._turn.set()
        await self._blocked(task)

    async def _blocked(self, task: asyncio.Task[Any]) -> None:
        blocked = asyncio.ensure_future(self._waiting.wait())
        await asyncio.wait({task, blocked}, return_when=asyncio.FIRST_COMPLETED)
        blocked.cancel()


class Place:
    """A node of several that share their registers, and one person at it."""

    def __init__(self, engine: EmbeddedEngine, seed: bytes) -> None:
        self.turns = Turns(engine.registers)
        self.node = Node(engine, registers=self.turns)
        self._seed = seed

    async def arrive(self) -> Person:
        return await self.node.open(seed=self._seed)


Attempt = tuple[Place, Coroutine[Any, Any, object]]


async def interleaved(first: Attempt, second: Attempt, order: Iterator[int]) -> list[ErrorCode | None]:
    """Let the steps of both attempts happen in the given order, then the rest; what became of each."""
    places = [first[0], second[0]]
    for place in places:
        place.turns.free = False
    tasks = [asyncio.create_task(attempt) for _, attempt in (first, second)]
    for which in itertools.chain(order, itertools.cycle((0, 1))):
        if all(task.done() for task in tasks):
            break
        if not tasks[which].done():
            async with asyncio.timeout(60):
                await places[which].turns.step(tasks[which])
    for place in places:
        place.turns.free = True
    outcomes: list[ErrorCode | None] = []
    for task in tasks:
        error = task.exception()
        assert error is None or isinstance(error, ProvenError), error
        outcomes.append(None if error is None else error.code)
    return outcomes


def orders() -> Iterator[Iterator[int]]:
    """Every order in which each is interrupted up to twice."""
    for one, two, three in itertools.product(range(STEPS + 1), repeat=3):
        yield itertools.chain([0] * one, [1] * two, [0] * three, [1] * 20, [0] * 20)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(tmp_path) as running:
        yield running


async def finishing(person: Person, device: SoftwareAuthenticator, id_: bytes) -> Coroutine[Any, Any, object]:
    ceremony = await person.begin()
    response = device.create(ceremony.options, PAGE, id=id_)
    return person.do(FinishRegistration(ceremony=ceremony.ceremony, response=response))


async def signs_in(place: Place, device: SoftwareAuthenticator) -> IdentityId | None:
    try:
        result = await (await place.node.open()).sign_in(device)
    except ProvenError as refused:
        if refused.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return None
    return IdentityId(result.account)


async def listed(person: Person) -> int:
    return len((await person.do(ListPasskeys())).passkeys)


async def test_of_two_accounts_that_finish_one_passkey_at_once_one_gets_it(engine: EmbeddedEngine) -> None:
    for number, order in enumerate(orders()):
        id_ = b"passkey %08d" % number
        places = [Place(engine, seed[:24] + number.to_bytes(8, "big")) for seed in (SEED, OTHER_SEED)]
        people = [await place.arrive() for place in places]
        devices = [SoftwareAuthenticator(), SoftwareAuthenticator()]
        attempts = [await finishing(*each, id_) for each in zip(people, devices, strict=True)]
        outcomes = await interleaved((places[0], attempts[0]), (places[1], attempts[1]), order)
        assert sorted(map(str, outcomes)) == [str(ErrorCode.CONFLICT), "None"], number
        for place, person, device, outcome in zip(places, people, devices, outcomes, strict=True):
            won = outcome is None
            assert await listed(person) == won, number
            assert await signs_in(place, device) == (person.session.identity if won else None), number


async def test_one_account_that_finishes_one_passkey_twice_at_once_has_it_once(
    engine: EmbeddedEngine,
) -> None:
    for number, order in enumerate(orders()):
        id_ = b"passkey %08d" % number
        places = [Place(engine, SEED[:24] + number.to_bytes(8, "big")) for _ in range(2)]
        people = [await place.arrive() for place in places]
        devices = [SoftwareAuthenticator(), SoftwareAuthenticator()]
        attempts = [await finishing(*each, id_) for each in zip(people, devices, strict=True)]
        outcomes = await interleaved((places[0], attempts[0]), (places[1], attempts[1]), order)
        assert sorted(map(str, outcomes)) == [str(ErrorCode.CONFLICT), "None"], number
        assert await listed(people[0]) == 1
        winner = devices[outcomes.index(None)]
        assert await signs_in(places[0], winner) == people[0].session.identity, number


async def test_a_passkey_that_is_removed_while_another_makes_it_theirs_is_one_persons(
    engine: EmbeddedEngine,
) -> None:
    for number, order in enumerate(orders()):
        id_ = b"passkey %08d" % number
        places = [Place(engine, seed[:24] + number.to_bytes(8, "big")) for seed in (SEED, OTHER_SEED)]
        people = [await place.arrive() for place in places]
        devices = [SoftwareAuthenticator(), SoftwareAuthenticator()]
        made = await people[0].register(devices[0], id=id_)
        await people[0].register(SoftwareAuthenticator())
        removing = people[0].do(RemovePasskey(passkey=made.id))
        taking = await finishing(people[1], devices[1], id_)
        removed, taken = await interleaved((places[0], removing), (places[1], taking), order)
        assert removed is None
        assert taken in (None, ErrorCode.CONFLICT)
        assert await listed(people[0]) == 1
        assert await signs_in(places[0], devices[0]) is None
        won = people[1].session.identity if taken is None else None
        assert await signs_in(places[1], devices[1]) == won, number
