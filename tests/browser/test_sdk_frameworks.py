"""The SDK's adapters for frameworks, in pages that are really made with them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import BrowserContext, Page, expect

from support.browser import add_authenticator
from support.node import Node, running_node
from support.web_servers import listening
from support.workspace import CHECKOUT, npm_workspace, run

shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

FRAMEWORKS = ("react", "preact")
HTML = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title>'
    '<link rel="icon" href="data:,"><div id="app"></div>'
    '<script type="module" src="/{}.js"></script></html>'
)


@shared
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Pages of both frameworks, in their development builds: React's StrictMode works in no other."""
    folder: Path = tmp_path_factory.mktemp("frameworks")
    sources = CHECKOUT / "tests" / "support" / "frameworks"
    npm_workspace()
    await asyncio.to_thread(
        run,
        "esbuild",
        *(str(sources / f"{name}.js") for name in FRAMEWORKS),
        "--bundle",
        "--format=esm",
        '--define:process.env.NODE_ENV="development"',
        f"--outdir={folder}",
    )

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=HTML.format(request.match_info["name"]), content_type="text/html")

    application = web.Application()
    application.router.add_get("/{name:react|preact}", page)
    application.router.add_static("/", folder)
    async with listening(application) as port:
        yield f"http://localhost:{port}"


@shared
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("node")) as started:
        await started.deploy("counterpart")
        yield started


@own
async def opened(request: pytest.FixtureRequest, context: BrowserContext, site: str) -> AsyncIterator[Page]:
    """A page of the framework, in which no script fails and nothing is complained about."""
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type in ("error", "warning") else None)
    await page.goto(f"{site}/{request.param}")
    await page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    assert problems == []


each_framework = pytest.mark.parametrize("opened", FRAMEWORKS, indirect=True)


@each_framework
async def test_a_component_shows_each_new_value(opened: Page) -> None:
    await opened.evaluate("globalThis.number = page.source(1); page.show(number)")
    await expect(opened.locator("p")).to_have_text("1")
    for value in (2, 3, 2):
        await opened.evaluate("value => number.set(value)", value)
        await expect(opened.locator("p")).to_have_text(str(value))


@each_framework
async def test_a_component_that_is_gone_is_rendered_no_more(opened: Page) -> None:
    await opened.evaluate("globalThis.number = page.source(1); page.show(number)")
    await expect(opened.locator("p")).to_have_text("1")
    await opened.evaluate("page.gone(); globalThis.before = page.renders")
    await expect(opened.locator("p")).to_have_count(0)
    await opened.evaluate("number.set(2); page.show(page.source('other'))")
    await expect(opened.locator("p")).to_have_text("other")
    rendered = await opened.evaluate("page.renders - before")
    await opened.evaluate("globalThis.before = page.renders; number.set(3)")
    await opened.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert rendered > 0
    assert await opened.evaluate("page.renders - before") == 0


@each_framework
async def test_a_component_that_is_given_another_readable_follows_that_one(opened: Page) -> None:
    await opened.evaluate(
        "globalThis.first = page.source('a'); globalThis.second = page.source('b'); page.show(first)"
    )
    await expect(opened.locator("p")).to_have_text("a")
    await opened.evaluate("page.show(second)")
    await expect(opened.locator("p")).to_have_text("b")
    await opened.evaluate("first.set('old'); second.set('new')")
    await expect(opened.locator("p")).to_have_text("new")


@pytest.mark.parametrize("opened", ["react"], indirect=True)
async def test_a_hook_listens_once_however_often_it_is_rendered_and_not_after_unmounting(
    opened: Page,
) -> None:
    """In StrictMode, which mounts, unmounts and mounts again."""
    await opened.evaluate("globalThis.number = page.source(1); page.show(number)")
    assert await opened.evaluate("[number.listeners, number.subscribed]") == [1, 2]
    for marker in "xyz":
        await opened.evaluate("marker => page.show(number, marker)", marker)
        await expect(opened.locator("p")).to_have_text(f"1{marker}")
    await opened.evaluate("number.set(2)")
    await expect(opened.locator("p")).to_have_text("2z")
    assert await opened.evaluate("[number.listeners, number.subscribed]") == [1, 2]
    await opened.evaluate("globalThis.other = page.source(7); page.show(other)")
    assert await opened.evaluate("[number.listeners, other.listeners]") == [0, 1]
    await opened.evaluate("page.gone()")
    assert await opened.evaluate("[number.listeners, other.listeners]") == [0, 0]


@pytest.mark.parametrize("opened", ["preact"], indirect=True)
async def test_a_signal_listens_once_for_all_components(opened: Page) -> None:
    await opened.evaluate("globalThis.number = page.source(1); page.show(number)")
    for _ in range(3):
        await opened.evaluate("page.gone(); page.show(number)")
    await opened.evaluate("number.set(2)")
    await expect(opened.locator("p")).to_have_text("2")
    assert await opened.evaluate("[number.listeners, number.subscribed]") == [1, 1]


@each_framework
async def test_a_page_shows_who_signs_in_and_out_and_never_a_person_it_does_not_know(
    opened: Page, node: Node
) -> None:
    await add_authenticator(opened)
    options = {
        "application": "counterpart",
        "gateway": node.url.replace("127.0.0.1", "localhost"),
        "policy": {"development": True},
    }
    await opened.evaluate(
        "options => { globalThis.sdk = new page.ProvenSDK(options); page.who(sdk); }", options
    )
    await expect(opened.locator("p")).to_have_text("Nobody is signed in")
    await opened.evaluate("() => { globalThis.signing = sdk.signIn(); }")
    frame = opened.frame_locator("dialog iframe")
    await frame.get_by_role("button", name="Create an account", exact=True).click()
    last = asyncio.create_task(frame.get_by_role("button", name="Not now", exact=True).click())
    identity = (await opened.evaluate("signing"))["identity"]
    last.cancel()  # the frame that was clicked in may be gone before the click has been seen to end
    await asyncio.gather(last, return_exceptions=True)
    await expect(opened.locator("p")).to_have_text(f"You are {identity}")
    await opened.evaluate("sdk.signOut()")
    await expect(opened.locator("p")).to_have_text("Nobody is signed in")
    seen = await opened.evaluate("page.seen")
    assert ["signed-in", identity] in seen
    assert ["signed-in", None] not in seen
