"""One event loop and one browser for all tests of a module: starting them takes longer than most tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext

from support.browser import open_browser
from support.person import World
from support.person import world as running_world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:  # of the whole run
        if item.path.is_relative_to(here) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with open_browser() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A person with a profile of their own."""
    opened = await browser.new_context()
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _place(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_world(tmp_path_factory.mktemp("world"), browser) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def world(_place: World) -> AsyncIterator[World]:
    """A node of the module, and nobody there yet."""
    yield _place
    await _place.empty()
