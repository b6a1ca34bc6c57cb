"""Looking at all data of a development node."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import apsw

from proven.storage import _kv
from proven.storage._catalogue import Catalogue
from proven.storage._database import fetch
from proven.storage._keys import KeyRing
from proven.storage._open_scopes import OpenScopes
from proven.storage._threads import finish
from proven.storage.records import FileStat, KvKind, KvStore, SqlValue
from proven.storage.scope import Scope
from proven.storage.store import ScopeStore
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

T = TypeVar("T")

MAX_PREVIEW = 64 * 1024
"""Bytes of one value that are shown."""
MAX_PAGE = 200
MAX_STORES = 500
MAX_TABLES = 500
MAX_COLUMNS = 100
MAX_COUNTED = 10_000
"""Where counting entries ends."""

_KINDS = {b"s": KvKind.STRING, b"b": KvKind.BYTES, b"k": KvKind.KEY}


@dataclass(frozen=True, slots=True)
class FoundScopes:
    """The scopes of one application that hold data. `unnamed` counts those whose names are not known."""

    scopes: tuple[Scope, ...]
    unnamed: int


@dataclass(frozen=True, slots=True)
class StoreSummary:
    """A key-value store and its live entries, counted up to `MAX_COUNTED`."""

    store: KvStore
    entries: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The beginning of a value and its whole size in bytes; `content` is None where it is not shown."""

    size: int
    content: bytes | None


@dataclass(frozen=True, slots=True)
class EntryPreview:
    """One entry. `expires_at` is in seconds since the epoch."""

    key: str
    value: Preview
    version: int
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view of a SQL database, with the statement that made it."""

    name: str
    kind: str
    sql: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a row: its SQLite type, its whole size in bytes, and its beginning if it is long."""

    type: str
    value: SqlValue
    size: int


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows of a table, in the order SQLite gives. `more` says whether others follow."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: bool


class Inspector:
    """Reads every scope of a store that was opened `inspectable`. Rules:

    1. It reads. Nothing is created: what was never written is `NOT_FOUND`. Opening a scope finishes what a
       crash left half done, as any opening does.
    2. It asks nobody: personal data is shown without its person, an NFT's without its owner. So it belongs to
       a node whose operator may see everything anyway, and is given to nothing that serves callers.
    3. Private keys and secrets (`KvKind.KEY`) are named and never shown.
    4. Every answer is bounded: `MAX_PAGE` items, `MAX_PREVIEW` bytes of a value. SQL runs as an
       application's own does, with its authorizer and deadline, for a view is an application's statement.
    """

    def __init__(self, directory: Path, keys: KeyRing, scopes: OpenScopes, catalogue: Catalogue) -> None:
        self._directory = directory
        self._keys = keys
        self._scopes = scopes
        self._catalogue = catalogue

    async def scopes(self, application_id: ApplicationId) -> FoundScopes:
        """Which scopes of an application hold data."""
        return await self._in_thread(functools.partial(self._find_scopes, application_id))

    async def stores(self, scope: Scope) -> list[StoreSummary]:
        """The key-value stores of a scope, by kind and name; at most `MAX_STORES`."""
        now = self._scopes.services.clock()
        store = await self._store(scope)
        return await store._read(lambda connection: _stores(connection, now), [])

    async def entries(
        self,
        scope: Scope,
        store: KvStore,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int = 50,
        preview: int = 256,
    ) -> list[EntryPreview]:
        """A page of a store's live entries, by key."""
        now = self._scopes.services.clock()
        head = _kv.encode_key(store, "x")[:-1]
        first = head + _encoded(prefix)
        start = b"" if after is None else head + _encoded(after)
        shown = 0 if store.kind is KvKind.KEY else min(preview, MAX_PREVIEW)

        def work(connection: apsw.Connection) -> list[EntryPreview]:
            rows = fetch(
                connection,
                "SELECT key, length(value), substr(value, 1, ?), version, expires FROM kv "
                "WHERE key >= ? AND key > ? AND key < ? AND (expires IS NULL OR expires > ?) "
                "ORDER BY key LIMIT ?",
                (shown, first, start, first + b"\xff", now, _page(limit)),
            )
            hidden = store.kind is KvKind.KEY
            return [
                EntryPreview(
                    key[len(head) :].decode(), Preview(size, None if hidden else content), version, expires
                )
                for key, size, content, version, expires in rows
            ]

        opened = await self._store(scope)
        return await opened._read(work, [])

    async def entry(self, scope: Scope, store: KvStore, key: str) -> EntryPreview:
        """One entry with as much of its value as is ever shown; `NOT_FOUND`."""
        found = await self.entries(scope, store, prefix=key, limit=1, preview=MAX_PREVIEW)
        if not found or found[0].key != key:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is no such entry")
        return found[0]

    async def databases(self, scope: Scope) -> list[str]:
        """The names of a scope's SQL databases."""
        return await self._in_thread(functools.partial(self._find_databases, scope))

    async def tables(self, scope: Scope, database: str) -> list[Table]:
        """The tables and views of a SQL database; at most `MAX_TABLES`."""
        store = await self._sql(scope, database)
        rows = await store.sql_query(
            database,
            "SELECT name, type, substr(coalesce(sql, ''), 1, 2000) FROM sqlite_schema "
            "WHERE type IN ('table', 'view') AND name NOT GLOB 'sqlite_*' ORDER BY name LIMIT ?",
            (MAX_TABLES,),
        )
        return [Table(str(name), str(kind), str(sql)) for name, kind, sql in rows.rows]

    async def rows(
        self,
        scope: Scope,
        database: str,
        table: str,
        *,
        offset: int = 0,
        limit: int = 50,
        preview: int = 256,
    ) -> RowPage:
        """Rows of a table or view from `offset` on, `MAX_COLUMNS` columns at most; `NOT_FOUND`."""
        store = await self._sql(scope, database)
        if all(each.name != table for each in await self.tables(scope, database)):
            raise ProvenError(ErrorCode.NOT_FOUND, "there is no such table")
        name = _identifier(table)
        described = await store.sql_query(database, f"SELECT * FROM {name} LIMIT 0")  # noqa: S608
        columns = tuple(described.columns[:MAX_COLUMNS])
        shown = max(1, min(preview, MAX_PREVIEW))
        parts = ", ".join(_cell(column, shown) for column in columns)
        count = _page(limit)
        found = await store.sql_query(
            database,
            f"SELECT {parts} FROM {name} LIMIT ? OFFSET ?",  # noqa: S608
            (count + 1, max(0, offset)),
        )
        rows = tuple(_cells(row) for row in found.rows)
        return RowPage(columns, rows[:count], len(rows) > count)

    async def files(
        self, scope: Scope, path: str = "", *, after: str = "", limit: int = 50
    ) -> list[FileStat]:
        """What is directly in a directory, by name."""
        store = await self._store(scope)
        return await store.files_list(path, after=after, limit=_page(limit))

    async def file(self, scope: Scope, path: str, *, preview: int = MAX_PREVIEW) -> tuple[FileStat, bytes]:
        """A file and the beginning of its content; `NOT_FOUND` if it is none."""
        store = await self._store(scope)
        stat = await store.files_stat(path, digest=False)
        if stat is None or stat.is_directory:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is no such file")
        stream = await store.files_read(path, length=min(preview, MAX_PREVIEW))
        try:
            return stat, b"".join([part async for part in stream])
        finally:
            await stream.aclose()

    async def _store(self, scope: Scope) -> ScopeStore:
        if not await self._in_thread(functools.partial(self._exists, scope)):
            raise ProvenError(ErrorCode.NOT_FOUND, "nothing was ever stored in this scope")
        return ScopeStore(scope, self._scopes)

    async def _sql(self, scope: Scope, database: str) -> ScopeStore:
        if database not in await self.databases(scope):
            raise ProvenError(ErrorCode.NOT_FOUND, "there is no such database in this scope")
        return await self._store(scope)

    def _find_scopes(self, application_id: ApplicationId) -> FoundScopes:
        candidates = [Scope.application(application_id)]
        candidates += [scope for scope, database in self._catalogue.names(application_id) if not database]
        scopes = tuple(scope for scope in dict.fromkeys(candidates) if self._exists(scope))
        folder = self._application(application_id)
        present = {path.name.partition(".")[0] for path in folder.iterdir()} if folder.is_dir() else set()
        return FoundScopes(scopes, len(present - {self._keys.scope(scope).name for scope in scopes}))

    def _find_databases(self, scope: Scope) -> list[str]:
        keys = self._keys.scope(scope)
        folder = self._application(scope.application_id) / keys.name
        return [
            database
            for other, database in self._catalogue.names(scope.application_id)
            if database and other == scope and (folder / keys.sql(database)[0]).exists()
        ]

    def _exists(self, scope: Scope) -> bool:
        name = self._keys.scope(scope).name
        folder = self._application(scope.application_id)
        return (folder / f"{name}.db").exists() or (folder / name).exists()

    def _application(self, application_id: ApplicationId) -> Path:
        return self._directory / "apps" / self._keys.application_directory(application_id)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await finish(self._scopes.services.io.submit(work))


def _stores(connection: apsw.Connection, now: float) -> list[StoreSummary]:
    """Every store, by jumping from the first key of one to the first key behind it."""
    found: list[StoreSummary] = []
    behind = b""
    while len(found) < MAX_STORES:
        rows = fetch(connection, "SELECT key FROM kv WHERE key > ? ORDER BY key LIMIT 1", (behind,))
        if not rows:
            break
        key: bytes = rows[0][0]
        head = key[: 3 + int.from_bytes(key[1:3], "big")]
        behind = head + b"\xff"
        counted = fetch(
            connection,
            "SELECT count(*) FROM (SELECT 1 FROM kv WHERE key > ? AND key < ? "
            "AND (expires IS NULL OR expires > ?) LIMIT ?)",
            (head, behind, now, MAX_COUNTED),
        )
        found.append(StoreSummary(KvStore(_KINDS[head[:1]], head[3:].decode()), counted[0][0]))
    return found


def _cell(column: str, shown: int) -> str:
    name = _identifier(column)
    return (
        f"typeof({name}), coalesce(octet_length({name}), 0), "
        f"CASE WHEN typeof({name}) IN ('text', 'blob') THEN substr({name}, 1, {shown}) ELSE {name} END"
    )


def _cells(row: Sequence[SqlValue]) -> tuple[Cell, ...]:
    return tuple(
        Cell(str(row[start]), row[start + 2], int(row[start + 1] or 0)) for start in range(0, len(row), 3)
    )


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _page(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "a key is text without lone surrogates") from None
