"""The main database of a scope: key-value entries, file metadata, applied migrations, counters."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from proven.storage._database import DatabaseFile, fetch, integer
from proven.storage._quota import ApplicationUsage
from proven.storage._writer import DatabaseWriter, Unit
from proven.wire.errors import ErrorCode, ProvenError

_FORMAT = 1
_SCHEMA = f"""
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('version', 0), ('transaction', 0);
CREATE TABLE kv (
    key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL, expires REAL
) WITHOUT ROWID;
CREATE INDEX kv_expires ON kv (expires) WHERE expires IS NOT NULL;
PRAGMA user_version = {_FORMAT};
"""  # noqa: S608

_VERSIONS_AT_ONCE = 4096
_PURGE_AT_ONCE = 256


class MainUnit(Unit):
    """A write transaction on the main database."""

    def __init__(self, connection: apsw.Connection, writer: MainWriter) -> None:
        super().__init__(connection)
        self._writer = writer

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._writer.clock()

    def next_version(self) -> int:
        """A number that nothing which was committed in this scope has had or will have."""
        return self._writer.allocate()

    def expires(self, at: float) -> None:
        """Note that an entry expires at `at`, so that it is purged."""
        self._writer.note_expiry(at)


class MainWriter(DatabaseWriter):
    """Writes the main database.

    Versions count up for ever: numbers are handed out from memory below a ceiling that is stored with the
    commit that first needs it, so a restart skips numbers and repeats none that was committed. Expired
    entries are invisible at once and removed later, a bounded number with each write.
    """

    def __init__(self, file: DatabaseFile, usage: ApplicationUsage, clock: Callable[[], float]) -> None:
        super().__init__(file, usage)
        self.clock = clock
        self.initialised = False
        self._next = 0
        self._ceiling = 0
        self._earliest: float | None = None

    def begin(self) -> MainUnit:
        """Start a write transaction, creating the tables with the first one."""
        self.start()
        connection = self.connection()
        unit = MainUnit(connection, self)
        if not self.initialised:
            try:
                fetch(connection, _SCHEMA)
            except BaseException:
                self.rollback(unit)
                raise
        return unit

    def commit(self, unit: Unit) -> None:
        """Commit, with the ceiling of the versions and a bounded share of the purge."""
        ceiling = self._ceiling
        try:
            self._purge(unit)
            if self._next > ceiling:
                ceiling = self._next + _VERSIONS_AT_ONCE
                fetch(unit.connection, "UPDATE counters SET value = ? WHERE name = 'version'", (ceiling,))
            super().commit(unit)
        except BaseException:
            self._earliest = 0.0
            self.rollback(unit)
            raise
        self._ceiling = ceiling
        self.initialised = True

    def allocate(self) -> int:
        """The next version or transaction number."""
        self._next += 1
        return self._next

    def note_expiry(self, at: float) -> None:
        """Remember the earliest moment at which there may be something to purge."""
        if self._earliest is None or at < self._earliest:
            self._earliest = at

    def _opened(self, connection: apsw.Connection) -> None:
        self.initialised = has_tables(connection)
        if self.initialised:
            self._ceiling = integer(connection, "SELECT value FROM counters WHERE name = 'version'")
            self._next = max(self._next, self._ceiling)
            self._earliest = _earliest(connection)

    def _purge(self, unit: Unit) -> None:
        now = self.clock()
        if self._earliest is None or self._earliest > now:
            return
        fetch(
            unit.connection,
            "DELETE FROM kv WHERE key IN (SELECT key FROM kv WHERE expires <= ? ORDER BY expires LIMIT ?)",
            (now, _PURGE_AT_ONCE),
        )
        self._earliest = _earliest(unit.connection)


def has_tables(connection: apsw.Connection) -> bool:
    """Whether a main database has been written to before; refuses one of a later version."""
    found = integer(connection, "PRAGMA user_version")
    if found not in (0, _FORMAT):
        raise ProvenError(ErrorCode.INTERNAL, f"the data has format {found}, which this version cannot read")
    return found == _FORMAT


def _earliest(connection: apsw.Connection) -> float | None:
    row = fetch(connection, "SELECT min(expires) FROM kv WHERE expires IS NOT NULL")[0]
    return None if row[0] is None else float(row[0])


def has_table(connection: apsw.Connection, name: str) -> bool:
    """Whether a table is there: those that most scopes never need are created with their first row."""
    return bool(fetch(connection, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))


def record_transaction(unit: Unit, number: int) -> None:
    """Make the commit of `unit` the one that decides transaction `number`."""
    fetch(unit.connection, "UPDATE counters SET value = ? WHERE name = 'transaction'", (number,))


def last_transaction(file: DatabaseFile) -> int:
    """The number of the last decided transaction that spanned files."""
    connection = file.connect()
    try:
        if not has_tables(connection):
            return 0
        return integer(connection, "SELECT value FROM counters WHERE name = 'transaction'")
    finally:
        connection.close(True)
