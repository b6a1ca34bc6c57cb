"""The todo app as people use it: a whole node, its page in a real browser, a passkey."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from support.browser import add_authenticator, open_browser
from support.dev import DevNode, copied, dev_node
from support.workspace import npm_workspace, run

EXAMPLE = Path(__file__).parents[2] / "examples/todo"
expect.set_options(timeout=15_000)


@dataclass(frozen=True, slots=True)
class Tab:
    page: Page

    async def create_account(self) -> list[str]:
        """Sign up; the recovery phrase."""
        await add_authenticator(self.page)
        await self.page.get_by_role("button", name="Sign in with a passkey").click()
        frame = self.page.frame_locator("iframe")
        await frame.get_by_role("button", name="Create an account").click()
        await frame.get_by_role("button", name="Show the words").click()
        words = await frame.get_by_role("listitem").filter(has_text=re.compile(r"^[a-z]+$")).all_inner_texts()
        # A mouse click would wait for an answer of the frame, which is gone then.
        await frame.get_by_role("button", name="Not now").focus()
        await self.page.keyboard.press("Enter")
        await self.is_signed_in()
        return words

    async def is_signed_in(self) -> None:
        await expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    async def add(self, title: str) -> None:
        await self.page.get_by_label("New todo").fill(title)
        await self.page.keyboard.press("Enter")
        await self.shows(title)

    async def shows(self, *titles: str) -> None:
        for title in titles:
            await expect(self.page.get_by_role("checkbox", name=title)).to_be_visible()

    async def has(self, count: int) -> None:
        await expect(self.page.get_by_role("checkbox")).to_have_count(count)


@asynccontextmanager
async def todo_node(scratch: Path, *options: str) -> AsyncIterator[DevNode]:
    folder = scratch / "app"
    if not folder.exists():
        copied(EXAMPLE, folder)
    async with dev_node(folder, scratch, options=options) as node:
        yield node


@asynccontextmanager
async def visited(browser: Browser | BrowserContext, node: DevNode) -> AsyncIterator[Tab]:
    page = await browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(page_of(node))
    yield Tab(page)
    assert problems == []
    await page.close()


def page_of(node: DevNode) -> str:
    return f"http://todo.localhost:{node.url.rpartition(':')[2]}/"


async def test_a_stranger_signs_in_and_keeps_a_list_that_a_second_tab_follows(tmp_path: Path) -> None:
    async with todo_node(tmp_path) as node, open_browser() as browser:
        context = await browser.new_context()
        async with visited(context, node) as tab:
            await tab.create_account()
            await tab.add("Water the plants")
            await tab.add("Write to Bob")
            async with visited(context, node) as second:
                await second.is_signed_in()
                await second.shows("Water the plants", "Write to Bob")
                await second.page.get_by_role("checkbox", name="Write to Bob").check()
                await expect(tab.page.get_by_role("checkbox", name="Write to Bob")).to_be_checked()
                await expect(tab.page.get_by_text("1 of 2 to do")).to_be_visible()
                await tab.page.get_by_role("button", name="Delete Write to Bob").click()
                await second.has(1)
            await tab.page.get_by_role("button", name="Sign out").click()
            await expect(tab.page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()
            await tab.has(0)


async def test_the_list_is_readable_again_from_the_phrase_alone_on_a_clean_browser(tmp_path: Path) -> None:
    async with todo_node(tmp_path) as node, open_browser() as browser:
        first = await browser.new_context()
        async with visited(first, node) as tab:
            words = await tab.create_account()
            await tab.add("Only mine")
        await first.close()
        async with visited(await browser.new_context(), node) as tab:
            await add_authenticator(tab.page)
            await tab.page.get_by_role("button", name="Sign in with a passkey").click()
            frame = tab.page.frame_locator("iframe")
            await frame.get_by_role("button", name="Use a recovery phrase").click()
            await frame.get_by_role("textbox").fill(" ".join(words))
            await frame.get_by_role("button", name="Recover", exact=False).click()
            await tab.is_signed_in()
            await tab.shows("Only mine")


async def test_a_reload_and_the_nodes_restart_leave_the_person_signed_in(tmp_path: Path) -> None:
    async with open_browser() as browser:
        context = await browser.new_context()
        async with todo_node(tmp_path) as node:
            port = int(node.url.rpartition(":")[2])
            page = await context.new_page()
            await page.goto(page_of(node))
            tab = Tab(page)
            await tab.create_account()
            await tab.add("Before")
            await page.reload()
            await tab.is_signed_in()
            await tab.shows("Before")
        async with todo_node(tmp_path, "--port", str(port)):
            await tab.add("After")
            await tab.shows("Before", "After")


async def test_the_page_works_by_keyboard_on_a_phone_in_the_dark(tmp_path: Path) -> None:
    async with todo_node(tmp_path) as node, open_browser() as browser:
        context = await browser.new_context(
            viewport={"width": 320, "height": 568}, color_scheme="dark", has_touch=True
        )
        async with visited(context, node) as tab:
            await tab.create_account()
            await tab.page.get_by_label("New todo").focus()
            await tab.page.keyboard.type("A title that is long enough to need a second line on a phone")
            await tab.page.keyboard.press("Enter")
            await tab.has(1)
            box = tab.page.get_by_role("checkbox")
            await box.focus()
            await tab.page.keyboard.press("Space")
            await expect(box).to_be_checked()
            await tab.page.keyboard.press("Tab")
            await tab.page.keyboard.press("Enter")
            await tab.has(0)
            await expect(tab.page.get_by_label("New todo")).to_be_focused()
            wide = await tab.page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_state_of_the_page_breaks_a_rule_of_accessibility(tmp_path: Path, scheme: Any) -> None:
    axe = (npm_workspace() / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    async with todo_node(tmp_path) as node, open_browser() as browser:
        context = await browser.new_context(color_scheme=scheme)
        async with visited(context, node) as tab:

            async def check(state: str) -> None:
                await tab.page.evaluate(axe)
                found = await tab.page.evaluate("axe.run(document)")
                assert [rule["id"] for rule in found["violations"]] == [], state

            await expect(tab.page.get_by_text("Development node")).to_be_visible()
            await tab.page.get_by_text("Development node").click()
            await check("signed out")
            await tab.create_account()
            await check("empty")
            await tab.add("Something")
            await tab.page.get_by_role("checkbox").check()
            await check("list")


def test_the_built_page_is_what_the_source_builds_to(tmp_path: Path) -> None:
    npm_workspace()
    run("npm", "run", "build", "--workspace", "examples/todo", "--", "--outDir", str(tmp_path / "dist"))
    assert contents(tmp_path / "dist") == contents(EXAMPLE / "dist")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
