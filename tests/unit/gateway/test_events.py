from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from proven.gateway.limits import EventLimits
from proven.wire.commands import MissedEvents, PublishedEvent
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import EVERYONE
from unit.gateway.events_model import ONE, TWO, World, seed


@asynccontextmanager
async def world(limits: EventLimits | None = None) -> AsyncIterator[World]:
    made = World(limits)
    try:
        yield made
    finally:
        await made.close()


async def test_a_slow_client_is_told_what_it_missed_in_its_place_and_holds_up_nobody() -> None:
    async with world(EventLimits(queued=3)) as node:
        slow, quick = await node.client(), await node.client()
        for client in (slow, quick):
            await node.subscribe(client, "e")
        await node.publish("e", 0, EVERYONE)
        await node.settle()
        slow.socket.stall()
        for number in range(1, 8):
            await node.publish("e", number, EVERYONE)
        await node.settle()
        assert quick.payloads == list(range(8))
        assert slow.payloads == [0]
        slow.socket.flow()
        await node.settle()
        await node.publish("e", 8, EVERYONE)
        await node.settle()
        assert slow.payloads == [0, 1, 2, 3, 8]
        assert [type(each) for each in slow.received[4:]] == [MissedEvents, PublishedEvent]
        assert slow.missed == 4
        assert quick.missed == 0


async def test_what_is_kept_for_a_slow_client_is_bounded_in_bytes_too() -> None:
    async with world(EventLimits(queued=1000, queued_bytes=10_000)) as node:
        slow = await node.client()
        await node.subscribe(slow, "e")
        slow.socket.stall()
        for _ in range(30):
            await node.publish("e", bytes(1000), EVERYONE)
        await node.settle()
        slow.socket.flow()
        await node.settle()
        assert len(slow.payloads) == 8
        assert slow.missed == 22


async def test_events_for_others_are_not_counted_as_missed() -> None:
    async with world(EventLimits(queued=1)) as node:
        slow, other = await node.client(), await node.client()
        someone = node.identify(other, seed())
        await node.subscribe(slow, "e")
        slow.socket.stall()
        for number in range(5):
            await node.publish("e", number, someone)
        await node.settle()
        slow.socket.flow()
        await node.settle()
        assert slow.received == []


async def test_an_event_that_waited_goes_only_to_whom_it_is_for_when_it_is_sent() -> None:
    async with world() as node:
        client = await node.client()
        identity = node.identify(client, seed())
        await node.subscribe(client, "private")
        await node.subscribe(client, "left")
        client.socket.stall()
        await node.publish("private", 1, identity)
        await node.publish("left", 2, EVERYONE)
        await node.publish("private", 3, EVERYONE)
        await node.settle()
        client.session.anonymize()
        node.unsubscribe(client, "left")
        client.socket.flow()
        await node.settle()
        assert client.payloads == [3]


@pytest.mark.parametrize("seeded", range(5))
async def test_an_overflow_of_the_engine_is_told_to_all_where_events_are_missing(seeded: int) -> None:
    choose = random.Random(seeded)
    buffer, more = choose.randint(1, 20), choose.randint(1, 30)
    async with world(EventLimits(buffer=buffer, queued=100)) as node:
        clients = [await node.client() for _ in range(3)]
        for number, client in enumerate(clients):
            await node.subscribe(client, "e")
            await node.subscribe(client, f"own-{number}")
        for number in range(buffer + more):
            await node.publish("e", number, EVERYONE)
        async with asyncio.timeout(60):
            while not all(client.missed for client in clients):
                await asyncio.sleep(0.001)
        await node.publish("e", "after", EVERYONE)
        await node.settle()
        for client in clients:
            assert client.payloads == [*range(buffer), "after"]
            assert client.missed == more
            assert isinstance(client.received[buffer], MissedEvents)


async def test_an_expired_session_gets_nothing_even_before_it_is_swept() -> None:
    now = 0.0
    node = World(clock=lambda: now)
    client = await node.client()
    await node.subscribe(client, "e")
    await node.publish("e", 1, EVERYONE)
    await node.settle()
    now = 16 * 60.0
    await node.publish("e", 2, EVERYONE)
    await node.settle()
    assert client.payloads == [1]
    assert client.session.closed.is_set()
    await node.close()


async def test_names_are_counted_over_all_connections_of_a_session() -> None:
    async with world(EventLimits(names=3)) as node:
        first = await node.client()
        second = await node.client(like=first)
        await node.subscribe(first, "a")
        await node.subscribe(first, "a")
        await node.subscribe(second, "a")
        await node.subscribe(second, "b")
        with pytest.raises(ProvenError) as refused:
            await node.subscribe(first, "c")
        assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
        node.leave(second)
        await node.subscribe(first, "c")
        stranger = await node.client()
        await node.subscribe(stranger, "c")


async def test_when_the_engine_stops_nobody_goes_on_waiting() -> None:
    async with world() as node:
        client, other = await node.client(), await node.client(TWO)
        await node.subscribe(client, "e")
        await node.subscribe(other, "e")
        await node.messages.stop()
        await node.settle()
        for each in (client, other):
            assert each.socket.closed == (1013, "UNAVAILABLE")
        with pytest.raises(ProvenError) as refused:
            await node.subscribe(await node.client(), "e")
        assert refused.value.code is ErrorCode.UNAVAILABLE
        assert node.hub.subscriptions == 0


async def test_what_is_no_event_is_not_passed_on_and_said_to_be_missing() -> None:
    async with world() as node:
        client = await node.client()
        await node.subscribe(client, "e")
        for message in (b"", b"\xff", b"\x80", b"\x84\x6fproven/event/v1\x61+\x61e\x41\x01"):
            await node.messages.publish(f"events.{ONE}", message)
        await node.publish("e", 1, EVERYONE)
        await node.settle()
        assert client.payloads == [1]
        assert client.missed == 4


async def test_an_application_without_subscribers_costs_the_engine_nothing() -> None:
    async with world() as node:
        client = await node.client()
        for _ in range(3):
            await node.subscribe(client, "a")
            assert node.hub.subscriptions == 1
            node.unsubscribe(client, "a")
            assert node.hub.subscriptions == 0
        await node.settle()
        assert node.messages._subscriptions.of(f"events.{ONE}") == ()


async def test_subscribing_and_leaving_at_once_leaves_nothing_behind() -> None:
    async with world() as node:
        client = await node.client()
        subscribing = asyncio.create_task(node.subscribe(client, "a"))
        await asyncio.sleep(0)
        node.leave(client)
        again = asyncio.create_task(node.subscribe(client, "b"))
        await asyncio.wait([subscribing, again], timeout=5)
        assert again.exception() is None
        await node.publish("a", 1, EVERYONE)
        await node.publish("b", 2, EVERYONE)
        await node.settle()
        assert client.payloads == [2]
