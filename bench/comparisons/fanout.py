"""One event to a thousand subscribers, against a bare `websockets` server that broadcasts to as many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass

from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.listeners import Listeners, Plan, listeners
from harness.nodes import APPLICATION, node
from harness.peers import broadcaster
from harness.processes import cpu_seconds, pss_mb
from harness.rounds import Comparison, Contender

CLIENTS = 1000
EVENTS = 20

NODE, BARE = "node", "bare websockets server"
_OPEN_QUICKLY = {
    "PROVEN_SESSIONS_HANDSHAKE_RATE_PER_SOURCE": "100000",
    "PROVEN_SESSIONS_HANDSHAKE_BURST_PER_SOURCE": "100000",
    "PROVEN_SESSIONS_HANDSHAKE_RATE": "100000",
    "PROVEN_SESSIONS_HANDSHAKE_BURST": "100000",
}
"""A thousand clients of one address would otherwise be taken for one that opens too many sessions."""


@dataclass(frozen=True, slots=True)
class Crowded:
    """A server, process `pid`, with everybody connected."""

    name: str
    pid: int
    crowd: Listeners
    memory_before: float

    async def measure(self) -> Sample:
        await self.crowd.spread(2)
        before = cpu_seconds(self.pid)
        spread = await self.crowd.spread(EVENTS)
        cpu = cpu_seconds(self.pid) - before
        return {
            **asdict(spread),
            "cpu": cpu / EVENTS / CLIENTS * 1e6,
            "memory": (pss_mb(self.pid) - self.memory_before) / CLIENTS * 1e3,
        }


@asynccontextmanager
async def crowds() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(node(environment=_OPEN_QUICKLY))
        bare = await stack.enter_async_context(broadcaster())
        contenders = []
        for name, port, pid, application in (
            (NODE, running.port, running.pid, APPLICATION),
            (BARE, bare.port, bare.pid, None),
        ):
            # What the first clients make a process load is not what each of a thousand costs.
            async with listeners(Plan(port, 20, application)) as first:
                await first.spread(2)
            before = pss_mb(pid)
            crowd = await stack.enter_async_context(listeners(Plan(port, CLIENTS, application)))
            contenders.append(Crowded(name, pid, crowd, before))
        yield contenders


COMPARISON = Comparison(
    "fanout",
    f"One event to {CLIENTS} subscribers",
    crowds,
    (
        Figure(
            "fanout-last",
            f"{EVENTS} events: the last of all clients to receive one",
            "ms",
            Source(NODE, "last"),
            Source(BARE, "last"),
            BARE,
            at_most(250),
        ),
        Figure("fanout-p50", "… half of the clients", "ms", Source(NODE, "p50"), Source(BARE, "p50"), BARE),
        Figure("fanout-p99", "… 99 of 100", "ms", Source(NODE, "p99"), Source(BARE, "p99"), BARE),
        Figure(
            "fanout-memory",
            "memory of a connection",
            "kB",
            Source(NODE, "memory"),
            Source(BARE, "memory"),
            BARE,
        ),
    ),
    ladder=(
        Rung("CPU of the node's process, for each delivery", Source(NODE, "cpu")),
        Rung("CPU of the bare server, for each delivery", Source(BARE, "cpu")),
    ),
    note=(
        "From asking to arrival, in a process that has all the clients: with the node, from a sealed call of "
        "a handler that publishes. Every client has an attested session and is sent a frame sealed for it; "
        "the bare server sends the same bytes to all. Memory is that of the server's process alone."
    ),
)
