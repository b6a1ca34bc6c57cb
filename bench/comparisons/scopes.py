"""A thousand scopes touched once: what the first write to each costs, and how many files stay open."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.peers import CACHE
from harness.processes import open_descriptors
from harness.rounds import Comparison, Contender
from proven.storage import KvKind, KvStore, Scope, Storage, StorageConfig, Synchronous
from proven.wire.ids import ApplicationId, IdentityId

SCOPES = 1000
DESCRIPTORS = 3 * StorageConfig().max_open_connections
"""A connection holds its database, the log of it and, for the first one of a file, the index of the log."""

LOCAL, LOCAL_PEER = "storage, local", "sqlite3, local"
DURABLE, DURABLE_PEER = "storage, durable", "sqlite3, durable"
_STORE = KvStore(KvKind.STRING, "bench")


@dataclass(frozen=True, slots=True)
class Encrypted:
    """`proven.storage`, encrypted, otherwise with its own defaults."""

    name: str
    synchronous: Synchronous

    async def measure(self) -> Sample:
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            before = open_descriptors()
            taken, peak = await self._touch(Path(directory, "data"), write=True)
            again, _ = await self._touch(Path(directory, "data"), write=False)
        return {
            "each": statistics.fmean(taken) * 1e3,
            "p99": statistics.quantiles(taken, n=100)[98] * 1e3,
            "again": statistics.fmean(again) * 1e3,
            "descriptors": peak - before,
        }

    async def _touch(self, directory: Path, *, write: bool) -> tuple[list[float], int]:
        storage = Storage(directory, b"k" * 32, config=StorageConfig(synchronous=self.synchronous))
        await storage.start()
        taken: list[float] = []
        peak = 0
        try:
            for index in range(SCOPES):
                begin = time.perf_counter()
                store = await storage.scope(_personal(index))
                if write:
                    await store.kv_set(_STORE, "greeting", b"hello")
                else:
                    assert await store.kv_get(_STORE, "greeting") is not None
                taken.append(time.perf_counter() - begin)
                peak = max(peak, open_descriptors())
        finally:
            await storage.close()
        return taken, peak


@dataclass(frozen=True, slots=True)
class Plain:
    """Python's `sqlite3`: a plain database per scope, as durable, at most as many of them open."""

    name: str
    synchronous: Synchronous

    async def measure(self) -> Sample:
        return await asyncio.to_thread(self._touch)

    def _touch(self) -> Sample:
        kept: deque[sqlite3.Connection] = deque()
        taken: list[float] = []
        before, peak = open_descriptors(), 0
        with tempfile.TemporaryDirectory(dir=CACHE) as directory:
            for index in range(SCOPES):
                begin = time.perf_counter()
                folder = Path(directory, str(index))
                folder.mkdir()
                connection = sqlite3.connect(folder / "main", isolation_level=None)
                kept.append(connection)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(f"PRAGMA synchronous={self.synchronous.value}")
                connection.execute("CREATE TABLE entry (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID")
                connection.execute("INSERT INTO entry VALUES ('greeting', x'68656c6c6f')")
                if len(kept) > StorageConfig().max_open_connections:
                    kept.popleft().close()
                taken.append(time.perf_counter() - begin)
                peak = max(peak, open_descriptors())
            for connection in kept:
                connection.close()
        return {"each": statistics.fmean(taken) * 1e3, "descriptors": peak - before}


def _personal(index: int) -> Scope:
    return Scope.personal(ApplicationId("a" * 32), IdentityId(f"identity-{index}"))


@asynccontextmanager
async def stores() -> AsyncIterator[Sequence[Contender]]:
    CACHE.mkdir(exist_ok=True)
    yield [
        Encrypted(LOCAL, Synchronous.NORMAL),
        Plain(LOCAL_PEER, Synchronous.NORMAL),
        Encrypted(DURABLE, Synchronous.FULL),
        Plain(DURABLE_PEER, Synchronous.FULL),
    ]


def _touch(key: str, ours: str, peer: str, promise: str) -> Figure:
    return Figure(
        key,
        f"first write to a scope, {promise}",
        "ms",
        Source(ours, "each"),
        Source(peer, "each"),
        "plain sqlite3, as durable",
        at_most(2),
    )


COMPARISON = Comparison(
    "scopes",
    f"{SCOPES} scopes touched once",
    stores,
    (
        _touch("scope-touch", LOCAL, LOCAL_PEER, "as proven dev does"),
        _touch("scope-touch-durable", DURABLE, DURABLE_PEER, "on disk when done"),
        Figure(
            "scope-descriptors",
            f"descriptors held by {SCOPES} scopes",
            "",
            Source(LOCAL, "descriptors"),
            Source(LOCAL_PEER, "descriptors"),
            "plain sqlite3, as many open",
            at_most(DESCRIPTORS),
        ),
    ),
    ladder=(
        Rung("first write to a scope, mean", Source(LOCAL, "each"), "ms"),
        Rung("first write to a scope, 99th percentile", Source(LOCAL, "p99"), "ms"),
        Rung("first read of a scope after a restart, mean", Source(LOCAL, "again"), "ms"),
        Rung("durable: first write to a scope, mean", Source(DURABLE, "each"), "ms"),
        Rung("durable: first write to a scope, 99th percentile", Source(DURABLE, "p99"), "ms"),
    ),
)
