"""Web pages that use the front-end SDK as it is published, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from playwright.async_api import BrowserContext, ConsoleMessage, Page

from support.web_servers import listening

DIST: Final = Path(__file__).parents[2] / "packages" / "sdk" / "dist"
HANDLERS: Final = "src/counterpart.ts#"

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A page</title>
<script type="module">
  import { ProvenSDK, ProvenError } from '/sdk/index.js';
  import { handler } from '/sdk/stub.js';
  Object.assign(globalThis, { ProvenSDK, ProvenError, handler });
  globalThis.h = (name) => 'src/counterpart.ts#' + name;
  // What became of a promise, as plain data.
  globalThis.outcome = async (promise) => {
    try {
      return { value: await promise };
    } catch (error) {
      const { code, message, details, retryAfter } = error;
      return { ours: error instanceof ProvenError, code, message, details, retryAfter };
    }
  };
  globalThis.until = async (holds) => {
    for (const end = Date.now() + 60000; !(await holds());) {
      if (Date.now() > end) throw new Error('it did not come to that: ' + holds);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  document.documentElement.dataset.ready = '';
</script>
<body><button id="first">First</button></body>
</html>
"""


@asynccontextmanager
async def page_server(host: str = "localhost") -> AsyncIterator[str]:
    """Serves the page and the SDK on a port of its own, of a loopback address or name; the URL of it."""
    application = web.Application()
    application.router.add_get("/", _html)
    application.router.add_static("/sdk/", DIST)
    async with listening(application, host="127.0.0.1" if host == "localhost" else host) as port:
        yield f"http://{host}:{port}"


async def _html(request: web.Request) -> web.Response:
    return web.Response(text=_PAGE, content_type="text/html")


class SdkPage:
    """One page of one person. `console` is what was said in it, by level."""

    def __init__(self, page: Page, gateway: str) -> None:
        self.page = page
        self.gateway = gateway
        self.console: list[tuple[str, str]] = []
        self.requests: list[str] = []
        page.on("console", self._on_console)
        page.on("request", lambda request: self.requests.append(request.url))

    def _on_console(self, message: ConsoleMessage) -> None:
        self.console.append((message.type, message.text))

    async def load(self, url: str) -> None:
        await self.page.goto(url)
        await self.ready()

    async def reload(self) -> None:
        await self.page.reload()
        await self.ready()

    async def ready(self) -> None:
        await self.page.wait_for_selector("html[data-ready]", state="attached")

    async def make(self, **options: Any) -> None:
        """Make `sdk`, for development nodes unless `options` say otherwise."""
        await self.page.evaluate(
            "(options) => { globalThis.sdk = new ProvenSDK(options); }",
            {
                "application": "counterpart",
                "gateway": self.gateway,
                "policy": {"development": True},
                **options,
            },
        )

    async def run(self, script: str, argument: Any = None) -> Any:
        """The value of the body of an async function."""
        return await self.page.evaluate(f"async (argument) => {{ {script} }}", argument)

    async def outcome(self, expression: str, argument: Any = None) -> dict[str, Any]:
        """What became of a promise: `{value}`, or the fields of the error."""
        found: dict[str, Any] = await self.run(f"return outcome({expression});", argument)
        return found

    async def call(self, name: str, *arguments: Any) -> dict[str, Any]:
        """What became of a call of the handler `name`."""
        return await self.outcome(
            "sdk.execute(argument.address, argument.arguments)",
            {"address": HANDLERS + name, "arguments": list(arguments)},
        )


async def new_page(context: BrowserContext, url: str, gateway: str) -> SdkPage:
    page = SdkPage(await context.new_page(), gateway)
    await page.load(url)
    return page
