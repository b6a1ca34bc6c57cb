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
from harness.rounds import Comparison, Contender

CONNECTIONS = 32
HEALTH = "/.well-known/proven/health"

NODE, EDGE, LOADER, PLAIN, SERVE = "node", "node, edge only", "workerd loader", "workerd", "Deno.serve"


@dataclass(frozen=True, slots=True)
class Server:
    """A path on a local port that answers with a known body."""

    name: str
    port: int
    path: str = "/"
    body: str = GREETING

    async def measure(self) -> Sample:
        request = http.request(f"127.0.0.1:{self.port}", self.path).decode()
        plan = Plan("127.0.0.1", self.port, request, self.body, CONNECTIONS, seconds=2, warm_up=0.5)
        load = await generate(plan)
        return {"per_second": load.per_second, "p50": load.p50_us, "each": 1e6 / load.per_second}


@asynccontextmanager
async def servers() -> AsyncIterator[Sequence[Contender]]:
    binary = install_workerd()
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(node())
        health = await _body(running.port, HEALTH)
        yield [
            Server(NODE, running.port, f"/app/{APPLICATION}/http/hello"),
            Server(EDGE, running.port, HEALTH, health),
            Server(LOADER, await stack.enter_async_context(workerd(binary, "loader"))),
            Server(PLAIN, await stack.enter_async_context(workerd(binary, "plain"))),
            Server(SERVE, await stack.enter_async_context(deno_serve())),
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
        Rung("one request of Deno.serve (and of the load generator and the kernel)", Source(SERVE, "each")),
        Rung("one request that the node's edge answers itself", Source(EDGE, "each")),
        Rung("one request that the app answers", Source(NODE, "each")),
        Rung("workerd, static worker", Source(PLAIN, "each")),
        Rung("workerd, dynamic loader", Source(LOADER, "each")),
    ),
)
