"""Everything an application can do with one scope's data."""

from __future__ import annotations

from proven.storage._file_operations import FileOperations
from proven.storage._kv_operations import KvOperations
from proven.storage._sql_operations import SqlOperations


class Operations(KvOperations, SqlOperations, FileOperations):
    """Key-value, SQL and file operations; each on its own (`ScopeStore`) or all in one `Transaction`."""
