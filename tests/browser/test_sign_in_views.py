"""Every view of the sign-in frame: readable by screen readers, on a phone, in the dark, by keyboard alone."""

from __future__ import annotations

from typing import Final

from playwright.async_api import expect

from support.accessibility import look
from support.person import Person, World

WIDTHS: Final = {"phone": 320, "dialog": 416}


async def _look(person: Person, name: str) -> None:
    await look(person.page, name, WIDTHS, height=720, frame=person.page.frames[1])


async def test_the_views_of_a_new_account_are_accessible(world: World) -> None:
    person = await world.person()
    await _look(person, "waiting")
    await person.ask()
    await person.sees("Sign in to people")
    await _look(person, "choose")
    await person.set_present(person.authenticator, False)
    await person.press("Create an account")
    await person.sees("Your new passkey")
    await _look(person, "busy")
    await person.press("Cancel")
    assert (await person.answer())["code"] == "CANCELLED"
    await _look(person, "cancelled")
    await person.set_present(person.authenticator, True)
    await person.ask()
    await person.press("Create an account")
    await person.sees("Your recovery phrase")
    await _look(person, "phrase-hidden")
    person.phrase = await person.read_words()
    await _look(person, "phrase-shown")
    await person.press("I have written them down")
    await person.sees("Check your recovery phrase")
    await _look(person, "confirm")
    await person.give_back({0: "wrong"})
    await person.is_told("is not the one")
    await _look(person, "confirm-wrong")
    await person.give_back()
    await person.identified()
    await _look(person, "done")


async def test_the_views_of_recovery_are_accessible(world: World) -> None:
    owner = await world.person()
    await owner.create(write_down=True)
    person = await world.person()
    await person.ask()
    await person.press("Use a recovery phrase")
    await person.sees("Use a recovery phrase")
    await _look(person, "recover")
    await person.type_phrase([*owner.phrase[:4], "peper", *owner.phrase[5:]])
    await person.is_told("paper")
    await _look(person, "recover-wrong")
    await person.type_phrase(["zoo"] * 23 + ["vote"])
    await person.sees("No account has this phrase")
    await _look(person, "unknown-phrase")
    await person.press("Try another phrase")
    await person.type_phrase(owner.phrase)
    await person.sees("Welcome back")
    await _look(person, "recovered")


async def test_the_views_of_the_account_are_accessible(world: World) -> None:
    person = await world.person()
    await person.create()
    await person.ask("manage")
    await person.sees("Your account")
    await _look(person, "manage")
    await person.press("Continue with a passkey")
    await expect(person.frame.get_by_role("heading", name="Passkeys")).to_be_visible()
    await _look(person, "account-one")
    await person.press("Add a passkey")
    await _look(person, "add-first")
    await person.press("Continue")
    name = person.frame.get_by_label("Name")
    await name.fill("A key with a rather long name that fills what there is room for")
    await _look(person, "add-name")
    await person.plug_in("usb")
    await person.set_present(person.authenticator, False)
    await person.press("Make the passkey")
    await expect(person.frame.get_by_text("is added.")).to_be_visible()
    await _look(person, "account-two")
    await person.press("Remove A key with", exact=False)
    await person.press("Keep it")
    await person.press("Remove A key with", exact=False)
    await _look(person, "remove")


async def test_the_views_for_passkeys_without_prf_are_accessible(world: World) -> None:
    person = await world.person(prf=False, host="localhost")
    await person.ask()
    await person.press("Create an account")
    await person.sees("Your recovery phrase")
    await _look(person, "no-prf-phrase")
    await person.write_down()
    await person.sees("Keep your key on this device?")
    await _look(person, "no-prf-keep")
    await person.press("Ask for the phrase each time")
    await person.identified()
    await person.ask()
    await person.press("Continue with a passkey")
    await person.sees("Your recovery phrase")
    await _look(person, "no-prf-ask")
    await person.page.evaluate("port.postMessage('odd')")
    await person.sees("This form has closed")
    await _look(person, "closed")


async def test_an_account_is_made_by_keyboard_alone(world: World) -> None:
    person = await world.person()
    await person.ask()
    await person.sees("Sign in to people")
    keyboard = person.page.keyboard
    await person.page.locator("iframe").focus()
    focused = person.frame.locator(":focus")

    async def tab_to(name: str) -> None:
        for _ in range(12):
            await keyboard.press("Tab")
            if await focused.count() and (await focused.inner_text()).strip() == name:
                return
        raise AssertionError(f"no {name!r} within reach of Tab")

    await tab_to("Create an account")
    await keyboard.press("Enter")
    await person.sees("Your recovery phrase")
    await expect(person.frame.get_by_role("heading", level=1)).to_be_focused()
    await tab_to("Show the words")
    await keyboard.press("Space")
    person.phrase = await person.frame.get_by_role("listitem").locator("span").all_inner_texts()
    await tab_to("I have written them down")
    await keyboard.press("Enter")
    await person.sees("Check your recovery phrase")
    for _ in range(3):
        await keyboard.press("Tab")
        position = int((await focused.get_attribute("id") or "").removeprefix("word-"))
        await keyboard.type(person.phrase[position - 1])
    await keyboard.press("Enter")
    await person.identified()
