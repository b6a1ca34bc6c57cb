"""What each application occupies on the disk, over all its scopes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from proven.wire.errors import ErrorCode, ProvenError


class ApplicationUsage:
    """The bytes of one application: database pages and file contents.

    Measured once from the disk when the application is first used, then kept by what each write adds or
    frees, so it cannot drift further than one run of the node. Writers in several threads share it.
    """

    def __init__(self, used: int, limit: int) -> None:
        self._used = used
        self._limit = limit
        self._lock = threading.Lock()

    @classmethod
    def measure(cls, directory: Path, limit: int) -> ApplicationUsage:
        """Sum what the scopes under an application's directory occupy now."""
        return cls(_size(directory), limit)

    @property
    def used(self) -> int:
        """Bytes occupied."""
        return self._used

    @property
    def left(self) -> int:
        """Bytes that may still be added."""
        return max(0, self._limit - self._used)

    def reserve(self, size: int) -> None:
        """Count `size` bytes that are about to be written, or raise `QUOTA_EXCEEDED`."""
        with self._lock:
            if self._used + size > self._limit:
                raise ProvenError(
                    ErrorCode.QUOTA_EXCEEDED,
                    "the application's storage quota is used up",
                    details={"limit": self._limit, "used": self._used},
                )
            self._used += size

    def adjust(self, change: int) -> None:
        """Count bytes that a committed write added (or freed, when negative)."""
        with self._lock:
            self._used = max(0, self._used + change)


def _size(directory: Path) -> int:
    total = 0
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return 0
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            total += _size(Path(entry.path))
        elif entry.name.endswith((".db", ".db-wal", ".blob")):
            total += entry.stat(follow_symlinks=False).st_size
    return total
