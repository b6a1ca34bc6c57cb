"""Changes under notice, from their announcement until they are in force, as people at terminals see them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.wire.errors import ErrorCode, ProvenError
from support.desk import Desk, desk_at
from support.node import running_node


class Clock:
    """The node's clock: four minutes slow at first, which callers put up with. Tests advance it."""

    def __init__(self) -> None:
        self._behind = 240.0

    def __call__(self) -> float:
        return time.time() - self._behind

    def advance(self, seconds: float) -> None:
        assert seconds <= self._behind, "the clock would go ahead of callers'"
        self._behind -= seconds


class Noticed(Desk):
    """A desk at a node whose clock is ours."""

    clock: Clock

    async def advance(self, seconds: float) -> None:
        """Let time pass, and the node look at the clock again."""
        self.clock.advance(seconds)
        self.node.local._deployer._changed.set()

    async def until_in_force(self, name: str) -> None:
        async with asyncio.timeout(60):
            while self.node.local._applications.find(name).pending is not None:
                await asyncio.sleep(0.01)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Noticed]:
    clock = Clock()
    (tmp_path / "home").mkdir()
    async with running_node(tmp_path / "node", clock=clock) as node:
        with desk_at(node, tmp_path / "node", tmp_path / "home") as made:
            noticed = Noticed(made.folder, made.environment, node=made.node)
            noticed.clock = clock
            yield noticed


KEY = ("--key", "owner.key")


async def under_notice(desk: Noticed, *guardians: str, delay: str = "60s") -> None:
    """Version 1 says `old`, and every change waits."""
    desk.app("old")
    await desk.ok("app", "create", "todo", *KEY)
    await desk.ok("app", "deploy", "todo", "app", *KEY)
    named = [word for guardian in guardians for word in ("--guardian", guardian)]
    await desk.ok("app", "policy", "todo", "timelock", delay, *named, *KEY)
    desk.app("new")


async def test_an_announced_version_comes_into_force_when_its_notice_is_over(desk: Noticed) -> None:
    owner, guardian = desk.key("owner.key"), desk.key("guardian.key")
    await under_notice(desk, guardian, delay="3m")
    told = await desk.ok("app", "deploy", "todo", "app", *KEY)
    assert "It is announced, for everybody to see" in told
    assert f"Until then version 1 answers, its owner {owner[:12]}… can take it back" in told
    words = await desk.ok("app", "show", "todo")
    pending = (await desk.json("app", "show", "todo"))["pending"]
    assert pending["activates_at"] - pending["announced_at"] == 180_000
    assert f"Deploy the package {pending['change']['package_id']}: announced on" in words
    assert f"(entry {pending['log_index']})" in words
    assert (
        f"until then its owner {owner[:12]}… can take it back: `proven app cancel todo --key FILE`" in words
    )
    assert f"until then the guardian {guardian[:12]}… can veto it: `proven app veto todo --key FILE`" in words
    assert "a change is announced" in await desk.ok("app", "list")
    await desk.advance(10)
    assert await desk.says("todo") == "old"
    assert "pending: announced on" in await desk.ok("verify", "todo")
    await desk.advance(171)
    await desk.until_in_force("todo")
    assert await desk.says("todo") == "new"
    shown = await desk.json("app", "show", "todo")
    assert (shown["version"], shown["pending"]) == (2, None)
    assert shown["package_id"] == pending["change"]["package_id"]
    verified = await desk.ok("verify", "todo")
    assert "version 2 was announced on" in verified
    assert f"(entry {pending['log_index']}) and is in force since" in verified
    assert "pending" not in verified
    assert "Everything that was checked holds" in verified


async def test_a_policy_and_an_owner_wait_for_their_minute_too(desk: Noticed) -> None:
    desk.key("owner.key")
    other = desk.key("other.key")
    await under_notice(desk)
    await desk.ok("app", "transfer", "todo", other, "--yes", *KEY)
    assert f"Make {other} the owner: announced on" in await desk.ok("app", "show", "todo")
    refused = await desk.refused("app", "deploy", "todo", "app", *KEY)
    assert f"or wait for it: Make {other} the owner, announced in entry 3" in refused
    await desk.advance(61)
    await desk.until_in_force("todo")
    assert (await desk.json("app", "show", "todo"))["owner"] == other
    assert "it can be changed by its owner" in await desk.refused("app", "policy", "todo", "owner", *KEY)
    await desk.ok("app", "policy", "todo", "owner", "--key", "other.key")
    assert (await desk.json("app", "show", "todo"))["policy"]["kind"] == "timelock"
    await desk.advance(61)
    await desk.until_in_force("todo")
    assert (await desk.json("app", "show", "todo"))["policy"]["kind"] == "owner"
    told = await desk.ok("app", "deploy", "todo", "app", "--key", "other.key")
    assert "It is live, as version 2." in told


async def test_what_was_taken_back_or_vetoed_never_comes_into_force(desk: Noticed) -> None:
    desk.key("owner.key")
    guardian = desk.key("guardian.key")
    await under_notice(desk, guardian)
    for stopped_by in (("cancel", "todo", *KEY), ("veto", "todo", "--key", "guardian.key")):
        await desk.ok("app", "deploy", "todo", "app", *KEY)
        told = await desk.ok("app", *stopped_by)
        assert "What was announced does not come into force; version 1 goes on answering." in told
        await desk.advance(61)
        assert (await desk.json("app", "show", "todo"))["pending"] is None
        assert await desk.says("todo") == "old"
    assert "no pending change" in await desk.refused("app", "veto", "todo", "--key", "guardian.key")
    verified = await desk.ok("verify", "todo")
    assert "made it live as version 1" in verified
    assert "Everything that was checked holds" in verified


async def test_what_is_due_and_not_well_can_still_be_vetoed(desk: Noticed) -> None:
    """Whether a version loads is known when it comes into force: what it needs may be gone by then."""
    desk.key("owner.key")
    guardian = desk.key("guardian.key")
    await under_notice(desk, guardian)
    await desk.ok("app", "deploy", "todo", "app", *KEY)
    loaded = desk.node.local._runtime.load

    async def fails(*_: object) -> None:
        raise ProvenError(ErrorCode.BUILD_ERROR, "it needs what is gone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(desk.node.local._runtime, "load", fails)
        await desk.advance(61)
        application = desk.node.local._applications.find("todo").id
        async with asyncio.timeout(60):
            while desk.node.local._deployer.blocked(application) is None:
                await asyncio.sleep(0.01)
        assert "not yet, though due since" in await desk.ok("app", "show", "todo")
        assert await desk.says("todo") == "old"
        logged = await desk.ok("logs", "todo", *KEY)
        assert "is due and not in force" in logged
        assert "it needs what is gone" in logged
    assert desk.node.local._runtime.load == loaded
    await desk.ok("app", "veto", "todo", "--key", "guardian.key")
    await desk.advance(61)
    assert (await desk.json("app", "show", "todo"))["version"] == 1


@pytest.mark.timeout(600)
async def test_two_of_three_sign_in_files_announce_and_one_guardian_stops(desk: Noticed) -> None:
    names = ("a.key", "b.key", "c.key")
    keys = [desk.key(name) for name in names]
    guardian = desk.key("guardian.key")
    desk.app("old")
    await desk.ok("app", "create", "shared", "--key", "a.key")
    await desk.ok("app", "deploy", "shared", "app", "--key", "a.key")
    policy = ("timelock", "60s", "multisig", "2", "of", *keys, "--guardian", guardian)
    told = await desk.ok("app", "policy", "shared", *policy, "--key", "a.key")
    assert "From now on it can be changed by 2 of 3 keys" in told

    async def announce(file: str, first: str, second: str) -> str:
        saved = await desk.ok("app", "deploy", "shared", "app", "--key", first, "--save", file)
        assert f"it is in {file}" in saved
        assert "2 of 3 keys have to sign, and 1 did" in await desk.refused(
            "app", "send", file, "--package", "app"
        )
        signed = await desk.ok("app", "sign", file, "--key", second, "--yes")
        assert f"{file} has 2 signatures now" in signed
        return await desk.ok("app", "send", file, "--package", "app")

    desk.app("stopped")
    told = await announce("stopped.command", "a.key", "b.key")
    assert "2 of its 3 keys together can take it back, and a guardian can veto it" in told
    assert "2 of 3 keys have to sign" in await desk.refused("app", "cancel", "shared", "--key", "c.key")
    await desk.ok("app", "veto", "shared", "--key", "guardian.key")
    desk.app("cancelled")
    await announce("cancelled.command", "b.key", "c.key")
    await desk.ok("app", "cancel", "shared", "--key", "c.key", "--key", "a.key")
    assert "nothing left to do" in await desk.refused("app", "send", "cancelled.command", "--package", "app")
    desk.app("agreed")
    await announce("agreed.command", "c.key", "a.key")
    await desk.advance(61)
    await desk.until_in_force("shared")
    assert await desk.says("shared") == "agreed"
    verified = await desk.ok("verify", "shared")
    assert "made it live as version 2" in verified
    assert "2 of 3 keys" in verified
    assert "Everything that was checked holds" in verified
