"""The data directory: one node at a time, one root key for ever."""

from __future__ import annotations

import fcntl
import hmac
import os
from pathlib import Path

from proven.wire.errors import ErrorCode, ProvenError

_FORMAT = b"proven storage 1\n"


class DataDirectory:
    """A directory that this process holds alone, made if it is not there yet."""

    def __init__(self, path: Path, fingerprint: bytes) -> None:
        self.path = path
        self._fingerprint = fingerprint
        self._lock: int | None = None

    def acquire(self) -> None:
        """Take the directory.

        Raises `UNAVAILABLE` when another process holds it, `FORBIDDEN` when its data was written with
        another root key and `INTERNAL` when it was written by a version with another format.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._take(lock)
            self._check_key()
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock

    def release(self) -> None:
        """Let another process take the directory."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _take(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"the data directory {self.path} is in use by process {holder}: "
                "stop that node first, or choose another directory with --data-dir",
                details={"pid": int(holder) if holder.isdigit() else None},
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _check_key(self) -> None:
        marker = self.path / "format"
        expected = _FORMAT + self._fingerprint
        try:
            found = marker.read_bytes()
        except FileNotFoundError:
            write_durably(marker, expected)
            return
        if not found.startswith(_FORMAT):
            raise ProvenError(
                ErrorCode.INTERNAL, f"{self.path} was written in a format this version cannot read"
            )
        if not hmac.compare_digest(found, expected):
            raise ProvenError(ErrorCode.FORBIDDEN, f"{self.path} was written with another root key")


def write_durably(path: Path, content: bytes) -> None:
    """Create or replace a small file so that after a power failure it is either the old or the new one."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    sync_directory(path.parent)


def make_directory(path: Path, *, durable: bool) -> None:
    """Create a directory that only its owner may enter, and those above it."""
    if path.is_dir():
        return
    make_directory(path.parent, durable=durable)
    path.mkdir(mode=0o700, exist_ok=True)
    if durable:
        sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    sync_file(path)


def sync_file(path: Path) -> None:
    """Make the content of a file durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
