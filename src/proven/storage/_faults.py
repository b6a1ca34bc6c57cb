"""SQLite's failures as the product's errors. Nothing of the host (paths, page numbers) reaches a caller."""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import apsw

from proven.wire.errors import ErrorCode, ProvenError

_log = logging.getLogger("proven.storage")

_LOW_DISK = 1 << 20

_STATEMENT_ERRORS = (
    apsw.SQLError,
    apsw.ConstraintError,
    apsw.MismatchError,
    apsw.RangeError,
    apsw.ReadOnlyError,
    apsw.BindingsError,
    apsw.ExecutionCompleteError,
    apsw.LockedError,
    apsw.AbortError,
)


def translate(error: Exception, *, directory: Path, quota_left: int) -> ProvenError:
    """The error that a caller gets for a failure inside SQLite or of the file system.

    Both a full disk and a database that reached its page limit are `SQLITE_FULL`: which of the two it was
    follows from what is left of each (`quota_left` bytes, and the free space of `directory`'s disk).
    """
    match error:
        case ProvenError():
            return error
        case apsw.TooBigError():
            return ProvenError(ErrorCode.TOO_LARGE, "a row, text or blob is larger than a database may hold")
        case MemoryError():
            return ProvenError(ErrorCode.TOO_LARGE, "the operation needs more memory than it may have")
        case apsw.InterruptError():
            return ProvenError(ErrorCode.REQUEST_TIMEOUT, "the statement was stopped")
        case apsw.FullError():
            if quota_left < _free_space(directory):
                return ProvenError(ErrorCode.QUOTA_EXCEEDED, "the application's storage quota is used up")
            return _full()
        case apsw.IOError() | apsw.CantOpenError() | OSError() if _is_full(error, directory):
            return _full()
        case apsw.BusyError():
            return ProvenError(ErrorCode.OVERLOADED, "the database is busy", retry_after=0.1)
        case _ if isinstance(error, _STATEMENT_ERRORS):
            return ProvenError(ErrorCode.SQL_ERROR, str(error))
        case apsw.CorruptError() | apsw.NotADBError():
            _log.error("stored_data_damaged", extra={"error": str(error)})
            return ProvenError(ErrorCode.INTERNAL, "the stored data failed its integrity check")
        case _:
            _log.error("storage_failed", exc_info=error)
            return ProvenError(ErrorCode.INTERNAL, "the data store failed; the node's log says why")


def _full() -> ProvenError:
    return ProvenError(
        ErrorCode.STORAGE_FULL, "the node's disk is full; nothing was changed", retry_after=30.0
    )


def _is_full(error: Exception, directory: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    written = (apsw.SQLITE_IOERR_WRITE, apsw.SQLITE_IOERR_SHMSIZE, apsw.SQLITE_IOERR_TRUNCATE)
    return getattr(error, "extendedresult", None) in written or _free_space(directory) < _LOW_DISK


def _free_space(directory: Path) -> int:
    try:
        statistics = os.statvfs(directory)
    except OSError:
        return 0
    return statistics.f_bavail * statistics.f_frsize
