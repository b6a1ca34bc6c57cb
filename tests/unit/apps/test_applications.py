"""Commands to applications, with a real engine below and real packages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from proven.apps import Applications, Limits, Receipt
from proven.engine.embedded import EmbeddedEngine
from proven.packages import Package
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    Body,
    Command,
    CreateApplication,
    Deploy,
    OwnerDecides,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    Veto,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id
from proven.wire.log_entries import Submitted
from support.applications import ORIGIN

MakePackage = Callable[[str], Package]


async def refused(call) -> ProvenError:
    with pytest.raises(ProvenError) as error:
        await call
    return error.value


async def test_an_application_resolves_to_what_was_deployed_last(
    applications: Applications, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    record = await applications.create(alice, "todo", b"nonce")
    assert record.id == application_id(alice.public_key, b"nonce")
    deployed = await applications.deploy(alice, record.id, first, revision=1)
    assert (deployed.version, deployed.package_id, deployed.manifest) == (1, first.id, first.manifest)
    deployed = await applications.deploy(alice, record.id, second, revision=2)
    assert await applications.resolve("todo") == await applications.resolve(record.id) == deployed
    assert (deployed.version, deployed.package_id) == (2, second.id)
    assert (await applications.package(first.id)).files == first.files


async def test_rolling_back_brings_an_earlier_package_back_as_a_new_version(
    applications: Applications, alice: OwnerKey, make_package: MakePackage
) -> None:
    first, second = make_package("one"), make_package("two")
    app = (await applications.create(alice, "todo", b"")).id
    await applications.deploy(alice, app, first, revision=1)
    await applications.deploy(alice, app, second, revision=2)
    back = await applications.roll_back(alice, app, 1, revision=3)
    assert (back.version, back.package_id) == (3, first.id)
    assert [version.package_id for version in applications.versions(app)] == [first.id, second.id, first.id]


async def test_an_archived_or_empty_application_does_not_resolve(
    applications: Applications, alice: OwnerKey, make_package: MakePackage
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    assert (await refused(applications.resolve("todo"))).code is ErrorCode.NOT_FOUND
    await applications.deploy(alice, app, make_package("one"), revision=1)
    await applications.archive(alice, app, revision=2)
    assert (await refused(applications.resolve("todo"))).code is ErrorCode.NOT_FOUND
    assert applications.find("todo").archived


async def test_strangers_and_stale_views_are_refused_before_anything_is_stored(
    applications: Applications,
    engine: EmbeddedEngine,
    alice: OwnerKey,
    bob: OwnerKey,
    make_package: MakePackage,
) -> None:
    package = make_package("one")
    app = (await applications.create(alice, "todo", b"")).id
    stranger = await refused(applications.deploy(bob, app, package, revision=1))
    stale = await refused(applications.deploy(alice, app, package, revision=2))
    assert (stranger.code, stale.code) == (ErrorCode.NOT_OWNER, ErrorCode.CONFLICT)
    assert await engine.objects.list("packages") == []
    assert await engine.logs.last("applications") == 1


async def test_of_concurrent_deploys_that_saw_the_same_version_one_wins(
    applications: Applications, engine: EmbeddedEngine, alice: OwnerKey, make_package: MakePackage
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    packages = [make_package(str(n)) for n in range(5)]
    outcomes = await asyncio.gather(
        *(applications.deploy(alice, app, package, revision=1) for package in packages),
        return_exceptions=True,
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, ProvenError)]
    assert [error.code for error in errors] == [ErrorCode.CONFLICT] * 4
    (stored,) = await engine.objects.list("packages")
    assert stored.name == (await applications.resolve("todo")).package_id


async def test_of_concurrent_creations_with_one_name_one_wins(
    applications: Applications, alice: OwnerKey, bob: OwnerKey
) -> None:
    outcomes = await asyncio.gather(
        *(applications.create(actor, "todo", bytes([n])) for n in range(10) for actor in (alice, bob)),
        return_exceptions=True,
    )
    assert len([outcome for outcome in outcomes if not isinstance(outcome, ProvenError)]) == 1
    assert len(applications.list()) == 1


async def test_two_nodes_on_one_log_keep_the_rules_between_them(
    applications: Applications, engine: EmbeddedEngine, alice: OwnerKey, bob: OwnerKey
) -> None:
    other = Applications(engine.logs, engine.objects, origin=ORIGIN)
    await other.start()
    outcomes = await asyncio.gather(
        *(
            node.create(actor, f"app{n}", bytes([n]))
            for n in range(10)
            for node, actor in ((applications, alice), (other, bob))
        ),
        return_exceptions=True,
    )
    assert len([outcome for outcome in outcomes if not isinstance(outcome, ProvenError)]) == 10
    last = await engine.logs.last("applications")
    assert last == 10
    async with asyncio.timeout(60), other.watch(after=-1) as changes:
        async for change in changes:
            if change.log_index == last - 1:
                break
    async with asyncio.timeout(60), applications.watch(after=-1) as changes:
        async for change in changes:
            if change.log_index == last - 1:
                break
    assert applications.list() == other.list()
    await other.stop()


async def test_everything_is_there_after_a_restart(
    engine: EmbeddedEngine, applications: Applications, alice: OwnerKey, make_package: MakePackage
) -> None:
    package = make_package("one")
    app = (await applications.create(alice, "todo", b"")).id
    before = await applications.deploy(alice, app, package, revision=1)
    again = Applications(engine.logs, engine.objects, origin=ORIGIN)
    await again.start()
    assert await again.resolve("todo") == before
    assert again.versions(app) == applications.versions(app)
    await again.stop()


async def test_deploying_the_present_package_again_changes_nothing(
    applications: Applications, engine: EmbeddedEngine, alice: OwnerKey, make_package: MakePackage
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    first = await applications.deploy(alice, app, make_package("one"), revision=1)
    assert await applications.deploy(alice, app, make_package("one"), revision=2) == first
    assert await engine.logs.last("applications") == 2


async def test_a_manifest_that_lies_about_its_files_is_not_deployed(
    applications: Applications, alice: OwnerKey, make_package: MakePackage
) -> None:
    package = make_package("one")
    handler = msgspec.structs.replace(
        package.manifest.handlers[0],
        options=msgspec.structs.replace(package.manifest.handlers[0].options, timeout_ms=5),
    )
    lying = Package.create(msgspec.structs.replace(package.manifest, handlers=(handler,)), package.files)
    app = (await applications.create(alice, "todo", b"")).id
    error = await refused(applications.deploy(alice, app, lying, revision=1))
    assert error.code is ErrorCode.BAD_REQUEST
    assert applications.find(app).version == 0


async def test_a_stored_package_that_is_another_one_is_not_handed_out(
    applications: Applications, engine: EmbeddedEngine, alice: OwnerKey, make_package: MakePackage
) -> None:
    package, other = make_package("one"), make_package("two")
    app = (await applications.create(alice, "todo", b"")).id
    await applications.deploy(alice, app, package, revision=1)
    await engine.objects.put("packages", package.id, other.to_archive())
    assert (await refused(applications.package(package.id))).code is ErrorCode.UNAVAILABLE
    assert (await refused(applications.package(PackageId("0" * 64)))).code is ErrorCode.NOT_FOUND


async def test_limits_of_an_owner_hold(
    engine: EmbeddedEngine, alice: OwnerKey, bob: OwnerKey, make_package: MakePackage
) -> None:
    first = make_package("one")
    limits = Limits(applications_per_owner=1, package_bytes_per_owner=len(first.to_archive()) * 3 // 2)
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN, limits=limits)
    await applications.start()
    app = (await applications.create(alice, "one", b"1")).id
    await applications.create(bob, "bobs", b"1")
    await applications.deploy(alice, app, first, revision=1)
    calls = [
        applications.create(alice, "two", b"2"),
        applications.deploy(alice, app, make_package("two"), revision=2),
    ]
    assert [(await refused(call)).code for call in calls] == [ErrorCode.QUOTA_EXCEEDED] * 2
    assert [info.name for info in await engine.objects.list("packages")] == [first.id]
    await applications.stop()


async def test_a_watch_reports_every_event_in_order_with_the_application(
    applications: Applications, alice: OwnerKey, make_package: MakePackage
) -> None:
    async with asyncio.timeout(60), applications.watch() as changes:
        app = (await applications.create(alice, "todo", b"")).id
        await applications.deploy(alice, app, make_package("one"), revision=1)
        await applications.archive(alice, app, revision=2)
        seen = [await anext(changes) for _ in range(3)]
    assert [
        type(change.entry.command.body.command) for change in seen if isinstance(change.entry, Submitted)
    ] == [CreateApplication, Deploy, Archive]
    assert [change.log_index for change in seen] == [0, 1, 2]
    assert seen[-1].record == applications.find(app)


async def test_a_command_goes_on_when_its_caller_goes_away(
    applications: Applications, alice: OwnerKey
) -> None:
    call = asyncio.ensure_future(applications.create(alice, "todo", b""))
    async with asyncio.timeout(60), applications.watch(after=-1) as changes:
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        assert (await anext(changes)).record.name == "todo"


async def test_too_many_waiting_commands_are_refused(
    applications: Applications, alice: OwnerKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proven.apps._applications.MAX_WAITING", 3)
    outcomes = await asyncio.gather(
        *(applications.create(alice, f"app{n}", bytes([n])) for n in range(5)), return_exceptions=True
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, ProvenError)]
    assert [error.code for error in errors] == [ErrorCode.OVERLOADED] * 2
    assert all(error.retry_after for error in errors)


async def test_whoever_hands_in_countless_commands_keeps_out_nobody_elses(
    applications: Applications, alice: OwnerKey, bob: OwnerKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(key: OwnerKey, app: ApplicationId, command: Command) -> asyncio.Task[Receipt]:
        revision = applications.find(app).revision
        body = Body(origin=applications.origin, application_id=app, revision=revision, command=command)
        return asyncio.create_task(applications.submit(sign(body, key)))

    guarded = Timelock(delay=60, guardians=(bob.public_key,))
    app = (await applications.create(alice, "todo", b"", policy=guarded)).id
    other = (await applications.create(bob, "other", b"")).id
    await change(alice, app, SetUpgradePolicy(policy=OwnerDecides()))
    monkeypatch.setattr("proven.apps._applications.MAX_WAITING", 3)
    flood = [change(alice, app, AddAllowedOrigin(origin=f"https://{n}.example")) for n in range(10)]
    veto, change_of_other = change(bob, app, Veto()), change(bob, other, Archive())
    outcomes = await asyncio.gather(*flood, return_exceptions=True)
    codes = [each.code for each in outcomes if isinstance(each, ProvenError)]
    assert codes.count(ErrorCode.OVERLOADED) == 7
    assert (await veto).record.pending is None
    assert (await change_of_other).record.archived


async def test_a_clock_that_goes_back_does_not_make_time_go_back(
    engine: EmbeddedEngine, alice: OwnerKey, make_package: MakePackage
) -> None:
    clock = [1000.0]
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN, clock=lambda: clock[0])
    await applications.start()
    app = (await applications.create(alice, "todo", b"")).id
    clock[0] = 500.0
    await applications.deploy(alice, app, make_package("one"), revision=1)
    record = applications.find(app)
    assert record.changed_at >= record.created_at == 1_000_000
    await applications.stop()


async def test_a_log_that_breaks_a_rule_is_not_served(engine: EmbeddedEngine, alice: OwnerKey) -> None:
    await engine.logs.append("applications", "events", b"not an event")
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
    error = await refused(applications.start())
    assert error.code is ErrorCode.UNAVAILABLE


async def test_when_the_log_turns_bad_health_and_commands_say_so(
    applications: Applications, engine: EmbeddedEngine, alice: OwnerKey
) -> None:
    await engine.logs.append("applications", "events", b"not an event")
    assert (await refused(applications.create(alice, "todo", b""))).code is ErrorCode.UNAVAILABLE
    assert (await refused(applications.health())).code is ErrorCode.UNAVAILABLE


async def test_nothing_is_accepted_before_the_start_and_after_the_stop(
    engine: EmbeddedEngine, alice: OwnerKey
) -> None:
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
    assert (await refused(applications.create(alice, "todo", b""))).code is ErrorCode.UNAVAILABLE
    await applications.start()
    await applications.stop()
    assert (await refused(applications.create(alice, "todo", b""))).code is ErrorCode.UNAVAILABLE
    assert await engine.logs.last("applications") == 0


async def test_allowed_origins_are_kept_in_their_only_form(
    engine: EmbeddedEngine, applications: Applications, alice: OwnerKey, bob: OwnerKey
) -> None:
    app = (await applications.create(alice, "todo", b"")).id
    record = await applications.add_origin(alice, app, "HTTPS://Page.example:443/", revision=1)
    assert record.origins == applications.allowed_origins("todo") == ("https://page.example",)
    refusals = [
        (applications.add_origin(alice, app, "https://page.example", revision=2), ErrorCode.CONFLICT),
        (applications.add_origin(alice, app, "https://*.example", revision=2), ErrorCode.BAD_REQUEST),
        (applications.add_origin(bob, app, "https://bob.example", revision=2), ErrorCode.NOT_OWNER),
        (
            applications.remove_origin(bob, app, "https://page.example", revision=2),
            ErrorCode.NOT_OWNER,
        ),
        (
            applications.remove_origin(alice, app, "http://no.example", revision=2),
            ErrorCode.NOT_FOUND,
        ),
    ]
    for attempt, code in refusals:
        assert (await refused(attempt)).code is code
    again = Applications(engine.logs, engine.objects, origin=ORIGIN)
    await again.start()
    assert again.find("todo") == record
    assert again.allows_somewhere("https://page.example")
    await again.stop()
    record = await applications.remove_origin(alice, app, "https://page.example/", revision=2)
    assert record.origins == ()
