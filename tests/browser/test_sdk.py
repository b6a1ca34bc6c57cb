"""Pages call handlers of a real node through the published SDK, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext

from support.browser import open_browser
from support.node import Node, running_node
from support.sdk_page import SdkPage, new_page, page_server


@pytest.fixture
async def site() -> AsyncIterator[str]:
    async with page_server() as url:
        yield url


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(tmp_path) as started:
        await started.deploy("counterpart")
        yield started


@pytest.fixture
async def context() -> AsyncIterator[BrowserContext]:
    async with open_browser() as browser:
        yield await browser.new_context()


@pytest.fixture
async def page(context: BrowserContext, site: str, node: Node) -> SdkPage:
    return await new_page(context, site, f"http://localhost:{node.local._address[1]}")


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_a_page_calls_a_handler(page: SdkPage, transport: str) -> None:
    await page.make(transport=transport)
    assert await page.call("add", 2, 3) == {"value": 5}
    report = await page.run("return sdk.attestation();")
    assert report["verified"]
    assert report["platform"] == "development"
    assert not report["trusted"]
    assert "proves nothing about hardware or code" in report["summary"][0]
