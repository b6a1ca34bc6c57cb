"""The writing side of one database file: transactions within the application's quota."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from proven.storage._database import PAGE_SIZE, DatabaseFile, close, integer, run
from proven.storage._quota import ApplicationUsage

_log = logging.getLogger("proven.storage")

_CHECKPOINT_PAGES = 1000
_FREE_PAGES = 64
_VACUUM_PAGES = 256
_MAX_PAGES = 0xFFFFFFFE


class Unit:
    """One open write transaction on one database file.

    What must happen only once the transaction is committed (removing a file's old content, say) is
    registered with `on_commit`; what must be cleaned up if it is not, with `on_rollback`.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.written = False
        self._on_commit: list[Callable[[], object]] = []
        self._on_rollback: list[Callable[[], object]] = []

    def on_commit(self, action: Callable[[], object]) -> None:
        """Call `action` after the commit."""
        self._on_commit.append(action)

    def on_rollback(self, action: Callable[[], object]) -> None:
        """Call `action` if the transaction (or the savepoint around the current operation) is undone."""
        self._on_rollback.append(action)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what happens inside if it raises, and only that."""
        commits, rollbacks = len(self._on_commit), len(self._on_rollback)
        run(self.connection, "SAVEPOINT operation")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                run(self.connection, "ROLLBACK TO operation")
                run(self.connection, "RELEASE operation")
            del self._on_commit[commits:]
            for action in self._on_rollback[rollbacks:]:
                action()
            del self._on_rollback[rollbacks:]
            raise
        run(self.connection, "RELEASE operation")

    def finished(self, *, committed: bool) -> None:
        """Run the registered actions; called once by the writer."""
        actions = self._on_commit if committed else self._on_rollback
        self._on_commit, self._on_rollback = [], []
        for action in actions:
            try:
                action()
            except OSError as error:
                _log.warning("cleanup_failed", exc_info=error)


class DatabaseWriter:
    """The one connection that writes to a database file, opened (and the file created) when first used.

    Not for concurrent use: whoever calls it holds the file's write queue. Growth is bounded by SQLite itself:
    each transaction starts with the page limit that the application's quota leaves.
    """

    def __init__(self, file: DatabaseFile, usage: ApplicationUsage) -> None:
        self.file = file
        self._usage = usage
        self._connection: apsw.Connection | None = None
        self.log_pages = 0
        self._counted_pages = 0
        self._free_pages = 0
        self._fresh = False

    @property
    def is_open(self) -> bool:
        """Whether a connection is open."""
        return self._connection is not None

    def connection(self) -> apsw.Connection:
        """The writing connection."""
        if self._connection is None:
            self._counted_pages = self.file.size() // PAGE_SIZE
            connection, self._fresh = self.file.connect_writer()
            connection.set_wal_hook(self._committed_pages)
            self._count(self._page_count(connection))
            self._opened(connection)
            self._connection = connection
        return self._connection

    def begin(self) -> Unit:
        """Start a write transaction."""
        self.start()
        return Unit(self.connection())

    def start(self) -> None:
        """Begin in SQLite, with the pages that the quota leaves."""
        connection = self.connection()
        run(connection, "BEGIN IMMEDIATE")
        limit = min(self._page_count(connection) + self._usage.left // PAGE_SIZE, _MAX_PAGES)
        run(connection, f"PRAGMA max_page_count={max(limit, 1)}")

    def commit(self, unit: Unit) -> None:
        """Commit; on failure the transaction is undone and the error raised."""
        try:
            pages = self._page_count(unit.connection)
            free = integer(unit.connection, "PRAGMA freelist_count")
            run(unit.connection, "COMMIT")
            if self._fresh:
                self.file.sync_new(unit.connection)
                self._fresh = False
        except BaseException:
            self.rollback(unit)
            raise
        self._count(pages)
        self._free_pages = free
        unit.finished(committed=True)

    def rollback(self, unit: Unit) -> None:
        """Undo the transaction, if SQLite has not done so itself after an error."""
        try:
            if unit.connection.in_transaction:
                run(unit.connection, "ROLLBACK")
        finally:
            unit.finished(committed=False)

    def tidy_is_due(self) -> bool:
        """Whether the log is long, or much of the file is unused."""
        return self.log_pages >= _CHECKPOINT_PAGES or self._free_pages >= _FREE_PAGES

    def tidy(self) -> None:
        """Give unused pages back, a bounded number at a time, and move a long log into the file."""
        connection = self.connection()
        if self._free_pages >= _FREE_PAGES:
            self._free_pages = 0
            run(connection, f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
            self._count(self._page_count(connection))
        if self.log_pages >= _CHECKPOINT_PAGES:
            self.log_pages = 0
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def close(self, *, checkpoint: bool) -> None:
        """Close the connection, moving the log into the file if `checkpoint`; the next use opens it again."""
        if self._connection is not None:
            close(self._connection, checkpoint=checkpoint)
            self._connection = None
            self._count(self.file.size() // PAGE_SIZE)

    def _count(self, pages: int) -> None:
        self._usage.adjust((pages - self._counted_pages) * PAGE_SIZE)
        self._counted_pages = pages

    def _opened(self, connection: apsw.Connection) -> None:
        """For subclasses: prepare a new connection."""

    def _committed_pages(self, connection: apsw.Connection, database: str, pages: int) -> int:
        self.log_pages = pages
        return apsw.SQLITE_OK

    @staticmethod
    def _page_count(connection: apsw.Connection) -> int:
        return integer(connection, "PRAGMA page_count")
