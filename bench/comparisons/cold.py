"""What is not warm: first calls, the call after an app's process was killed, an app that only waits."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.apps import large
from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.peers import Echo
from harness.processes import pss_mb
from harness.rounds import Comparison, Contender
from harness.runtimes import APPLICATION_ID, Loaded, runtime
from proven.packages import Package, build
from proven.runtime import Runtime, RuntimeConfig
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

REPEATS = 3
MANY = 8
SEED = values.encode([1])
SETTLE_SECONDS = 1.0
HANDLER = "src/app.ts#total"

_ENDED = (ErrorCode.UNAVAILABLE, ErrorCode.HANDLER_MEMORY)
"""What a call is told whose process ends under it; a SIGKILL from outside is taken for the kernel's."""

RUNTIME, BARE = "runtime", "bare process"


@dataclass(frozen=True, slots=True)
class FromPool:
    """Apps of 100 kB on a runtime with its pool full, a new app for each repetition."""

    runtime: Runtime
    folder: Path
    name: str = RUNTIME
    salts: itertools.count[int] = field(default_factory=itertools.count)

    async def measure(self) -> Sample:
        loads: list[float] = []
        firsts: list[float] = []
        unprepared: list[float] = []
        replaced: list[float] = []
        idle: list[float] = []
        for _ in range(REPEATS):
            package = self._new_app()
            await self.runtime.prepare(package)
            app = Loaded(self.runtime, package.id)
            load, first = await self._load_and_call(package)
            loads.append(load)
            firsts.append(first)
            await self._pool_full()
            replaced.append(await self._kill_and_call(app))
            await asyncio.sleep(SETTLE_SECONDS)
            idle.append(pss_mb(app.pid))
            await self.runtime.retire(APPLICATION_ID, package.id)
            package = self._new_app()
            unprepared.append((await self._load_and_call(package))[1])
            await self.runtime.retire(APPLICATION_ID, package.id)
        await self._pool_full()
        return {
            "load": _milliseconds(loads),
            "first": _milliseconds(firsts),
            "unprepared": _milliseconds(unprepared),
            "replaced": _milliseconds(replaced),
            "idle": statistics.median(idle),
            "idle_of_many": await self._idle_of_many(),
        }

    async def _load_and_call(self, package: Package) -> tuple[float, float]:
        """Seconds until the package is loaded, and until it has answered its first call."""
        await self._pool_full()
        begin = time.perf_counter()
        await self.runtime.load(APPLICATION_ID, package)
        load = time.perf_counter() - begin
        await self.runtime.invoke(Loaded(self.runtime, package.id).invocation(HANDLER, SEED))
        return load, time.perf_counter() - begin

    async def _idle_of_many(self) -> float:
        """What one of several idle apps on a node uses: what processes share is divided by more of them."""
        package = self._new_app()
        identifiers = [ApplicationId(f"{index:a>32}") for index in range(MANY)]
        for identifier in identifiers:
            await self.runtime.load(identifier, package)
        await asyncio.sleep(SETTLE_SECONDS)
        used = [pss_mb(process.pid) for process in self.runtime.report().processes]
        for identifier in identifiers:
            await self.runtime.retire(identifier, package.id)
        return statistics.median(used)

    def _new_app(self) -> Package:
        salt = next(self.salts)
        return build(large(self.folder / str(salt), salt))

    async def _pool_full(self) -> None:
        async with asyncio.timeout(30):
            while self.runtime.report().warm_processes < RuntimeConfig().pool_size:
                await asyncio.sleep(0.01)

    async def _kill_and_call(self, app: Loaded) -> float:
        begin = time.perf_counter()
        os.kill(app.pid, signal.SIGKILL)
        while True:
            try:
                await self.runtime.invoke(app.invocation(HANDLER, SEED))
            except ProvenError as error:
                if error.code not in _ENDED:
                    raise
                await asyncio.sleep(0)
            else:
                return time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class FromNothing:
    """A bare Deno process, started when it is needed, that loads the same modules and answers one frame."""

    libraries: Path
    name: str = BARE

    async def measure(self) -> Sample:
        firsts: list[float] = []
        idle: list[float] = []
        for _ in range(REPEATS):
            begin = time.perf_counter()
            async with Echo.running(self.libraries) as echo:
                firsts.append(time.perf_counter() - begin)
                await asyncio.sleep(SETTLE_SECONDS)
                idle.append(pss_mb(echo.pid))
        return {"first": _milliseconds(firsts), "idle": statistics.median(idle)}


def _milliseconds(taken: Sequence[float]) -> float:
    return statistics.median(taken) * 1e3


@asynccontextmanager
async def starters() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proven-bench-")))
        bare = large(folder / "bare", 0) / "libraries.mjs"
        running = await stack.enter_async_context(runtime())
        yield [FromPool(running, folder / "apps"), FromNothing(bare)]


def _figure(key: str, title: str, unit: str, metric: str, peer: tuple[str, str], limit: float) -> Figure:
    peer_metric, peer_title = peer
    ours, theirs = Source(RUNTIME, metric), Source(BARE, peer_metric)
    return Figure(key, title, unit, ours, theirs, peer_title, at_most(limit))


_STARTED = ("first", "bare process, started for it")

COMPARISON = Comparison(
    "cold",
    "Cold starts and idle apps",
    starters,
    (
        _figure("cold-first", "first call to a new 100 kB app", "ms", "first", _STARTED, 25),
        _figure("cold-replaced", "killed process to the next answer", "ms", "replaced", _STARTED, 50),
        _figure("cold-idle", "idle 100 kB app, PSS", "MB", "idle", ("idle", "bare process"), 30),
    ),
    ladder=(
        Rung("load into a process of the pool, check handlers", Source(RUNTIME, "load"), "ms"),
        Rung("the same and the first call, which compiles lazily", Source(RUNTIME, "first"), "ms"),
        Rung(
            "the same for an app that nobody has parsed or compiled yet", Source(RUNTIME, "unprepared"), "ms"
        ),
        Rung("kill, notice, load and call", Source(RUNTIME, "replaced"), "ms"),
        Rung("idle app, the only one on its node, PSS", Source(RUNTIME, "idle"), "MB"),
        Rung(f"idle app, one of {MANY} on its node, PSS", Source(RUNTIME, "idle_of_many"), "MB"),
    ),
    note=(
        "The first call is to an app that has been deployed (parsed, resolved, stripped of its types: "
        "`Runtime.prepare`) and that no process has loaded. The peer starts a process and has its modules on "
        "the disk."
    ),
)
