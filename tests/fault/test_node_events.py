"""Events on a whole node while readers stall, connections die and an application floods. Seeded."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from harness.listeners import EVENT, Plan, Sealed, WebSocket
from proven.apps import Application
from proven.client import Missed, Published, Subscription
from proven.gateway import EventLimits, Publisher, RpcLimits
from proven.node.config import GatewaySettings, NodeConfig
from proven.node.local import local_node
from proven.runtime import RuntimeConfig
from proven.runtime.hostcalls import EventsConfig, HostCallsConfig
from proven.storage import StorageConfig, Synchronous
from proven.wire import values
from proven.wire.commands import MissedEvents, PublishedEvent, decode_message
from proven.wire.events import EVERYONE
from support.node import UNHURRIED_SESSIONS, Node

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    generous = EventsConfig(rate=1e6, burst=10**6, bytes_rate=1e9, bytes_burst=10**9)
    config = NodeConfig(
        data_dir=tmp_path_factory.mktemp("events"),
        gateway=GatewaySettings(
            port=0, shutdown_grace=1.0, rpc=RpcLimits(events=EventLimits(queued=16, buffer=64))
        ),
        sessions=UNHURRIED_SESSIONS,
        runtime=RuntimeConfig(pool_size=1, timeout=60.0),
        host_calls=HostCallsConfig(events=generous),
        storage=StorageConfig(synchronous=Synchronous.NORMAL),
    )
    async with local_node(config) as local:
        running = Node(local)
        async with running._stack:
            yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(node: Node) -> Application:
    return await node.deploy("herald")


class Raw:
    """A subscriber that reads from its socket only when it is told to."""

    def __init__(self, subscribers: Sealed, websocket: WebSocket) -> None:
        self.websocket = websocket
        self._channel = subscribers._channels[-1]
        subscribers._http.close()
        subscribers._publisher.socket.close()

    @classmethod
    async def join(cls, node: Node, app: Application) -> Raw:
        port = int(node.url.rpartition(":")[2])
        subscribers = await asyncio.to_thread(Sealed, Plan(port, 1, app.id))
        websocket = await asyncio.to_thread(subscribers.join)
        websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
        return cls(subscribers, websocket)

    async def take(self) -> PublishedEvent | MissedEvents:
        frame = await asyncio.to_thread(self.websocket.receive)
        message = decode_message(self._channel.open(frame)[1])
        assert isinstance(message, PublishedEvent | MissedEvents)
        return message


async def received(subscription: Subscription, until: str) -> tuple[list[Any], int]:
    """The numbers that came up to `until`, and how many are said to be missing."""
    numbers: list[Any] = []
    missed = 0
    async with asyncio.timeout(PATIENCE):
        async for event in subscription:
            if isinstance(event, Missed):
                assert event.count is not None
                missed += event.count
            elif event.payload == until:
                break
            else:
                assert isinstance(event.payload, list)
                numbers.append(event.payload[0])
    return numbers, missed


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_reader_that_stalls_misses_events_and_nobody_else_does(
    node: Node, app: Application, seed: int
) -> None:
    choose = random.Random(seed)
    slow = await Raw.join(node, app)
    quick, publisher = await node.connect(app), await node.connect(app)
    count = 0
    async with quick.subscribe(EVENT) as events:
        while count < 400:  # far more than its socket, the node's and what is kept for it can hold
            accepted = await publisher.call(
                "flood", EVENT, choose.randint(1, 6), choose.randint(40_000, 60_000)
            )
            assert isinstance(accepted, list)
            async with asyncio.timeout(PATIENCE):
                came: list[Any] = [await anext(events) for _ in accepted]
            assert [type(event) for event in came] == [Published] * len(accepted)
            assert [event.payload[0] for event in came] == accepted
            count += len(accepted)
    taken = told = 0
    async with asyncio.timeout(PATIENCE):
        while taken + told < count:
            event = await slow.take()
            if isinstance(event, MissedEvents):
                told += event.count
            else:
                taken += 1
    assert taken + told == count
    assert told > 0
    assert taken > 0
    await publisher.call("tell", EVENT, "again", "everyone")
    event = await slow.take()
    assert isinstance(event, PublishedEvent)
    assert values.decode(event.payload) == "again"
    slow.websocket.socket.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_connections_that_die_while_an_event_goes_round_take_nobody_with_them(
    node: Node, app: Application, seed: int
) -> None:
    choose = random.Random(seed)
    dying = [await Raw.join(node, app) for _ in range(10)]
    readers = [await node.connect(app) for _ in range(3)]
    publisher = await node.connect(app)
    subscriptions = [reader.subscribe(EVENT) for reader in readers]
    for subscription in subscriptions:
        await subscription.start()
    flooding = asyncio.create_task(publisher.call("flood", EVENT, 100, 1000))
    for raw in choose.sample(dying, len(dying)):
        linger = struct.pack("ii", choose.randrange(2), 0)  # some end orderly, some with a reset
        raw.websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raw.websocket.socket.close()
        for _ in range(choose.randrange(3)):
            await publisher.whoami()
    accepted = await flooding
    await publisher.call("tell", EVENT, "end", "everyone")
    for subscription in subscriptions:
        numbers, missed = await received(subscription, "end")
        assert isinstance(accepted, list)
        assert len(numbers) + missed == len(accepted)
        await subscription.close()
    hub = node.local._gateway._events
    assert hub is not None
    async with asyncio.timeout(PATIENCE):
        while hub.subscriptions:  # nothing is kept of connections that are gone
            await publisher.whoami()


async def test_what_a_flood_leaves_no_room_for_is_told_to_all_and_other_applications_go_on(
    node: Node, app: Application
) -> None:
    calm = await node.deploy("herald", name="calm")
    readers = [await node.connect(app) for _ in range(3)]
    publisher, neighbour = await node.connect(app), await node.connect(calm)
    subscriptions = [reader.subscribe("flood") for reader in readers]
    for subscription in subscriptions:
        await subscription.start()
    async with neighbour.subscribe("calm") as quiet:
        messages = node.local._engine.messages
        flooding = asyncio.create_task(publisher.call("flood", "flood", 2000, 10))
        heard = 0
        while not flooding.done():
            await neighbour.call("tell", "calm", heard, "everyone")
            async with asyncio.timeout(60):
                assert await anext(quiet) == Published("calm", heard)
            heard += 1
        accepted = await flooding
        assert heard > 0
        # more at once than the engine keeps, without the way through a guest
        sink = Publisher(messages, lambda application, package: app.log_index)
        for number in range(200):
            await sink.publish(app.id, app.package_id, "flood", values.encode([number]), EVERYONE)
    assert isinstance(accepted, list)
    async with asyncio.timeout(PATIENCE):
        for subscription in subscriptions:
            seen = missed = 0
            while seen + missed < len(accepted) + 200:
                event = await anext(subscription)
                if isinstance(event, Missed):
                    missed += event.count or 0
                else:
                    seen += 1
            assert missed >= 200 - 64
            assert seen + missed == len(accepted) + 200


async def test_an_application_that_floods_is_held_to_its_rate(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    config = NodeConfig(
        data_dir=tmp_path_factory.mktemp("rate"),
        gateway=GatewaySettings(port=0, shutdown_grace=1.0),
        sessions=UNHURRIED_SESSIONS,
        host_calls=HostCallsConfig(events=EventsConfig(rate=0.001, burst=25)),
    )
    async with local_node(config) as local:
        limited = Node(local)
        async with limited._stack:
            application = await limited.deploy("herald")
            other = await limited.deploy("herald", name="other")
            client, neighbour = await limited.connect(application), await limited.connect(other)
            async with client.subscribe("e") as events, neighbour.subscribe("e") as quiet:
                accepted = await client.call("flood", "e", 500, 10)
                assert isinstance(accepted, list)
                assert len(accepted) == 25
                async with asyncio.timeout(PATIENCE):
                    came: list[Any] = [await anext(events) for _ in range(25)]
                assert [event for event in came if isinstance(event, Published)] == came
                assert [event.payload[0] for event in came] == accepted
                await neighbour.call("tell", "e", 1, "everyone")
                async with asyncio.timeout(PATIENCE):
                    assert await anext(quiet) == Published("e", 1)
