"""`proven logs`, `metrics` and `app sign` with `--passkey`: what it is about is shown, then signed."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import expect

from proven.cli.app._listener import Listener
from proven.cli.app._passkey import Wanted, fragment, leading_to
from proven.wire import cbor, words
from proven.wire.applications import (
    AddAllowedOrigin,
    Archive,
    OwnerKey,
    SetUpgradePolicy,
    TimelockMultisig,
    TransferOwnership,
    decode_envelope,
)
from proven.wire.commands import LogLine
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.permissions import Permitted
from support.owner import Owner, deployed, fresh, owner, signed, submit
from support.person import World
from support.terminal import Terminal

FILE_KEY: Final = OwnerKey.from_seed(bytes(range(32)))
OTHER_KEY: Final = OwnerKey.from_seed(b"o" * 32)


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, world)


def say(world: World, application: str, text: str) -> None:
    line = LogLine(sequence=0, at=int(time.time() * 1000), kind="console", level="info", text=text)
    world.node.local._telemetry.logs.append(ApplicationId(application), line)


def name_of(world: World, application: str) -> str:
    return world.node.local._applications.find(application).name


async def an_owner(world: World) -> tuple[Owner, str]:
    """Somebody, and the id of an application of theirs that has said something."""
    person = await owner(world)
    key = await person.create_account()
    made = await deployed(world, fresh("read"), FILE_KEY)
    await submit(world, TransferOwnership(to=bytes.fromhex(key)), made, FILE_KEY)
    say(world, made, "a secret")
    return person, made


def permitted(world: World, application: str, **change: Any) -> Permitted:
    made = Permitted(
        world.node.local._applications.origin,
        ApplicationId(application),
        "logs",
        IdentityId("c" * 32),
        int(time.time()) + 600,
    )
    return replace(made, **change)


def handed(asked: Permitted, port: int = 1024, token: bytes = bytes(32)) -> str:
    return fragment(Wanted.permission(asked, []), port, token)


async def test_a_log_is_read_by_passkey_after_the_page_said_of_what_and_until_when(
    world: World, terminal: Terminal
) -> None:
    person, made = await an_owner(world)
    name = name_of(world, made)
    async with terminal.signing("logs", name, "--json") as command:
        assert "ssh -L" in command.told
        await person.visit(command.fragment)
        asked = handed_fields(command.fragment)["read"]
        _, origin, application, what, reader, until = cbor.decode(asked)  # type: ignore[misc]
        assert (origin, application, what) == (world.node.local._applications.origin, made, "logs")
        assert 0 < until - time.time() <= 20 * 60
        await person.reads(words.reading("logs", name, until))
        for shown in (made, reader, origin, "nothing can be changed by it"):
            await expect(person.page.locator("main")).to_contain_text(shown)
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        out = await command.ok()
    assert "a secret" in [json.loads(line)["text"] for line in out.splitlines()]

    async with terminal.signing("metrics", name) as command:
        await person.visit(command.fragment)
        await person.reads(f"Read the metrics of {name} until")
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        assert "No calls in that time." in await command.ok()


async def test_a_log_is_followed_by_one_signature_over_a_lost_connection(
    world: World, terminal: Terminal
) -> None:
    person, made = await an_owner(world)
    async with terminal.signing("logs", made, "--follow") as command:
        await person.visit(command.fragment)
        *_, until = cbor.decode(handed_fields(command.fragment)["read"])  # type: ignore[misc]
        assert 11 * 3600 < until - time.time() <= 12 * 3600
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        await printed(command.process, "a secret")
        say(world, made, "before")
        await printed(command.process, "before")
        reader = IdentityId(cbor.decode(handed_fields(command.fragment)["read"])[4])  # type: ignore[index,arg-type]
        assert await world.node.local._sessions.revoke_identity(reader) == 1
        say(world, made, "after")
        await printed(command.process, "after")
        command.interrupt()
        status, _, err = await command.end()
    assert status == 130, err


async def printed(process: asyncio.subprocess.Process, text: str) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while True:
            line = (await process.stdout.readline()).decode()
            assert line, f"it ended before {text!r}"
            if text in line:
                return


def handed_fields(fragment: str) -> dict[str, Any]:
    decoded = cbor.decode(base64.urlsafe_b64decode(fragment.removeprefix("#command=") + "=="))
    assert isinstance(decoded, dict)
    return decoded


async def test_a_command_of_others_is_signed_too_and_the_page_says_what_it_takes(
    world: World, terminal: Terminal
) -> None:
    person = await owner(world)
    mine = bytes.fromhex(await person.create_account())
    made = await deployed(world, fresh("shared"), FILE_KEY)
    both = tuple(sorted((mine, FILE_KEY.public_key)))
    policy = TimelockMultisig(delay=7 * 86_400, threshold=2, keys=both, guardians=(OTHER_KEY.public_key,))
    await submit(world, SetUpgradePolicy(policy=policy), made, FILE_KEY)
    change = TransferOwnership(to=OTHER_KEY.public_key)
    file = terminal.folder / "change.command"
    file.write_bytes(await signed(world, change, made, FILE_KEY))

    async with terminal.signing("app", "sign", "change.command", "--json") as command:
        assert words.command(change) in command.told
        await person.visit(command.fragment)
        await person.reads(words.command(change))
        for shown in (
            FILE_KEY.public_key.hex(),
            "1 of the 2 that it takes",
            "takes effect 7 days later",
            words.policy(policy),
            words.guardians(policy) or "",
            "handed over what others have signed",
        ):
            await expect(person.page.locator("main")).to_contain_text(shown)
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        told = json.loads(await command.ok())
    assert set(told["signers"]) == {key.hex() for key in both}
    now = decode_envelope(file.read_bytes())
    now.verify()
    assert now.signers == both
    assert "announced" in await terminal.ok("app", "send", "change.command")


async def test_a_file_that_changes_while_it_is_signed_is_left_as_it_is(
    world: World, terminal: Terminal
) -> None:
    person, made = await an_owner(world)
    file = terminal.folder / "add.command"
    file.write_bytes(await signed(world, AddAllowedOrigin(origin="https://good.example"), made, FILE_KEY))
    other = await signed(world, Archive(), made, FILE_KEY)
    async with terminal.signing("app", "sign", "add.command") as command:
        await person.visit(command.fragment)
        await person.reads("Allow pages of https://good.example")
        file.write_bytes(other)
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        status, _, err = await command.end()
    assert status == 1
    assert "another command than the one that was shown" in err
    assert file.read_bytes() == other


async def refused(terminal: Terminal, *arguments: str) -> str:
    status, _, err = await terminal.run(*arguments)
    assert status == 1
    assert "Waiting" not in err
    return err


async def test_what_cannot_be_signed_is_refused_before_anybody_is_asked(
    world: World, terminal: Terminal
) -> None:
    made = await deployed(world, fresh("stale"), FILE_KEY)
    stale = terminal.folder / "stale.command"
    stale.write_bytes(await signed(world, Archive(), made, FILE_KEY))
    await submit(world, AddAllowedOrigin(origin="https://first.example"), made, FILE_KEY)
    told = await refused(terminal, "app", "sign", "stale.command", "--passkey")
    assert "have it written anew" in told
    (terminal.folder / "a.key").write_bytes(b"no key")
    told = await refused(terminal, "logs", made, "--passkey", "--key", "a.key")
    assert "in one way: --key KEY or --passkey" in told
    assert "there is no application" in await refused(terminal, "logs", "nobodys", "--passkey")
    told = await refused(terminal, "logs", made)
    assert "--key KEY or --passkey" in told


async def test_who_may_not_read_cannot_let_others(world: World) -> None:
    _, made = await an_owner(world)
    stranger = await owner(world)
    await stranger.create_account(write_down=True)
    await stranger.visit(handed(permitted(world, made)))
    await stranger.press("Sign with a passkey")
    await stranger.is_told("neither the owner’s")
    assert await stranger.page.get_by_role("heading", name="Signed").count() == 0


async def test_permissions_that_are_over_endless_or_for_elsewhere_are_not_signed(world: World) -> None:
    made = await deployed(world, fresh("present"), FILE_KEY)
    now = int(time.time())
    for change, why in (
        ({"until": now - 1}, "Run the command again"),
        ({"until": now + 13 * 3600}, "longer than 12 hours"),
        ({"origin": "other.example/log"}, "Open the owner page of a node of that network"),
        ({"application_id": "a" * 32}, "Nobody has created"),
        ({"what": "data"}, "no permission to read"),
        ({"reader": "nobody"}, "no permission to read"),
    ):
        person = await owner(world, fragment=handed(permitted(world, made, **change)))
        await person.sees("This cannot be signed")
        await person.is_told(why)


async def test_what_is_read_and_what_is_commanded_cannot_be_swapped(world: World) -> None:
    """A command in the place of a permission, and the reverse; then one while the other is asked for."""
    person, made = await an_owner(world)
    asked = permitted(world, made)
    body = decode_envelope(await signed(world, Archive(), made, FILE_KEY)).raw
    for fields in ({"read": body}, {"body": asked.encode()}, {"envelope": asked.encode()}):
        await person.visit(fragment(Wanted(fields, lambda _: b""), 1024, bytes(32)))
        await person.sees("This cannot be signed")

    listener = Listener(world.node_origin, Wanted.permission(asked, [bytes(32)]).signs)
    port = await listener.start()
    try:
        await person.visit(handed(asked, port, listener.token))
        await person.set_present(person.authenticator, False)
        await person.press("Sign with a passkey")
        await person.sees("Your passkey")
        archive = fragment(Wanted({"body": body}, lambda _: body), port, listener.token)
        await person.page.evaluate("address => { location.hash = address; }", archive)
        await person.reads("Archive the application")
        await person.set_present(person.authenticator, True)
        await person.press("Sign with a passkey")
        await person.sees("Signed, but not handed back")
        await person.is_told("waits for another")
        assert not listener._answered.done()
    finally:
        await listener.stop()
    assert not world.node.local._applications.find(made).archived


async def test_a_command_line_that_is_gone_cannot_be_let_read_and_nothing_is_saved(world: World) -> None:
    person, made = await an_owner(world)
    listener = Listener(world.node_origin, lambda _, __: False)
    port = await listener.start()
    await listener.stop()
    await person.visit(handed(permitted(world, made), port))
    await person.press("Sign with a passkey")
    await person.sees("Signed, but not handed back")
    await expect(person.page.get_by_text("have the port that it names there lead to it")).to_be_visible()
    assert await person.page.get_by_role("button", name="Save the file").count() == 0
    await person.press("Done")
    await person.sees("Your applications")


async def test_the_file_that_a_browser_is_started_with_leads_to_what_is_asked(world: World) -> None:
    person, made = await an_owner(world)
    with leading_to(person.url + handed(permitted(world, made))) as address:
        await person.page.goto("about:blank")
        await person.page.goto(address)
        await person.reads(f"Read the logs of {name_of(world, made)}")
        assert person.page.url == person.url
        started = [line for line in started_with() if b"--type=renderer" in line]
        assert started, "no browser is seen"
        assert not [line for line in started_with() if b"#command=" in line]


def started_with() -> list[bytes]:
    """The command lines that every user of the machine can see."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(process.read_bytes())
    return found
