"""`proven app … --passkey`: the command line hands a command to the owner page, and gets a signature back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from proven.cli.key import new_key
from proven.wire.applications import decode_envelope
from support.owner import owner
from support.person import World
from support.terminal import Terminal


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, world)


async def says(world: World, name: str) -> object:
    client = await world.node.connect(await world.node.local._applications.resolve(name))
    return await client.call("src/app.ts#say")


async def test_an_application_is_created_and_deployed_by_passkey_then_from_a_clean_browser(
    world: World, terminal: Terminal
) -> None:
    terminal.app("one")
    async with terminal.signing("app", "create", "mine") as command:
        person = await owner(world, fragment=command.fragment)
        assert person.page.url == person.url
        await person.reads("Create the application mine")
        await person.press("Create an account and sign")
        await person.sees("Your recovery phrase")
        await person.write_down()
        await person.sees("Signed")
        told = await command.ok()
    await person.press("Your applications")
    key = await person.key()
    made = world.node.local._applications.find("mine")
    assert made.owner.hex() == key
    assert f"It belongs to {key}" in told
    assert f"Its id is {made.id}." in told

    async with terminal.signing("app", "deploy", "mine", "app", "--json") as command:
        await person.visit(command.fragment)
        await person.reads("Deploy the package")
        await expect(person.page.get_by_text("The node does not have it yet")).to_be_visible()
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        deployed = json.loads(await command.ok())
    assert deployed["signers"] == [key]
    assert await says(world, "mine") == "one"

    terminal.app("two")
    elsewhere = await owner(world)
    async with terminal.signing("app", "deploy", "mine", "app") as command:
        assert re.search("Sign in a browser on this machine", command.told)
        await elsewhere.visit(command.fragment)
        await elsewhere.press("Sign with your recovery phrase")
        await elsewhere.type_phrase(person.phrase)
        await elsewhere.press("Make a passkey")
        await elsewhere.sees("Signed")
        assert "It is live, as version 2." in await command.ok()
    assert await says(world, "mine") == "two"


async def test_a_key_file_and_a_passkey_sign_together(world: World, terminal: Terminal) -> None:
    person = await owner(world)
    mine = await person.create_account()
    public = new_key(terminal.folder / "a.key").public_key.hex()
    terminal.app("shared")
    await terminal.ok("app", "create", "both", "--key", "a.key")
    await terminal.ok("app", "policy", "both", "multisig", "2", "of", public, mine, "--key", "a.key")
    await person.press("Look again")
    await expect(person.page.get_by_role("listitem").filter(has_text="both")).to_contain_text("who sign")

    async with terminal.signing("app", "deploy", "both", "app", "--key", "a.key") as command:
        await person.visit(command.fragment)
        await expect(
            person.page.get_by_text("2 of 2").or_(person.page.get_by_text("All of 2"))
        ).to_be_visible()
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        assert "It is live, as version 1." in await command.ok()

    saving = ("--key", "a.key", "--save", "add.command")
    await terminal.ok("app", "origin", "add", "both", "https://both.example", *saving)
    await person.visit()
    await person.sign_in()
    await person.give_file((terminal.folder / "add.command").read_bytes())
    await person.reads("Allow pages of https://both.example")
    await expect(person.page.get_by_text(public).first).to_be_visible()
    await person.press("Sign with a passkey")
    await person.sees("Signed")
    saved = decode_envelope(await person.saved())
    saved.verify()
    assert {key.hex() for key in saved.signers} == {public, mine}
    await person.press("Send it")
    await person.sees("Done")
    assert world.node.local._applications.find("both").origins == ("https://both.example",)


async def test_a_passkey_without_prf_signs_with_the_phrase(world: World, terminal: Terminal) -> None:
    person = await owner(world, prf=False)
    await person.press("Create an account")
    await person.write_down()
    await person.press("Ask for the phrase each time")
    key = await person.key()
    async with terminal.signing("app", "create", "plain") as command:
        await person.visit(command.fragment)
        await person.press("Sign with a passkey")
        await person.sees("Your recovery phrase")
        await person.type_phrase(person.phrase)
        await person.sees("Signed")
        await command.ok()
    assert world.node.local._applications.find("plain").owner.hex() == key


async def test_a_passkey_without_prf_signs_with_the_key_kept_in_the_browser(
    world: World, terminal: Terminal
) -> None:
    person = await owner(world, prf=False)
    await person.press("Create an account")
    await person.write_down()
    await person.press("Keep it on this device")
    key = await person.key()
    async with terminal.signing("app", "create", "kept") as command:
        await person.visit(command.fragment)
        await person.press("Sign with a passkey")
        await person.sees("Signed")
        await command.ok()
    assert world.node.local._applications.find("kept").owner.hex() == key


async def test_giving_up_at_the_command_line_leaves_nothing(world: World, terminal: Terminal) -> None:
    async with terminal.signing("app", "create", "never") as command:
        person = await owner(world, fragment=command.fragment)
        await person.reads("Create the application never")
        command.interrupt()
        status, out, err = await command.end()
        assert status == 130
        assert out == ""
        assert "Traceback" not in err
        await person.press("Create an account and sign")
        await person.press("Not now")
        await person.sees("Signed, but not handed back")
        await person.is_told("command line is not reached")
        saved = decode_envelope(await person.saved())
        assert saved.body.command.name == "never"  # type: ignore[union-attr]
    assert not [each for each in world.node.local._applications.list() if each.name == "never"]


async def test_what_a_person_refuses_is_not_signed(world: World, terminal: Terminal) -> None:
    async with terminal.signing("app", "create", "unwanted") as command:
        person = await owner(world, fragment=command.fragment)
        await person.reads("Create the application unwanted")
        await person.press("Do not sign")
        await person.sees("Your applications")
        assert command.process.returncode is None
