"""People's journeys over a whole node with somebody on the way, in a real browser.

Whoever is on the way ends TLS with a certificate that the browser accepts, reads everything and passes it on.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from proven.wire import cbor
from proven.wire.ids import identity_id
from support.browser import add_authenticator, open_browser
from support.dev import DevNode, copied, dev_node
from support.relays import Meddler
from support.sdk_page import new_page, page_server
from support.tls import identity
from support.todo_tab import EXAMPLE, Tab, page_of, visited

pytestmark = pytest.mark.asyncio(loop_scope="module")
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

TITLE: Final = "Meet the lawyer about the inheritance"
OTHER_TITLE: Final = "Ask for the results of the blood test"

TAP: Final = """
for (const name of ['encrypt', 'decrypt']) {
  const original = crypto.subtle[name].bind(crypto.subtle);
  const copy = (data) => new Uint8Array(ArrayBuffer.isView(data) ? data.slice().buffer : data.slice(0));
  const hex = (data) => Array.from(copy(data), (byte) => byte.toString(16).padStart(2, '0')).join('');
  crypto.subtle[name] = async (algorithm, key, data) => {
    const result = await original(algorithm, key, data);
    tapped(hex(name === 'encrypt' ? data : result));
    return result;
  };
}
"""
"""Tells the test what is sealed and what was opened, in the page and in the frame."""


class Interception:
    """A node, and somebody in front of it whose certificate a browser started with `flag` accepts."""

    def __init__(self, node: DevNode, between: Meddler, flag: str) -> None:
        self.node = node
        self.between = between
        self.flag = flag

    def let_everything_pass(self) -> None:
        self.between.handshakes = self.between.requests = self.between.answers = lambda data: data


@shared
async def interception(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Interception]:
    folder = tmp_path_factory.mktemp("intercepted")
    app = copied(EXAMPLE, folder / "todo")
    tls = identity(folder, "localhost", "todo.localhost")
    async with Meddler().running(tls.server) as between:
        options = ["--public-url", between.url]
        async with dev_node(app, folder / "node", options=options) as node:
            between.target = node.url
            yield Interception(node, between, tls.flag)


@shared
async def browser(interception: Interception) -> AsyncIterator[Browser]:
    async with open_browser(interception.flag) as opened:
        yield opened


@own
async def context(browser: Browser, interception: Interception) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context()
    yield opened
    await opened.close()
    interception.let_everything_pass()


@own
async def tab(context: BrowserContext, interception: Interception) -> AsyncIterator[Tab]:
    """The app, by way of whoever is between."""
    async with visited(context, interception.between.url) as opened:
        yield opened


def forms(secret: bytes) -> list[bytes]:
    """How it could be written down."""
    return [
        secret,
        secret.hex().encode(),
        base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
    ]


async def test_whoever_ends_tls_reads_nothing_of_what_a_person_does(
    context: BrowserContext, interception: Interception
) -> None:
    """From creating an account to deleting it from the list: no argument, result, key or identity."""
    messages: list[bytes] = []
    await context.expose_binding("tapped", lambda _, data: messages.append(bytes.fromhex(data)))
    await context.add_init_script(TAP)
    between = interception.between
    between.seen.clear()
    async with visited(context, between.url) as tab:
        words = await tab.create_account()
        await tab.add(TITLE)
        await tab.shows(TITLE)
        async with visited(context, between.url) as second:
            await second.shows(TITLE)
            await second.add(OTHER_TITLE)
            await tab.shows(OTHER_TITLE)
        await tab.page.reload()
        await tab.shows(TITLE, OTHER_TITLE)
        await tab.page.get_by_role("button", name=f"Delete {TITLE}").click()
        await tab.has(1)
        await tab.page.get_by_role("button", name="Sign out").click()
        await tab.is_signed_out()
        await tab.open_sign_in()
        await tab.leaves_frame(tab.frame.get_by_role("button", name="Continue with a passkey").click())
        await tab.shows(OTHER_TITLE)
    seen = b"\n".join(between.seen)

    seeds = {message for message in messages if len(message) == 32}
    assert len(seeds) == 1
    messages = [message for message in messages if message not in seeds]
    decoded: list[dict[Any, Any]] = [
        dict(item) for message in messages if isinstance(item := cbor.decode(message), dict)
    ]
    commands = [message for message in decoded if "command" in message]
    assert {"BeginRegistration", "FinishAuthentication", "IssueTicket"} <= {
        each["command"] for each in commands
    }
    identified = [each for each in commands if each["command"] == "Identify"]
    keys = {each["public_key"] for each in identified}
    assert len(keys) == 2  # the account's, and the one for this application
    signatures = {each["signature"] for each in identified}
    wrapped = {each["wrapped_seed"] for each in commands if "wrapped_seed" in each}
    assert wrapped
    names = {identity_id(key).encode() for key in keys}
    said = b"\n".join(messages)
    for text in (TITLE.encode(), OTHER_TITLE.encode(), *names, *wrapped):
        assert text in said
    for secret in {*seeds, *keys, *signatures, *wrapped, *names, TITLE.encode(), OTHER_TITLE.encode()}:
        for form in forms(secret):
            assert form not in seen, secret
    assert " ".join(words).encode() not in seen
    for message in messages:
        assert message not in seen
    # What is there to see: the page, handshakes and frames.
    assert b"evidence" in seen
    assert len(seen) > 100_000


def flipped(position: int) -> Callable[[bytes], bytes]:
    def flip(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[position % len(changed)] ^= 1
        return bytes(changed)

    return flip


async def test_what_is_changed_on_the_way_is_never_taken_for_the_real_thing(
    tab: Tab, interception: Interception
) -> None:
    """Nothing is carried out or shown that nobody said, and the page goes on once it is left alone."""
    between = interception.between
    await tab.create_account()
    await tab.add("Kept")
    await tab.shows("Kept")
    earlier = between.noting_answers()
    await tab.add("Kept too")
    await tab.shows("Kept too")
    foreign = b"\xd0" + bytes(200)

    changes: list[tuple[str, Callable[[bytes], bytes]]] = [
        ("requests", flipped(0)),
        ("requests", flipped(60)),
        ("requests", flipped(-1)),
        ("requests", lambda frame: frame[:-1]),
        ("requests", lambda frame: foreign),
        ("answers", flipped(0)),
        ("answers", flipped(60)),
        ("answers", flipped(-1)),
        ("answers", lambda frame: frame + b"\0"),
        ("answers", lambda frame: earlier[0]),
        ("answers", lambda frame: b""),
    ]
    added = 0
    for direction, change in changes:
        title = f"Attempt {added} by {direction}"
        setattr(between, direction, change)
        await tab.title.fill(title)
        await tab.title.press("Enter")
        await expect(tab.notice).to_be_visible()
        assert await tab.todo(title).count() == 0
        await expect(tab.title).to_have_value(title)
        interception.let_everything_pass()
        await tab.page.evaluate("dispatchEvent(new Event('online'))")
        await expect(tab.notice).to_be_hidden()
        await tab.is_signed_in()
        # What was lost on its way back was carried out all the same: the page says that it may have been.
        added += direction == "answers"
        await tab.has(2 + added)
        await tab.title.fill("")


async def test_the_sign_in_gives_nothing_to_whoever_answers_in_the_nodes_place(
    tab: Tab, interception: Interception
) -> None:
    between = interception.between
    authenticator = await add_authenticator(tab.page)
    await expect(tab.page.get_by_text("Development node").first).to_be_visible()
    for position in (60, 400, -1):
        between.handshakes = flipped(position)
        sent = between.noting_requests()
        await tab.open_sign_in()
        await tab.frame.get_by_role("button", name="Create an account").click()
        await expect(tab.frame.get_by_role("alert")).to_be_visible()
        assert sent == []
        assert await authenticator.credentials() == []
        await tab.leaves_frame(tab.page.get_by_role("button", name="Close", exact=True).click())
    between.handshakes = lambda response: response
    for direction in ("requests", "answers"):
        setattr(between, direction, flipped(60))
        await tab.open_sign_in()
        await tab.frame.get_by_role("button", name="Create an account").click()
        await expect(tab.frame.get_by_role("alert")).to_be_visible()
        assert await authenticator.credentials() == []
        interception.let_everything_pass()
        await tab.leaves_frame(tab.page.get_by_role("button", name="Close", exact=True).click())
    await tab.create_account(plugged_in=True)


async def test_frames_that_were_seen_on_the_way_are_worth_nothing_to_who_sends_them_again(
    tab: Tab, interception: Interception
) -> None:
    frames = interception.between.noting_requests()
    await tab.create_account()
    await tab.add("Once")
    await tab.shows("Once")
    origin = page_of(interception.between.url).rstrip("/")
    application = interception.node.started["application_id"]
    paths = (f"/app/{application}/rpc", "/rpc")
    stolen = list(frames)
    assert len(stolen) > 5
    async with aiohttp.ClientSession() as thief:
        for frame in stolen:
            for path in paths:
                for headers in ({}, {"origin": origin}, {"origin": interception.between.url}):
                    url = interception.node.url + path
                    async with thief.post(url, data=frame, headers=headers) as answer:
                        assert answer.status in (400, 401, 403)
    await tab.add("Twice")
    await tab.shows("Once", "Twice")
    await tab.has(2)


async def test_a_page_of_another_origin_gets_no_session_and_no_sign_in(
    context: BrowserContext, interception: Interception
) -> None:
    between = interception.between
    async with page_server("127.0.0.2") as elsewhere:
        page = await new_page(context, elsewhere, between.url)
        between.seen.clear()
        await page.make(application="todo")
        attempts = "sdk.call('src/todos.ts#listTodos'), sdk.whoAmI(), sdk.signIn()"
        outcomes = await page.run(f"return Promise.all([{attempts}].map(outcome));")
    # The browser does not even let the page read that it was refused.
    assert [each["code"] for each in outcomes] == ["UNAVAILABLE"] * 3
    seen = b"\n".join(between.seen)
    assert b'"code":"ORIGIN_DENIED"' in seen
    assert b"evidence" not in seen
    assert await page.page.locator("dialog").count() == 0


async def test_a_person_whose_clock_is_wrong_is_told_and_nothing_is_sent(
    context: BrowserContext, interception: Interception
) -> None:
    await context.add_init_script("const now = Date.now; Date.now = () => now.call(Date) + 3 * 3600_000;")
    sent = interception.between.noting_requests()
    async with visited(context, interception.between.url) as tab:
        await expect(tab.notice).to_contain_text("3 hours ahead")
        await expect(tab.page.locator("summary")).to_have_text("Not verified: nothing was sent")
        await tab.page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(tab.notice).to_contain_text("3 hours ahead")
        await expect(tab.page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


async def test_a_node_that_restarts_while_the_sign_in_is_open_loses_nobody(
    browser: Browser, tmp_path: Path
) -> None:
    app = copied(EXAMPLE, tmp_path / "todo")
    async with dev_node(app, tmp_path / "node") as node:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(page_of(node.url))
        tab = Tab(page)
        await add_authenticator(page)
        await tab.open_sign_in()
        create = tab.frame.get_by_role("button", name="Create an account")
        await expect(create).to_be_visible()
        node.kill()
        await node.ended()
        await create.click()
        await expect(tab.frame.get_by_role("alert")).to_be_visible()
    async with dev_node(app, tmp_path / "node", options=["--port", node.url.rpartition(":")[2]]):
        await create.click()
        await expect(tab.frame.get_by_role("heading", level=1)).to_have_text("Your recovery phrase")
        await tab.leaves_frame(tab.frame.get_by_role("button", name="Not now").click())
        # What the frame signed was for the page's session with the node that is gone.
        await expect(tab.notice).to_contain_text("The connection was lost in between.")
        await tab.is_signed_out()
        await tab.open_sign_in()
        await tab.leaves_frame(tab.frame.get_by_role("button", name="Continue with a passkey").click())
        await tab.is_signed_in()
        await expect(tab.notice).to_be_hidden()
    await context.close()
