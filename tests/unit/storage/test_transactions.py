from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import apsw
import pytest

from proven.storage import KvStore, Scope, ScopeStore, Synchronous, Transaction
from proven.storage._journal import CommitJournal
from proven.storage._writer import DatabaseWriter, Unit
from proven.wire.errors import ErrorCode, ProvenError

from .conftest import APPLICATION, OpenStorage

DB = "main"


async def rows(store: ScopeStore | Transaction, database: str = DB) -> list[object]:
    return [row[0] for row in (await store.sql_query(database, "SELECT x FROM t ORDER BY x")).rows]


@pytest.fixture
async def ready(store: ScopeStore) -> ScopeStore:
    for database in (DB, "other"):
        await store.sql_execute(database, "CREATE TABLE t (x PRIMARY KEY)")
    return store


async def write_everywhere(transaction: Transaction, notes: KvStore, mark: str) -> None:
    await transaction.kv_set(notes, "k", mark.encode())
    for database in (DB, "other"):
        await transaction.sql_execute(database, "INSERT INTO t VALUES (?)", [mark])
    await transaction.files_write("small", mark.encode())
    await transaction.files_write("large", mark.encode() * 100_000)


async def found_everywhere(store: ScopeStore | Transaction, notes: KvStore) -> list[object]:
    entry = await store.kv_get(notes, "k")
    small, large = await store.files_stat("small"), await store.files_stat("large")
    return [
        entry and entry.value.decode(),
        *await rows(store),
        *await rows(store, "other"),
        small and small.size,
        large and large.size,
    ]


async def test_a_transaction_over_everything_is_seen_by_itself_then_by_all(
    ready: ScopeStore, notes: KvStore
) -> None:
    async with await ready.transaction(timeout=60) as transaction:
        await write_everywhere(transaction, notes, "a")
        assert await found_everywhere(transaction, notes) == ["a", "a", "a", 1, 100_000]
        assert await found_everywhere(ready, notes) == [None, None, None]
    assert await found_everywhere(ready, notes) == ["a", "a", "a", 1, 100_000]


async def test_a_block_that_raises_leaves_nothing(ready: ScopeStore, notes: KvStore, tmp_path: Path) -> None:
    async def break_off() -> None:
        async with await ready.transaction(timeout=60) as transaction:
            await write_everywhere(transaction, notes, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert await found_everywhere(ready, notes) == [None, None, None]
    assert not list(tmp_path.rglob("*.blob"))


async def test_after_its_end_a_transaction_refuses_everything(ready: ScopeStore, notes: KvStore) -> None:
    transaction = await ready.transaction(timeout=60)
    await transaction.kv_set(notes, "a", b"1")
    await transaction.commit()
    for attempt in (
        transaction.kv_get(notes, "a"),
        transaction.kv_set(notes, "a", b"2"),
        transaction.sql_query(DB, "SELECT 1"),
        transaction.files_stat("x"),
        transaction.commit(),
    ):
        with pytest.raises(ProvenError, match="has been committed"):
            await attempt
    await transaction.rollback()
    assert await ready.kv_has(notes, "a")


async def test_a_failed_operation_takes_back_only_itself(ready: ScopeStore, notes: KvStore) -> None:
    async with await ready.transaction(timeout=60) as transaction:
        await transaction.kv_set(notes, "k", b"1")
        with pytest.raises(ProvenError):
            await transaction.kv_set(notes, "k", b"2", expected_version=0)
        await transaction.sql_execute(DB, "INSERT INTO t VALUES (1)")
        with pytest.raises(ProvenError):
            await transaction.sql_batch(
                DB, [("INSERT INTO t VALUES (2)", ()), ("INSERT INTO t VALUES (1)", ())]
            )
        with pytest.raises(ProvenError):
            await transaction.files_rename("missing", "there")
    assert await rows(ready) == [1]
    entry = await ready.kv_get(notes, "k")
    assert entry is not None
    assert entry.value == b"1"


async def test_a_transaction_that_sqlite_undid_is_over_and_wholly_undone(
    ready: ScopeStore, notes: KvStore
) -> None:
    transaction = await ready.transaction(timeout=60)
    await transaction.kv_set(notes, "k", b"1")
    await transaction.sql_execute(DB, "INSERT INTO t VALUES (1)")
    with pytest.raises(ProvenError):
        await transaction.sql_execute(DB, "INSERT OR ROLLBACK INTO t VALUES (1)")
    with pytest.raises(ProvenError, match="undone"):
        await transaction.commit()
    assert not await ready.kv_has(notes, "k")
    assert await rows(ready) == []
    await ready.kv_set(notes, "k", b"2")


async def test_transactions_of_a_scope_take_turns(store: ScopeStore, notes: KvStore) -> None:
    await store.kv_set(notes, "n", b"0")

    async def increment() -> None:
        async with await store.transaction(timeout=60) as transaction:
            entry = await transaction.kv_get(notes, "n")
            assert entry is not None
            await transaction.kv_set(notes, "n", str(int(entry.value) + 1).encode())

    await asyncio.gather(*(increment() for _ in range(20)))
    entry = await store.kv_get(notes, "n")
    assert entry is not None
    assert entry.value == b"20"


async def test_what_a_transaction_read_cannot_change_under_it(store: ScopeStore, notes: KvStore) -> None:
    await store.kv_set(notes, "a", b"1")
    async with await store.transaction(timeout=60) as transaction:
        before = await transaction.kv_get(notes, "a")
        write = asyncio.ensure_future(store.kv_set(notes, "a", b"2"))
        assert await store.kv_get(notes, "a") == before, "readers outside are not held up"
        assert await transaction.kv_get(notes, "a") == before
        assert not write.done()
    await write


async def test_waiting_for_a_transaction_is_bounded(open_storage: OpenStorage, notes: KvStore) -> None:
    store = await (await open_storage(max_transaction_wait=0.05)).scope(Scope.application(APPLICATION))
    async with await store.transaction(timeout=60):
        with pytest.raises(ProvenError) as caught:
            await store.transaction(timeout=60)
        assert (caught.value.code, caught.value.retry_after) == (ErrorCode.OVERLOADED, 1.0)
    await (await store.transaction(timeout=60)).rollback()


async def test_a_transaction_that_stays_open_is_rolled_back(ready: ScopeStore, notes: KvStore) -> None:
    transaction = await ready.transaction(timeout=60)
    await transaction.kv_set(notes, "a", b"1")
    await transaction.sql_execute(DB, "INSERT INTO t VALUES (1)")
    write = asyncio.ensure_future(ready.kv_set(notes, "b", b"waits for the transaction's end"))
    transaction._expire()
    await write
    with pytest.raises(ProvenError, match="longer than 30 seconds") as caught:
        await transaction.commit()
    assert caught.value.code is ErrorCode.REQUEST_TIMEOUT
    assert not await ready.kv_has(notes, "a")
    assert await rows(ready) == []


async def test_a_transaction_expires_when_its_time_is_over(ready: ScopeStore) -> None:
    late = await ready.transaction(timeout=0.01)
    next_one = await ready.transaction(timeout=60)
    await next_one.rollback()
    with pytest.raises(ProvenError, match=r"longer than 0\.01 seconds"):
        await late.commit()


async def test_a_cancelled_commit_is_whole(ready: ScopeStore, notes: KvStore) -> None:
    for steps in range(6):
        mark = f"m{steps}"
        transaction = await ready.transaction(timeout=60)
        await transaction.kv_set(notes, mark, b"")
        await transaction.sql_execute(DB, "INSERT INTO t VALUES (?)", [mark])
        committing = asyncio.ensure_future(transaction.commit())
        for _ in range(steps):
            await asyncio.sleep(0)
        committing.cancel()
        await asyncio.gather(committing, return_exceptions=True)
        await transaction.rollback()
        assert await ready.kv_has(notes, mark) == (mark in await rows(ready))


def fail_at_commit(monkeypatch: pytest.MonkeyPatch, position: int) -> None:
    """Let the commit of the file at `position` fail, counting from 1."""
    original, seen = DatabaseWriter.commit, 0

    def commit(self: DatabaseWriter, unit: Unit) -> None:
        nonlocal seen
        seen += 1
        if seen == position:
            self.rollback(unit)
            raise apsw.FullError("database or disk is full")
        original(self, unit)

    monkeypatch.setattr(DatabaseWriter, "commit", commit)


@pytest.mark.parametrize("position", [1, 2, 3])
@pytest.mark.parametrize("synchronous", list(Synchronous))
async def test_a_commit_that_fails_at_any_file_leaves_none_changed(
    open_storage: OpenStorage,
    notes: KvStore,
    monkeypatch: pytest.MonkeyPatch,
    position: int,
    synchronous: Synchronous,
) -> None:
    store = await (await open_storage(synchronous=synchronous)).scope(Scope.application(APPLICATION))
    for database in (DB, "other"):
        await store.sql_execute(database, "CREATE TABLE t (x PRIMARY KEY)")
    async with await store.transaction(timeout=60) as transaction:
        await write_everywhere(transaction, notes, "a")
    before = await found_everywhere(store, notes)

    transaction = await store.transaction(timeout=60)
    await write_everywhere(transaction, notes, "b")
    await transaction.sql_execute(DB, "CREATE VIRTUAL TABLE f USING fts5(x)")
    with monkeypatch.context() as patch:
        fail_at_commit(patch, position)
        with pytest.raises(ProvenError):
            await transaction.commit()

    assert await found_everywhere(store, notes) == before
    async with await store.transaction(timeout=60) as transaction:
        await write_everywhere(transaction, notes, "c")
    assert await rows(store) == await rows(store, "other") == ["a", "c"]
    for database in (DB, "other"):
        check = "SELECT count(*) FROM sqlite_master"
        assert (await store.sql_query(database, check)).rows == [(2,)]


async def test_a_journal_that_cannot_be_written_undoes_the_transaction(
    ready: ScopeStore, notes: KvStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    transaction = await ready.transaction(timeout=60)
    await write_everywhere(transaction, notes, "a")
    with monkeypatch.context() as patch:
        patch.setattr(CommitJournal, "write", fail)
        with pytest.raises(ProvenError) as caught:
            await transaction.commit()
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert await found_everywhere(ready, notes) == [None, None, None]


async def test_a_commit_after_the_logs_were_checkpointed_is_undone_exactly(
    ready: ScopeStore, notes: KvStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ready.sql_execute(DB, "INSERT INTO t VALUES ('kept')")
    async with ready._use() as scope:
        database = await scope.sql(DB)
        await database.queue._run(database.writer.tidy)
    transaction = await ready.transaction(timeout=60)
    await transaction.kv_set(notes, "k", b"1")
    await transaction.sql_execute(DB, "INSERT INTO t VALUES ('lost')")
    with monkeypatch.context() as patch:
        fail_at_commit(patch, 2)
        with pytest.raises(ProvenError):
            await transaction.commit()
    assert await rows(ready) == ["kept"]
    assert not await ready.kv_has(notes, "k")
