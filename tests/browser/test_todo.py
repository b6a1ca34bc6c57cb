"""The todo app as people use it: a whole node, its page in a real browser, a passkey."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from support.browser import add_authenticator, open_browser
from support.dev import DevNode, copied, dev_node
from support.todo_tab import EXAMPLE, Tab, page_of, visited
from support.workspace import npm_workspace

pytestmark = pytest.mark.asyncio(loop_scope="module")
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

LONG = "A title that is long enough to need a second line on a phone"
ODD_TITLES = [
    "<img src=x onerror=alert(1)><b>bold</b> & \"quoted\" 'too'",
    "شراء الخبز من السوق",
    "👩‍👩‍👧 party",
    "\u202eoverridden",
    "w" * 200,
]


@shared
async def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(EXAMPLE, tmp_path_factory.mktemp("app") / "todo")


@shared
async def node(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevNode]:
    async with dev_node(folder, tmp_path_factory.mktemp("node")) as started:
        yield started


@shared
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@own
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    opened = await browser.new_context()
    yield opened
    await opened.close()


@own
async def tab(context: BrowserContext, node: DevNode) -> AsyncIterator[Tab]:
    async with visited(context, node.url) as opened:
        yield opened


async def test_a_stranger_signs_in_and_keeps_a_list_that_a_second_tab_follows(
    tab: Tab, context: BrowserContext, node: DevNode
) -> None:
    await tab.create_account()
    await expect(tab.title).to_be_focused()
    await expect(tab.page.get_by_text("Add your first todo")).to_be_visible()
    await tab.add("Water the plants")
    await tab.add("Write to Bob")
    await tab.shows("Water the plants", "Write to Bob")
    async with visited(context, node.url) as second:
        await second.is_signed_in()
        await second.shows("Water the plants", "Write to Bob")
        await second.todo("Write to Bob").check()
        await expect(tab.todo("Write to Bob")).to_be_checked()
        await expect(tab.page.get_by_text("1 of 2 to do")).to_be_visible()
        await tab.page.get_by_role("button", name="Open", exact=True).click()
        await tab.has(1)
        await tab.page.get_by_role("button", name="All", exact=True).click()
        await tab.page.get_by_role("button", name="Delete Write to Bob").click()
        await second.has(1)
    await tab.page.get_by_role("button", name="Sign out").click()
    await tab.is_signed_out()
    await tab.has(0)


async def test_the_list_is_readable_again_from_the_phrase_alone_on_a_clean_browser(
    tab: Tab, browser: Browser, node: DevNode
) -> None:
    words = await tab.create_account()
    await tab.add("Only mine")
    await tab.shows("Only mine")
    clean = await browser.new_context()
    async with visited(clean, node.url) as elsewhere:
        await add_authenticator(elsewhere.page)
        await elsewhere.open_sign_in()
        await elsewhere.frame.get_by_role("button", name="Use a recovery phrase").click()
        await elsewhere.frame.get_by_label("Recovery phrase").fill(" ".join(words))
        await elsewhere.frame.get_by_role("button", name="Continue").click()
        await elsewhere.leaves_frame(elsewhere.frame.get_by_role("button", name="Make a passkey").click())
        await elsewhere.shows("Only mine")
    await clean.close()


async def test_another_person_sees_nothing_of_it(tab: Tab, browser: Browser, node: DevNode) -> None:
    await tab.create_account()
    await tab.add("Only mine")
    await tab.shows("Only mine")
    other = await browser.new_context()
    async with visited(other, node.url) as theirs:
        await theirs.create_account()
        await expect(theirs.page.get_by_text("Add your first todo")).to_be_visible()
        await theirs.has(0)
    await other.close()


async def test_a_reload_and_the_nodes_restart_leave_the_person_signed_in(
    context: BrowserContext, folder: Path, tmp_path: Path
) -> None:
    async with dev_node(folder, tmp_path / "node") as node:
        page = await context.new_page()
        await page.goto(page_of(node.url))
        tab = Tab(page)
        await tab.create_account()
        await tab.add("Before")
        await tab.shows("Before")
        await page.reload()
        await tab.is_signed_in()
        await tab.shows("Before")
        node.kill()
        await node.ended()
        await expect(tab.notice).to_contain_text("cannot be reached")
    port = node.url.rpartition(":")[2]
    async with dev_node(folder, tmp_path / "node", options=["--port", port]):
        await expect(tab.notice).to_be_hidden()
        await tab.add("After")
        await tab.shows("Before", "After")


async def test_offline_the_page_says_so_keeps_what_was_typed_and_goes_on_by_itself(
    tab: Tab, context: BrowserContext
) -> None:
    await tab.create_account()
    await tab.add("Here")
    await tab.shows("Here")
    await context.set_offline(True)
    await tab.add("Typed while offline")
    await tab.todo("Here").click()
    await expect(tab.notice).to_contain_text("cannot be reached right now")
    await expect(tab.notice).to_be_in_viewport()
    await expect(tab.title).to_have_value("Typed while offline")
    await expect(tab.todo("Here")).not_to_be_checked()
    await context.set_offline(False)
    await expect(tab.notice).to_be_hidden()
    await tab.title.press("Enter")
    await tab.shows("Here", "Typed while offline")


async def test_what_the_node_refuses_is_said_and_nothing_typed_is_lost(tab: Tab) -> None:
    await tab.create_account()
    await tab.add("Here")
    await tab.title.evaluate("(field) => field.removeAttribute('maxlength')")
    await tab.add("x" * 201)
    await expect(tab.notice).to_contain_text("A title has at most 200 characters.")
    await expect(tab.title).to_have_value("x" * 201)
    await tab.add("Shorter")
    await tab.shows("Here", "Shorter")
    await expect(tab.notice).to_be_hidden()


@pytest.mark.parametrize("width", [320, 1200])
async def test_titles_are_only_ever_text_and_fit(tab: Tab, width: int) -> None:
    await tab.page.set_viewport_size({"width": width, "height": 640})
    await tab.create_account()
    for title in ODD_TITLES:
        await tab.add(title)
        await tab.shows(title)
    assert await tab.page.locator("#todos").locator("img, b").count() == 0
    direction = "(box) => getComputedStyle(box.nextElementSibling).direction"
    assert await tab.todo(ODD_TITLES[1]).evaluate(direction) == "rtl"
    await tab.is_no_wider_than_the_screen()
    await tab.add("   ")
    await tab.has(len(ODD_TITLES))


@pytest.mark.parametrize("way", ["escape", "button"])
async def test_the_sign_in_is_left_by_escape_or_its_button_and_the_focus_returns(tab: Tab, way: str) -> None:
    await tab.open_sign_in()
    await expect(tab.frame.get_by_role("button", name="Create an account")).to_be_visible()
    if way == "escape":
        await tab.frame.get_by_role("button", name="Create an account").focus()
        await tab.leaves_frame(tab.page.keyboard.press("Escape"))
    else:
        await tab.leaves_frame(tab.page.get_by_role("button", name="Close", exact=True).click())
    await expect(tab.page.get_by_role("button", name="Sign in with a passkey")).to_be_focused()
    await expect(tab.notice).to_be_hidden()


async def test_the_page_works_by_keyboard_on_a_phone_in_the_dark(browser: Browser, node: DevNode) -> None:
    context = await browser.new_context(
        viewport={"width": 320, "height": 568}, color_scheme="dark", has_touch=True
    )
    async with visited(context, node.url) as tab:
        await tab.create_account()
        await expect(tab.title).to_be_focused()
        await tab.page.keyboard.type(LONG)
        await tab.page.keyboard.press("Enter")
        await tab.has(1)
        await tab.todo(LONG).focus()
        await tab.page.keyboard.press("Space")
        await expect(tab.todo(LONG)).to_be_checked()
        await expect(tab.page.get_by_text("0 of 1 to do")).to_be_visible()
        await tab.page.keyboard.press("Tab")
        await tab.page.keyboard.press("Enter")
        await tab.has(0)
        await expect(tab.title).to_be_focused()
        await tab.is_no_wider_than_the_screen()
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_state_of_the_page_breaks_a_rule_of_accessibility(tab: Tab, scheme: Any) -> None:
    axe = (npm_workspace() / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    await tab.page.emulate_media(color_scheme=scheme)

    async def check(state: str) -> None:
        await tab.page.evaluate(axe)
        found = await tab.page.evaluate("axe.run(document)")
        assert [rule["id"] for rule in found["violations"]] == [], state

    summary = tab.page.locator("summary")
    await expect(summary).to_have_text(re.compile("Development node"))
    await summary.click()
    await expect(tab.page.get_by_text("whoever runs it can look inside")).to_be_visible()
    await check("signed out")
    await tab.create_account()
    await check("empty")
    await tab.add("Something")
    await tab.todo("Something").check()
    await expect(tab.page.get_by_text("0 of 1 to do")).to_be_visible()
    await check("list")
    await tab.title.evaluate("(field) => field.removeAttribute('maxlength')")
    await tab.add("x" * 201)
    await expect(tab.notice).to_be_visible()
    await check("error")


async def test_who_has_the_page_open_is_told_that_there_is_a_new_version(
    tab: Tab, folder: Path, node: DevNode
) -> None:
    told = tab.page.get_by_text("This app has a new version.")
    await tab.create_account()
    await expect(told).to_be_hidden()
    source = folder / "src" / "todos.ts"
    source.write_text(f"{source.read_text()}\n// Nothing else is different.\n")
    await expect(told).to_be_visible(timeout=60_000)
    await tab.page.get_by_role("link", name="Reload").click()
    await tab.is_signed_in()
    await expect(told).to_be_hidden()
