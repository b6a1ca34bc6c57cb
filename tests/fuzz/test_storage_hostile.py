"""Hostile input to the store: statements made of SQLite's words, journals and file contents of any bytes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proven.storage import Scope, ScopeStore, Storage, StorageConfig, Synchronous
from proven.storage._journal import CommitJournal, JournalRecord, LogMark, cut
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

SCOPE = Scope.application(ApplicationId("a" * 32))
CONFIG = StorageConfig(
    synchronous=Synchronous.NORMAL, statement_timeout=0.3, application_quota=20_000_000, max_row_bytes=100_000
)

_WORDS = """
SELECT INSERT INTO UPDATE DELETE FROM WHERE VALUES SET CREATE TABLE VIRTUAL VIEW TRIGGER INDEX TEMP DROP
ATTACH DETACH DATABASE PRAGMA VACUUM BEGIN COMMIT ROLLBACK SAVEPOINT RELEASE REINDEX ANALYZE EXPLAIN PLAN
USING AS ON OR REPLACE AND WITH RECURSIVE UNION ALL RENAME TO ADD COLUMN RETURNING AFTER EACH ROW END IF
ALTER QUERY EXISTS t x main temp sqlite_master sqlite_temp_master sqlite_sequence dbstat fts5 fts3 rtree
pragma_database_list load_extension sqlite3mc_config fts3_tokenizer randomblob zeroblob hex json_each key
rekey user_version writable_schema journal_mode 'OTHER' 1 1000000000 NULL * ( ) , ; = . - -- /* */ ' " : @a
"""
words = st.sampled_from(_WORDS.split())


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[Path, asyncio.AbstractEventLoop, ScopeStore]]:
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as directory:
        storage = Storage(Path(directory, "data"), b"k" * 32, config=CONFIG)
        loop.run_until_complete(storage.start())
        store = loop.run_until_complete(storage.scope(SCOPE))
        yield Path(directory), loop, store
        loop.run_until_complete(storage.close())
    loop.close()


@settings(max_examples=600)
@given(statement=st.lists(words, min_size=1, max_size=12), script=st.booleans())
def test_no_statement_leaves_its_file_or_fails_in_another_way(
    place: tuple[Path, asyncio.AbstractEventLoop, ScopeStore], statement: list[str], script: bool
) -> None:
    directory, loop, store = place
    outside = directory / "outside"
    sql = " ".join(statement).replace("'OTHER'", f"'{outside}'")

    async def attempt() -> None:
        for run in (store.sql_query, store.sql_execute):
            with suppress(ProvenError):
                await run("db", sql, {"a": 1})
        if script:
            with suppress(ProvenError):
                async with await store.transaction(timeout=5) as transaction:
                    await transaction.sql_execute("db", f"{sql}; {sql}")
        assert await answer(store) == [(1,)]

    loop.run_until_complete(attempt())
    assert not list(directory.glob("outside*"))


async def answer(store: ScopeStore) -> object:
    """What an everyday statement is answered with, as soon as the machine gives it the time that it has."""
    for _ in range(20):
        try:
            return (await store.sql_query("db", "SELECT 1")).rows
        except ProvenError as error:
            if error.code is not ErrorCode.REQUEST_TIMEOUT:
                raise
    return None


@given(st.binary(max_size=200))
def test_a_journal_of_any_bytes_is_no_record(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "journal")
        path.write_bytes(content)
        assert CommitJournal(path, b"k" * 32, durable=False).read() is None


marks = st.builds(LogMark, st.text(max_size=20), st.binary(min_size=8, max_size=8), st.integers(0, 2**32 - 1))


@given(st.integers(0, 2**53), st.lists(marks, max_size=4), st.integers(0, 400), st.integers(1, 255))
def test_a_journal_is_read_as_written_and_not_at_all_when_a_bit_differs(
    number: int, log_marks: list[LogMark], position: int, flip: int
) -> None:
    record = JournalRecord(number, tuple(log_marks))
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "journal")
        journal = CommitJournal(path, b"k" * 32, durable=False)
        journal.write(JournalRecord(1, (LogMark("x" * 300, bytes(8), 1),)))
        journal.write(record)
        assert journal.read() == record
        content = bytearray(path.read_bytes())
        length = 36 + int.from_bytes(content[32:36], "big")
        content[position % length] ^= flip
        path.write_bytes(content)
        assert journal.read() is None
        journal.clear()
        assert journal.read() is None


@given(st.binary(max_size=100), st.sampled_from(["db", "../db", "/db", "a/../db"]))
def test_a_log_of_any_bytes_is_cut_in_its_own_directory(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        inside = Path(directory, "scope")
        inside.mkdir()
        wal, above = inside / "db-wal", Path(directory, "db-wal")
        wal.write_bytes(content)
        above.write_bytes(content)
        cut(inside, LogMark(name, bytes(8), 0))
        assert above.read_bytes() == content
        assert wal.read_bytes() == b""


@settings(max_examples=30)
@given(data=st.data())
def test_a_file_whose_stored_bytes_were_changed_is_refused(
    place: tuple[Path, asyncio.AbstractEventLoop, ScopeStore], data: st.DataObject
) -> None:
    directory, loop, store = place

    async def attempt() -> None:
        await store.files_write("f", bytes(300_000))
        (blob,) = directory.rglob("*.blob")
        content = bytearray(blob.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        content[position] ^= data.draw(st.integers(1, 255))
        blob.write_bytes(content)
        with pytest.raises(ProvenError) as caught:
            async for _ in await store.files_read("f"):
                pass
        assert caught.value.code is ErrorCode.INTERNAL

    loop.run_until_complete(attempt())
