"""Switching versions: nothing that does not load is switched to, and nothing in use is retired."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from proven.apps import Applications, Deployer
from proven.engine.embedded import EmbeddedEngine
from proven.packages import Package
from proven.wire.applications import Body, OwnerKey, RollBack, sign
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

MakePackage = Callable[[str], Package]


class RecordingHost:
    """A host whose loads can be held back or made to fail, and that notices being misused."""

    def __init__(self) -> None:
        self.running: set[tuple[ApplicationId, PackageId]] = set()
        self.events: list[tuple[str, PackageId]] = []
        self.broken: set[PackageId] = set()
        self.unhealthy: set[PackageId] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.examined = asyncio.Event()
        self.examined.set()
        self.changed = asyncio.Condition()

    async def load(self, application_id: ApplicationId, package: Package) -> None:
        assert (application_id, package.id) not in self.running
        await self._note("loading", package.id)
        await self.gate.wait()
        if package.id in self.broken:
            raise ProvenError(ErrorCode.HANDLER_ERROR, "it throws at the top level")
        self.running.add((application_id, package.id))
        await self._note("loaded", package.id)

    async def check(self, application_id: ApplicationId, package: Package) -> None:
        await self._note("checked", package.id)
        await self.examined.wait()
        if package.id in self.unhealthy:
            raise ProvenError(ErrorCode.HANDLER_ERROR, "the health check src/app.ts#health returned false")

    async def retire(self, application_id: ApplicationId, package_id: PackageId) -> None:
        self.running.remove((application_id, package_id))
        await self._note("retired", package_id)

    async def _note(self, what: str, package_id: PackageId) -> None:
        self.events.append((what, package_id))
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(condition)

    def packages(self) -> set[PackageId]:
        return {package_id for _, package_id in self.running}


@pytest.fixture
def host() -> RecordingHost:
    return RecordingHost()


@pytest.fixture
async def deployer(applications: Applications, host: RecordingHost) -> AsyncIterator[Deployer]:
    deployer = Deployer(applications, host)
    await deployer.start()
    yield deployer
    await deployer.stop()


@pytest.fixture
async def app(applications: Applications, alice: OwnerKey) -> ApplicationId:
    return (await applications.create(alice, "todo", b"")).id


async def test_a_deployed_version_is_running_when_deploy_returns(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    deployed = await deployer.deploy(alice, app, make_package("one"), revision=1)
    assert host.packages() == {deployed.package_id}
    async with deployer.serving("todo") as serving:
        assert serving == deployed
    assert host.packages() == {deployed.package_id}


async def test_calls_in_progress_finish_on_the_old_version_and_new_ones_get_the_new(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    async with deployer.serving("todo") as old, deployer.serving(app):
        await deployer.deploy(alice, app, second, revision=2)
        async with deployer.serving("todo") as new:
            assert (old.package_id, new.package_id) == (first.id, second.id)
            assert host.packages() == {first.id, second.id}
    await host.until(lambda: host.packages() == {second.id})


async def test_while_a_version_loads_calls_still_get_the_old_one(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    host.gate.clear()
    deploying = asyncio.ensure_future(deployer.deploy(alice, app, second, revision=2))
    await host.until(lambda: ("loading", second.id) in host.events)
    async with deployer.serving("todo") as serving:
        assert serving.package_id == first.id
    host.gate.set()
    assert (await deploying).package_id == second.id
    await host.until(lambda: host.packages() == {second.id})


async def test_a_version_that_does_not_load_changes_nothing(
    deployer: Deployer,
    engine: EmbeddedEngine,
    host: RecordingHost,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first, broken = make_package("one"), make_package("broken")
    await deployer.deploy(alice, app, first, revision=1)
    before = await engine.logs.last("applications")
    host.broken.add(broken.id)
    with pytest.raises(ProvenError, match="top level") as failed:
        await deployer.deploy(alice, app, broken, revision=2)
    assert failed.value.code is ErrorCode.HANDLER_ERROR
    assert await engine.logs.last("applications") == before
    assert [info.name for info in await engine.objects.list("packages")] == [first.id]
    assert host.packages() == {first.id}
    async with deployer.serving("todo") as serving:
        assert serving.package_id == first.id


async def test_a_version_that_fails_its_health_check_changes_nothing(
    deployer: Deployer,
    engine: EmbeddedEngine,
    host: RecordingHost,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first, sick = make_package("one"), make_package("sick")
    await deployer.deploy(alice, app, first, revision=1)
    before = await engine.logs.last("applications")
    host.unhealthy.add(sick.id)
    with pytest.raises(ProvenError, match="returned false"):
        await deployer.deploy(alice, app, sick, revision=2)
    assert await engine.logs.last("applications") == before
    assert [info.name for info in await engine.objects.list("packages")] == [first.id]
    assert ("loading", sick.id) not in host.events
    host.unhealthy.add(first.id)
    async with deployer.serving("todo") as serving:
        assert serving.package_id == first.id


async def test_strangers_and_stale_views_load_nothing(
    deployer: Deployer,
    host: RecordingHost,
    app: ApplicationId,
    alice: OwnerKey,
    bob: OwnerKey,
    make_package: MakePackage,
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    await deployer.deploy(alice, app, second, revision=2)
    await host.until(lambda: host.packages() == {second.id})
    events = list(host.events)
    for call in (
        deployer.deploy(bob, app, make_package("three"), revision=3),
        deployer.deploy(alice, app, make_package("three"), revision=2),
        deployer.roll_back(bob, app, 1, revision=3),
        deployer.roll_back(alice, app, 5, revision=3),
    ):
        with pytest.raises(ProvenError):
            await call
    assert host.events == events


async def test_the_loser_of_two_deploys_is_retired(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    packages = [make_package(text) for text in ("one", "two", "three")]
    outcomes = await asyncio.gather(
        *(deployer.deploy(alice, app, package, revision=1) for package in packages),
        return_exceptions=True,
    )
    (winner,) = [outcome for outcome in outcomes if not isinstance(outcome, ProvenError)]
    await host.until(lambda: host.packages() == {winner.package_id})


async def test_rolling_back_to_a_version_that_is_still_draining_keeps_it(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    async with deployer.serving("todo"):
        await deployer.deploy(alice, app, second, revision=2)
        back = await deployer.roll_back(alice, app, 1, revision=3)
        assert (back.version, back.package_id) == (3, first.id)
    await host.until(lambda: host.packages() == {first.id})
    assert ("retired", first.id) not in host.events


async def test_a_version_that_is_wanted_again_just_before_it_is_retired_is_kept(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    async with deployer.serving("todo"):
        await deployer.deploy(alice, app, second, revision=2)
    await deployer.roll_back(alice, app, 1, revision=3)
    await host.until(lambda: host.packages() == {first.id})
    assert ("retired", first.id) not in host.events


async def test_rolling_back_to_a_retired_version_loads_it_again(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    await deployer.deploy(alice, app, second, revision=2)
    await host.until(lambda: host.packages() == {second.id})
    await deployer.roll_back(alice, app, 1, revision=3)
    await host.until(lambda: host.packages() == {first.id})
    assert host.events.count(("loaded", first.id)) == 2


async def test_an_archived_application_finishes_its_calls_and_is_retired(
    applications: Applications,
    deployer: Deployer,
    host: RecordingHost,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first = make_package("one")
    await deployer.deploy(alice, app, first, revision=1)
    async with deployer.serving("todo"):
        await applications.archive(alice, app, revision=2)
        assert host.packages() == {first.id}
        with pytest.raises(ProvenError) as gone:
            await deployer.serving("todo").__aenter__()
        assert gone.value.code is ErrorCode.NOT_FOUND
    await host.until(lambda: not host.packages())


async def test_after_a_restart_the_first_calls_load_the_live_version_once(
    applications: Applications,
    deployer: Deployer,
    host: RecordingHost,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first = make_package("one")
    await deployer.deploy(alice, app, first, revision=1)
    restarted_host = RecordingHost()
    restarted = Deployer(applications, restarted_host)

    async def call() -> PackageId:
        async with restarted.serving("todo") as serving:
            return serving.package_id

    assert await asyncio.gather(*(call() for _ in range(20))) == [first.id] * 20
    assert restarted_host.events == [("loading", first.id), ("loaded", first.id)]


async def test_deploying_the_live_version_again_after_a_restart_loads_it(
    applications: Applications,
    deployer: Deployer,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    package = make_package("one")
    deployed = await deployer.deploy(alice, app, package, revision=1)
    restarted_host = RecordingHost()
    restarted = Deployer(applications, restarted_host)
    again = await restarted.deploy(alice, app, package, revision=deployed.version + 1)
    assert again == deployed
    assert restarted_host.packages() == {package.id}


async def test_calls_that_wait_for_a_failing_load_share_its_failure(
    applications: Applications,
    deployer: Deployer,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first = make_package("one")
    await deployer.deploy(alice, app, first, revision=1)
    restarted_host = RecordingHost()
    restarted_host.broken.add(first.id)
    restarted = Deployer(applications, restarted_host)

    async def call() -> ErrorCode:
        with pytest.raises(ProvenError) as failed:
            await restarted.serving("todo").__aenter__()
        return failed.value.code

    assert await asyncio.gather(*(call() for _ in range(20))) == [ErrorCode.HANDLER_ERROR] * 20
    assert restarted_host.events == [("loading", first.id)]
    restarted_host.broken.clear()
    async with restarted.serving("todo") as serving:
        assert serving.package_id == first.id


async def test_a_first_caller_that_goes_away_does_not_fail_the_others(
    applications: Applications,
    deployer: Deployer,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first = make_package("one")
    await deployer.deploy(alice, app, first, revision=1)
    restarted_host = RecordingHost()
    restarted_host.gate.clear()
    restarted = Deployer(applications, restarted_host)

    async def call() -> PackageId:
        async with restarted.serving("todo") as serving:
            return serving.package_id

    impatient, patient = asyncio.ensure_future(call()), asyncio.ensure_future(call())
    await restarted_host.until(lambda: ("loading", first.id) in restarted_host.events)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    late = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    restarted_host.gate.set()
    assert await asyncio.gather(patient, late) == [first.id] * 2
    assert restarted_host.events == [("loading", first.id), ("loaded", first.id)]


async def test_a_load_that_everybody_stopped_waiting_for_is_undone(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    first = make_package("one")
    host.gate.clear()
    deploying = asyncio.ensure_future(deployer.deploy(alice, app, first, revision=1))
    await host.until(lambda: ("loading", first.id) in host.events)
    deploying.cancel()
    await asyncio.gather(deploying, return_exceptions=True)
    host.gate.set()
    await host.until(lambda: ("retired", first.id) in host.events)
    assert not host.packages()


async def test_what_another_node_replaced_is_retired_here_too(
    applications: Applications,
    engine: EmbeddedEngine,
    deployer: Deployer,
    host: RecordingHost,
    app: ApplicationId,
    alice: OwnerKey,
    make_package: MakePackage,
) -> None:
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    elsewhere = Applications(engine.logs, engine.objects, origin=applications.origin)
    await elsewhere.start()
    await elsewhere.deploy(alice, app, second, revision=2)
    await host.until(lambda: not host.packages())
    async with deployer.serving("todo") as serving:
        assert serving.package_id == second.id
    await elsewhere.stop()


async def test_however_many_changes_are_asked_for_at_once_one_version_of_an_application_is_checked(
    deployer: Deployer, host: RecordingHost, app: ApplicationId, alice: OwnerKey, make_package: MakePackage
) -> None:
    origin = deployer._applications.origin
    first, second = make_package("one"), make_package("two")
    await deployer.deploy(alice, app, first, revision=1)
    await deployer.deploy(alice, app, second, revision=2)
    other = (await deployer._applications.create(alice, "other", b"other")).id
    await deployer.deploy(alice, other, first, revision=1)
    await deployer.deploy(alice, other, second, revision=2)
    host.events.clear()
    host.examined.clear()
    back = RollBack(version=1)
    asked = [sign(Body(origin=origin, application_id=app, revision=3, command=back), alice)] * 20
    asked.append(sign(Body(origin=origin, application_id=other, revision=3, command=back), alice))
    going = [asyncio.ensure_future(deployer.submit(each)) for each in asked]
    checked = ("checked", first.id)
    await host.until(lambda: host.events.count(checked) == 2)
    for _ in range(100):
        await asyncio.sleep(0)
    assert host.events.count(checked) == 2
    host.examined.set()
    outcomes = await asyncio.gather(*going, return_exceptions=True)
    refused = [each for each in outcomes if isinstance(each, ProvenError)]
    assert [each.code for each in refused] == [ErrorCode.CONFLICT] * 19
    assert host.events.count(checked) == 2
