"""Registers as rows of one table. Watchers read from the table by revision, so a slow one holds no memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from proven.engine._names import require_name, require_space
from proven.engine.embedded._database import Database, next_value, page
from proven.engine.embedded._feed import Feed, Feeds
from proven.engine.interface import MAX_PAGE, MAX_PAYLOAD_BYTES, Entry, Registers
from proven.wire.errors import ErrorCode, ProvenError

WATCH_PAGE = 64
"""Entries that a watcher holds at most."""


class EmbeddedRegisters(Registers):
    """`Registers` of the embedded backend.

    A deleted register stays as a row without a value until every watcher has read past it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: Feeds[_Watcher] = Feeds()
        self._revisions: dict[str, int] = {}

    async def start(self) -> None:
        await self._database.write(
            lambda database: database.execute("DELETE FROM registers WHERE value IS NULL").fetchall()
        )

    def stop(self) -> None:
        self._watchers.end_all()

    async def get(self, bucket: str, key: str) -> Entry | None:
        require_space(bucket)
        require_name(key)
        return await self._database.read(lambda database: _get(database, bucket, key))

    async def put(self, bucket: str, key: str, value: bytes, *, expected: int | None = None) -> int:
        require_space(bucket)
        require_name(key)
        if len(value) > MAX_PAYLOAD_BYTES:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a register holds at most {MAX_PAYLOAD_BYTES} bytes")

        def write(database: apsw.Connection) -> int:
            _require_revision(_get(database, bucket, key), expected)
            return _store(database, bucket, key, value)

        return await self._database.write(
            write, committed=lambda revision: self._changed(bucket, revision), size=len(value)
        )

    async def delete(self, bucket: str, key: str, *, expected: int | None = None) -> bool:
        require_space(bucket)
        require_name(key)
        positions = [watcher.position for watcher in self._watchers.of(bucket)]
        read_by_all = min([self._revisions.get(bucket, 0), *positions])

        def write(database: apsw.Connection) -> int | None:
            entry = _get(database, bucket, key)
            _require_revision(entry, expected)
            if entry is None:
                return None
            database.execute(
                "DELETE FROM registers WHERE bucket = ? AND value IS NULL AND revision <= ?",
                (bucket, read_by_all),
            )
            return _store(database, bucket, key, None)

        def changed(revision: int | None) -> None:
            if revision is not None:
                self._changed(bucket, revision)

        return await self._database.write(write, committed=changed) is not None

    async def entries(self, bucket: str, *, after: str = "", limit: int = MAX_PAGE) -> Sequence[Entry]:
        require_space(bucket)
        limit = max(0, min(limit, MAX_PAGE))
        return await self._database.read(
            lambda database: _page(
                database.execute(
                    "SELECT key, value, revision FROM registers"
                    " WHERE bucket = ? AND key > ? AND value IS NOT NULL ORDER BY key LIMIT ?",
                    (bucket, after, limit),
                )
            )
        )

    async def watch(self, bucket: str, *, key: str | None = None) -> Feed[Entry]:
        require_space(bucket)
        if key is not None:
            require_name(key)
        return self._watchers.add(bucket, _Watcher(self._database, bucket, key))

    def _changed(self, bucket: str, revision: int) -> None:
        self._revisions[bucket] = revision
        for watcher in self._watchers.of(bucket):
            watcher.wake()


class _Watcher(Feed[Entry]):
    """Entries in order of their latest revision: first those there are, then whatever gets a new one."""

    def __init__(self, database: Database, bucket: str, key: str | None) -> None:
        super().__init__()
        self._database = database
        self._bucket = bucket
        self._key = key
        self.position = 0

    async def fetch(self) -> list[Entry]:
        entries, self.position = await self._database.read(self._read)
        return entries

    def _read(self, database: apsw.Connection) -> tuple[list[Entry], int]:
        rows = database.execute(
            "SELECT key, value, revision FROM registers"
            " WHERE bucket = ?1 AND revision > ?2 AND (?3 IS NULL OR key = ?3) ORDER BY revision LIMIT ?4",
            (self._bucket, self.position, self._key, WATCH_PAGE),
        )
        if entries := _page(rows):
            return entries, entries[-1].revision
        revision = database.execute(
            "SELECT value FROM counters WHERE name = ?", (_counter(self._bucket),)
        ).get
        return entries, revision or 0


def _page(rows: Iterable[tuple[Any, ...]]) -> list[Entry]:
    return page((Entry(*row) for row in rows), lambda entry: len(entry.value or b""))


def _counter(bucket: str) -> str:
    return f"bucket:{bucket}"


def _get(database: apsw.Connection, bucket: str, key: str) -> Entry | None:
    row = database.execute(
        "SELECT key, value, revision FROM registers WHERE bucket = ? AND key = ? AND value IS NOT NULL",
        (bucket, key),
    ).fetchone()
    return None if row is None else Entry(*row)


def _store(database: apsw.Connection, bucket: str, key: str, value: bytes | None) -> int:
    revision = next_value(database, _counter(bucket))
    database.execute(
        "INSERT INTO registers VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT (bucket, key) DO UPDATE SET value = ?3, revision = ?4",
        (bucket, key, value, revision),
    )
    return revision


def _require_revision(entry: Entry | None, expected: int | None) -> None:
    revision = 0 if entry is None else entry.revision
    if expected is not None and expected != revision:
        raise ProvenError(
            ErrorCode.CONFLICT, "the register changed in the meantime", details={"revision": revision}
        )
