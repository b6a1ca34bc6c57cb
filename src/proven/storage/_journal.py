"""All or nothing over several database files, whatever moment the node dies at.

A scope keeps key-value entries and file metadata in one SQLite file and each named SQL database in
another, so that names never collide and application SQL shares a connection with nothing else. In WAL mode
SQLite commits each file atomically, but not several. The main file decides:

1. The journal records, durably, the number of the transaction and where the log of every *other* file ends.
2. The other files commit.
3. The main file commits, its transaction number included. This is the moment of the commit.

A scope that opens with a journal whose number the main file does not have died between 1 and 3: whatever the
other files committed is cut off their logs again. That is exact for any change (schema, full-text indexes,
triggers) because it works on pages, and possible because nothing moves a log into its file before 3.

Replaying changes instead, as a redo record of the session extension, would miss schema changes and virtual
tables; attaching the files to one connection would put application SQL next to everybody's entries. When a
cluster's log becomes the truth, the append takes the place of step 3 and this journal stays as it is.
"""

from __future__ import annotations

import errno
import hmac
import json
import os
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from proven.storage._database import PAGE_SIZE, DatabaseFile
from proven.storage._directory import sync_directory

_MAC_BYTES = 32
_LENGTH = struct.Struct(">I")
_MAX_RECORD = 1 << 20

_WAL_HEADER = 32
_WAL_FRAME = 24 + PAGE_SIZE
_WAL_SALT = slice(16, 24)

# Positions in the first copy of the index header, from SQLite's "WAL-Index File Format" (walformat.html).
_INDEX_HEADER = 48
_INDEX_LAST_FRAME = slice(16, 20)
_INDEX_SALT = slice(32, 40)


@dataclass(frozen=True, slots=True)
class LogMark:
    """Where the committed part of a file's log ended: the generation of the log (salt) and its frames."""

    name: str
    salt: bytes
    frames: int


@dataclass(frozen=True, slots=True)
class JournalRecord:
    """A commit over several files that was started."""

    number: int
    marks: tuple[LogMark, ...]


def mark(file: DatabaseFile) -> LogMark:
    """Where the log ends now, and stays until the commit: the caller holds the file's write transaction."""
    with file.shm().open("rb") as stream:
        header = stream.read(_INDEX_HEADER)
    frames = int.from_bytes(header[_INDEX_LAST_FRAME], sys.byteorder)
    return LogMark(file.path.name, header[_INDEX_SALT], frames)


def cut(directory: Path, log_mark: LogMark) -> None:
    """Take back what was committed after `log_mark`. No connection may be open on the file.

    Another generation in the log means that the commit began the log anew, which SQLite does only when
    the file itself already holds everything before; then all of the log goes.
    """
    wal = directory / f"{Path(log_mark.name).name}-wal"
    try:
        descriptor = os.open(wal, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        header = os.pread(descriptor, _WAL_HEADER, 0)
        kept = log_mark.frames if header[_WAL_SALT] == log_mark.salt else 0
        size = _WAL_HEADER + kept * _WAL_FRAME if kept else 0
        if size < os.fstat(descriptor).st_size:
            os.ftruncate(descriptor, size)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


class CommitJournal:
    """The file that holds the last record, authenticated so that a torn one is recognised as none."""

    def __init__(self, path: Path, key: bytes, *, durable: bool) -> None:
        self._path = path
        self._key = key
        self._durable = durable

    def write(self, record: JournalRecord) -> None:
        """Replace the record."""
        marks = [[item.name, item.salt.hex(), item.frames] for item in record.marks]
        payload = json.dumps({"number": record.number, "marks": marks}).encode()
        self._store(hmac.digest(self._key, payload, "sha256") + _LENGTH.pack(len(payload)) + payload)

    def read(self) -> JournalRecord | None:
        """The last complete record, if any."""
        try:
            content = self._path.read_bytes()[: _MAX_RECORD + _MAC_BYTES + _LENGTH.size]
        except FileNotFoundError:
            return None
        head = _MAC_BYTES + _LENGTH.size
        if len(content) < head:
            return None
        (length,) = _LENGTH.unpack(content[_MAC_BYTES:head])
        payload = content[head : head + length]
        if not hmac.compare_digest(hmac.digest(self._key, payload, "sha256"), content[:_MAC_BYTES]):
            return None
        fields = json.loads(payload)
        marks = tuple(LogMark(name, bytes.fromhex(salt), frames) for name, salt, frames in fields["marks"])
        return JournalRecord(fields["number"], marks)

    def clear(self) -> None:
        """Forget the record, in place: that takes no space on a full disk."""
        self._store(bytes(_MAC_BYTES))

    def _store(self, content: bytes) -> None:
        fresh = self._durable and not self._path.exists()
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = os.pwrite(descriptor, content, 0)
            if written != len(content):
                raise OSError(errno.ENOSPC, "the journal was cut short")
            if self._durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if fresh:
            sync_directory(self._path.parent)
