"""A warm call through `proven.runtime`, against a Deno process that does nothing but answer frames."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from harness.figures import Figure, Of, Rung, Sample, Source, at_least, at_most
from harness.latency import median_us, per_second
from harness.peers import Echo
from harness.processes import placed
from harness.rounds import Comparison, Contender
from harness.runtimes import Loaded, loaded
from proven.wire import values

CALLS, CALLS_IN_FLIGHT, IN_FLIGHT = 2000, 20_000, 32
ARGUMENTS = values.encode(["hello", 42])
NO_ARGUMENTS = values.encode([])

RUNTIME, ECHO = "runtime", "echo process"


@dataclass(frozen=True, slots=True)
class Calls:
    loaded: Loaded
    name: str = RUNTIME

    async def measure(self) -> Sample:
        invoke = self.loaded.runtime.invoke
        call = self.loaded.invocation("src/bench.ts#echo", ARGUMENTS)
        read = self.loaded.invocation("src/bench.ts#read", NO_ARGUMENTS)
        with placed(self.loaded.pid, apart=True):
            sample = {
                "call": await median_us(lambda: invoke(call), CALLS),
                "read": await median_us(lambda: invoke(read), CALLS),
                "per_second": await per_second(
                    lambda: invoke(call), in_flight=IN_FLIGHT, count=CALLS_IN_FLIGHT
                ),
                "reads_per_second": await per_second(
                    lambda: invoke(read), in_flight=IN_FLIGHT, count=CALLS_IN_FLIGHT // 2
                ),
            }
        with placed(self.loaded.pid, apart=False):
            sample["call_together"] = await median_us(lambda: invoke(call), CALLS)
            sample["read_together"] = await median_us(lambda: invoke(read), CALLS)
        return sample


@dataclass(frozen=True, slots=True)
class Frames:
    echo: Echo
    name: str = ECHO

    async def measure(self) -> Sample:
        call = self.echo.call
        with placed(self.echo.pid, apart=True):
            sample = {
                "call": await median_us(lambda: call(ARGUMENTS), CALLS),
                "per_second": await per_second(
                    lambda: call(ARGUMENTS), in_flight=IN_FLIGHT, count=CALLS_IN_FLIGHT
                ),
            }
        with placed(self.echo.pid, apart=False):
            sample["call_together"] = await median_us(lambda: call(ARGUMENTS), CALLS)
        return sample


@asynccontextmanager
async def processes() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(loaded())
        greeting = values.encode(["hello"])
        await app.runtime.invoke(app.invocation("src/bench.ts#write", greeting))
        echoed = await app.runtime.invoke(app.invocation("src/bench.ts#echo", ARGUMENTS))
        found = await app.runtime.invoke(app.invocation("src/bench.ts#read", NO_ARGUMENTS))
        assert echoed.value == ARGUMENTS
        assert found.value == values.encode("hello")
        yield [Calls(app), Frames(await stack.enter_async_context(Echo.running()))]


def _call(key: str, title: str, metric: str, limit: float) -> Figure:
    peer = "bare echo process"
    return Figure(
        key, title, "µs", Source(RUNTIME, metric), Source(ECHO, "call"), peer, at_most(limit, Of.RATIO)
    )


COMPARISON = Comparison(
    "calls",
    "Calls through the runtime",
    processes,
    (
        _call("call", "warm call, p50", "call", 1.5),
        _call("call-read", "warm call with one KV read, p50", "read", 2),
        Figure(
            "call-in-flight",
            f"calls, {IN_FLIGHT} in flight",
            "/s",
            Source(RUNTIME, "per_second"),
            Source(ECHO, "per_second"),
            "bare echo process",
            at_least(15_000),
        ),
    ),
    ladder=(
        Rung("a frame to a bare process and back, a core each", Source(ECHO, "call")),
        Rung("a warm call, a core each", Source(RUNTIME, "call")),
        Rung("a warm call with one KV read, a core each", Source(RUNTIME, "read")),
        Rung("a frame to a bare process and back, one core", Source(ECHO, "call_together")),
        Rung("a warm call, one core", Source(RUNTIME, "call_together")),
        Rung("a warm call with one KV read, one core", Source(RUNTIME, "read_together")),
        Rung(f"calls with one KV read, {IN_FLIGHT} in flight", Source(RUNTIME, "reads_per_second"), "/s"),
    ),
    note=(
        "Both contenders are measured with the calling process on one core and the called one on another. "
        "The steps give both placements; on one core a message costs little, what is left is the work."
    ),
)
