"""The SDK in a real page: its size, the first verified answer, and a call, against a plain `fetch`."""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.nodes import APPLICATION, node
from harness.pages import SDK, Pages, pages
from harness.rounds import Comparison, Contender

LOADS = 10
CALLS = 500

SEALED, PLAIN, HTTP, BUILT = "sdk in a page", "fetch in the page", "sdk over HTTP", "built sdk"


@dataclass(frozen=True, slots=True)
class InPage:
    """`kind` is what the page calls."""

    name: str
    pages: Pages
    kind: str

    async def measure(self) -> Sample:
        loads = [await self.pages.load(self.kind) for _ in range(LOADS)]
        calls = sorted(await self.pages.repeat(self.kind, CALLS))
        return {
            "first": statistics.median(loads),
            "worst": max(loads),
            "p50": statistics.median(calls),
            "p99": calls[len(calls) * 99 // 100],
        }


@dataclass(frozen=True, slots=True)
class Built:
    """The main entry as a bundler delivers it."""

    name: str

    async def measure(self) -> Sample:
        node = Path(sys.executable).parent / "node"
        process = await asyncio.create_subprocess_exec(node, SDK / "size.js", stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        found = re.search(rb"(\d+) bytes minified, (\d+) bytes gzip", output)
        if found is None:
            raise RuntimeError("the SDK could not be built: run npm ci")
        minified, compressed = map(int, found.groups())
        return {"minified": minified / 1e3, "gzip": compressed / 1e3}


@asynccontextmanager
async def contenders() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(node())
        options = {
            "gateway": f"http://localhost:{running.port}",
            "application": APPLICATION,
            "policy": {"development": True},
        }
        opened = await stack.enter_async_context(pages(options))
        over_http = await stack.enter_async_context(pages({**options, "transport": "http"}))
        yield [
            InPage(SEALED, opened, "sealed"),
            InPage(PLAIN, opened, "plain"),
            InPage(HTTP, over_http, "sealed"),
            Built(BUILT),
        ]


COMPARISON = Comparison(
    "browser",
    "The SDK in a page",
    contenders,
    (
        Figure(
            "browser-size",
            "SDK, main entry, gzip",
            "kB",
            Source(BUILT, "gzip"),
            Source(BUILT, "minified"),
            "the same, not compressed",
            at_most(25),
        ),
        Figure(
            "browser-first",
            "page load to the first verified answer, median",
            "ms",
            Source(SEALED, "first"),
            Source(PLAIN, "first"),
            "the same page, to the answer of a fetch",
            at_most(300),
        ),
        Figure(
            "browser-first-worst",
            f"… the slowest of {LOADS}",
            "ms",
            Source(SEALED, "worst"),
            Source(PLAIN, "worst"),
            "fetch",
        ),
        Figure(
            "browser-p50",
            "one execute in the page, p50",
            "ms",
            Source(SEALED, "p50"),
            Source(PLAIN, "p50"),
            "fetch of an echo server",
            at_most(2),
        ),
        Figure(
            "browser-p99",
            "… p99",
            "ms",
            Source(SEALED, "p99"),
            Source(PLAIN, "p99"),
            "fetch of an echo server",
        ),
        Figure(
            "browser-http-p50",
            "one execute over HTTP requests, p50",
            "ms",
            Source(HTTP, "p50"),
            Source(PLAIN, "p50"),
            "fetch of an echo server",
        ),
    ),
    ladder=(
        Rung("page load to the answer of a fetch", Source(PLAIN, "first"), "ms"),
        Rung("page load to the first verified answer, over a WebSocket", Source(SEALED, "first"), "ms"),
        Rung("page load to the first verified answer, over HTTP requests", Source(HTTP, "first"), "ms"),
    ),
    note=(
        f"Each round loads the page {LOADS} times in browser profiles that know nothing, then makes {CALLS} "
        "calls one after the other in a warm page. The echo server is aiohttp at the page's own origin; the "
        "node is another origin."
    ),
)
