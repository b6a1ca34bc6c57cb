"""A call over an attested, sealed WebSocket session, against `workerd` answering plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp

from harness import http
from harness.figures import Figure, Of, Rung, Sample, Source, at_most
from harness.latency import Operation, median_us
from harness.nodes import APPLICATION, node
from harness.peers import install_workerd, workerd
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
    name: str
    operation: Operation

    async def measure(self) -> Sample:
        return {"p50": await median_us(self.operation, CALLS)}


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
        port = await stack.enter_async_context(workerd(install_workerd(), "plain"))
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
            Timed(SEALED, sealed),
            Timed(PLAIN, plain),
            Timed(RAW, raw_plain),
            Timed(ROUTE, routed),
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
            "sealed RPC against plain HTTP, same kind of client",
            "µs",
            Source(SEALED, "p50"),
            Source(PLAIN, "p50"),
            "workerd, plain HTTP, aiohttp",
            at_most(1, Of.RATIO),
        ),
        Figure(
            "rpc-raw",
            "sealed RPC against plain HTTP, least possible client",
            "µs",
            Source(SEALED, "p50"),
            Source(RAW, "p50"),
            "workerd, plain HTTP, raw protocol",
        ),
    ),
    ladder=(
        Rung("a sealed call", Source(SEALED, "p50")),
        Rung("sealing and opening its request and its response", Source(SEALING, "p50")),
        Rung("the app's HTTP route of the same node, raw client", Source(ROUTE, "p50")),
        Rung("workerd, raw client", Source(RAW, "p50")),
        Rung("workerd, aiohttp", Source(PLAIN, "p50")),
    ),
)
