"""Every view of the owner page: readable by screen readers, on a phone, in the dark, by keyboard alone."""

from __future__ import annotations

import time
from typing import Final

from playwright.async_api import expect

from proven.cli.app._passkey import Wanted
from proven.cli.app._passkey import fragment as fragment_of
from proven.wire.applications import (
    Deploy,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
)
from proven.wire.ids import IdentityId
from proven.wire.permissions import Permitted
from support.accessibility import look
from support.owner import Owner, deployed, fresh, handed_over, owner, signed, submit
from support.person import World

WIDTHS: Final = {"phone": 320, "desk": 760}
FILE_KEY: Final = OwnerKey.from_seed(bytes(range(32)))
WEEK: Final = 7 * 86_400


async def _look(person: Owner, name: str) -> None:
    await look(person.page, name, WIDTHS, height=900)


async def test_the_views_of_an_owner_are_accessible(world: World) -> None:
    person = await owner(world)
    await person.sees("Your applications")
    await _look(person, "begin")
    key = bytes.fromhex(await person.create_account())
    await _look(person, "home-empty")
    plain = await deployed(world, garden := fresh("garden"), FILE_KEY)
    await submit(world, TransferOwnership(to=key), plain, FILE_KEY)
    other = OwnerKey.from_seed(b"o" * 32).public_key
    policy = TimelockMultisig(
        delay=WEEK,
        threshold=2,
        keys=tuple(sorted((key, FILE_KEY.public_key))),
        guardians=tuple(sorted((key, other))),
    )
    shared = await deployed(world, fresh("observatory"), FILE_KEY)
    await submit(world, SetUpgradePolicy(policy=policy), shared, FILE_KEY)
    watched = await deployed(world, lookout := fresh("watched"), FILE_KEY)
    guarded = Timelock(delay=WEEK, guardians=(key,))
    await submit(world, SetUpgradePolicy(policy=guarded), watched, FILE_KEY)
    await submit(world, SetUpgradePolicy(policy=Timelock(delay=60)), watched, FILE_KEY)
    await person.press("Look again")
    await person.page.wait_for_selector("li")
    await _look(person, "home")
    await person.open(garden)
    await _look(person, "application")
    await person.press("Back")
    await person.open(lookout)
    await _look(person, "announced")
    await person.press("Veto it")
    await person.reads("Veto")
    await _look(person, "review-veto")
    await person.press("Sign with a passkey")
    await person.sees("Signed")
    await _look(person, "signed")
    await person.press("Send it")
    await person.sees("Done")
    await _look(person, "sent")
    await person.press("Your applications")
    await person.give_file(await signed(world, Deploy(package_id="ab" * 32), shared, FILE_KEY))
    await person.reads("Deploy the package abab")
    await _look(person, "review-deploy")
    await person.press("Do not sign")
    await person.give_file(b"nothing")
    await person.sees("This cannot be signed")
    await _look(person, "refused")


async def test_the_views_of_a_handover_are_accessible(world: World) -> None:
    made = await deployed(world, fresh("handed"), FILE_KEY)
    policy = SetUpgradePolicy(policy=Timelock(delay=WEEK, guardians=(FILE_KEY.public_key,)))
    fragment = handed_over(world, policy, made)
    person = await owner(world, fragment=fragment)
    await person.reads("changes are announced 7 days before")
    await _look(person, "review-policy")
    await person.visit()
    key = await person.create_account()
    await submit(world, TransferOwnership(to=bytes.fromhex(key)), made, FILE_KEY)
    await person.visit(handed_over(world, policy, made))
    await person.press("Sign with a passkey")
    await person.sees("Signed, but not handed back")
    await _look(person, "stranded")
    record = world.node.local._applications.find(made)
    until = int(time.time()) + 600
    asked = Permitted(world.node.local._applications.origin, record.id, "logs", IdentityId("c" * 32), until)
    await person.visit(fragment_of(Wanted.permission(asked, []), 1024, bytes(32)))
    await person.reads("Read the logs of")
    await _look(person, "review-permission")
    await person.press("Sign with a passkey")
    await person.sees("Signed, but not handed back")
    await _look(person, "stranded-permission")


async def test_a_command_is_signed_by_keyboard_alone(world: World) -> None:
    person = await owner(world)
    key = await person.create_account()
    made = await deployed(world, fresh("keys-only"), FILE_KEY)
    await submit(world, SetUpgradePolicy(policy=Timelock(delay=WEEK)), made, FILE_KEY)
    await submit(world, TransferOwnership(to=bytes.fromhex(key)), made, FILE_KEY)
    mine = await deployed(world, by_hand := fresh("by-hand"), FILE_KEY)
    await submit(world, TransferOwnership(to=bytes.fromhex(key)), mine, FILE_KEY)
    await person.visit()
    keyboard, focused = person.page.keyboard, person.page.locator(":focus")

    async def tab_to(name: str) -> None:
        for _ in range(40):
            await keyboard.press("Tab")
            label = await focused.get_attribute("aria-label") if await focused.count() else None
            if await focused.count() and (label or (await focused.inner_text()).strip()) == name:
                return
        raise AssertionError(f"no {name!r} within reach of Tab")

    await person.sees("Your applications")
    await tab_to("Continue with a passkey")
    await keyboard.press("Enter")
    await person.key()
    await tab_to(f"Open {by_hand}")
    await keyboard.press("Enter")
    await person.sees(by_hand)
    await expect(person.page.get_by_role("heading", level=1)).to_be_focused()
    for _ in range(20):
        await keyboard.press("Tab")
        if await focused.get_attribute("id") == "confirm-archive":
            break
    await keyboard.type(by_hand)
    await tab_to("Archive it")
    await keyboard.press("Enter")
    await person.reads("Archive the application")
    await tab_to("Sign with a passkey")
    await keyboard.press("Enter")
    await person.sees("Signed")
    await tab_to("Send it")
    await keyboard.press("Space")
    await person.sees("Done")
    assert world.node.local._applications.find(by_hand).archived
