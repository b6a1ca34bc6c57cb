"""Transactions over the entries, SQL databases and files of one scope."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TypeVar

import apsw

from proven.storage._blobs import BlobWriter
from proven.storage._journal import JournalRecord, mark
from proven.storage._main import MainUnit, record_transaction
from proven.storage._migrations import MigrationPlan
from proven.storage._open_scope import OpenScope
from proven.storage._open_scopes import OpenScopes
from proven.storage._services import Services
from proven.storage._sql import SqlSession
from proven.storage._sql_database import SqlDatabase
from proven.storage._threads import finish
from proven.storage._watchdog import Watch
from proven.storage._writer import Unit
from proven.storage.operations import Operations
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")

_INLINE_WEIGHT = 64 * 1024
_UNDONE = "was undone by an error"

Admit = Callable[[], Awaitable[None]]


class Transaction(Operations):
    """All of its writes or none of them, seen by nobody before `commit`, and seen by its own reads.

    - A file of the scope (the main one, or a SQL database) is held from its first use to the end, so
      what was read there cannot change meanwhile. One transaction of a scope runs at a time.
    - It ends by `commit`, `rollback`, or its timeout, which rolls it back; afterwards every call is refused.
    - A failed operation takes only itself back, unless SQLite had to undo the whole transaction
      (a full disk, an interrupted write, ON CONFLICT ROLLBACK): then the transaction has ended.
    - As an async context manager it commits at the end of the block, or rolls back if that raises.
    """

    def __init__(self, scope: OpenScope, scopes: OpenScopes, admit: Admit, timeout: float) -> None:
        """Begin on a scope that was acquired and whose `transaction_lock` is held: both end with this."""
        self._scope = scope
        self._scopes = scopes
        self._admit = admit
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._ended: str | None = None
        self._late = False
        self._main: MainUnit | None = None
        self._databases: dict[str, tuple[SqlDatabase, Unit]] = {}
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + timeout
        self._expiry: asyncio.Task[None] | None = None
        self._timer = loop.call_at(self._deadline, self._expire)

    async def commit(self) -> None:
        """Make every write durable, or raise and make none."""
        async with self._turn():
            if sum(unit.written for _, unit in self._databases.values()) > 1:
                await self._main_unit()
            await self._end(self._commit, "has been committed")

    async def rollback(self) -> None:
        """Undo every write; nothing happens if the transaction has already ended."""
        async with self._lock:
            if self._ended is None:
                await self._end(self._undo, "has been rolled back")

    async def migrate(self, plan: MigrationPlan) -> tuple[bytes, ...]:
        """Apply the next migration of `plan`, if there is one; the hashes of all that are applied then."""
        nothing: tuple[bytes, ...] = ()
        applied = await self._read(plan.applied, nothing)
        position = plan.next(applied)
        if position is None:
            return applied
        script = plan.statements[position]
        await self._sql_write(
            plan.database, lambda session, unit, watch: session.script(unit, script, watch), 0, self._left()
        )
        await self._write(lambda unit: plan.record(unit, position))
        return (*applied, plan.hashes[position])

    async def __aenter__(self) -> Transaction:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            await self.rollback()
        else:
            await self.commit()

    @property
    def _services(self) -> Services:
        return self._scope.services

    @asynccontextmanager
    async def _use(self) -> AsyncIterator[OpenScope]:
        self._check()
        await self._admit()
        self._scopes.retain(self._scope)
        try:
            yield self._scope
        except (apsw.Error, OSError, MemoryError) as error:
            raise self._scope.translate(error) from error
        finally:
            self._scopes.release(self._scope)

    async def _read(self, work: Callable[[apsw.Connection], T], absent: T, *, inline: bool = False) -> T:
        async with self._turn():
            unit = await self._main_unit()
            if inline:
                return work(unit.connection)
            return await finish(self._services.io.submit(functools.partial(work, unit.connection)))

    async def _write(self, job: Callable[[MainUnit], T], weight: int = 0) -> T:
        async with self._turn():
            unit = await self._main_unit()
            if (
                weight <= _INLINE_WEIGHT
            ):  # changes pages in memory: the disk is not waited for before the commit
                return _isolated(unit, job)
            return await finish(self._services.io.submit(lambda: _isolated(unit, job)))

    async def _publish(self, blob: BlobWriter, job: Callable[[MainUnit], T]) -> T:
        attached = False

        def attach(unit: MainUnit) -> T:
            nonlocal attached
            unit.on_rollback(blob.discard)
            result = job(unit)
            attached = True
            return result

        try:
            return await self._write(attach)
        except BaseException:
            if not attached:
                await finish(self._services.io.submit(blob.discard))
            raise

    async def _sql_read(self, database: str, work: Callable[[SqlSession, Watch], T], timeout: float) -> T:
        return await self._sql(database, lambda session, _, watch: work(session, watch), timeout)

    async def _sql_write(
        self, database: str, work: Callable[[SqlSession, Unit, Watch], T], weight: int, timeout: float
    ) -> T:
        def isolated(session: SqlSession, unit: Unit, watch: Watch) -> T:
            with unit.savepoint():
                return work(session, unit, watch)

        return await self._sql(database, isolated, timeout)

    async def _sql(self, name: str, work: Callable[[SqlSession, Unit, Watch], T], timeout: float) -> T:
        async with self._turn():
            database, unit = await self._sql_unit(name)
            with self._services.watchdog.watch(min(timeout, self._left())) as watch:
                return await self._services.sql.run(
                    self._scope.scope.application_id,
                    lambda: work(database.writer.session(), unit, watch),
                    deadline=watch.deadline,
                    on_cancel=watch.cancel,
                )

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """One operation at a time, while the transaction is open and the caller may use the scope."""
        async with self._lock:
            self._check()
            try:
                await self._admit()
                yield
            except (apsw.Error, OSError, MemoryError) as error:
                raise self._scope.translate(error) from error
            finally:
                if self._ended is None and self._lost():
                    await self._end(self._undo, _UNDONE)

    async def _main_unit(self) -> MainUnit:
        if self._main is None:
            await self._scope.queue.hold(self._wait())
            try:
                self._main = await finish(self._services.io.submit(self._scope.main.begin))
            except BaseException:
                self._scope.queue.release()
                raise
        return self._main

    async def _sql_unit(self, name: str) -> tuple[SqlDatabase, Unit]:
        if name not in self._databases:
            database = await self._scope.sql(name)
            await database.queue.hold(self._wait())
            try:
                unit = await finish(self._services.io.submit(database.writer.begin))
            except BaseException:
                database.queue.release()
                raise
            self._databases[name] = (database, unit)
        return self._databases[name]

    def _commit(self) -> None:
        """In a thread: commit the files that were written to; see `_journal` for how several become one."""
        written = [(database, unit) for database, unit in self._databases.values() if unit.written]
        main = self._main if self._main is not None and self._main.written else None
        try:
            if not written and main is not None:
                self._scope.main.commit(main)
            elif len(written) == 1 and main is None:
                database, unit = written[0]
                database.writer.commit(unit)
            elif written:
                self._commit_together(written)
        finally:
            self._undo()

    def _commit_together(self, written: list[tuple[SqlDatabase, Unit]]) -> None:
        assert self._main is not None
        number = self._scope.main.allocate()
        record_transaction(self._main, number)
        marks = tuple(mark(database.file) for database, _ in written)
        try:
            self._scope.journal.write(JournalRecord(number, marks))
            for database, unit in written:
                database.writer.commit(unit)
            self._scope.main.commit(self._main)
        except BaseException:
            self._scope.broken = True
            raise

    def _undo(self) -> None:
        """In a thread: roll back whatever is still open."""
        if self._main is not None:
            self._scope.main.rollback(self._main)
        for database, unit in self._databases.values():
            database.writer.rollback(unit)

    async def _end(self, how: Callable[[], None], ended: str) -> None:
        self._ended = ended
        self._timer.cancel()
        try:
            await finish(self._services.io.submit(how))
        except BaseException:
            self._ended = _UNDONE
            raise
        finally:
            self._release()

    def _release(self) -> None:
        if self._scope.broken:
            self._scope.refuse_writes()
        if self._main is not None:
            self._scope.queue.release()
        for database, _ in self._databases.values():
            database.queue.release()
        self._scope.transaction_lock.release()
        self._scopes.release(self._scope)

    def _expire(self) -> None:
        self._expiry = asyncio.get_running_loop().create_task(self._roll_back_late())

    async def _roll_back_late(self) -> None:
        async with self._lock:
            if self._ended is None:
                self._late = True
                await self._end(
                    self._undo, f"was open for longer than {self._timeout:g} seconds and is rolled back"
                )

    def _check(self) -> None:
        if self._ended is not None:
            code = ErrorCode.REQUEST_TIMEOUT if self._late else ErrorCode.BAD_REQUEST
            raise ProvenError(code, f"the transaction {self._ended}")

    def _lost(self) -> bool:
        units: list[Unit] = [unit for _, unit in self._databases.values()]
        if self._main is not None:
            units.append(self._main)
        return not all(unit.connection.in_transaction for unit in units)

    def _left(self) -> float:
        return max(0.0, self._deadline - asyncio.get_running_loop().time())

    def _wait(self) -> float:
        return min(self._left(), self._services.config.max_transaction_wait)


def _isolated(unit: MainUnit, job: Callable[[MainUnit], T]) -> T:
    with unit.savepoint():
        return job(unit)
