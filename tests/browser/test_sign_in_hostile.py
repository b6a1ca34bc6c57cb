"""A page, or another page behind it, that says to the sign-in frame what no app says."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from typing import Final

import pytest
from playwright.async_api import expect

from support.parent_page import ParentPage
from support.person import Person, World

SEED: Final = int(os.environ.get("PROVEN_FUZZ_SEED", "20"))
ROUNDS: Final = int(os.environ.get("PROVEN_FUZZ_ROUNDS", "120"))
CLOSED: Final = "This form has closed"

TRANSCRIPT: Final = "new Uint8Array(32)"
VALUES: Final = [
    "undefined",
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "NaN",
    "2 ** 53",
    "10n",
    "''",
    "'identify'",
    "'x'.repeat(1 << 22)",
    "[]",
    "{}",
    "[1, [2, [3]]]",
    "new Date()",
    "new Map([['id', 1], ['type', 'identify']])",
    "new Set(['identify'])",
    "/identify/",
    "new Error('identify')",
    "new Uint8Array(31)",
    "new Uint8Array(33)",
    "new Uint8Array(1 << 22)",
    "new Uint16Array(32)",
    "new ArrayBuffer(32)",
    "Array(32).fill(0)",
    "new Blob(['identify'])",
    "Object.fromEntries(Array.from({length: 10000}, (_, index) => ['k' + index, index]))",
    "(() => { const loop = {}; loop.self = loop; return loop; })()",
]
"""JavaScript expressions of what can be posted to another page."""


def _message(rng: random.Random, fields: dict[str, str]) -> str:
    """A JavaScript expression of a message that is not one: `fields` with something wrong about them."""
    fields = dict(fields)
    match rng.randrange(5):
        case 0:
            return rng.choice(VALUES)
        case 1:
            fields.pop(rng.choice(list(fields)))
        case 2:
            fields[rng.choice(["extra", "__proto__", "constructor", "origin", "seed"])] = rng.choice(VALUES)
        case 3:
            name = rng.choice(list(fields))
            fields[name] = rng.choice([value for value in VALUES if value != fields[name]])
        case _:
            fields = {name: rng.choice(VALUES) for name in fields}
    inside = ", ".join(f"[{name!r}, {value}]" for name, value in fields.items())
    return f"Object.fromEntries([{inside}])"


async def _greeting(person: Person, hello: str, transferred: int = 1) -> None:
    await person.page.evaluate(f"greet({hello}, {person.parent.node!r}, {transferred})")


async def _fresh(person: Person) -> None:
    await person.page.reload()
    await person.parent.embed(person.application.name)


async def _gives_nothing(person: Person) -> None:
    """The frame has closed, and the page got nothing but sizes."""
    await person.sees(CLOSED)
    await expect(person.frame.get_by_role("button")).to_have_count(0)
    assert await person.parent.answers() == []


async def test_no_hello_but_the_one_is_answered(world: World) -> None:
    person = await world.person()
    rng = random.Random(SEED)
    proper = {"proven": "'sign-in'", "version": "1", "application": repr(person.application.id)}
    for _ in range(ROUNDS // 4):
        hello = _message(rng, proper)
        await _fresh(person)
        await _greeting(person, hello)
        try:
            await _gives_nothing(person)
        except AssertionError as error:
            raise AssertionError(f"seed {SEED}: {hello[:500]}") from error


@pytest.mark.parametrize("transferred", [0, 2])
async def test_a_hello_brings_exactly_one_port(world: World, transferred: int) -> None:
    person = await world.person()
    await _fresh(person)
    hello = f"{{proven: 'sign-in', version: 1, application: {person.application.id!r}}}"
    await _greeting(person, hello, transferred)
    await _gives_nothing(person)


async def test_a_second_hello_ends_the_frame(world: World) -> None:
    person = await world.person()
    await person.ask()
    await person.sees("Sign in to people")
    await person.parent.greet(person.application.id)
    await _gives_nothing(person)


async def test_no_message_but_requests_is_answered(world: World) -> None:
    person = await world.person()
    rng = random.Random(SEED + 1)
    for _ in range(ROUNDS // 4):
        kind = rng.choice(["'identify'", "'manage'"])
        proper = rng.choice(
            [{"id": "1", "type": kind, "transcript": TRANSCRIPT}, {"id": "1", "type": "'cancel'"}]
        )
        message = _message(rng, proper)
        if message == "Object.fromEntries([['id', 1], ['type', 'cancel']])":
            continue
        await person.visit()
        await person.page.evaluate(f"port.postMessage({message})")
        try:
            await _gives_nothing(person)
        except AssertionError as error:
            raise AssertionError(f"seed {SEED + 1}: {message[:500]}") from error


async def test_two_requests_at_once_end_the_frame(world: World) -> None:
    person = await world.person()
    await person.ask()
    await person.sees("Sign in to people")
    await person.ask("manage")
    await _gives_nothing(person)


async def test_a_port_inside_a_message_ends_the_frame(world: World) -> None:
    person = await world.person()
    await person.page.evaluate(
        """() => {
          const {port2} = new MessageChannel();
          port.postMessage({id: 1, type: 'identify', transcript: new Uint8Array(32)}, [port2]);
        }"""
    )
    await _gives_nothing(person)


async def test_other_windows_are_not_listened_to(world: World) -> None:
    """A frame beside it and a window that the app opened speak properly, and are nobody to the frame."""
    person = await world.person()
    await _fresh(person)
    hello = {"proven": "sign-in", "version": 1, "application": person.application.id}
    await person.page.evaluate(
        """async ([hello, target]) => {
          const beside = document.createElement('iframe');
          beside.src = location.href;
          document.body.append(beside);
          await new Promise((resolve) => { beside.onload = resolve; });
          window.heard = [];
          const script = beside.contentDocument.createElement('script');
          script.textContent = `
            const {port1, port2} = new MessageChannel();
            port1.onmessage = ({data}) => parent.heard.push(data);
            parent.frames[0].postMessage(${JSON.stringify(hello)}, ${JSON.stringify(target)}, [port2]);
            port1.postMessage({id: 1, type: 'identify', transcript: new Uint8Array(32)});`;
          beside.contentDocument.body.append(script);
        }""",
        [hello, world.node_origin],
    )
    await person.parent.greet(person.application.id)
    await person.ask()
    await person.sees("Sign in to people")
    assert await person.page.evaluate("heard") == []


async def test_pages_of_other_origins_cannot_show_the_frame(world: World) -> None:
    context = await world.browser.new_context()
    page = await context.new_page()
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text))
    await page.goto(world.parent_origin.replace("app.localhost", "127.0.0.2"))
    await page.evaluate("url => embed(url, '')", f"{world.node_origin}/sign-in/people")
    await _until(lambda: any("frame-ancestors" in refusal for refusal in refusals))
    assert await page.evaluate("greetings.length") == 0


async def test_a_sandboxed_page_without_an_origin_cannot_show_the_frame(world: World) -> None:
    context = await world.browser.new_context()
    page = await context.new_page()
    await page.goto(world.parent_origin)
    refusals: list[str] = []
    page.on("console", lambda message: refusals.append(message.text))
    await page.evaluate(
        """(url) => {
          const outer = document.createElement('iframe');
          outer.sandbox = 'allow-scripts';
          outer.srcdoc = `<iframe src="${url}"></iframe>`;
          document.body.append(outer);
        }""",
        f"{world.node_origin}/sign-in/people",
    )
    await _until(lambda: any("frame-ancestors" in refusal for refusal in refusals))


async def test_a_page_that_does_not_allow_passkeys_gets_no_prompt(world: World) -> None:
    context = await world.browser.new_context()
    page = await context.new_page()
    await page.goto(world.parent_origin)
    parent = ParentPage(page, world.node_origin)
    await parent.embed("people", allow="")
    await parent.greet(world.application.id)
    await parent.ask("identify", bytes(32))
    await expect(parent.frame.get_by_role("alert")).to_contain_text("does not let it use passkeys")
    assert await parent.answers() == []


async def test_alone_in_a_window_the_frame_does_nothing(world: World) -> None:
    context = await world.browser.new_context()
    page = await context.new_page()
    await page.goto(f"{world.node_origin}/sign-in/people")
    await expect(page.get_by_role("heading")).to_have_text("Nothing to sign in to")
    await page.evaluate(
        """application => {
          const hello = {proven: 'sign-in', version: 1, application};
          postMessage(hello, '*', [new MessageChannel().port2]);
        }""",
        world.application.id,
    )
    await expect(page.get_by_role("heading")).to_have_text("Nothing to sign in to")


async def test_clicks_that_no_person_made_do_nothing(world: World) -> None:
    person = await world.person()
    await person.ask()
    await person.sees("Sign in to people")
    await person.page.frames[1].evaluate("document.querySelector('button.primary').click()")
    await person.sees("Sign in to people")
    assert await person.parent.answers() == []


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)
