"""A bounded number of processes is shared fairly."""

from __future__ import annotations

import asyncio

import pytest

from proven.runtime._slots import Slots
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId


class Tenant:
    def __init__(self, slots: Slots, name: str, *, idle: bool = False) -> None:
        self.application_id = ApplicationId(name)
        self.idle = idle
        self.asked = False
        self.evicted = False
        self._slots = slots

    def evict(self) -> None:
        self.evicted = True
        self._slots.release(self)

    def give_way(self) -> None:
        self.asked = True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def make(count: int, timeout: float = 5.0) -> tuple[Slots, Clock]:
    clock = Clock()
    return Slots(count, slice_=1.0, timeout=timeout, clock=clock), clock


async def test_free_slots_are_given_at_once() -> None:
    slots, _ = make(2)
    await slots.acquire(Tenant(slots, "a"))
    await slots.acquire(Tenant(slots, "b"))
    assert slots.waiting == 0


async def test_the_tenant_that_was_idle_longest_makes_room() -> None:
    slots, _ = make(2)
    first, second = Tenant(slots, "a", idle=True), Tenant(slots, "b", idle=True)
    await slots.acquire(first)
    await slots.acquire(second)
    slots.used(first)
    await slots.acquire(Tenant(slots, "c"))
    assert (first.evicted, second.evicted) == (False, True)


async def test_waiting_applications_take_turns() -> None:
    slots, _ = make(1)
    holder = Tenant(slots, "holder")
    await slots.acquire(holder)
    order: list[str] = []

    async def wait(tenant: Tenant, name: str) -> None:
        await slots.acquire(tenant)
        order.append(name)
        slots.release(tenant)

    greedy = [wait(Tenant(slots, "greedy"), f"greedy {n}") for n in range(3)]
    modest = [wait(Tenant(slots, "modest"), f"modest {n}") for n in range(2)]
    tasks = [asyncio.ensure_future(turn) for turn in (*greedy, *modest)]
    await asyncio.sleep(0)
    slots.release(holder)
    await asyncio.gather(*tasks)
    assert order == ["greedy 0", "modest 0", "greedy 1", "modest 1", "greedy 2"]


async def test_the_longest_holder_is_asked_to_give_way_after_its_slice() -> None:
    slots, clock = make(2)
    old, young = Tenant(slots, "old"), Tenant(slots, "young")
    await slots.acquire(old)
    clock.now = 0.9
    await slots.acquire(young)
    waiting = asyncio.ensure_future(slots.acquire(Tenant(slots, "new")))
    await asyncio.sleep(0)
    slots.tick()
    assert not old.asked
    clock.now = 1.0
    slots.tick()
    slots.tick()
    assert (old.asked, young.asked) == (True, False)
    slots.release(old)
    await waiting


async def test_nobody_waits_longer_than_the_limit() -> None:
    slots, _ = make(1, timeout=0.01)
    holder = Tenant(slots, "a")
    await slots.acquire(holder)
    with pytest.raises(ProvenError) as caught:
        await slots.acquire(Tenant(slots, "b"))
    assert caught.value.code is ErrorCode.OVERLOADED
    assert caught.value.retry_after is not None
    assert slots.waiting == 0
    slots.release(holder)
    await slots.acquire(Tenant(slots, "c"))


async def test_a_slot_given_to_someone_who_left_is_handed_on() -> None:
    slots, _ = make(1)
    holder = Tenant(slots, "a")
    await slots.acquire(holder)
    leaving = asyncio.ensure_future(slots.acquire(Tenant(slots, "b")))
    staying = asyncio.ensure_future(slots.acquire(Tenant(slots, "c")))
    await asyncio.sleep(0)
    slots.release(holder)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await asyncio.wait_for(staying, 1)


async def test_releasing_twice_gives_one_slot_back() -> None:
    slots, _ = make(1)
    tenant = Tenant(slots, "a")
    await slots.acquire(tenant)
    slots.release(tenant)
    slots.release(tenant)
    await slots.acquire(Tenant(slots, "b"))
    late = asyncio.ensure_future(slots.acquire(Tenant(slots, "c")))
    await asyncio.sleep(0)
    assert slots.waiting == 1
    late.cancel()
