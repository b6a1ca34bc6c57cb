"""A megabyte of TypeScript from its owner to its first answer."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.apps import large
from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.nodes import Node, node
from harness.owners import Owner
from harness.peers import Echo
from harness.processes import cpu_seconds
from harness.rounds import Comparison, Contender
from harness.runtimes import APPLICATION_ID, Loaded, runtime
from proven.packages import Package, build, verify
from proven.packages._trial import try_parsing
from proven.runtime import Runtime
from proven.wire import values

SIZE = 1_000_000
HANDLER = "src/app.ts#total"

NODE, PARTS, BARE = "node", "parts", "bare process"


@dataclass(frozen=True, slots=True)
class Sources:
    """Apps of a megabyte of TypeScript, none like another, so that nothing of one is kept for the next."""

    folder: Path
    salts: itertools.count[int]

    def new(self) -> Path:
        salt = next(self.salts)
        return large(self.folder / str(salt), salt, size=SIZE, typed=True)


@dataclass(frozen=True, slots=True)
class ToNode:
    """A signed command and its package over HTTP to a node, then a request to the app."""

    running: Node
    sources: Sources
    name: str = NODE

    async def measure(self) -> Sample:
        package = await asyncio.to_thread(build, self.sources.new())
        async with Owner(self.running) as owner:
            posted = owner.deploying(package)
            before, begin = cpu_seconds(self.running.pid), time.perf_counter()
            await owner.send(posted)
            deployed = time.perf_counter()
            await owner.get(f"/app/{owner.name}/http/total")
            answered, after = time.perf_counter(), cpu_seconds(self.running.pid)
        return {
            "deployed": (deployed - begin) * 1e3,
            "answered": (answered - begin) * 1e3,
            "call": (answered - deployed) * 1e3,
            "cpu": (after - before) * 1e3,
        }


@dataclass(frozen=True, slots=True)
class Parts:
    """What the node does with a package, one after the other."""

    runtime: Runtime
    sources: Sources
    name: str = PARTS

    async def measure(self) -> Sample:
        archive = (await asyncio.to_thread(build, self.sources.new())).to_archive()
        taken: dict[str, float] = {}
        begin = time.perf_counter()

        def done(part: str) -> None:
            nonlocal begin
            taken[part] = (time.perf_counter() - begin) * 1e3
            begin = time.perf_counter()

        package = Package.from_archive(archive)
        done("archive")
        await asyncio.to_thread(try_parsing, package.files)
        done("trial")
        await asyncio.to_thread(verify, package)
        done("verify")
        await self.runtime.prepare(package)
        done("prepare")
        await self.runtime.load(APPLICATION_ID, package)
        done("load")
        await self.runtime.invoke(Loaded(self.runtime, package.id).invocation(HANDLER, values.encode([1])))
        done("call")
        await self.runtime.retire(APPLICATION_ID, package.id)
        return taken


@dataclass(frozen=True, slots=True)
class FromNothing:
    """A bare Deno process, started when it is needed, that loads the same modules and answers one frame."""

    sources: Sources
    name: str = BARE

    async def measure(self) -> Sample:
        folder = self.sources.new()
        begin = time.perf_counter()
        async with Echo.running(folder / "libraries.mjs"):
            return {"answered": (time.perf_counter() - begin) * 1e3}


@asynccontextmanager
async def deployers() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proven-bench-")))
        sources = Sources(folder, itertools.count(int(time.time())))
        running = await stack.enter_async_context(node())
        inside = await stack.enter_async_context(runtime())
        yield [ToNode(running, sources), Parts(inside, sources), FromNothing(sources)]


COMPARISON = Comparison(
    "deploy",
    "Deploying a megabyte of TypeScript",
    deployers,
    (
        Figure(
            "deploy",
            "signed command and 1 MB package to the first answer",
            "ms",
            Source(NODE, "answered"),
            Source(BARE, "answered"),
            "bare process, started with the same sources",
            at_most(1000),
        ),
    ),
    ladder=(
        Rung("until the command is in the log and the version live", Source(NODE, "deployed"), "ms"),
        Rung("from there to the answer of its first call", Source(NODE, "call"), "ms"),
        Rung("CPU of the node's own process for both", Source(NODE, "cpu"), "ms"),
        Rung("check the archive's hashes", Source(PARTS, "archive"), "ms"),
        Rung("parse it in a process that may die of it", Source(PARTS, "trial"), "ms"),
        Rung("derive its manifest again", Source(PARTS, "verify"), "ms"),
        Rung("resolve it and strip its types", Source(PARTS, "prepare"), "ms"),
        Rung("load it and check its handlers", Source(PARTS, "load"), "ms"),
        Rung("the first call, which compiles lazily", Source(PARTS, "call"), "ms"),
    ),
    note="Every package is new to the node and to the peer: nothing of one is kept for the next.",
)
