"""App data: encrypted key-value entries, SQL databases and files, apart for each scope.

A `Storage` holds a directory and a root key. `await storage.scope(Scope.personal(application, identity))`
gives the `ScopeStore` of one scope: its operations are each atomic and durable once they return, and
`transaction` makes several of them so, across entries, SQL databases and files.

How it is kept:

- A scope is a directory with a main SQLite file (entries, file metadata, applied migrations), one more for
  each named SQL database, and sealed blobs for large file contents. SQL files of their own mean that names
  never collide and that application SQL shares a connection with nothing of the store. `_journal` says how
  a transaction over several files is all or nothing.
- Each file has one writer with a queue (`_queue`): writes that wait for the disk together are committed so.
  Point reads are answered on the event loop from a reading connection, since they cost less than a thread's
  wake-up; everything that can wait for a disk or run long is in a thread.
- On a node opened for inspection, which a development node is, `Storage.inspector` reads everything; rules
  in `Inspector`.
- Keys and file names come from the root key through the injective encoding of the scope (`_keys`, `scope`).
"""

from proven.storage.config import StorageConfig, Synchronous
from proven.storage.inspect import Inspector
from proven.storage.operations import Operations
from proven.storage.ownership import DevelopmentOwnership, OwnershipVerifier
from proven.storage.records import (
    ExecuteResult,
    FileStat,
    KvEntry,
    KvKind,
    KvStore,
    Rows,
    SqlParameters,
    SqlValue,
)
from proven.storage.scope import Scope, ScopeKind
from proven.storage.storage import Storage
from proven.storage.store import ScopeStore
from proven.storage.transaction import Transaction

__all__ = [
    "DevelopmentOwnership",
    "ExecuteResult",
    "FileStat",
    "Inspector",
    "KvEntry",
    "KvKind",
    "KvStore",
    "Operations",
    "OwnershipVerifier",
    "Rows",
    "Scope",
    "ScopeKind",
    "ScopeStore",
    "SqlParameters",
    "SqlValue",
    "Storage",
    "StorageConfig",
    "Synchronous",
    "Transaction",
]
