"""Opening encrypted SQLite files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

from proven.storage._directory import make_directory, sync_directory, sync_file
from proven.storage.config import Synchronous
from proven.storage.records import SqlValue

PAGE_SIZE = 4096
_BUSY_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseFile:
    """One encrypted SQLite file in WAL mode: where it is, its key and how durable its commits are.

    Pages are sealed with ChaCha20-Poly1305 under the given key itself ("raw:"): a passphrase would cost a
    slow derivation at each opening. Connections never checkpoint on their own: the scope decides when,
    because undoing a commit that spans files needs the log to be as the commit left it.
    """

    path: Path
    key: bytes
    synchronous: Synchronous

    def exists(self) -> bool:
        """Whether the file has been created."""
        return self.path.exists()

    def connect(self) -> apsw.Connection:
        """Open a connection that reads."""
        connection = self._open()
        run(connection, "PRAGMA query_only=ON")
        return connection

    def connect_writer(self) -> tuple[apsw.Connection, bool]:
        """Open the connection that writes, creating the file if need be; whether the file is new.

        Commits to a new file don't wait for the disk until `sync_new` is called, after the first of them:
        that waits once for what SQLite would have waited for at every step.
        """
        fresh = self._create()
        connection = self._open()
        if fresh:
            run(connection, "PRAGMA synchronous=OFF")
            run(connection, "PRAGMA journal_mode=MEMORY")
            run(connection, "PRAGMA auto_vacuum=INCREMENTAL")
        run(connection, "PRAGMA journal_mode=WAL")
        if not fresh:
            run(connection, f"PRAGMA synchronous={self.synchronous.value}")
        return connection, fresh

    def sync_new(self, connection: apsw.Connection) -> None:
        """Make the first commit to a new file durable, and the later ones by themselves."""
        if self.synchronous is Synchronous.FULL:
            for path in (self.path, self.wal()):
                sync_file(path)
            sync_directory(self.path.parent)
        run(connection, f"PRAGMA synchronous={self.synchronous.value}")

    def wal(self) -> Path:
        """The write-ahead log beside the file."""
        return Path(f"{self.path}-wal")

    def shm(self) -> Path:
        """The index of the write-ahead log."""
        return Path(f"{self.path}-shm")

    def size(self) -> int:
        """Bytes of the file and its log."""
        total = 0
        for path in (self.path, self.wal()):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def _create(self) -> bool:
        """Make an empty file with mode 0600, which SQLite copies to the log; whether it is (still) empty."""
        make_directory(self.path.parent, durable=self.synchronous is Synchronous.FULL)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            return os.fstat(descriptor).st_size == 0
        finally:
            os.close(descriptor)

    def _open(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        connection.wal_autocheckpoint(0)
        run(connection, f"PRAGMA key='raw:{self.key.hex()}'")
        return connection


def run(connection: apsw.Connection, sql: str) -> None:
    """Run one of the store's own statements to its end, outside the cache that application SQL shares."""
    connection.execute(sql, can_cache=False).fetchall()


def fetch(connection: apsw.Connection, sql: str, bindings: Sequence[SqlValue] = ()) -> list[tuple[Any, ...]]:
    """The rows of one of the store's own statements, on a connection that runs no application SQL."""
    return connection.execute(sql, tuple(bindings)).fetchall()


def integer(connection: apsw.Connection, sql: str) -> int:
    """The one integer that one of the store's own statements returns."""
    rows: list[tuple[Any, ...]] = connection.execute(sql, can_cache=False).fetchall()
    return int(rows[0][0])


def close(connection: apsw.Connection, *, checkpoint: bool) -> None:
    """Close a connection; the last one of a file moves the log into the file first if `checkpoint`."""
    if checkpoint:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)
    connection.close(True)
