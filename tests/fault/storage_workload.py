"""Writes to a data store and tells the parent process what was acknowledged, to the bitter end."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

from proven.storage import KvKind, KvStore, Scope, ScopeStore, Storage, StorageConfig, Synchronous
from proven.storage._journal import CommitJournal
from proven.storage._writer import DatabaseWriter
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId

SCOPE = Scope.application(ApplicationId("a" * 32))
ROOT_KEY = b"k" * 32
NUMBERS = KvStore(KvKind.STRING, "numbers")
SQL = "numbers"
OTHER = "other"
KINDS = ("kv", "sql", "transaction", "file", "append")
LANES = 2

Acknowledge = Callable[[str, int, int], None]


def file_content(lane: int, number: int) -> bytes:
    """Content that tells which write it came from; every third is too large to be kept inline."""
    return b"%d/%d;" % (lane, number) * (20_000 if number % 3 == 0 else 10)


async def prepare(store: ScopeStore) -> None:
    """Create the tables."""
    await store.sql_migrate(SQL, ["CREATE TABLE n (kind, lane, number, PRIMARY KEY (kind, lane, number))"])
    await store.sql_migrate(OTHER, ["CREATE TABLE n (lane, number, PRIMARY KEY (lane, number))"])


async def write(store: ScopeStore, kind: str, lane: int, number: int) -> None:
    """One write of a kind."""
    match kind:
        case "kv":
            await store.kv_set(NUMBERS, f"kv/{lane}", b"%d" % number)
        case "sql":
            await store.sql_execute(SQL, "INSERT INTO n VALUES ('sql', ?, ?)", [lane, number])
        case "transaction":
            async with await store.transaction(timeout=30) as transaction:
                await transaction.kv_set(NUMBERS, f"transaction/{lane}", b"%d" % number)
                await transaction.sql_execute(
                    SQL, "INSERT INTO n VALUES ('transaction', ?, ?)", [lane, number]
                )
                await transaction.sql_execute(OTHER, "INSERT INTO n VALUES (?, ?)", [lane, number])
                await transaction.files_write(f"transaction/{lane}", file_content(lane, number))
        case "file":
            await store.files_write(f"file/{lane}", file_content(lane, number))
        case "append":
            await store.files_append(f"append/{lane}", b"%08d" % number * 1000)


async def lane_of(store: ScopeStore, kind: str, lane: int, first: int, acknowledge: Acknowledge) -> None:
    """Write one number after the other."""
    number = first
    while True:
        await write(store, kind, lane, number)
        acknowledge(kind, lane, number)
        number += 1


async def _write_until_killed(
    directory: Path, synchronous: Synchronous, first: dict[tuple[str, int], int], acknowledge: Acknowledge
) -> None:
    storage = Storage(directory, ROOT_KEY, config=StorageConfig(synchronous=synchronous))
    await storage.start()
    store = await storage.scope(SCOPE)
    await prepare(store)
    async with asyncio.TaskGroup() as group:
        for (kind, lane), number in first.items():
            group.create_task(lane_of(store, kind, lane, number, acknowledge))


def write_until_killed(
    directory: Path, synchronous: Synchronous, first: dict[tuple[str, int], int], parent: Connection
) -> None:
    """Entry point of a process: send (kind, lane, number) for every acknowledged write."""
    asyncio.run(_write_until_killed(directory, synchronous, first, lambda *write: parent.send(write)))


async def _write_until_full(directory: Path, acknowledge: Acknowledge) -> dict[str, str]:
    storage = Storage(directory, ROOT_KEY)
    await storage.start()
    store = await storage.scope(SCOPE)
    await prepare(store)
    refused: dict[str, str] = {}
    for number in range(10_000):
        for kind in KINDS:
            if kind not in refused:
                try:
                    if kind == "kv":
                        await store.kv_set(NUMBERS, f"ballast/{number}", bytes(20_000))
                    await write(store, kind, 0, number)
                except ProvenError as error:
                    refused[kind] = error.code.value
                else:
                    acknowledge(kind, 0, number)
        if len(refused) == len(KINDS):
            break
    await storage.close()
    return refused


def write_until_full(directory: Path, file_size: int | None, parent: Connection) -> None:
    """Entry point of a process: write until every kind of write is refused, then send the codes of that.

    `file_size` is how large any file may become, which stands for a full disk where nobody may mount one.
    """
    if file_size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, resource.RLIM_INFINITY))
    parent.send(asyncio.run(_write_until_full(directory, lambda *write: parent.send(write))))


async def _hold(directory: Path, parent: Connection) -> None:
    storage = Storage(directory, ROOT_KEY)
    await storage.start()
    parent.send("holding")
    await asyncio.to_thread(parent.recv)
    await storage.close()


def hold_directory(directory: Path, parent: Connection) -> None:
    """Entry point of a process: open the store, say so, and close it when told to."""
    asyncio.run(_hold(directory, parent))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _die_in_transaction(directory: Path, synchronous: Synchronous, step: int) -> None:
    storage = Storage(directory, ROOT_KEY, config=StorageConfig(synchronous=synchronous))
    await storage.start()
    store = await storage.scope(SCOPE)
    await prepare(store)
    await write(store, "transaction", 0, 1)
    steps = 0

    def dying(original: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            nonlocal steps
            for moment in (lambda: original(*arguments), lambda: None):
                steps += 1
                if steps == step:
                    _die()
                moment()

        return call

    with (
        mock.patch.object(CommitJournal, "write", dying(CommitJournal.write)),
        mock.patch.object(DatabaseWriter, "commit", dying(DatabaseWriter.commit)),
    ):
        await write(store, "transaction", 0, 2)
    _die()


def die_in_transaction(directory: Path, synchronous: Synchronous, step: int) -> None:
    """Entry point of a process: commit a transaction, then die at a step of the next one's commit.

    Steps are before and after each of: the journal, the two SQL databases, the main file.
    """
    asyncio.run(_die_in_transaction(directory, synchronous, step))
