"""What `proven app` tells owners to do next, and what it refuses to sign: hints work as they are printed."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from support.desk import Desk, desk_at
from support.node import running_node

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

OWNER = ("--key", "owner.key")
_HINT = re.compile(r"`proven ([^`]*)`")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    data = tmp_path_factory.mktemp("data")
    async with running_node(data) as node:
        with desk_at(node, data, tmp_path_factory.mktemp("home")) as desk:
            yield desk


@pytest.fixture
def desk(shared: Desk, tmp_path: Path) -> Desk:
    return replace(shared, folder=tmp_path)


def hinted(text: str, command: str) -> tuple[str, ...]:
    """The arguments of the one hint in `text` that begins with `command`."""
    (found,) = (each for each in _HINT.findall(text) if each.startswith(command))
    return tuple(shlex.split(found))


async def told_by(desk: Desk, *arguments: str) -> str:
    status, out, err = await desk.run(*arguments)
    assert status == 0, out + err
    return out + err


async def test_the_hint_after_an_announcement_takes_it_back_as_it_is_printed(desk: Desk) -> None:
    desk.key("the owner.key")
    guardian = desk.key("guardian.key")
    key = ("--key", "the owner.key")
    desk.app("first")
    timelock = ("--policy", "timelock 7d", "--guardian", guardian)
    await desk.ok("app", "create", "hinted", *timelock, *key)
    where = ("--node", desk.node.url, "--any-development-node")
    told = await told_by(desk, "app", "deploy", "hinted", "app", *key, *where)
    assert "Announced: Deploy the package" in told
    assert "Until then it has no version, its owner" in told
    assert "yet," not in told
    shown = await desk.ok("app", "show", "hinted")
    assert "none yet: the first one is announced" in shown
    assert hinted(shown, "app cancel") == ("app", "cancel", "hinted", "--key", "FILE")
    assert hinted(shown, "app veto") == ("app", "veto", "hinted", "--key", "FILE")
    taken_back = hinted(told, "app cancel")
    assert taken_back == ("app", "cancel", "hinted", *key, *where)
    assert (await desk.ok(*taken_back)).startswith("Cancelled.\n")


async def test_a_saved_deployment_is_sent_as_the_hint_says(desk: Desk) -> None:
    desk.key("owner.key")
    desk.app("saved")
    await desk.ok("app", "create", "saved", *OWNER)
    told = await told_by(desk, "app", "deploy", "saved", "app", *OWNER, "--save", "up.command")
    send = hinted(told, "app send")
    assert send == ("app", "send", "up.command", "--package", "app")
    done = await desk.ok(*send)
    assert done.startswith("Deployed the package ")
    assert "proven.local/" not in done
    told = await desk.ok("app", "archive", "saved", "--yes", *OWNER)
    assert told.startswith("Archived.\n")
    assert "of the log; saved has 3 entries." in told


async def test_what_a_transfer_gives_away_depends_on_the_policy(desk: Desk) -> None:
    keys = [desk.key(f"{name}.key") for name in "abc"]
    heir = desk.key("heir.key")
    await desk.ok("app", "create", "alone", "--key", "a.key")
    asked = await desk.refused("app", "transfer", "alone", heir, "--key", "a.key")
    assert f"Only who holds the key {heir} can change alone then, or give it back." in asked
    await desk.ok("app", "create", "treasury", "--key", "a.key")
    await desk.ok("app", "policy", "treasury", "multisig", "2", "of", *keys, "--key", "a.key")
    both = ("--key", "a.key", "--key", "b.key")
    asked = await desk.refused("app", "transfer", "treasury", heir, *both)
    assert "Only who holds" not in asked
    assert "treasury goes on being changed by 2 of 3 keys" in asked
    assert f"who holds the key {heir} alone cannot" in asked
    told = await desk.ok("app", "transfer", "treasury", heir, "--yes", *both)
    assert f"Made {heir} the owner." in told
    assert "That owner reads its logs" in told
    assert "it is changed, as before, by 2 of 3 keys" in told


async def test_a_signature_that_would_not_count_is_not_added(desk: Desk) -> None:
    keys = [desk.key(f"{name}.key") for name in "abc"]
    guardian, stranger = desk.key("guardian.key"), desk.key("stranger.key")
    await desk.ok("app", "create", "counted", "--key", "a.key")
    policy = ("timelock", "60s", "multisig", "2", "of", *keys, "--guardian", guardian)
    await desk.ok("app", "policy", "counted", *policy, "--key", "a.key")
    await desk.ok("app", "policy", "counted", "owner", "--key", "a.key", "--save", "up.command")
    before = (desk.folder / "up.command").read_bytes()
    for name, key in (("guardian.key", guardian), ("stranger.key", stranger)):
        status, out, err = await desk.run("app", "sign", "up.command", "--key", name, "--yes")
        assert (status, "Signed" in out) == (1, False)
        assert f"the signature of {key} would not count" in err
        assert ("a guardian can veto, and nothing else" in err) == (name == "guardian.key")
    told = await desk.ok("app", "sign", "up.command", "--key", "a.key", "--yes")
    assert f"{keys[0]} signed already." in told
    assert "Signed:" not in told
    assert (desk.folder / "up.command").read_bytes() == before
    told = await told_by(desk, "app", "sign", "up.command", "--key", "a.key", "--key", "b.key", "--yes")
    assert f"{keys[0]} signed already." in told
    assert "Signed: up.command has 2 signatures now." in told
    assert hinted(told, "app send") == ("app", "send", "up.command")


async def test_a_file_with_a_signature_in_vain_says_what_to_do(desk: Desk) -> None:
    keys = [desk.key(f"{name}.key") for name in "abc"]
    stranger = desk.key("stranger.key")
    await desk.ok("app", "create", "vain", "--key", "a.key")
    await desk.ok("app", "policy", "vain", "multisig", "2", "of", *keys, "--key", "a.key")
    signers = ("--key", "a.key", "--key", "b.key", "--key", "stranger.key")
    await desk.ok("app", "archive", "vain", "--yes", *signers, "--save", "end.command")
    told = await desk.refused("app", "send", "end.command")
    assert f"The signature of {stranger} does not count, and cannot be taken out of end.command" in told
    assert "written anew, with `--save`" in told


async def test_where_no_node_can_be_asked_a_signature_is_added_and_that_is_said(
    desk: Desk, tmp_path: Path
) -> None:
    keys = [desk.key(f"{name}.key") for name in "ab"]
    await desk.ok("app", "create", "away", "--key", "a.key")
    await desk.ok("app", "policy", "away", "multisig", "2", "of", *keys, "--key", "a.key")
    await desk.ok("app", "archive", "away", "--yes", "--key", "a.key", "--save", "end.command")
    alone = replace(desk, environment={**desk.environment, "XDG_STATE_HOME": str(tmp_path / "nowhere")})
    status, out, err = await alone.run("app", "sign", "end.command", "--key", "b.key", "--yes")
    assert (status, "end.command has 2 signatures now" in out) == (0, True)
    assert "Whether this signature counts was not checked: no node runs on this machine" in err
