"""An app's HTTP route under load: the node, `workerd` with its dynamic loader, `Deno.serve`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from harness import http
from harness.figures import Figure, Of, Rung, Sample, Source, at_least
from harness.load import Plan, generate
from harness.nodes import APPLICATION, GREETING, node
from harness.peers import deno_serve, install_workerd, workerd
from harness.processes import CpuMeter, descendants
from harness.rounds import Comparison, Contender

CONNECTIONS = 32
SECONDS, WARM_UP = 2.0, 0.5
HEALTH = "/.well-known/proven/health"

NODE, EDGE, LOADER, PLAIN, SERVE = "node", "node, edge only", "workerd loader", "workerd", "Deno.serve"


@dataclass(frozen=True, slots=True)
class Server:
    """A path on a local port that answers with a known body, from `pid` and the processes that it started."""

    name: str
    port: int
    pid: int
    path: str = "/"
    body: str = GREETING

    async def measure(self) -> Sample:
        request = http.request(f"127.0.0.1:{self.port}", self.path).decode()
        plan = Plan("127.0.0.1", self.port, request, self.body, CONNECTIONS, seconds=SECONDS, warm_up=WARM_UP)
        own, of_children = CpuMeter([self.pid]), CpuMeter(descendants(self.pid))
        load = await generate(plan)
        cpu, cpu_of_children = own.used(), of_children.used()
        answered = load.per_second * (SECONDS + WARM_UP)
        return {
            "per_second": load.per_second,
            "p50": load.p50_us,
            "each": 1e6 / load.per_second,
            "cpu": cpu / answered * 1e6,
            "cpu_of_children": cpu_of_children / answered * 1e6,
        }


@asynccontextmanager
async def servers() -> AsyncIterator[Sequence[Contender]]:
    binary = install_workerd()
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(node())
        health = await _body(running.port, HEALTH)
        loader = await stack.enter_async_context(workerd(binary, "loader"))
        plain = await stack.enter_async_context(workerd(binary, "plain"))
        serve = await stack.enter_async_context(deno_serve())
        yield [
            Server(NODE, running.port, running.pid, f"/app/{APPLICATION}/http/hello"),
            Server(EDGE, running.port, running.pid, HEALTH, health),
            Server(LOADER, loader.port, loader.pid),
            Server(PLAIN, plain.port, plain.pid),
            Server(SERVE, serve.port, serve.pid),
        ]


async def _body(port: int, path: str) -> str:
    client = await http.RawClient.connect("127.0.0.1", port)
    try:
        return (await client.send(http.request("127.0.0.1", path))).body.decode()
    finally:
        client.close()


def _figure(key: str, peer: str, title: str, wanted: float | None) -> Figure:
    return Figure(
        key,
        f"runOnHttp, {CONNECTIONS} connections",
        "/s",
        Source(NODE, "per_second"),
        Source(peer, "per_second"),
        title,
        None if wanted is None else at_least(wanted, Of.RATIO),
    )


COMPARISON = Comparison(
    "http",
    "HTTP routes",
    servers,
    (
        _figure("http-loader", LOADER, "workerd, dynamic loader", 1),
        _figure("http-plain", PLAIN, "workerd, static worker", None),
        _figure("http-serve", SERVE, "Deno.serve", None),
    ),
    ladder=(
        Rung("a request that the app answers, in all", Source(NODE, "each")),
        Rung("… CPU of the node's process", Source(NODE, "cpu")),
        Rung("… CPU of the app's process", Source(NODE, "cpu_of_children")),
        Rung("a request that the node's edge answers itself, in all", Source(EDGE, "each")),
        Rung("… CPU of the node's process", Source(EDGE, "cpu")),
        Rung("a request of workerd with its dynamic loader, in all", Source(LOADER, "each")),
        Rung("… CPU of its process", Source(LOADER, "cpu")),
        Rung("a request of workerd with a static worker, in all", Source(PLAIN, "each")),
        Rung("… CPU of its process", Source(PLAIN, "cpu")),
        Rung("a request of Deno.serve, in all", Source(SERVE, "each")),
        Rung("… CPU of its process", Source(SERVE, "cpu")),
    ),
    note=(
        "The rest of the way to `Deno.serve`: its HTTP is native code in the process that runs the handler, "
        "and a request never leaves it. The node parses HTTP, routes, checks the request and writes the "
        "answer in Python, and runs the handler in another, sandboxed process that has no sockets; request "
        "and answer are each encoded, sent from one to the other and decoded."
    ),
)
