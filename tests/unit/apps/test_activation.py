"""Changes under notice come into force when their time has come and what they switch to works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from proven.apps import ApplicationRecord, Applications, Blocked, Deployer, Limits
from proven.engine.embedded import EmbeddedEngine
from proven.packages import Package
from proven.wire.applications import (
    AddAllowedOrigin,
    Body,
    CancelUpgrade,
    Command,
    Deploy,
    OwnerKey,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TransferOwnership,
    Veto,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from support.applications import ORIGIN
from unit.apps.test_deployer import RecordingHost

MakePackage = Callable[[str], Package]
NOTICE = 3600


class World:
    """A node whose clock is set by hand, with an application under notice that has version 1."""

    def __init__(self, engine: EmbeddedEngine, key: OwnerKey, guardian: OwnerKey) -> None:
        self.engine = engine
        self.key = key
        self.guardian = guardian
        self.seconds = 1_000_000.0
        self.host = RecordingHost()
        self.applications = self.node()
        self.blocked: list[tuple[ApplicationRecord, Blocked]] = []
        self.deployer = Deployer(
            self.applications, self.host, on_blocked=lambda *told: self.blocked.append(told)
        )

    def node(self) -> Applications:
        return Applications(
            self.engine.logs, self.engine.objects, origin=ORIGIN, limits=Limits(), clock=lambda: self.seconds
        )

    @property
    def app(self) -> ApplicationId:
        return self.applications.find("todo").id

    async def begin(self, package: Package) -> None:
        await self.applications.start()
        record = await self.applications.create(self.key, "todo", b"")
        await self.deployer.deploy(self.key, record.id, package)
        policy = Timelock(delay=NOTICE, guardians=(self.guardian.public_key,))
        await self.give(SetUpgradePolicy(policy=policy))

    async def give(
        self, command: Command, package: Package | None = None, *, by: OwnerKey | None = None
    ) -> None:
        revision = self.applications.find("todo").revision
        body = Body(origin=ORIGIN, application_id=self.app, revision=revision, command=command)
        await self.deployer.submit(sign(body, by or self.key), package=package)

    async def announce(self, package: Package) -> None:
        await self.give(Deploy(package_id=package.id), package)

    def serves(self) -> str | None:
        return self.applications.find("todo").package_id


@pytest.fixture
async def world(
    engine: EmbeddedEngine, alice: OwnerKey, bob: OwnerKey, make_package: MakePackage
) -> AsyncIterator[World]:
    world = World(engine, alice, bob)
    await world.begin(make_package("one"))
    yield world
    await world.deployer.stop()
    await world.applications.stop()


async def test_a_version_under_notice_is_loaded_and_switched_to_when_its_time_has_come(
    world: World, make_package: MakePackage
) -> None:
    one, two = make_package("one"), make_package("two")
    await world.announce(two)
    await world.host.until(lambda: world.host.packages() == {one.id})
    world.seconds += NOTICE - 1
    await world.deployer.activate_due()
    assert world.serves() == one.id
    world.seconds += 1
    world.host.events.clear()
    await world.deployer.activate_due()
    assert world.serves() == two.id
    assert ("loaded", two.id) in world.host.events
    version = world.applications.versions(world.app)[-1]
    assert (version.announced_index, version.log_index) == (3, 4)


async def test_a_running_node_switches_by_itself(world: World, make_package: MakePackage) -> None:
    two = make_package("two")
    await world.deployer.start()
    await world.announce(two)
    world.seconds += NOTICE
    async with asyncio.timeout(60), world.applications.watch() as changes:
        await world.give(AddAllowedOrigin(origin="https://page.example"))
        async for change in changes:
            if change.record.package_id == two.id:
                break
    await world.deployer.health()


async def test_a_node_that_starts_late_completes_what_became_due(
    world: World, make_package: MakePackage
) -> None:
    two = make_package("two")
    await world.announce(two)
    world.seconds += 10 * NOTICE
    applications = world.node()
    await applications.start()
    late = Deployer(applications, world.host)
    async with asyncio.timeout(60), applications.watch() as changes:
        await late.start()
        assert (await anext(changes)).record.package_id == two.id
    await late.stop()
    await applications.stop()


async def test_what_does_not_load_is_not_announced(world: World, make_package: MakePackage) -> None:
    two = make_package("two")
    world.host.broken.add(two.id)
    with pytest.raises(ProvenError) as refused:
        await world.announce(two)
    assert refused.value.code is ErrorCode.HANDLER_ERROR
    assert world.applications.find("todo").pending is None


async def test_what_does_not_load_when_it_is_due_stays_pending_with_its_reason_and_is_tried_again(
    world: World, make_package: MakePackage
) -> None:
    one, two = make_package("one"), make_package("two")
    await world.announce(two)
    await world.host.until(lambda: world.host.packages() == {one.id})
    world.seconds += NOTICE
    world.host.broken.add(two.id)
    await world.deployer.activate_due()
    blocked = world.deployer.blocked(world.app)
    assert blocked is not None
    assert (blocked.reason.code, blocked.attempts) == (ErrorCode.HANDLER_ERROR, 1)
    assert world.serves() == one.id
    world.host.broken.clear()
    await world.deployer.activate_due()
    assert world.serves() == one.id, "it is not tried again at once"
    world.seconds = blocked.retry_at / 1000
    await world.deployer.activate_due()
    assert world.serves() == two.id
    assert world.deployer.blocked(world.app) is None


async def test_a_version_that_is_not_well_when_it_is_due_stays_pending_and_its_owner_is_told_why(
    world: World, make_package: MakePackage
) -> None:
    one, two = make_package("one"), make_package("two")
    await world.announce(two)
    world.seconds += NOTICE
    world.host.unhealthy.add(two.id)
    await world.deployer.activate_due()
    assert world.serves() == one.id
    ((told, blocked),) = world.blocked
    assert told.id == world.app
    assert blocked == world.deployer.blocked(world.app)
    assert "returned false" in blocked.reason.message
    world.host.unhealthy.clear()
    world.seconds = blocked.retry_at / 1000
    await world.deployer.activate_due()
    assert world.serves() == two.id


async def test_a_reason_is_forgotten_with_its_change(world: World, make_package: MakePackage) -> None:
    two = make_package("two")
    await world.announce(two)
    world.seconds += NOTICE
    world.host.broken.add(two.id)
    await world.deployer.activate_due()
    await world.give(CancelUpgrade())
    await world.deployer.activate_due()
    assert world.deployer.blocked(world.app) is None
    assert world.applications.find("todo").version == 1


async def test_a_vetoed_version_is_never_switched_to(world: World, make_package: MakePackage) -> None:
    one, two = make_package("one"), make_package("two")
    await world.announce(two)
    await world.give(Veto(), by=world.guardian)
    world.seconds += 10 * NOTICE
    await world.deployer.activate_due()
    assert world.serves() == one.id


async def test_a_rollback_and_an_owner_wait_too(
    world: World, make_package: MakePackage, bob: OwnerKey
) -> None:
    one, two = make_package("one"), make_package("two")
    for command, package in ((Deploy(package_id=two.id), two), (RollBack(version=1), None)):
        await world.give(command, package)
        world.seconds += NOTICE
        await world.deployer.activate_due()
    assert world.serves() == one.id
    await world.give(TransferOwnership(to=bob.public_key))
    assert world.applications.find("todo").owner == world.key.public_key
    world.seconds += NOTICE
    await world.deployer.activate_due()
    assert world.applications.find("todo").owner == bob.public_key


async def test_of_two_nodes_one_brings_a_change_into_force(world: World, make_package: MakePackage) -> None:
    two = make_package("two")
    await world.announce(two)
    world.seconds += NOTICE
    other = world.node()
    await other.start()
    there = Deployer(other, RecordingHost())
    await asyncio.gather(world.deployer.activate_due(), there.activate_due())
    assert await world.engine.logs.last("applications") == 5
    assert world.deployer.blocked(world.app) is there.blocked(world.app) is None
    await there.stop()
    await other.stop()


async def test_deploying_at_once_what_is_under_notice_is_refused(
    world: World, make_package: MakePackage
) -> None:
    with pytest.raises(ProvenError) as refused:
        await world.deployer.deploy(world.key, world.app, make_package("two"))
    assert refused.value.code is ErrorCode.CONFLICT
