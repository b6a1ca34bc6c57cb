"""Which scopes and SQL databases there are, by name; kept only where storage may be inspected.

The names of files are derived one way from the names of scopes, so a data directory alone does not tell whose
data it holds. A development node writes it down, encrypted with a key of its own.
"""

from __future__ import annotations

import logging
import threading
from contextlib import suppress

import apsw

from proven.storage._database import DatabaseFile, close, fetch, run
from proven.storage.scope import Scope, ScopeKind
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId

_log = logging.getLogger("proven.storage")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS names (
    application TEXT, kind TEXT, first TEXT, second TEXT, database TEXT,
    PRIMARY KEY (application, kind, first, second, database)
) WITHOUT ROWID
"""
_MAX_NAMES = 10_000


class Catalogue:
    """Names of scopes, and of SQL databases in them, that were ever opened here. Used in threads.

    Best effort: a name that cannot be written is left out and no operation of an application fails for it.
    """

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._known: set[tuple[Scope, str]] = set()

    def note(self, scope: Scope, database: str = "") -> None:
        """Remember a scope, or a SQL database in it."""
        with self._lock:
            if (scope, database) in self._known or len(self._known) >= _MAX_NAMES:
                return
            first, second = (*scope.parts, "", "")[:2]
            try:
                fetch(
                    self._opened(),
                    "INSERT OR IGNORE INTO names VALUES (?, ?, ?, ?, ?)",
                    (scope.application_id, scope.kind.value, first, second, database),
                )
            except (apsw.Error, OSError) as error:
                _log.warning("catalogue_not_written", extra={"error": str(error)})
                return
            self._known.add((scope, database))

    def names(self, application_id: ApplicationId) -> list[tuple[Scope, str]]:
        """The scopes of an application, each once with `""` and once with the name of each database."""
        with self._lock:
            rows = fetch(
                self._opened(),
                "SELECT kind, first, second, database FROM names WHERE application = ? "
                "ORDER BY kind, first, second, database LIMIT ?",
                (application_id, _MAX_NAMES),
            )
        found = []
        for kind, first, second, database in rows:
            with suppress(ValueError, ProvenError):
                parts = tuple(part for part in (first, second) if part)
                found.append((Scope(ScopeKind(kind), application_id, parts), database))
        return found

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                close(self._connection, checkpoint=True)
                self._connection = None

    def _opened(self) -> apsw.Connection:
        if self._connection is None:
            connection, fresh = self._file.connect_writer()
            run(connection, _SCHEMA)
            if fresh:
                self._file.sync_new(connection)
            self._connection = connection
        return self._connection
