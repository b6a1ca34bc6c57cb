"""A node that is killed in the middle of its writes: what it acknowledged is there, nothing by half."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
from pathlib import Path

import pytest

from fault.storage_workload import (
    KINDS,
    LANES,
    NUMBERS,
    OTHER,
    ROOT_KEY,
    SCOPE,
    SQL,
    die_in_transaction,
    file_content,
    prepare,
    write_until_killed,
)
from proven.storage import ScopeStore, Storage, StorageConfig, Synchronous

ROUNDS = 50
SEED = 20_240_117

Found = dict[tuple[str, int], int]


async def number_in_kv(store: ScopeStore, key: str) -> int:
    entry = await store.kv_get(NUMBERS, key)
    return int(entry.value) if entry is not None else 0


async def number_in_file(store: ScopeStore, path: str, lane: int) -> int:
    stat = await store.files_stat(path)
    if stat is None:
        return 0
    content = b"".join([part async for part in await store.files_read(path)])
    number = int(content.split(b"/", 1)[1].split(b";", 1)[0])
    assert content == file_content(lane, number)
    assert stat.sha256 == hashlib.sha256(content).hexdigest()
    return number


async def number_in_log(store: ScopeStore, path: str) -> int:
    if await store.files_stat(path, digest=False) is None:
        return 0
    content = b"".join([part async for part in await store.files_read(path)])
    numbers = [content[start : start + 8] for start in range(0, len(content), 8000)]
    assert content == b"".join(number * 1000 for number in numbers)
    assert [int(number) for number in numbers] == list(range(1, len(numbers) + 1))
    return len(numbers)


async def number_in_table(store: ScopeStore, database: str, where: str, lane: int) -> int:
    sql = f"SELECT count(*), coalesce(max(number), 0) FROM n WHERE {where} AND lane = ?"
    ((count, last),) = (await store.sql_query(database, sql, [lane])).rows
    assert count == last, "a row is missing"
    assert isinstance(last, int)
    return last


async def look(directory: Path) -> Found:
    """What the store holds; fails if it does not open or holds half of a transaction."""
    storage = Storage(directory, ROOT_KEY, config=StorageConfig(synchronous=Synchronous.NORMAL))
    await storage.start()
    try:
        store = await storage.scope(SCOPE)
        await prepare(store)
        found: Found = {}
        for lane in range(LANES):
            found["kv", lane] = await number_in_kv(store, f"kv/{lane}")
            found["sql", lane] = await number_in_table(store, SQL, "kind = 'sql'", lane)
            found["file", lane] = await number_in_file(store, f"file/{lane}", lane)
            found["append", lane] = await number_in_log(store, f"append/{lane}")
            parts = {
                await number_in_kv(store, f"transaction/{lane}"),
                await number_in_table(store, SQL, "kind = 'transaction'", lane),
                await number_in_table(store, OTHER, "true", lane),
                await number_in_file(store, f"transaction/{lane}", lane),
            }
            assert len(parts) == 1, "half a transaction"
            found["transaction", lane] = parts.pop()
        for database in (SQL, OTHER):
            async with store._use() as scope:
                connection = (await scope.sql(database)).writer.connection()
                assert connection.execute("PRAGMA integrity_check", can_cache=False).fetchall() == [("ok",)]
        return found
    finally:
        await storage.close()


def run_and_kill(directory: Path, synchronous: Synchronous, found: Found, acknowledgements: int) -> Found:
    """Let a process write, kill it after so many acknowledged writes; the last ones of each kind."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fault.storage_workload"])
    receiver, sender = context.Pipe(duplex=False)
    first = {place: number + 1 for place, number in found.items()}
    process = context.Process(target=write_until_killed, args=(directory, synchronous, first, sender))
    process.start()
    sender.close()
    acknowledged = dict(found)
    received = 0
    try:
        while True:
            kind, lane, number = receiver.recv()
            acknowledged[kind, lane] = number
            received += 1
            if received == acknowledgements:
                process.kill()
    except (EOFError, ConnectionResetError):
        pass
    process.join()
    assert process.exitcode == -9, "it was to be killed, and it ended by itself"
    return acknowledged


@pytest.mark.timeout(600)
async def test_killed_fifty_times_while_it_writes_it_keeps_every_acknowledged_write(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    directory = tmp_path / "data"
    found: Found = {(kind, lane): 0 for kind in KINDS for lane in range(LANES)}
    for round_number in range(ROUNDS):
        synchronous = Synchronous.FULL if round_number % 2 else Synchronous.NORMAL
        acknowledged = run_and_kill(directory, synchronous, found, chance.randint(1, 60))
        found = await look(directory)
        for place, number in acknowledged.items():
            assert number <= found[place] <= number + 1, f"round {round_number}: {place}"
    assert all(number > 0 for number in found.values())
    assert len(list(directory.rglob("*.blob"))) <= 4 * LANES + sum(
        found["append", lane] for lane in range(LANES)
    )


@pytest.mark.parametrize("synchronous", list(Synchronous))
@pytest.mark.parametrize("step", range(1, 10))
async def test_killed_at_any_step_of_a_commit_over_several_files_it_is_whole(
    tmp_path: Path, step: int, synchronous: Synchronous
) -> None:
    process = multiprocessing.get_context("forkserver").Process(
        target=die_in_transaction, args=(tmp_path / "data", synchronous, step)
    )
    process.start()
    process.join()
    assert process.exitcode == -9
    decided = step > 7  # the eighth step is after the commit of the main file
    found = await look(tmp_path / "data")
    assert found["transaction", 0] == (2 if decided else 1)
    assert await look(tmp_path / "data") == found
