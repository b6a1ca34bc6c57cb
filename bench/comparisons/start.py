"""From starting a node's process to its first answered call."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import http
from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.nodes import APPLICATION, node
from harness.peers import install_workerd, workerd
from harness.rounds import Comparison, Contender
from proven.attestation import Verifier
from proven.client import connect

NODE, WORKERD = "node", "workerd"


class Node:
    """`proven dev` on empty data: it makes its keys, builds the app, deploys it and answers a sealed call."""

    name = NODE

    async def measure(self) -> Sample:
        begin = time.perf_counter()
        async with node() as running:
            listening = time.perf_counter()
            verifier = Verifier.development()
            async with await connect(running.url, application=APPLICATION, verifier=verifier) as app:
                assert await app.call("echo", 1) == [1]
                answered = time.perf_counter()
        return {"listening": (listening - begin) * 1e3, "answered": (answered - begin) * 1e3}


@dataclass(frozen=True, slots=True)
class Workerd:
    binary: Path
    name: str = WORKERD

    async def measure(self) -> Sample:
        begin = time.perf_counter()
        async with workerd(self.binary, "plain") as served:
            client = await http.RawClient.connect("127.0.0.1", served.port)
            assert (await client.send(http.request("127.0.0.1", "/"))).status == 200
            answered = time.perf_counter()
            client.close()
        return {"answered": (answered - begin) * 1e3}


@asynccontextmanager
async def starters() -> AsyncIterator[Sequence[Contender]]:
    yield [Node(), Workerd(install_workerd())]


COMPARISON = Comparison(
    "start",
    "Starting a node",
    starters,
    (
        Figure(
            "start",
            "node start to first answered call",
            "ms",
            Source(NODE, "answered"),
            Source(WORKERD, "answered"),
            "workerd, start to first answered request",
            at_most(3000),
        ),
    ),
    ladder=(
        Rung("until the node says that it listens", Source(NODE, "listening"), "ms"),
        Rung("until it has answered a sealed call", Source(NODE, "answered"), "ms"),
    ),
)
