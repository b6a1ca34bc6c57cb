"""One encrypted SQLite file behind two threads, so that nothing blocks the event loop: one writes, one
reads.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from proven.wire.errors import ErrorCode, ProvenError

logger = logging.getLogger("proven.engine")

T = TypeVar("T")
Operation = Callable[[apsw.Connection], T]

MAX_PENDING = 8192
"""Operations waiting for one thread; enough for a second of work, and then callers are told to come back."""
MAX_PENDING_BYTES = 64 * 1024 * 1024
MAX_GROUP = 512
"""Writes that share one commit. Bounds how long the first of them waits for the last."""
MAX_READS = 16
"""Reads whose results are handed over together, and so are in memory together."""
MAX_PAGE_BYTES = 4 * 1024 * 1024
"""Bytes after which a page of results ends early."""

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE records (
    log TEXT NOT NULL, sequence INTEGER NOT NULL, subject TEXT NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX records_by_log ON records (log, sequence);
CREATE INDEX records_by_subject ON records (log, subject, sequence);
CREATE TABLE registers (
    bucket TEXT NOT NULL, key TEXT NOT NULL, value BLOB, revision INTEGER NOT NULL
);
CREATE UNIQUE INDEX registers_by_key ON registers (bucket, key);
CREATE UNIQUE INDEX registers_by_revision ON registers (bucket, revision);
CREATE INDEX registers_deleted ON registers (bucket, revision) WHERE value IS NULL;
CREATE TABLE objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, upload INTEGER NOT NULL,
    size INTEGER NOT NULL, sha256 BLOB NOT NULL,
    PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
CREATE TABLE chunks (upload INTEGER NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL);
CREATE UNIQUE INDEX chunks_by_position ON chunks (upload, position);
"""


def next_value(database: apsw.Connection, counter: str) -> int:
    """Add one to a durable counter and return it. Values are never given out twice, over restarts too."""
    value: int = database.execute(
        "INSERT INTO counters VALUES (?, 1)"
        " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        (counter,),
    ).get
    return value


def page(items: Iterable[T], size: Callable[[T], int]) -> list[T]:
    """The first of `items`: at least one, and no further than `MAX_PAGE_BYTES`."""
    taken: list[T] = []
    total = 0
    for item in items:
        total += size(item)
        if taken and total > MAX_PAGE_BYTES:
            break
        taken.append(item)
    return taken


@dataclass(slots=True, eq=False)
class _Job:
    operation: Operation[Any]
    future: asyncio.Future[Any]
    committed: Callable[[Any], None] | None
    size: int
    result: Any = None
    error: Exception | None = None


class _Thread:
    """A thread with its own connection and a bounded queue. `perform` fills in the result or error of each
    job.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], apsw.Connection],
        perform: Callable[[apsw.Connection, Sequence[_Job]], None],
        group: int,
    ) -> None:
        self._connect = connect
        self._perform = perform
        self._group = group
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._pending = 0
        self._pending_bytes = 0
        self._accepting = False
        self._loop = asyncio.get_running_loop()
        self._started: asyncio.Future[None] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    async def start(self) -> None:
        self._thread.start()
        await self._started
        self._accepting = True

    async def stop(self) -> None:
        self._accepting = False
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def submit(
        self, operation: Operation[Any], committed: Callable[[Any], None] | None, size: int
    ) -> asyncio.Future[Any]:
        if not self._accepting:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the engine is stopped")
        if self._pending >= MAX_PENDING or self._pending_bytes + size > MAX_PENDING_BYTES:
            raise ProvenError(ErrorCode.OVERLOADED, "too much work is waiting for the disk", retry_after=0.1)
        job = _Job(operation, self._loop.create_future(), committed, size)
        self._pending += 1
        self._pending_bytes += size
        self._queue.put(job)
        return job.future

    def _run(self) -> None:
        try:
            connection = self._connect()
        except Exception as error:
            self._loop.call_soon_threadsafe(_settle, self._started, None, _as_proven(error))
            return
        self._loop.call_soon_threadsafe(_settle, self._started, None, None)
        try:
            while (jobs := self._next_group()) is not None:
                self._perform(connection, [job for job in jobs if not job.future.cancelled()])
                self._loop.call_soon_threadsafe(self._deliver, jobs)
        except RuntimeError:
            logger.warning("engine_abandoned", extra={"reason": "the event loop ended before the engine"})
        finally:
            connection.close()

    def _next_group(self) -> list[_Job] | None:
        """Wait for a job and take those behind it. None at the end, which is always the last in the queue."""
        first = self._queue.get()
        if first is None:
            return None
        jobs = [first]
        while len(jobs) < self._group and not self._queue.empty():
            job = self._queue.get()
            if job is None:
                self._queue.put(None)
                break
            jobs.append(job)
        return jobs

    def _deliver(self, jobs: Sequence[_Job]) -> None:
        for job in jobs:
            self._pending -= 1
            self._pending_bytes -= job.size
            if job.error is None and job.committed is not None and job.result is not None:
                job.committed(job.result)
            _settle(job.future, job.result, job.error)


class Database:
    """The engine's file: opened by one process at a time, readable only with its key.

    Guarantees: a write that returned is on disk (WAL, `synchronous=FULL`); writes take effect in the order
    they were submitted; a read sees every write that returned before it was submitted. A write operation
    that raises `ProvenError` must not have changed anything; any other exception undoes it alone. After the
    disk failed to keep a commit nothing more is written until the file is opened again, since what is on
    the disk is then unknown.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key
        self._lock: int | None = None
        self._broken = False
        self._writer: _Thread | None = None
        self._reader: _Thread | None = None

    async def open(self) -> None:
        """Raises `UNAVAILABLE` if another process has the file, the key does not fit, or the file is
        damaged.
        """
        self._lock = await asyncio.to_thread(_lock, self._path)
        self._broken = False
        try:
            self._writer = _Thread("engine-writer", self._connect_writer, self._commit, MAX_GROUP)
            await self._writer.start()
            self._reader = _Thread("engine-reader", self._connect_reader, _read, MAX_READS)
            await self._reader.start()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what is queued and release the file."""
        reader, self._reader = self._reader, None
        writer, self._writer = self._writer, None
        for thread in (reader, writer):
            if thread is not None:
                await thread.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def write(
        self, operation: Operation[T], *, committed: Callable[[T], None] | None = None, size: int = 0
    ) -> T:
        """Run `operation` in a transaction and return its result once that is durable.

        `committed` is called on the event loop with a result other than None, in commit order, even if this
        call was cancelled in the meantime. `size` is how many bytes of memory the operation holds. An
        operation may be run again if one that shared its transaction failed.
        """
        result: T = await self._submit(self._writer, operation, committed, size)
        return result

    async def read(self, operation: Operation[T]) -> T:
        """Run `operation` on a consistent snapshot."""
        result: T = await self._submit(self._reader, operation, None, 0)
        return result

    def write_soon(self, operation: Operation[object]) -> None:
        """Queue a write nobody waits for; it is lost if the queue is full or the process ends."""
        try:
            future = self._submit(self._writer, operation, None, 0)
        except ProvenError as error:
            logger.warning("engine_write_skipped", extra={"code": error.code})
        else:
            future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _submit(
        self,
        thread: _Thread | None,
        operation: Operation[Any],
        committed: Callable[[Any], None] | None,
        size: int,
    ) -> asyncio.Future[Any]:
        if thread is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the engine is not running")
        return thread.submit(operation, committed, size)

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self._path), statementcachesize=64)
        connection.pragma("key", f"raw:{self._key.hex()}")
        connection.pragma("trusted_schema", False)
        connection.pragma("temp_store", "memory")  # temporary files would not be encrypted
        connection.set_busy_timeout(5000)
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        return connection

    def _connect_reader(self) -> apsw.Connection:
        connection = self._connect()
        connection.pragma("query_only", True)
        return connection

    def _connect_writer(self) -> apsw.Connection:
        connection = self._connect()
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.pragma("journal_size_limit", 16 * 1024 * 1024)
        version = connection.pragma("user_version")
        if version == 0:
            with connection:
                connection.execute(SCHEMA)
                connection.pragma("user_version", SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"the engine's file has format {version}; this version reads {SCHEMA_VERSION}",
            )
        return connection

    def _commit(self, connection: apsw.Connection, jobs: Sequence[_Job]) -> None:
        """Run `jobs` in one transaction; if one of them fails, each in its own."""
        if self._broken:
            for job in jobs:
                job.error = ProvenError(ErrorCode.UNAVAILABLE, "the disk failed; restart the node to go on")
            return
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                try:
                    job.error, job.result = None, None
                    job.result = job.operation(connection)
                except ProvenError as refusal:
                    job.error = refusal
            connection.execute("COMMIT")
        except Exception as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, apsw.IOError | apsw.CorruptError):
                self._broken = True
                logger.critical("engine_disk_failed", extra={"reason": str(error)})
            if len(jobs) == 1:
                jobs[0].error = _as_proven(error)
                return
            for job in jobs:
                self._commit(connection, [job])


def _read(connection: apsw.Connection, jobs: Sequence[_Job]) -> None:
    for job in jobs:
        try:
            with connection:
                job.result = job.operation(connection)
        except Exception as error:
            job.error = _as_proven(error)


def _settle(future: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if future.cancelled():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _lock(path: Path) -> int:
    """Create the file, readable by its owner only, and hold it for this process."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise ProvenError(
            ErrorCode.UNAVAILABLE,
            f"another process is using {path}; stop it or choose another data directory",
        ) from None
    return lock


def _as_proven(error: Exception) -> ProvenError:
    match error:
        case ProvenError():
            return error
        case apsw.FullError():
            return ProvenError(ErrorCode.STORAGE_FULL, "the disk that holds the engine's file is full")
        case apsw.NotADBError() | apsw.CorruptError():
            return ProvenError(
                ErrorCode.UNAVAILABLE, "the engine's file is damaged or was written with another root key"
            )
        case apsw.IOError() | apsw.CantOpenError() | OSError():
            logger.error("engine_io_failed", extra={"reason": str(error)})
            return ProvenError(ErrorCode.UNAVAILABLE, "the disk that holds the engine's file failed")
        case _:
            logger.error("engine_failed", exc_info=error)
            return ProvenError(ErrorCode.INTERNAL, "the engine failed")
