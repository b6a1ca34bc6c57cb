"""What an operator can choose about the data store, with the limits that hold when nothing is chosen."""

from __future__ import annotations

import enum
from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Synchronous(enum.StrEnum):
    """When an acknowledged write is safe."""

    FULL = "FULL"
    """After a power failure too: the write is on the disk before it is acknowledged."""

    NORMAL = "NORMAL"
    """After a crash of the node, not after a power failure. For development."""


@dataclass(frozen=True, slots=True)
class StorageConfig:
    """Limits and durability of a data store. Sizes are in bytes and times in seconds."""

    synchronous: Synchronous = Synchronous.FULL
    application_quota: int = 10 * GIB
    """What all scopes of one application may occupy together."""

    max_open_connections: int = 192
    """SQLite connections kept open over all scopes: about two file descriptors each."""

    max_databases_per_scope: int = 16
    max_value_bytes: int = 8 * MIB
    max_page_bytes: int = 8 * MIB
    """What one page of key-value entries may hold."""

    max_queued_writes: int = 1024
    max_queued_bytes: int = 64 * MIB
    max_write_wait: float = 10.0
    """How long a write waits for the writes and the transaction before it."""

    max_transaction_wait: float = 5.0
    max_transaction_time: float = 30.0

    max_statement_bytes: int = 256 * KIB
    max_row_bytes: int = 16 * MIB
    """One row, text or blob in SQL."""

    max_result_rows: int = 10_000
    max_result_bytes: int = 8 * MIB
    statement_timeout: float = 5.0
    migration_timeout: float = 60.0
    sql_memory: int = 512 * MIB
    """What all SQLite connections may use together before running statements are stopped."""

    max_directory_entries: int = 1000
    """Entries that one listing of files returns."""

    io_threads: int = 4
    sql_threads: int = 4
