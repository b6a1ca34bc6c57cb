"""The store of one scope, as callers hold it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import apsw

from proven.storage import _kv
from proven.storage._blobs import BlobWriter
from proven.storage._main import MainUnit
from proven.storage._migrations import MigrationPlan
from proven.storage._open_scope import OpenScope
from proven.storage._open_scopes import OpenScopes
from proven.storage._services import Services
from proven.storage._sql import SqlSession
from proven.storage._threads import finish
from proven.storage._watchdog import Watch
from proven.storage._writer import Unit
from proven.storage.operations import Operations
from proven.storage.records import KvEntry, KvStore
from proven.storage.scope import Scope
from proven.storage.transaction import Transaction
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")


class ScopeStore(Operations):
    """One scope's data, every operation a transaction of its own.

    - A write is acknowledged once it is committed, and every later read sees it.
    - Holding a store keeps no file open; each operation opens what it needs.
    - `admit`, if any, is awaited before each operation and raises if the caller may not use the scope
      (any more).
    """

    def __init__(
        self, scope: Scope, scopes: OpenScopes, admit: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._scope = scope
        self._scopes = scopes
        self._admission = admit
        self._tasks: set[asyncio.Task[object]] = set()

    def kv_get_at_once(self, store: KvStore, key: str) -> tuple[KvEntry | None] | None:
        """What `kv_get` returns, in a tuple; None if that cannot be said without waiting.

        For callers on the event loop, to whom a task costs more than the read.
        """
        if self._admission is not None:
            return None
        opened = self._scopes.peek(self._scope)
        connection = opened and opened.point_reader()
        if not opened or not connection:
            return None
        try:
            entry = _kv.get(connection, _kv.encode_key(store, key), self._services.clock(), inline=True)
        except apsw.Error as error:
            raise opened.translate(error) from error
        return None if isinstance(entry, _kv.LargeValue) else (entry,)

    async def transaction(self, *, timeout: float) -> Transaction:
        """Start a transaction that lasts at most `timeout` seconds.

        Waits for another transaction of this scope to end; `OVERLOADED` when that takes too long.
        """
        await self._admit()
        return await self._begin(min(timeout, self._services.config.max_transaction_time))

    async def sql_migrate(self, database: str, migrations: Sequence[str]) -> int:
        """Bring a database's schema up to date; how many migrations were applied.

        Each migration is any number of statements, runs once, in order, in a transaction of its own. What was
        applied is known by its hash: `MIGRATION_CHANGED` when one that was applied reads differently now.
        A shorter list than was applied is fine: that is an older version of the code, still draining.
        """
        plan = MigrationPlan.of(database, migrations)
        async with self._use() as scope:
            applied = scope.applied_migrations.get(database, ())
            if plan.next(applied) is None:
                return 0
            before = applied = await self._read(plan.applied, ())
            while plan.next(applied) is not None:
                async with await self._begin(self._services.config.migration_timeout) as transaction:
                    applied = await transaction.migrate(plan)
            scope.applied_migrations[database] = applied
            return len(applied) - len(before)

    @property
    def _services(self) -> Services:
        return self._scopes.services

    async def _admit(self) -> None:
        if self._admission is not None:
            await self._admission()

    @asynccontextmanager
    async def _use(self) -> AsyncIterator[OpenScope]:
        await self._admit()
        scope = await self._scopes.acquire(self._scope)
        try:
            yield scope
        except (apsw.Error, OSError, MemoryError) as error:
            raise scope.translate(error) from error
        finally:
            self._scopes.release(scope)

    async def _read(self, work: Callable[[apsw.Connection], T], absent: T, *, inline: bool = False) -> T:
        if inline:
            await self._admit()
            opened = self._scopes.peek(self._scope)
            connection = opened and opened.point_reader()
            if opened and connection:
                try:
                    return work(connection)
                except apsw.Error as error:
                    raise opened.translate(error) from error
        async with self._use() as scope:
            return await scope.read(work, absent, inline=inline)

    async def _write(self, job: Callable[[MainUnit], T], weight: int = 0) -> T:
        async with self._use() as scope:
            return await scope.queue.write(job, weight)

    async def _publish(self, blob: BlobWriter, job: Callable[[MainUnit], T]) -> T:
        async def settle() -> T:
            try:
                return await self._write(job)
            except BaseException:
                await finish(self._services.io.submit(blob.discard))
                raise

        # A cancelled caller leaves the write to its end, so that the file and its content agree.
        task = asyncio.get_running_loop().create_task(settle())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _sql_read(self, database: str, work: Callable[[SqlSession, Watch], T], timeout: float) -> T:
        async with self._use() as scope:
            with self._services.watchdog.watch(timeout) as watch:
                opened = await scope.sql(database)
                return await opened.read(lambda session: work(session, watch), watch)

    async def _sql_write(
        self, database: str, work: Callable[[SqlSession, Unit, Watch], T], weight: int, timeout: float
    ) -> T:
        async with self._use() as scope:
            with self._services.watchdog.watch(timeout) as watch:
                opened = await scope.sql(database)
                return await opened.queue.write(
                    lambda unit: work(opened.writer.session(), unit, watch), weight
                )

    async def _begin(self, timeout: float) -> Transaction:
        scope = await self._scopes.acquire(self._scope)
        try:
            async with asyncio.timeout(self._services.config.max_transaction_wait):
                await scope.transaction_lock.acquire()
        except BaseException as error:
            self._scopes.release(scope)
            if isinstance(error, TimeoutError):
                raise ProvenError(
                    ErrorCode.OVERLOADED, "another transaction of this scope is running", retry_after=1.0
                ) from None
            raise
        return Transaction(scope, self._scopes, self._admit, timeout)
