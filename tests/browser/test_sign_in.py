"""People sign in with passkeys in the frame that a node serves, in a real browser."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Request, expect

from proven.wire.commands import (
    BeginAuthentication,
    Ceremony,
    FinishAuthentication,
)
from proven.wire.errors import ErrorCode, ProvenError
from support.person import World

UNKNOWN_PHRASE = ["legal winner thank year wave sausage worth useful"] * 2 + [
    "legal winner thank year wave sausage worth title"
]


async def test_who_creates_an_account_is_the_same_person_when_they_sign_in_again(world: World) -> None:
    person = await world.person()
    created = await person.create()
    assert await person.sign_in() == created
    await person.visit()
    assert await person.sign_in() == created


async def test_two_people_are_two_identities(world: World) -> None:
    one, other = await world.person(), await world.person()
    first, second = await one.create(), await other.create()
    assert first.identity != second.identity
    assert first.sealed != second.sealed


async def test_the_phrase_gives_the_same_person_back_in_a_clean_browser(world: World) -> None:
    person = await world.person()
    created = await person.create(write_down=True)
    elsewhere = await world.person()
    await elsewhere.ask()
    await elsewhere.press("Use a recovery phrase")
    await elsewhere.type_phrase(person.phrase)
    await elsewhere.sees("Welcome back")
    await elsewhere.press("Make a passkey")
    assert await elsewhere.identified() == created
    await elsewhere.visit()
    assert await elsewhere.sign_in() == created
    assert await person.sign_in() == created


async def test_the_phrase_is_enough_for_once_without_a_passkey(world: World) -> None:
    person = await world.person()
    created = await person.create(write_down=True)
    borrowed = await world.person()
    await borrowed.ask()
    await borrowed.press("Use a recovery phrase")
    await borrowed.type_phrase(person.phrase)
    await borrowed.press("Only this once")
    assert await borrowed.identified() == created
    assert await borrowed.authenticator.credentials() == []


async def test_the_phrase_is_asked_back_until_it_is_right(world: World) -> None:
    person = await world.person()
    await person.ask()
    await person.press("Create an account")
    await person.sees("Your recovery phrase")
    await expect(person.frame.get_by_role("button", name="I have written them down")).to_be_disabled()
    assert await person.frame.get_by_role("listitem").locator("span").count() == 0
    person.phrase = await person.read_words()
    await person.press("Hide the words")
    assert await person.frame.get_by_role("listitem").locator("span").count() == 0
    await person.press("I have written them down")
    await person.give_back({1: "wrong"})
    await person.is_told("is not the one in your phrase")
    await person.press("Show the words again")
    assert await person.read_words() == person.phrase
    await person.press("I have written them down")
    await person.give_back()
    await person.identified()


async def test_an_authenticator_without_prf_needs_the_phrase(world: World) -> None:
    person = await world.person(prf=False, host="localhost")
    await person.ask()
    await person.press("Create an account")
    await person.sees("Your recovery phrase")
    await expect(person.frame.get_by_text("cannot hold your key")).to_be_visible()
    await expect(person.frame.get_by_role("button", name="Not now")).to_have_count(0)
    await person.write_down()
    await person.press("Ask for the phrase each time")
    created = await person.identified()

    await person.ask()
    await person.press("Continue with a passkey")
    await person.sees("Your recovery phrase")
    await person.type_phrase(" ".join(UNKNOWN_PHRASE).split())
    await person.is_told("another account")
    await person.frame.get_by_label("Keep the key in this browser").check()
    await person.type_phrase(person.phrase)
    assert await person.identified() == created

    await person.visit()
    assert await person.sign_in() == created


async def test_a_key_kept_in_the_browser_cannot_be_read_and_can_be_forgotten(world: World) -> None:
    person = await world.person(prf=False, host="localhost")
    await person.ask()
    await person.press("Create an account")
    await person.write_down()
    await person.press("Keep it on this device")
    created = await person.identified()
    assert await person.sign_in() == created
    kept = await person.page.frames[1].evaluate(
        """async () => {
          const open = indexedDB.open('proven-sign-in');
          await new Promise((resolve) => { open.onsuccess = resolve; });
          const all = open.result.transaction('seeds').objectStore('seeds').getAll();
          await new Promise((resolve) => { all.onsuccess = resolve; });
          open.result.close();
          return Promise.all(all.result.map(async (key) => [key instanceof CryptoKey, key.extractable,
            await crypto.subtle.exportKey('raw', key).then(() => 'exported', () => 'refused')]));
        }"""
    )
    assert kept == [[True, False, "refused"]]
    await person.ask("manage")
    await person.press("Continue with a passkey")
    await person.press("Forget the key here")
    await expect(person.frame.get_by_text("no longer kept")).to_be_visible()
    await person.press("Done")
    assert (await person.answer())["type"] == "done"
    await person.ask()
    await person.press("Continue with a passkey")
    await person.sees("Your recovery phrase")


async def test_a_browser_that_keeps_nothing_is_not_asked_to(world: World) -> None:
    person = await world.person(prf=False)
    await person.ask()
    await person.press("Create an account")
    await person.write_down()
    created = await person.identified()
    await person.ask()
    await person.press("Continue with a passkey")
    await person.sees("Your recovery phrase")
    await expect(person.frame.get_by_role("checkbox")).to_have_count(0)
    await person.type_phrase(person.phrase)
    assert await person.identified() == created


async def test_cancelling_gives_nothing_and_the_page_can_ask_again(world: World) -> None:
    person = await world.person()
    await person.ask()
    await person.press("Cancel")
    answer = await person.answer()
    assert (answer["type"], answer["code"]) == ("error", "CANCELLED")
    await person.ask()
    await person.sees("Sign in to people")
    await person.parent.cancel(2)
    assert (await person.answer())["code"] == "CANCELLED"
    await person.create()


async def test_cancelling_in_the_middle_of_making_an_account_leaves_nothing_behind(world: World) -> None:
    person = await world.person(prf=False)
    await person.ask()
    await person.press("Create an account")
    await person.sees("Your recovery phrase")
    await person.parent.cancel()
    assert (await person.answer())["code"] == "CANCELLED"
    await person.page.frames[1].wait_for_function("document.querySelectorAll('.words').length === 0")
    await person.ask()
    await person.press("Continue with a passkey")
    await person.sees("Sign in to people")
    await expect(person.frame.get_by_role("alert")).to_be_visible()


async def test_a_prompt_that_nobody_confirms_can_be_tried_again(world: World) -> None:
    person = await world.person()
    session, authenticator = person.authenticator.session, person.authenticator.id
    await session.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    await person.ask()
    await person.press("Create an account")
    await person.is_told("Nothing has changed")
    assert await person.parent.answers() == []
    await person.authenticator.remove()
    await person.plug_in("internal")
    await person.press("Create an account")
    await person.press("Not now")
    await person.identified()


async def test_wrong_phrases_say_what_is_wrong(world: World) -> None:
    person = await world.person()
    words = " ".join(UNKNOWN_PHRASE).split()
    await person.ask()
    await person.press("Use a recovery phrase")
    await person.type_phrase([*words[:4], "peper", *words[5:]])
    await person.is_told(
        "Word 5, “peper”, is not one that recovery phrases use. Did you mean “paper” or “pepper”?"
    )
    await person.type_phrase(words[:23])
    await person.is_told("these are 23")
    await person.type_phrase([words[1], words[0], *words[2:]])
    await person.is_told("changed places")
    await person.type_phrase(words)
    await person.sees("No account has this phrase")
    await person.press("Try another phrase")
    await person.press("Back")
    await person.sees("Sign in to people")
    assert await person.parent.answers() == []


async def test_a_second_passkey_opens_the_same_account_and_a_removed_one_does_not(world: World) -> None:
    person = await world.person()
    created = await person.create()
    await person.ask("manage")
    await person.press("Continue with a passkey")
    await person.press("Add a passkey")
    await person.press("Continue")
    await person.sees("Add a passkey")
    await person.frame.get_by_label("Name").fill("Key on the ring")
    second = await person.plug_in("usb")
    await person.set_present(person.authenticator, False)
    await person.press("Make the passkey")
    await expect(person.frame.get_by_text("“Key on the ring” is added.")).to_be_visible()
    assert len(await second.credentials()) == 1
    assert len(await person.authenticator.credentials()) == 1

    first = person.frame.get_by_role("listitem").filter(has_text="In use now")
    await first.get_by_role("button").click()
    await person.press("Remove the passkey")
    await expect(person.frame.get_by_text("is removed.")).to_be_visible()
    await expect(person.frame.get_by_role("button", name="Remove", exact=False)).to_have_count(0)
    await person.press("Done")

    await person.authenticator.remove()
    assert await person.sign_in() == created


async def test_a_removed_passkey_signs_nobody_in(world: World) -> None:
    owner = await world.person()
    await owner.create(write_down=True)
    thief = await world.person()
    await thief.ask()
    await thief.press("Use a recovery phrase")
    await thief.type_phrase(owner.phrase)
    await thief.press("Make a passkey")
    await thief.identified()

    await owner.ask("manage")
    await owner.press("Continue with a passkey")
    others = owner.frame.get_by_role("listitem").filter(has_text="added").filter(has_not_text="In use now")
    await others.get_by_role("button").click()
    await owner.press("Remove the passkey")
    await expect(owner.frame.get_by_text("is removed.")).to_be_visible()

    assert len(await thief.authenticator.credentials()) == 1
    await thief.ask()
    await thief.press("Continue with a passkey")
    await thief.is_told("This passkey is not known here")
    assert [answer["type"] for answer in await thief.parent.answers()] == ["identified"]


async def test_the_phrase_is_shown_again_only_after_the_passkey(world: World) -> None:
    person = await world.person()
    await person.create(write_down=True)
    await person.ask("manage")
    await person.press("Continue with a passkey")
    await person.press("Show recovery phrase")
    await person.press("Continue")
    assert await person.read_words() == person.phrase
    await person.press("Done")
    await person.sees("Your account")

    await person.authenticator.session.send(
        "WebAuthn.setUserVerified", {"authenticatorId": person.authenticator.id, "isUserVerified": False}
    )
    await person.press("Show recovery phrase")
    await person.press("Continue")
    await person.is_told("Nothing has changed")


async def test_an_account_view_that_is_open_elsewhere_can_be_closed(world: World) -> None:
    person = await world.person()
    await person.create(write_down=True)
    elsewhere = await world.person()
    for each in (person, elsewhere):
        await each.ask("manage")
        await each.press("Use a recovery phrase")
        await each.type_phrase(person.phrase)
        await each.sees("Your account")
    await elsewhere.press("Add a passkey")
    await elsewhere.press("Back")
    await elsewhere.press("Close the one opened", exact=False)
    await expect(elsewhere.frame.get_by_text("That account view is closed.")).to_be_visible()
    await person.press("Add a passkey")
    await person.press("Back")
    await person.sees("Your account")
    await expect(person.frame.get_by_role("button", name="Continue with a passkey")).to_be_visible()


async def test_what_a_passkey_signed_once_is_worth_nothing_again(world: World) -> None:
    person = await world.person()
    await person.create()
    bodies: list[bytes] = []

    def note(request: Request) -> None:
        if request.url.endswith("/rpc"):
            bodies.append(request.post_data_buffer or b"")

    person.page.on("request", note)
    signed = await person.record_passkey_use()
    await person.sign_in()
    response = await signed()
    client = await world.management()
    begun = await client._ask(BeginAuthentication(), Ceremony)
    with pytest.raises(ProvenError) as refused:
        await client._ask(
            FinishAuthentication(ceremony=begun.ceremony, response=json.dumps(response)), Ceremony
        )
    assert refused.value.code is ErrorCode.UNAUTHENTICATED
    with pytest.raises(ProvenError) as ended:
        await client._ask(
            FinishAuthentication(ceremony=begun.ceremony, response=json.dumps(response)), Ceremony
        )
    assert ended.value.code is ErrorCode.NOT_FOUND
    assert len(bodies) >= 3
    for body in bodies:
        assert await world.post_again(body) in (401, 403)


async def test_no_secret_leaves_the_frame(world: World) -> None:
    """Not towards the node, the page, the address bar, storage or the console."""
    person = await world.person(host="localhost")
    await person.watch_secrets()
    await person.create(write_down=True)
    await person.sign_in()
    secrets = await person.secrets()
    assert len(secrets["outputs"]) >= 2
    assert secrets["sealed"]
    for output in secrets["outputs"]:
        assert not any(output in message for message in secrets["sealed"])
    assert secrets["stored"] == 0
    words = " ".join(person.phrase)
    assert words not in json.dumps(await person.parent.answers())
    assert person.console == []
    assert {url for url in person.sent if not url.startswith("data:")} <= {
        person.origin + "/",
        *(f"{world.node_origin}/{path}" for path in ("rpc", "session", "sign-in/people")),
        *(f"{world.node_origin}/sign-in/assets/sign-in.{kind}" for kind in ("js", "css")),
    }
