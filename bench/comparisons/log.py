"""The transparency log and its readers, against pymerkle and a fetch that verifies nothing."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.merkle import Pymerkle, write_hashes
from harness.nodes import APPLICATION, node
from harness.rounds import Comparison, Contender
from proven.engine.embedded import EmbeddedEngine
from proven.transparency import TransparencyLog
from proven.transparency._hash_files import HashFiles
from proven.wire import merkle
from proven.wire.notes import NoteSigner

LONG, SHORT, APPENDS, PROOFS = 10_000_000, 100_000, 20, 300
ENTRY = os.urandom(380)
FETCH = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"

LOG, PYMERKLE, PLAIN = "log", "pymerkle", "plain fetch"


@dataclass(frozen=True, slots=True)
class Ours:
    engine: EmbeddedEngine
    log: TransparencyLog
    long: HashFiles
    short: HashFiles
    url: str
    folder: Path
    name: str = LOG

    async def measure(self) -> Sample:
        root = merkle.root_at(LONG, self.long)
        index = random.randrange(LONG)
        proof = merkle.prove_inclusion(index, LONG, self.long)
        merkle.check_inclusion(self.long(0, index), index, LONG, root, proof)
        verified, cpu = await _run(
            "-m", "proven", "verify", f"{APPLICATION}@{self.url}", "--any-development-node"
        )
        return {
            "append": await self._append(),
            "prove": _prove(self.long, LONG),
            "prove_short": _prove(self.short, SHORT),
            "bytes": max(map(len, _some_proofs(self.long, LONG))) * merkle.HASH_BYTES,
            "verify": verified,
            "verify_cpu": cpu,
        }

    async def _append(self) -> float:
        taken = []
        for _ in range(APPENDS):
            begin = time.perf_counter()
            sequence = await self.engine.logs.append("log", "entries", ENTRY)
            await self.log.reach(sequence)
            taken.append(time.perf_counter() - begin)
        return statistics.median(taken) * 1e3


@dataclass(frozen=True, slots=True)
class Peer:
    tree: Pymerkle
    name: str = PYMERKLE

    async def measure(self) -> Sample:
        return {**await self.tree.ask("append"), **await self.tree.ask("prove")}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A new Python process that reads the same description of the application, and believes it."""

    url: str
    name: str = PLAIN

    async def measure(self) -> Sample:
        fetched, cpu = await _run("-c", FETCH, f"{self.url}/app/{APPLICATION}")
        return {"fetch": fetched, "fetch_cpu": cpu}


def _prove(files: HashFiles, size: int) -> float:
    taken = []
    for _ in range(PROOFS):
        index = random.randrange(size)
        begin = time.perf_counter()
        merkle.prove_inclusion(index, size, files)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e6


def _some_proofs(files: HashFiles, size: int) -> Sequence[tuple[bytes, ...]]:
    return [merkle.prove_inclusion(index, size, files) for index in (0, size // 2, size - 1)]


async def _run(*arguments: str) -> tuple[float, float]:
    """Milliseconds from the start of a Python process to its end, and of the processor for it."""
    begin, before = time.perf_counter(), _cpu_of_ended()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", *arguments, stdout=asyncio.subprocess.DEVNULL
    )
    if await process.wait():
        raise RuntimeError(f"{' '.join(arguments)} failed")
    return (time.perf_counter() - begin) * 1e3, (_cpu_of_ended() - before) * 1e3


def _cpu_of_ended() -> float:
    """CPU seconds of all processes that this one started and saw the end of."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def logs() -> AsyncIterator[Sequence[Contender]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proven-bench-")))
        engine = EmbeddedEngine(folder / "engine.db", os.urandom(32))
        await engine.start()
        stack.push_async_callback(engine.stop)
        signer = NoteSigner("bench.example/log", Ed25519PrivateKey.generate())
        log = TransparencyLog(
            engine.logs, engine.registers, log="log", directory=folder / "log", signer=signer
        )
        await log.start()
        stack.push_async_callback(log.stop)
        long = await asyncio.to_thread(write_hashes, folder / "long", LONG)
        short = await asyncio.to_thread(write_hashes, folder / "short", SHORT)
        stack.callback(long.close)
        stack.callback(short.close)
        running = await stack.enter_async_context(node(environment={"XDG_STATE_HOME": str(folder)}))
        tree = await stack.enter_async_context(Pymerkle.running(folder / "pymerkle.db", SHORT))
        yield [Ours(engine, log, long, short, running.url, folder), Peer(tree), Fetched(running.url)]


COMPARISON = Comparison(
    "log",
    "The transparency log",
    logs,
    (
        Figure(
            "log-append",
            "an entry appended, durable, and a new signed checkpoint",
            "ms",
            Source(LOG, "append"),
            Source(PYMERKLE, "append"),
            "pymerkle on SQLite, without a signature",
            at_most(20),
        ),
        Figure(
            "log-proof",
            "proof of inclusion, 10⁷ entries, p50",
            "µs",
            Source(LOG, "prove"),
            Source(PYMERKLE, "prove"),
            "pymerkle on SQLite, 10⁵ entries",
            at_most(1000),
        ),
        Figure(
            "log-proof-bytes",
            "hashes of that proof",
            "bytes",
            Source(LOG, "bytes"),
            Source(PYMERKLE, "bytes"),
            "pymerkle, 10⁵ entries",
            at_most(1024),
        ),
        Figure(
            "verify",
            "`proven verify` on a live node, start of the process included",
            "ms",
            Source(LOG, "verify"),
            Source(PLAIN, "fetch"),
            "a Python process that fetches and believes",
            at_most(1000),
        ),
    ),
    ladder=(
        Rung("proof of inclusion, 10⁵ entries", Source(LOG, "prove_short")),
        Rung("CPU of `proven verify`", Source(LOG, "verify_cpu"), "ms"),
        Rung("CPU of a Python process that fetches and believes", Source(PLAIN, "fetch_cpu"), "ms"),
    ),
    note="Entries are picked at random, so most proofs read a tile that is not in memory and hash it.",
)
