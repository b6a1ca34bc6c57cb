"""A web page that embeds a node's sign-in frame, and can misbehave towards it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from playwright.async_api import FrameLocator, Page

from support.web_servers import listening

PARENT: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>An app</title>
<link rel="icon" href="data:,">
<style>body { margin: 0 } iframe { border: 0; display: block; width: 100%; height: 100vh }</style>
<script>
  const received = [];
  const greetings = [];
  const keys = [];
  let frame, port, closed = false;
  const plain = (message) => Object.fromEntries(Object.entries(message).map(([key, value]) => {
    if (value instanceof Uint8Array) return [key, Array.from(value)];
    if (value instanceof CryptoKey) return [key, {
      algorithm: value.algorithm.name, extractable: value.extractable, place: keys.push(value) - 1,
    }];
    return [key, value];
  }));
  addEventListener('message', ({source, origin, data}) => {
    if (frame && source === frame.contentWindow) greetings.push({origin, data});
  });
  function embed(url, allow) {
    frame = document.createElement('iframe');
    frame.title = 'Sign in';
    frame.allow = allow;
    frame.src = url;
    document.body.replaceChildren(frame);
  }
  function greet(hello, target, transferred = 1) {
    const channels = Array.from({length: transferred}, () => new MessageChannel());
    const own = channels[0]?.port1;
    if (own) own.onmessage = ({data}) => received.push(plain(data));
    if (own) own.onclose = () => { closed = true; };
    port ??= own;
    frame.contentWindow.postMessage(hello, target, channels.map(({port2}) => port2));
  }
  function ask(message) {
    if (Array.isArray(message.transcript)) message.transcript = new Uint8Array(message.transcript);
    port.postMessage(message);
  }
  async function seal(place, text) {
    const iv = new Uint8Array(12);
    const bytes = new TextEncoder().encode(text);
    const sealed = await crypto.subtle.encrypt({name: 'AES-GCM', iv}, keys[place], bytes);
    return Array.from(new Uint8Array(sealed));
  }
</script>
<body></body>
</html>
"""

ALLOW: Final = "publickey-credentials-create; publickey-credentials-get"


class ParentPage:
    """The page's side of the frame protocol, step by step; `frame` is what the person sees in it."""

    def __init__(self, page: Page, node: str) -> None:
        self.page = page
        self.node = node

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe[title='Sign in']")

    async def embed(self, application: str, *, allow: str = ALLOW) -> None:
        """Show the frame of the application and wait for its greeting."""
        await self.page.evaluate(
            "([url, allow]) => embed(url, allow)", [f"{self.node}/sign-in/{application}", allow]
        )
        await self.page.wait_for_function("greetings.length > 0")

    async def greet(self, application: str) -> None:
        hello = {"proven": "sign-in", "version": 1, "application": application}
        await self.page.evaluate("([hello, target]) => greet(hello, target)", [hello, self.node])

    async def ask(self, kind: str, transcript: bytes, number: int = 1) -> None:
        message = {"id": number, "type": kind, "transcript": list(transcript)}
        await self.page.evaluate("ask", message)

    async def cancel(self, number: int = 1) -> None:
        await self.page.evaluate("ask", {"id": number, "type": "cancel"})

    async def answers(self) -> list[dict[str, Any]]:
        """Everything that came over the port so far but sizes."""
        found: list[dict[str, Any]] = await self.page.evaluate(
            "received.filter(({type}) => type !== 'resize')"
        )
        return found

    async def answer(self, number: int = 1) -> dict[str, Any]:
        """Wait for the answer to a request."""
        await self.page.wait_for_function("number => received.some(({id}) => id === number)", arg=number)
        return next(message for message in await self.answers() if message["id"] == number)


@asynccontextmanager
async def parent_server() -> AsyncIterator[int]:
    """Serve the page on a port of the machine, at `127.0.0.2` too, which is no origin of any app."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=PARENT, content_type="text/html")

    application = web.Application()
    application.router.add_get("/", page)
    async with listening(application, also="127.0.0.2") as port:
        yield port
