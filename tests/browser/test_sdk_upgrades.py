"""Pages hear of upgrades from a real node, in a real browser, before another version answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext

from proven.apps import Application
from proven.packages import Package, build
from proven.wire.applications import (
    CancelUpgrade,
    Command,
    Deploy,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    Veto,
)
from support.node import Node, running_node
from support.sdk_page import SdkPage, new_page, page_server

GUARDIAN = OwnerKey.from_seed(b"G" * 32)
DAY = 24 * 3600

shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

SOURCE = """
import {{ run }} from '@proven-network/handler';
export const version = run(() => '{name}');
export const echo = run((value: unknown) => value);
"""


@shared
async def site() -> AsyncIterator[str]:
    async with page_server() as url:
        yield url


@shared
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("upgrades") / "data") as started:
        yield started


class App:
    """An application of the node that its owner changes."""

    def __init__(self, node: Node, folder: Path, name: str) -> None:
        self.node = node
        self.name = name
        self._folder = folder

    def package(self, text: str) -> Package:
        (self._folder / "src").mkdir(parents=True, exist_ok=True)
        (self._folder / "src" / "counterpart.ts").write_text(SOURCE.format(name=text))
        return build(self._folder)

    async def deploy(self, text: str) -> Application:
        return await self.node.local.deploy(self.package(text), name=self.name)

    async def give(self, command: Command, package: Package | None = None, by: OwnerKey | None = None) -> int:
        local = self.node.local
        app = local._applications.find(self.name).id
        key = by or local._owner
        return (await local._applications.submit_as(key, app, command, package=package)).log_index

    async def pass_time(self, seconds: float) -> None:
        """Set the node's clock ahead, and let what is due by then come into force."""
        local = self.node.local
        clock = local._applications._clock
        local._applications._clock = lambda: clock() + seconds
        await local._deployer.activate_due()


@own
async def app(node: Node, tmp_path: Path) -> App:
    return App(node, tmp_path / "app", f"app-{tmp_path.name.strip('_').replace('_', '-')[-40:].lower()}")


@own
async def page(context: BrowserContext, site: str, node: Node, app: App) -> SdkPage:
    return await new_page(context, site, node.url.replace("127.0.0.1", "localhost"))


async def follow(page: SdkPage, app: App) -> None:
    await page.make(application=app.name)
    await page.run(
        """
        globalThis.heard = [];
        globalThis.stop = await sdk.onUpgrade(({ kind, entry, previous, version }) =>
          heard.push({ kind, entry, previous, packageId: version.packageId, pending: version.pending }));
        """
    )


async def heard(page: SdkPage, count: int) -> list[dict[str, Any]]:
    await page.run("await until(() => heard.length >= argument);", count)
    found: list[dict[str, Any]] = await page.run("return heard;")
    return found


async def test_a_page_that_calls_sees_an_announcement_and_then_the_switch_before_the_new_version_answers(
    page: SdkPage, app: App
) -> None:
    first = await app.deploy("one")
    await app.give(SetUpgradePolicy(policy=Timelock(delay=60)))
    await follow(page, app)
    await page.run(
        """
        globalThis.done = false;
        globalThis.answers = [];
        globalThis.calling = Promise.all([1, 2, 3, 4].map(async () => {
          while (!done) {
            const answer = await sdk.call(h('version'));
            answers.push({ answer, told: sdk.version.value.packageId });
          }
        }));
        """
    )
    second = app.package("two")
    entry = await app.give(Deploy(package_id=second.id), second)
    (announced,) = await heard(page, 1)
    assert (announced["kind"], announced["entry"]) == ("announced", entry)
    assert announced["packageId"] == first.package_id
    answered = await page.run("return answers.length;")
    await page.run("await until(() => answers.length > argument);", answered)
    await app.pass_time(61)
    (_, switched) = await heard(page, 2)
    assert switched == {
        "kind": "switched",
        "entry": app.node.local._applications.find(app.name).log_index,
        "previous": first.package_id,
        "packageId": second.id,
        "pending": None,
    }
    await page.run("await until(() => answers.some(({ answer }) => answer === 'two'));")
    await page.run("done = true; await calling;")
    answers = await page.run("return answers;")
    assert {each["answer"] for each in answers} == {"one", "two"}
    assert {each["told"] for each in answers if each["answer"] == "two"} == {second.id}
    version = await page.run("return sdk.version.value;")
    assert version == {"packageId": second.id, "logIndex": switched["entry"], "pending": None}


async def test_a_page_is_told_what_is_announced_taken_back_and_refused(page: SdkPage, app: App) -> None:
    first = await app.deploy("one")
    await app.give(SetUpgradePolicy(policy=Timelock(delay=DAY, guardians=(GUARDIAN.public_key,))))
    await follow(page, app)
    version = await page.run("return sdk.version.value;")
    assert version == {"packageId": first.package_id, "logIndex": first.log_index, "pending": None}
    changes = await page.run(
        """
        globalThis.values = [];
        sdk.version.subscribe((version) => values.push(version.pending));
        return values;
        """
    )
    assert changes == []
    second = app.package("two")
    for ending, key, kind in ((CancelUpgrade(), None, "cancelled"), (Veto(), GUARDIAN, "vetoed")):
        entry = await app.give(Deploy(package_id=second.id), second)
        announced = (await heard(page, 1))[0]
        assert (announced["kind"], announced["entry"]) == ("announced", entry)
        assert announced["packageId"] == first.package_id, "it does not answer yet"
        assert announced["pending"]["packageId"] == second.id
        pending = app.node.local._applications.find(app.name).pending
        assert pending is not None
        assert announced["pending"]["activatesAt"].timestamp() * 1000 == pending.activates_at
        await app.give(ending, by=key)
        ended = (await heard(page, 2))[1]
        assert (ended["kind"], ended["pending"]) == (kind, None)
        await page.run("heard.length = 0;")
    assert [each is None for each in await page.run("return values;")] == [False, True, False, True]


async def test_after_the_connection_was_lost_a_page_hears_of_the_switch_that_it_missed(
    page: SdkPage, app: App
) -> None:
    first = await app.deploy("one")
    await follow(page, app)
    sessions = app.node.local._sessions
    sessions.revoke_all()
    second = await app.deploy("two")
    (switched,) = await heard(page, 1)
    assert (switched["kind"], switched["previous"]) == ("switched", first.package_id)
    assert switched["packageId"] == second.package_id


async def test_without_following_the_version_is_known_from_answers(page: SdkPage, app: App) -> None:
    first = await app.deploy("one")
    await page.make(application=app.name)
    assert await page.run("return sdk.version.value;") is None
    assert await page.call("version") == {"value": "one"}
    assert (await page.run("return sdk.version.value;"))["packageId"] == first.package_id
    second = await app.deploy("two")
    assert await page.call("version") == {"value": "two"}
    assert (await page.run("return sdk.version.value;"))["logIndex"] == second.log_index


async def test_who_stops_listening_hears_nothing_and_over_http_nobody_can(page: SdkPage, app: App) -> None:
    await app.deploy("one")
    await follow(page, app)
    await page.run("stop();")
    second = await app.deploy("two")
    await page.run("await until(() => sdk.version.value.packageId === argument);", second.package_id)
    assert await page.run("return heard;") == []
    await page.make(application=app.name, transport="http")
    refused = await page.outcome("sdk.onUpgrade(() => {})")
    assert (refused["ours"], refused["code"]) == (True, "BAD_REQUEST")


async def test_the_policy_holds_the_next_answer_whatever_the_node_says(page: SdkPage, app: App) -> None:
    first = await app.deploy("one")
    await page.make(application=app.name, policy={"development": True, "package": [first.package_id]})
    await page.run("globalThis.heard = []; await sdk.onUpgrade(({ kind }) => heard.push({ kind }));")
    assert await page.call("version") == {"value": "one"}
    await app.deploy("two")
    assert await heard(page, 1) == [{"kind": "switched"}]
    refused = await page.call("version")
    assert (refused["code"], refused["details"]["rule"]) == ("EVIDENCE_INVALID", "package")
