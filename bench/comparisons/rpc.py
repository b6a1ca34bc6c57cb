"""A call over an attested, sealed WebSocket session, against `workerd` answering plain HTTP."""

from __future__ import annotations

import os
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from harness import http
from harness.figures import Figure, Of, Rung, Sample, Source, at_most
from harness.latency import Operation, sequential
from harness.nodes import APPLICATION, node
from harness.peers import install_workerd, workerd
from harness.processes import CpuMeter, descendants
from harness.rounds import Comparison, Contender
from proven.attestation import Verifier
from proven.client import connect
from proven.wire.session import ClientHandshake, SealedChannel, ServerHandshake

CALLS = 1000
ARGUMENTS = ("hello", 42)
POSTED = b'["hello",42]'

MESSAGE = b"x" * 96
"""About as long as the call's request and response."""

SEALED, SEALING, ROUTE = "sealed call", "sealing alone", "node's HTTP, raw client"
PLAIN, RAW = "workerd, aiohttp", "workerd, raw client"


@dataclass(frozen=True, slots=True)
class Timed:
    """An operation that is answered by process `pid` and those that it started."""

    name: str
    operation: Operation
    pid: int | None = None

    async def measure(self) -> Sample:
        await sequential(self.operation, CALLS // 10)
        server = [] if self.pid is None else [self.pid]
        children = [] if self.pid is None else descendants(self.pid)
        meters = [CpuMeter(processes) for processes in ([os.getpid()], server, children)]
        taken = await sequential(self.operation, CALLS)
        client, own, of_children = (meter.used() for meter in meters)
        return {
            "p50": statistics.median(taken) * 1e6,
            "cpu_of_client": client / CALLS * 1e6,
            "cpu": own / CALLS * 1e6,
            "cpu_of_children": of_children / CALLS * 1e6,
        }


class _Anyone:
    """Stands in for a verifier where only the sealing is measured."""

    def verify(self, document: bytes, **claims: object) -> None:
        return None


def _channels() -> tuple[SealedChannel, SealedChannel]:
    """The two ends of one session."""
    client = ClientHandshake(None)
    server = ServerHandshake(client.request())
    response, near = server.finish(b"")
    far, _ = client.finish(response, _Anyone())
    return far, near


@asynccontextmanager
async def callers() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(node())
        app = await stack.enter_async_context(
            await connect(running.url, application=APPLICATION, verifier=Verifier.development())
        )
        peer = await stack.enter_async_context(workerd(install_workerd(), "plain"))
        port = peer.port
        session = await stack.enter_async_context(aiohttp.ClientSession())
        raw = await http.RawClient.connect("127.0.0.1", port)
        stack.callback(raw.close)
        route = await http.RawClient.connect("127.0.0.1", running.port)
        stack.callback(route.close)
        post = http.request(f"127.0.0.1:{port}", "/", method="POST", body=POSTED)
        get = http.request(f"127.0.0.1:{running.port}", f"/app/{APPLICATION}/http/hello")

        async def sealed() -> None:
            assert await app.call("echo", *ARGUMENTS) == list(ARGUMENTS)

        async def plain() -> None:
            async with session.post(f"http://127.0.0.1:{port}/", data=POSTED) as response:
                assert await response.json() == list(ARGUMENTS)

        async def raw_plain() -> None:
            assert (await raw.send(post)).body == POSTED

        async def routed() -> None:
            assert (await route.send(get)).status == 200

        client, server = _channels()

        async def sealing() -> None:
            server.open(client.seal(MESSAGE))
            client.open(server.seal(MESSAGE))

        yield [
            Timed(SEALED, sealed, running.pid),
            Timed(PLAIN, plain, peer.pid),
            Timed(RAW, raw_plain, peer.pid),
            Timed(ROUTE, routed, running.pid),
            Timed(SEALING, sealing),
        ]


COMPARISON = Comparison(
    "rpc",
    "Sealed calls",
    callers,
    (
        Figure(
            "rpc-p50",
            "sealed RPC over WebSocket, p50",
            "µs",
            Source(SEALED, "p50"),
            Source(PLAIN, "p50"),
            "workerd, plain HTTP, aiohttp",
            at_most(1000),
        ),
        Figure(
            "rpc-workerd",
            "sealed RPC, p50, against plain HTTP",
            "µs",
            Source(SEALED, "p50"),
            Source(PLAIN, "p50"),
            "workerd, plain HTTP, aiohttp",
            at_most(1, Of.RATIO),
        ),
        Figure(
            "rpc-raw",
            "sealed RPC, p50, against a raw client",
            "µs",
            Source(SEALED, "p50"),
            Source(RAW, "p50"),
            "workerd, plain HTTP, raw protocol",
        ),
    ),
    ladder=(
        Rung("a sealed call, in all", Source(SEALED, "p50")),
        Rung("… CPU of the client", Source(SEALED, "cpu_of_client")),
        Rung("… CPU of the node's process", Source(SEALED, "cpu")),
        Rung("… CPU of the app's process", Source(SEALED, "cpu_of_children")),
        Rung("sealing and opening its request and its response, both sides", Source(SEALING, "p50")),
        Rung("the app's HTTP route on the same node, raw client", Source(ROUTE, "p50")),
        Rung("… CPU of the node's process", Source(ROUTE, "cpu")),
        Rung("… CPU of the app's process", Source(ROUTE, "cpu_of_children")),
        Rung("workerd, aiohttp, in all", Source(PLAIN, "p50")),
        Rung("… CPU of the client", Source(PLAIN, "cpu_of_client")),
        Rung("… CPU of workerd", Source(PLAIN, "cpu")),
        Rung("workerd, raw client, in all", Source(RAW, "p50")),
        Rung("… CPU of the client", Source(RAW, "cpu_of_client")),
        Rung("… CPU of workerd", Source(RAW, "cpu")),
    ),
    note=(
        "What is in all and not CPU is waiting: a call wakes three processes one after the other and is "
        "answered back through them, where workerd wakes one."
    ),
)
