"""The todo app in a tab of a real browser, and the person in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect

from support.browser import add_authenticator

EXAMPLE: Final = Path(__file__).parents[2] / "examples/todo"

expect.set_options(timeout=60_000)


@dataclass(frozen=True, slots=True)
class Tab:
    """The app in one tab."""

    page: Page

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("dialog iframe")

    @property
    def title(self) -> Locator:
        return self.page.get_by_label("New todo")

    @property
    def notice(self) -> Locator:
        return self.page.get_by_role("alert")

    async def open_sign_in(self) -> None:
        await self.page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(self.page.get_by_role("dialog")).to_be_visible()

    async def create_account(self, *, plugged_in: bool = False) -> list[str]:
        """Sign up with an authenticator, which is plugged in first unless one is; the recovery phrase."""
        if not plugged_in:
            await add_authenticator(self.page)
        await self.open_sign_in()
        await self.frame.get_by_role("button", name="Create an account").click()
        await self.frame.get_by_role("button", name="Show the words").click()
        words = self.frame.get_by_role("listitem").locator("span")
        await expect(words).to_have_count(24)
        phrase = await words.all_inner_texts()
        await self.leaves_frame(self.frame.get_by_role("button", name="Not now").click())
        await self.is_signed_in()
        return phrase

    async def leaves_frame(self, deed: Awaitable[None]) -> None:
        """Do what makes the frame go away: the deed itself may not see its own end."""
        doing = asyncio.ensure_future(deed)
        await expect(self.page.get_by_role("dialog")).to_have_count(0)
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)

    async def is_signed_in(self) -> None:
        await expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    async def is_signed_out(self) -> None:
        await expect(self.page.get_by_role("button", name="Sign in with a passkey")).to_be_visible()

    async def add(self, title: str) -> None:
        await self.title.fill(title)
        await self.page.keyboard.press("Enter")

    def todo(self, title: str) -> Locator:
        return self.page.get_by_role("checkbox", name=title, exact=True)

    async def shows(self, *titles: str) -> None:
        for title in titles:
            await expect(self.todo(title)).to_be_visible()

    async def has(self, count: int) -> None:
        await expect(self.page.get_by_role("checkbox")).to_have_count(count)

    async def is_no_wider_than_the_screen(self) -> None:
        assert not await self.page.evaluate("document.documentElement.scrollWidth > innerWidth")


@asynccontextmanager
async def visited(browser: Browser | BrowserContext, node: str) -> AsyncIterator[Tab]:
    """The app of the node at `node` in a new tab, in which no script fails."""
    page = await browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(page_of(node))
    yield Tab(page)
    assert problems == []
    await page.close()


def page_of(node: str) -> str:
    """Where the app's own page is, on the node at `node`."""
    scheme, _, authority = node.partition("://")
    host, _, port = authority.rpartition(":")
    return f"{scheme}://todo.{'localhost' if host == '127.0.0.1' else host}:{port}/"
