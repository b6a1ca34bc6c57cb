"""A web page that uses the SDK, in a headless browser, and the plain server that it comes from."""

from __future__ import annotations

import json
import os
import shutil
import string
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from harness.peers import BENCH

if TYPE_CHECKING:
    from playwright.async_api import Browser

SDK: Final = BENCH.parent / "packages" / "sdk"
_FLAGS: Final = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

_PAGE: Final = string.Template("""<!doctype html>
<meta charset="utf-8">
<title>Bench</title>
<script type="module">
  import { ProvenSDK } from '/sdk/index.js';
  const options = $options;
  const sealed = async () => {
    globalThis.sdk ??= new ProvenSDK(options);
    return sdk.call('src/bench.ts#echo', 'hello', 42);
  };
  const plain = async () => (await fetch('/echo', { method: 'POST', body: '["hello",42]' })).json();
  const run = { sealed, plain };
  globalThis.repeat = async (kind, calls) => {
    const times = [];
    for (let call = 0; call < calls; call++) {
      const begin = performance.now();
      await run[kind]();
      times.push(performance.now() - begin);
    }
    return times;
  };
  // Milliseconds from the start of the navigation to the first answer.
  globalThis.first = (async () => {
    await run[new URLSearchParams(location.search).get('first')]();
    return performance.now();
  })();
</script>
""")


@dataclass(frozen=True, slots=True)
class Pages:
    """`url` serves a page that calls once when it is loaded: the node or, plainly, the page's own server."""

    browser: Browser
    url: str

    async def load(self, kind: str) -> float:
        """Milliseconds from navigation to the first answer, in a browser profile that knows nothing yet."""
        context = await self.browser.new_context()
        try:
            page = await context.new_page()
            await page.goto(f"{self.url}?first={kind}")
            return float(await page.evaluate("first"))
        finally:
            await context.close()

    async def repeat(self, kind: str, calls: int) -> list[float]:
        """The milliseconds of each of so many calls after one another, measured in a page that is warm."""
        context = await self.browser.new_context()
        try:
            page = await context.new_page()
            await page.goto(f"{self.url}?first={kind}")
            await page.evaluate("([kind, calls]) => repeat(kind, calls)", [kind, calls // 4])
            times: list[float] = await page.evaluate("([kind, calls]) => repeat(kind, calls)", [kind, calls])
            return times
        finally:
            await context.close()


@asynccontextmanager
async def pages(options: Mapping[str, Any]) -> AsyncIterator[Pages]:
    """`options` are those of the SDK. Raises `RuntimeError` without Chromium; without Playwright
    `ImportError`, here and not where all comparisons are listed.
    """
    from playwright.async_api import async_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise RuntimeError("Chromium is not installed")
    page = _PAGE.substitute(options=json.dumps(options))

    async def html(_: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html")

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), content_type="application/json")

    application = web.Application()
    application.router.add_get("/", html)
    application.router.add_post("/echo", echo)
    application.router.add_static("/sdk/", SDK / "dist")
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=Path(chromium), args=_FLAGS, chromium_sandbox=os.geteuid() != 0
            )
            try:
                yield Pages(browser, f"http://localhost:{runner.addresses[0][1]}/")
            finally:
                await browser.close()
    finally:
        await runner.cleanup()
