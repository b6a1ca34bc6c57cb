"""Deploys by real `proven` processes that meet another one, or are killed, on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.desk import Desk, desk_at
from support.gate import Gate, Held
from support.node import running_node
from support.shell import finished

KEY = ("--key", "owner.key")
DEPLOY = ("app", "deploy", "todo", "app")


@dataclass
class Place:
    desk: Desk
    gate: Gate

    @property
    def revision(self) -> int:
        return self.desk.node.local._applications.find("todo").revision

    async def created(self) -> None:
        self.desk.key("owner.key")
        self.desk.app("old")
        await self.desk.ok("app", "create", "todo", *KEY)
        await self.desk.ok(*DEPLOY, *KEY)

    async def holds(self, count: int = 1) -> list[Held]:
        await until(lambda: len(self.gate.held) == count)
        return self.gate.held

    async def killed(self, process: asyncio.subprocess.Process) -> None:
        """`kill -9`, and open the gate for those who come later."""
        process.kill()
        await process.wait()
        await until(lambda: self.gate.open == 0)
        self.gate.shut = False
        self.gate.held.clear()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    (tmp_path / "home").mkdir()
    async with (
        running_node(tmp_path / "node") as node,
        Gate(node.url).running() as gate,
        contextlib.AsyncExitStack() as stack,
    ):
        desk = stack.enter_context(desk_at(node, tmp_path / "node", tmp_path / "home", url=gate.url))
        yield Place(desk, gate)


async def two_owners(place: Place, tmp_path: Path) -> dict[str, Desk]:
    """Two people, each with a key that can deploy `todo` and a version of their own."""
    await place.created()
    desks = {name: place.desk.beside(tmp_path / name) for name in ("ada", "bob")}
    keys = []
    for name, desk in desks.items():
        keys.append(desk.key("owner.key"))
        desk.app(f"by {name}")
    await place.desk.ok("app", "policy", "todo", "multisig", "1", "of", *keys, *KEY)
    return desks


async def test_the_slower_of_two_owners_is_told_what_the_faster_did(place: Place, tmp_path: Path) -> None:
    desks = await two_owners(place, tmp_path)
    place.gate.shut = True
    slow = await desks["bob"].start_proven(*DEPLOY, *KEY)
    await place.holds(1)
    fast = await desks["ada"].start_proven(*DEPLOY, *KEY)
    first, second = await place.holds(2)
    second.let()
    assert (await finished(fast))[0] == 0
    first.let()
    status, out, err = await finished(slow)
    place.gate.shut = False
    assert (status, out) == (1, "")
    adas = (await desks["ada"].run("key", "show", "owner.key"))[1][:12]
    live = (await place.desk.json("app", "show", "todo"))["package_id"]
    assert "error: todo has 4 entries, not 3. Since this was signed:" in err
    assert f": Deploy the package {live} (signed by {adas}…)" in err
    assert "sign anew: run the command again" in err
    assert await place.desk.says("todo") == "by ada"
    assert "It is live, as version 3." in await desks["bob"].ok(*DEPLOY, *KEY)
    assert await place.desk.says("todo") == "by bob"
    assert "Everything that was checked holds" in await place.desk.ok("verify", "todo")


async def test_of_two_owners_at_once_exactly_one_deploys(place: Place, tmp_path: Path) -> None:
    desks = await two_owners(place, tmp_path)
    for attempt in range(3):
        for name, desk in desks.items():
            desk.app(f"{name} {attempt}")
        before = place.revision
        place.gate.shut = True
        running = {name: await desk.start_proven(*DEPLOY, *KEY, "--json") for name, desk in desks.items()}
        for held in await place.holds(2):
            held.let()
        ended = {name: await finished(process) for name, process in running.items()}
        place.gate.shut = False
        place.gate.held.clear()
        (winner,) = [name for name, (status, _, _) in ended.items() if status == 0]
        (loser,) = set(desks) - {winner}
        refusal = json.loads(ended[loser][1])["error"]
        assert (refusal["code"], refusal["details"]["revision"]) == ("CONFLICT", before + 1)
        assert json.loads(ended[winner][1])["package_id"] in refusal["message"]
        assert place.revision == before + 1
        assert await place.desk.says("todo") == f"{winner} {attempt}"


async def test_killed_before_the_node_heard_of_it_nothing_happened(place: Place) -> None:
    await place.created()
    place.desk.app("new")
    place.gate.shut = True
    process = await place.desk.start_proven(*DEPLOY, *KEY)
    await place.holds()
    await place.killed(process)
    assert place.revision == 2
    assert "It is live, as version 2." in await place.desk.ok(*DEPLOY, *KEY)
    assert await place.desk.says("todo") == "new"


async def test_killed_in_the_middle_of_the_package_nothing_happened(place: Place) -> None:
    await place.created()
    place.desk.app("new")
    (place.desk.folder / "app" / "src" / "large.ts").write_text(
        f"export const large = {os.urandom(400_000).hex()!r};"
    )
    source = place.desk.folder / "app" / "src" / "app.ts"
    source.write_text(
        "import { large } from './large.ts';" + source.read_text().replace("'new'", "large[0] && 'new'")
    )
    place.gate.shut = True
    process = await place.desk.start_proven(*DEPLOY, *KEY)
    (held,) = await place.holds()
    held.let(100_000)
    await until(lambda: held.come > 100_000)
    await place.killed(process)
    assert place.revision == 2
    assert await place.desk.says("todo") == "old"
    assert "It is live, as version 2." in await place.desk.ok(*DEPLOY, *KEY)
    assert await place.desk.says("todo") == "new"


@pytest.mark.parametrize("as_json", [False, True])
async def test_killed_before_it_heard_the_answer_it_is_told_the_next_time(
    place: Place, as_json: bool
) -> None:
    await place.created()
    place.desk.app("new")
    place.gate.shut = True
    process = await place.desk.start_proven(*DEPLOY, *KEY)
    (held,) = await place.holds()
    held.let(answer=False)
    await until(lambda: place.revision == 3)
    await place.killed(process)
    if as_json:
        told = await place.desk.json(*DEPLOY, *KEY)
        assert "live already, as version 2" in told["already"]
        assert (told["revision"], told["activates_at"], "signers" in told) == (3, None, False)
    else:
        told = await place.desk.ok(*DEPLOY, *KEY)
        assert "Nothing was signed: that package is live already, as version 2 (entry 2)." in told
    assert place.revision == 3
    assert await place.desk.says("todo") == "new"


async def test_killed_after_an_announcement_it_is_not_announced_twice(place: Place) -> None:
    await place.created()
    await place.desk.ok("app", "policy", "todo", "timelock", "1d", *KEY)
    place.desk.app("new")
    for command in (DEPLOY, ("app", "policy", "todo", "owner")):
        before = place.revision
        place.gate.shut = True
        process = await place.desk.start_proven(*command, *KEY)
        (held,) = await place.holds()
        held.let(answer=False)
        await until(lambda before=before: place.revision == before + 1)  # type: ignore[misc]
        await place.killed(process)
        told = await place.desk.ok(*command, *KEY)
        assert f"Nothing was signed: that is announced already, in entry {before}" in told
        assert place.revision == before + 1
        await place.desk.ok("app", "cancel", "todo", *KEY)


async def test_who_was_killed_creating_is_told_that_it_is_theirs(place: Place) -> None:
    place.desk.key("owner.key")
    place.desk.key("stranger.key")
    place.gate.shut = True
    process = await place.desk.start_proven("app", "create", "todo", *KEY)
    (held,) = await place.holds()
    held.let(answer=False)
    applications = place.desk.node.local._applications
    await until(lambda: bool(applications.list()))
    await place.killed(process)
    told = await place.desk.refused("app", "create", "todo", *KEY)
    assert f"It is yours: {applications.find('todo').id}" in told
    assert "yours" not in await place.desk.refused("app", "create", "todo", "--key", "stranger.key")


async def test_killed_at_any_connection_a_second_run_makes_exactly_one_version(place: Place) -> None:
    await place.created()
    seen = place.gate.connections
    place.desk.app("counted")
    await place.desk.ok(*DEPLOY, *KEY)
    stages = place.gate.connections - seen
    assert stages > 0
    for stage in range(1, stages + 1):
        version = place.desk.node.local._applications.find("todo").version
        place.desk.app(f"stage {stage}")
        before = place.gate.connections
        process = await place.desk.start_proven(*DEPLOY, *KEY)
        await until(lambda last=before + stage: place.gate.connections >= last)  # type: ignore[misc]
        await place.killed(process)
        await place.desk.ok(*DEPLOY, *KEY)
        assert place.desk.node.local._applications.find("todo").version == version + 1
        assert await place.desk.says("todo") == f"stage {stage}"
