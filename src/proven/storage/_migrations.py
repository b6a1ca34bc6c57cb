"""Which schema migrations a SQL database has had."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from proven.storage._database import fetch
from proven.storage._main import MainUnit, has_table
from proven.wire.errors import ErrorCode, ProvenError

_SCHEMA = """
CREATE TABLE migrations (
    database TEXT, position INTEGER, hash BLOB NOT NULL, PRIMARY KEY (database, position)
) WITHOUT ROWID;
"""

_MAX_MIGRATIONS = 1000


@dataclass(frozen=True, slots=True)
class MigrationPlan:
    """The migrations that the code has, in order; each known by the hash of its text.

    What was applied must be the beginning of the plan. The plan may also be the beginning of what was
    applied: that is an older version of the code, still draining.
    """

    database: str
    statements: tuple[str, ...]
    hashes: tuple[bytes, ...]

    @classmethod
    def of(cls, database: str, statements: Sequence[str]) -> MigrationPlan:
        """The plan for a database."""
        if len(statements) > _MAX_MIGRATIONS:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a database has at most {_MAX_MIGRATIONS} migrations")
        hashes = tuple(hashlib.sha256(sql.encode("utf-8", "surrogatepass")).digest() for sql in statements)
        return cls(database, tuple(statements), hashes)

    def next(self, applied: tuple[bytes, ...]) -> int | None:
        """The position of the first migration to apply, None when there is none; `MIGRATION_CHANGED`."""
        for position, (old, new) in enumerate(zip(applied, self.hashes, strict=False)):
            if old != new:
                raise ProvenError(
                    ErrorCode.MIGRATION_CHANGED,
                    f"migration {position + 1} was changed after it was applied: "
                    "put it back and add another one",
                    details={"position": position + 1},
                )
        return len(applied) if len(applied) < len(self.hashes) else None

    def applied(self, connection: apsw.Connection) -> tuple[bytes, ...]:
        """The hashes of what was applied, from the main file."""
        if not has_table(connection, "migrations"):
            return ()
        rows = fetch(
            connection, "SELECT hash FROM migrations WHERE database = ? ORDER BY position", (self.database,)
        )
        return tuple(row[0] for row in rows)

    def record(self, unit: MainUnit, position: int) -> None:
        """Note that a migration was applied."""
        if not has_table(unit.connection, "migrations"):
            fetch(unit.connection, _SCHEMA)
        fetch(
            unit.connection,
            "INSERT INTO migrations VALUES (?, ?, ?)",
            (self.database, position, self.hashes[position]),
        )
        unit.written = True
