"""Connections hear of a version before it answers, and of what is announced, whichever node appended it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.apps import Applications
from proven.engine.embedded import EmbeddedEngine
from proven.gateway.events import Outgoing
from proven.gateway.versions import VersionHub
from proven.packages import Package, build
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    CancelUpgrade,
    Command,
    Deploy,
    Immutable,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    Veto,
)
from proven.wire.commands import PendingChange, PublishedEvent, VersionEvent, VersionState, encode_event
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import EVERYONE
from proven.wire.ids import PackageId
from support.applications import ORIGIN
from unit.gateway.events_model import Client, World

OWNER, GUARDIAN = OwnerKey.from_seed(b"A" * 32), OwnerKey.from_seed(b"B" * 32)
NOTICE = 3600


class Network:
    """Two nodes on one log, whose clock is set by hand. Changes are made at one, connections at the other."""

    def __init__(self, directory: Path) -> None:
        self.seconds = 1_000_000.0
        self.folder = directory / "app"
        self.engine = EmbeddedEngine(directory / "engine.db", bytes(32))
        self.there, self.here = self._node(), self._node()
        self.hub = VersionHub(self.here)
        self.world = World()

    def _node(self) -> Applications:
        return Applications(self.engine.logs, self.engine.objects, origin=ORIGIN, clock=lambda: self.seconds)

    async def start(self) -> None:
        for service in (self.engine, self.there, self.here):
            await service.start()
        self.app = (await self.there.create(OWNER, "todo", b"")).id

    async def stop(self) -> None:
        await self.hub.stop()
        await self.world.close()
        for service in (self.here, self.there, self.engine):
            await service.stop()

    def package(self, text: str) -> Package:
        (self.folder / "src").mkdir(parents=True, exist_ok=True)
        source = "import { run } from '@proven-network/handler';\n"
        (self.folder / "src" / "app.ts").write_text(f"{source}export const say = run(() => {text!r});\n")
        return build(self.folder)

    async def give(self, command: Command, package: Package | None = None, key: OwnerKey = OWNER) -> int:
        return (await self.there.submit_as(key, self.app, command, package=package)).log_index

    async def deploy(self, text: str) -> tuple[int, PackageId]:
        package = self.package(text)
        return await self.give(Deploy(package_id=package.id), package), package.id

    async def follower(self) -> tuple[Client, VersionState]:
        client = await self.world.client(self.app)
        return client, await self.hub.follow(self.app, client.mailbox)


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[Network]:
    network = Network(tmp_path)
    await network.start()
    yield network
    await network.stop()


async def heard(client: Client, count: int) -> list[VersionEvent]:
    """The first `count` notices that a connection was sent."""
    async with asyncio.timeout(60):
        while len(client.received) < count:
            await asyncio.sleep(0)
    return [each for each in client.received if isinstance(each, VersionEvent)]


def state(
    revision: int, version: tuple[int, PackageId], pending: PendingChange | None = None
) -> VersionState:
    log_index, package_id = version
    return VersionState(revision=revision, package_id=package_id, log_index=log_index, pending=pending)


async def test_who_follows_is_told_how_things_are_and_of_every_switch(network: Network) -> None:
    client, before = await network.follower()
    assert before == VersionState(revision=1)
    one = await network.deploy("one")
    assert await heard(client, 1) == [VersionEvent(what="switched", entry=one[0], now=state(2, one))]
    two = await network.deploy("two")
    assert (await heard(client, 2))[1] == VersionEvent(
        what="switched", entry=two[0], now=state(3, two), previous=one[1]
    )
    _, later = await network.follower()
    assert later == state(3, two)


async def test_what_is_announced_taken_back_refused_and_brought_into_force_is_told(network: Network) -> None:
    one = await network.deploy("one")
    await network.give(SetUpgradePolicy(policy=Timelock(delay=NOTICE, guardians=(GUARDIAN.public_key,))))
    client, before = await network.follower()
    assert before == state(3, one)
    told: list[tuple[str, int, PendingChange | None]] = []
    expected: list[tuple[str, int, PendingChange | None]] = []
    at = int((network.seconds + NOTICE) * 1000)

    async def step(what: str, entry: int, pending: PendingChange | None) -> None:
        expected.append((what, entry, pending))
        event = (await heard(client, len(expected)))[-1]
        assert event.now.package_id == network.here.find(network.app).package_id
        told.append((event.what, event.entry, event.now.pending))

    for end, key, what in ((CancelUpgrade(), OWNER, "cancelled"), (Veto(), GUARDIAN, "vetoed")):
        entry, package_id = await network.deploy("two")
        await step("announced", entry, PendingChange(log_index=entry, activates_at=at, package_id=package_id))
        await step(what, await network.give(end, key=key), None)
    entry = await network.give(SetUpgradePolicy(policy=Immutable()))
    await step("announced", entry, PendingChange(log_index=entry, activates_at=at))
    network.seconds += NOTICE
    record = network.there.find(network.app)
    await step("activated", (await network.there.activate(network.app, record.revision)).log_index, None)
    assert told == expected


async def test_an_announced_version_that_comes_into_force_is_a_switch(network: Network) -> None:
    one = await network.deploy("one")
    await network.give(SetUpgradePolicy(policy=Timelock(delay=NOTICE)))
    _, two = await network.deploy("two")
    client, before = await network.follower()
    assert before.pending is not None
    assert before.pending.package_id == two
    network.seconds += NOTICE
    entry = (await network.there.activate(network.app, network.there.find(network.app).revision)).log_index
    assert await heard(client, 1) == [
        VersionEvent(what="switched", entry=entry, now=state(5, (entry, two)), previous=one[1])
    ]


async def test_other_entries_and_other_applications_are_not_told_of(network: Network) -> None:
    await network.deploy("one")
    client, _ = await network.follower()
    other = (await network.there.create(OWNER, "other", b"other")).id
    package = network.package("elsewhere")
    await network.there.submit_as(OWNER, other, Deploy(package_id=package.id), package=package)
    await network.give(AddAllowedOrigin(origin="https://page.example"))
    two = await network.deploy("two")
    assert [each.entry for each in await heard(client, 1)] == [two[0]]
    await network.give(Archive())
    await network.world.settle()
    assert len(client.received) == 1


async def test_an_answer_of_a_version_is_never_sent_before_the_notice_of_it(network: Network) -> None:
    one = await network.deploy("one")
    client, _ = await network.follower()
    client.socket.stall()
    two = await network.deploy("two")
    await reached(network, two[0])
    mailbox, app = client.mailbox, network.app
    client.socket.flow()
    mailbox.answering(one[0], lambda: network.hub.latest(app))
    assert client.received == [], "an answer of the old version is nothing new"
    mailbox.answering(two[0], lambda: network.hub.latest(app))
    switched = VersionEvent(what="switched", entry=two[0], now=state(3, two), previous=one[1])
    assert client.received == [switched]
    mailbox.answering(two[0], lambda: network.hub.latest(app))
    await network.world.settle()
    three = await network.deploy("three")
    assert [each.entry for each in await heard(client, 2)] == [two[0], three[0]], "nothing is told twice"


async def test_who_is_slow_to_read_is_told_of_the_last_change_and_holds_up_nobody(network: Network) -> None:
    slow, _ = await network.follower()
    quick, _ = await network.follower()
    slow.socket.stall()
    for number in range(5):
        last = await network.deploy(str(number))
        await heard(quick, number + 1)
    slow.socket.flow()
    assert (await heard(slow, 1))[0].now == state(6, last)
    await network.world.settle()
    assert len(slow.received) == 1


async def test_events_and_notices_for_a_slow_client_do_not_get_into_each_others_way(network: Network) -> None:
    client, _ = await network.follower()
    client.mailbox.names.add("e")
    client.socket.stall()
    event = encode_event(PublishedEvent(name="e", payload=b"\x01"))
    client.mailbox.offer(Outgoing("e", EVERYONE, event))
    two = await network.deploy("two")
    await reached(network, two[0])
    client.mailbox.offer(Outgoing("e", EVERYONE, event))
    await network.world.settle()
    client.socket.flow()
    async with asyncio.timeout(60):
        while len(client.received) < 3:
            await asyncio.sleep(0)
    assert sorted(type(each).__name__ for each in client.received) == [
        "PublishedEvent",
        "PublishedEvent",
        "VersionEvent",
    ]


async def test_who_left_or_never_followed_is_told_nothing(network: Network) -> None:
    leaver, _ = await network.follower()
    stranger = await network.world.client(network.app)
    stayer, _ = await network.follower()
    network.hub.leave(network.app, leaver.mailbox)
    await network.deploy("one")
    await heard(stayer, 1)
    await network.world.settle()
    assert leaver.received == stranger.received == []


async def test_when_the_log_is_not_followed_any_more_every_follower_is_told_to_ask_anew(
    network: Network,
) -> None:
    client, _ = await network.follower()
    await network.engine.stop()
    async with asyncio.timeout(60):
        while client.socket.closed is None:
            await asyncio.sleep(0)
    with pytest.raises(ProvenError) as refused:
        await network.hub.follow(network.app, client.mailbox)
    assert refused.value.code is ErrorCode.UNAVAILABLE


async def reached(network: Network, entry: int) -> None:
    """Wait until the connections' node has read the log up to `entry`."""
    async with asyncio.timeout(60):
        while network.here.root()[0] <= entry:
            await asyncio.sleep(0)
