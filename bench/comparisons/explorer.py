"""The explorer's pages of an application with a long source file and two versions, as strangers read them."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from harness import http
from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.nodes import node
from harness.owners import Owner
from harness.rounds import Comparison, Contender
from proven.packages import Package, build

HANDLERS, TIMES = 100, 5

EXPLORER, FILES = "explorer", "files"


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages by what they show, each asked for on a connection that is open."""

    name: str
    port: int
    paths: Mapping[str, str]

    async def measure(self) -> Sample:
        client = await http.RawClient.connect("127.0.0.1", self.port)
        try:
            taken = {page: await self._fastest(client, path) for page, path in self.paths.items()}
        finally:
            client.close()
        return {**taken, "slowest": max(taken.values())}

    async def _fastest(self, client: http.RawClient, path: str) -> float:
        """Milliseconds."""
        taken = []
        for _ in range(TIMES):
            begin = time.perf_counter()
            response = await client.send(http.request(f"127.0.0.1:{self.port}", path))
            taken.append((time.perf_counter() - begin) * 1e3)
            if response.status != 200:
                raise RuntimeError(f"{path} answers {response.status}")
        return min(taken)


@asynccontextmanager
async def readers() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proven-bench-")))
        running = await stack.enter_async_context(node())
        owner = await stack.enter_async_context(Owner(running))
        first = _package(folder / "first", "Hello")
        await owner.send(owner.deploying(first))
        await owner.send(owner.deploying(_package(folder / "second", "Good day")))
        of_application = f"/explorer/applications/{owner.id}"
        paths = {
            "applications": "/explorer/applications",
            "application": of_application,
            "version": f"{of_application}/versions/2",
            "diff": f"{of_application}/diff?from=1&to=2",
            "source": f"/explorer/packages/{first.id}/source?path=src/app.ts",
            "log": "/explorer/log",
            "entry": "/explorer/log/1",
        }
        bodies = {path: await owner.get(path) for path in paths.values()}
        port = await stack.enter_async_context(_files(bodies))
        yield [Pages(EXPLORER, running.port, paths), Pages(FILES, port, paths)]


def _package(folder: Path, greeting: str) -> Package:
    handlers = "".join(
        f"export const handler{number} = run(async (name: string, times = {number}) => {{\n"
        f"  const text = `{greeting}, ${{name}}!`.repeat(times);\n"
        f"  return {{ text, at: new Date() }};\n}});\n\n"
        for number in range(HANDLERS)
    )
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.ts").write_text(f'import {{ run }} from "@proven-network/handler";\n\n{handlers}')
    return build(folder)


@asynccontextmanager
async def _files(bodies: Mapping[str, str]) -> AsyncIterator[int]:
    """The port of a server that has every page as it is."""

    async def file(request: web.Request) -> web.Response:
        return web.Response(text=bodies[request.path_qs], content_type="text/html")

    application = web.Application()
    application.router.add_get("/{path:.*}", file)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


COMPARISON = Comparison(
    "explorer",
    "A page of the explorer",
    readers,
    (
        Figure(
            "explorer",
            "the slowest of seven pages about an application of 400 lines",
            "ms",
            Source(EXPLORER, "slowest"),
            Source(FILES, "slowest"),
            "the same pages as they are, from a plain aiohttp server",
            at_most(50),
        ),
    ),
    ladder=(
        Rung("all applications", Source(EXPLORER, "applications"), "ms"),
        Rung("an application", Source(EXPLORER, "application"), "ms"),
        Rung("a version", Source(EXPLORER, "version"), "ms"),
        Rung("the difference of two versions", Source(EXPLORER, "diff"), "ms"),
        Rung("a source file, coloured", Source(EXPLORER, "source"), "ms"),
        Rung("the log", Source(EXPLORER, "log"), "ms"),
        Rung("an entry of the log, with its proof", Source(EXPLORER, "entry"), "ms"),
    ),
    note="Of each page the fastest of five loads counts, over a connection that is open.",
)
