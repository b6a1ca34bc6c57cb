"""People own applications by a key made of their account, and sign for them on the owner page of a node."""

from __future__ import annotations

import os

from playwright.async_api import expect

from proven.apps import ApplicationRecord
from proven.wire.applications import (
    OwnerKey,
    TransferOwnership,
)
from proven.wire.log_entries import Submitted, decode_entry
from support.owner import deployed, fresh, owner, submit
from support.person import World

FILE_KEY = OwnerKey.from_seed(bytes(range(32)))


def record(world: World, application: str) -> ApplicationRecord:
    return world.node.local._applications.find(application)


async def owned(world: World, name: str, by: str) -> ApplicationRecord:
    """An application with a version that now belongs to the key `by`."""
    made = await deployed(world, name, FILE_KEY)
    await submit(world, TransferOwnership(to=bytes.fromhex(by)), made, FILE_KEY)
    return record(world, made)


async def signers(world: World, application: str) -> list[str]:
    """Who signed the last entry of an application."""
    applications = world.node.local._applications
    entry = decode_entry(await applications.leaf(applications.entries_of(record(world, application).id)[-1]))
    assert isinstance(entry, Submitted)
    return [key.hex() for key in entry.command.signers]


async def test_the_owner_key_is_the_same_after_signing_in_again_and_on_a_clean_browser(world: World) -> None:
    person = await owner(world)
    key = await person.create_account(write_down=True)
    await person.press("Sign out")
    assert await person.sign_in() == key
    await person.visit()
    assert await person.sign_in() == key
    elsewhere = await owner(world)
    assert await elsewhere.recover(person.phrase) == key
    await elsewhere.visit()
    assert await elsewhere.sign_in() == key
    other = await owner(world)
    assert await other.create_account() != key


async def test_an_application_is_transferred_to_a_person_who_archives_it(world: World) -> None:
    person = await owner(world)
    key = await person.create_account()
    await expect(person.page.get_by_text("None yet.")).to_be_visible()
    made = await owned(world, gift := fresh("gift"), key)
    await person.press("Look again")
    await person.open(gift)
    archive = person.page.get_by_role("button", name="Archive it")
    await expect(archive).to_be_disabled()
    await person.page.get_by_label(f"Type {gift} to go on").last.fill(gift)
    await archive.click()
    await person.reads("Archive the application")
    await expect(person.page.get_by_text("It ends for good")).to_be_visible()
    assert not record(world, gift).archived
    await person.press("Sign with a passkey")
    await person.sees("Signed")
    assert not record(world, gift).archived
    await person.press("Send it")
    await person.sees("Done")
    assert record(world, gift).archived
    assert await signers(world, made.id) == [key]


async def test_a_person_gives_an_application_away(world: World) -> None:
    person = await owner(world)
    key = await person.create_account()
    await owned(world, present := fresh("present"), key)
    await person.press("Look again")
    await person.open(present)
    heir = OwnerKey.from_seed(os.urandom(32)).public_key
    to = person.page.get_by_label("Owner key of the new owner")
    await to.fill("00" * 32)
    await person.page.get_by_label(f"Type {present} to go on").first.fill(present)
    await person.press("Make them the owner")
    await person.is_told("That is no owner key")
    await to.fill(heir.hex())
    await person.press("Make them the owner")
    await person.reads(f"Make {heir.hex()} the owner")
    await person.press("Sign with a passkey")
    await person.press("Send it")
    await person.sees("Done")
    assert record(world, present).owner == heir
