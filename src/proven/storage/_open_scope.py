"""A scope that is open: its databases, their queues, its blobs."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from proven.storage import _files
from proven.storage._blobs import BlobStore
from proven.storage._database import DatabaseFile, close
from proven.storage._faults import translate
from proven.storage._journal import CommitJournal, cut
from proven.storage._keys import ScopeKeys
from proven.storage._main import MainWriter, has_tables, last_transaction
from proven.storage._queue import WriteQueue
from proven.storage._quota import ApplicationUsage
from proven.storage._services import Services
from proven.storage._sql_database import SqlDatabase
from proven.storage._threads import finish
from proven.storage._writer import DatabaseWriter
from proven.storage.config import Synchronous
from proven.storage.scope import Scope
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")

_MAX_DATABASE_NAME = 256
_SHORT_LOG = 64


class OpenScope:
    """One scope's open files.

    Nothing is created on the disk before the first write. Writes to the main file go through `queue`, those
    to a SQL database through its own; only a transaction holds several, and `transaction_lock` lets one
    transaction at a time do so. A scope whose commit over several files failed half-way is `broken`: it
    accepts nothing more, and is opened anew, which puts the files right.
    """

    def __init__(
        self, scope: Scope, application: Path, keys: ScopeKeys, usage: ApplicationUsage, services: Services
    ) -> None:
        durable = services.config.synchronous is Synchronous.FULL
        self.scope = scope
        self.services = services
        self.usage = usage
        self.leases = 0
        self.counted_connections = 0
        self.broken = False
        self.idle: asyncio.Event | None = None
        self.transaction_lock = asyncio.Lock()
        self.applied_migrations: dict[str, tuple[bytes, ...]] = {}
        self._directory = directory = application / keys.name
        self.blobs = BlobStore(directory, keys, usage, durable)
        self.journal = CommitJournal(directory / "journal", keys.journal(), durable=durable)
        self._keys = keys
        main = DatabaseFile(application / f"{keys.name}.db", keys.main(), services.config.synchronous)
        self.main = MainWriter(main, usage, services.clock)
        self.queue = WriteQueue(self.main, self._run_main, self.translate, services.config)
        self.reader: apsw.Connection | None = None
        self._scanner: apsw.Connection | None = None
        self._scan_lock = asyncio.Lock()
        self._sql: dict[str, SqlDatabase] = {}
        self._sql_lock = asyncio.Lock()

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        own = self.main.is_open + (self.reader is not None) + (self._scanner is not None)
        return own + sum(database.open_connections for database in self._sql.values())

    def is_new(self) -> bool:
        """Whether nothing was ever written to this scope."""
        return not (self.main.file.exists() or self._directory.exists())

    def recover(self) -> None:
        """Finish what was left half done; in a thread, before anything else.

        A commit over several files is undone unless it was decided, and file contents that belong to no file
        are removed: whoever writes one keeps the scope open, so those are of a run that died.
        """
        divided = self._directory.is_dir()
        record = self.journal.read() if divided else None
        if record is not None:
            if not self.main.file.exists() or last_transaction(self.main.file) < record.number:
                for log_mark in record.marks:
                    cut(self._directory, log_mark)
            self.journal.clear()
        if self.main.file.exists():
            reader = self.main.file.connect()
            if has_tables(reader):
                self.reader = reader
            else:
                close(reader, checkpoint=False)
        if divided:
            self.blobs.sweep(_files.known_blobs(self.reader) if self.reader is not None else set())

    async def read(self, work: Callable[[apsw.Connection], T], absent: T, *, inline: bool) -> T:
        """Read from the main file: on the event loop if `inline` (point reads), else in a thread."""
        if self.reader is None and not self.main.initialised:
            return absent
        if inline:
            return work(await self._point_reader())
        async with self._scan_lock:
            return await finish(self.services.io.submit(functools.partial(self._scan, work)))

    async def sql(self, name: str) -> SqlDatabase:
        """A named SQL database, created when first asked for."""
        database = self._sql.get(name)
        if database is None:
            async with self._sql_lock:
                database = self._sql.get(name)
                if database is None:
                    database = await self._open_sql(name)
        return database

    def translate(self, error: Exception) -> ProvenError:
        """A failure as callers see it."""
        return translate(error, directory=self._existing_directory(), quota_left=self.usage.left)

    def refuse_writes(self) -> None:
        """Refuse waiting and later writes."""
        self.queue.close()
        for database in self._sql.values():
            database.queue.close()

    def close(self, *, final: bool) -> None:
        """Close every file; in a thread, when nothing uses the scope.

        Logs are moved into the files if this is `final` or they are long: a short one costs the next opening
        less than the two waits for the disk would cost now.
        """
        for connection in (self.reader, self._scanner):
            if connection is not None:
                close(connection, checkpoint=False)
        self.reader = self._scanner = None
        for database in self._sql.values():
            database.close(checkpoint=self._checkpoints(database.writer, final=final))
        self.main.close(checkpoint=self._checkpoints(self.main, final=final))

    def _checkpoints(self, writer: DatabaseWriter, *, final: bool) -> bool:
        return not self.broken and (final or writer.log_pages > _SHORT_LOG)

    def point_reader(self) -> apsw.Connection | None:
        """A connection for reads on the event loop, if one is at hand: the idle writer's will do."""
        if self.reader is None and self.main.initialised and not self.queue.busy:
            return self.main.connection()
        return self.reader

    async def _point_reader(self) -> apsw.Connection:
        connection = self.point_reader()
        if connection is None:
            async with self._scan_lock:
                if self.reader is None:
                    self.reader = await finish(self.services.io.submit(self.main.file.connect))
                connection = self.reader
        return connection

    def _scan(self, work: Callable[[apsw.Connection], T]) -> T:
        if self._scanner is None:
            self._scanner = self.main.file.connect()
        return work(self._scanner)

    async def _run_main(self, work: Callable[[], T]) -> T:
        return await finish(self.services.io.submit(work))

    async def _open_sql(self, name: str) -> SqlDatabase:
        if not 0 < len(name.encode("utf-8", "surrogatepass")) <= _MAX_DATABASE_NAME:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"a database's name has 1 to {_MAX_DATABASE_NAME} bytes")
        file_name, key = self._keys.sql(name)
        file = DatabaseFile(self._directory / file_name, key, self.services.config.synchronous)
        await finish(self.services.io.submit(functools.partial(self._admit_database, file)))
        database = SqlDatabase(file, self.usage, self.services, self.scope.application_id, self.translate)
        await database.open()
        if self.services.catalogue is not None:
            note = functools.partial(self.services.catalogue.note, self.scope, name)
            await finish(self.services.io.submit(note))
        self._sql[name] = database
        return database

    def _admit_database(self, file: DatabaseFile) -> None:
        limit = self.services.config.max_databases_per_scope
        if not file.exists() and len(list(self._directory.glob("*.db"))) >= limit:
            raise ProvenError(ErrorCode.QUOTA_EXCEEDED, f"a scope has at most {limit} SQL databases")

    def _existing_directory(self) -> Path:
        directory = self._directory
        while not directory.exists():
            directory = directory.parent
        return directory
