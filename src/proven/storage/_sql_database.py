"""One named SQL database of a scope: its writer, its readers, and what application SQL meets on both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import apsw

from proven.storage._database import DatabaseFile, close
from proven.storage._queue import WriteQueue
from proven.storage._quota import ApplicationUsage
from proven.storage._services import Services
from proven.storage._sql import SqlSession, protect
from proven.storage._threads import finish
from proven.storage._watchdog import Watch
from proven.storage._writer import DatabaseWriter
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

T = TypeVar("T")

_READERS = 2


class SqlWriter(DatabaseWriter):
    """Writes a SQL database; every connection it opens is protected first."""

    def __init__(self, file: DatabaseFile, usage: ApplicationUsage, services: Services) -> None:
        super().__init__(file, usage)
        self._services = services
        self._session: SqlSession | None = None

    def session(self) -> SqlSession:
        """Runs application SQL on the writing connection."""
        self.connection()
        assert self._session is not None
        return self._session

    def _opened(self, connection: apsw.Connection) -> None:
        config = self._services.config
        self._session = SqlSession(connection, protect(connection, config), config)


class SqlDatabase:
    """One named SQL database."""

    def __init__(
        self,
        file: DatabaseFile,
        usage: ApplicationUsage,
        services: Services,
        application_id: ApplicationId,
        translate: Callable[[Exception], ProvenError],
    ) -> None:
        self.file = file
        self.writer = SqlWriter(file, usage, services)
        self.queue = WriteQueue(self.writer, self._run, translate, services.config)
        self._services = services
        self._application_id = application_id
        self._turns = asyncio.Semaphore(_READERS)
        self._readers: list[SqlSession] = []
        self._connections: list[apsw.Connection] = []

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return len(self._connections) + self.writer.is_open

    async def open(self) -> None:
        """Create the file, so that readers find one."""
        await finish(self._services.io.submit(self.writer.connection))

    async def read(self, work: Callable[[SqlSession], T], watch: Watch) -> T:
        """Run statements on a reading connection of their own."""
        async with self._turn(watch):
            session = self._readers.pop() if self._readers else None

            def run() -> T:
                nonlocal session
                if session is None:
                    session = self._connect()
                return work(session)

            try:
                return await self._services.sql.run(
                    self._application_id, run, deadline=watch.deadline, on_cancel=watch.cancel
                )
            finally:
                if session is not None:
                    self._readers.append(session)

    def close(self, *, checkpoint: bool) -> None:
        """Close every connection; nothing may be running."""
        while self._connections:
            close(self._connections.pop(), checkpoint=False)
        self._readers.clear()
        self.writer.close(checkpoint=checkpoint)

    def _connect(self) -> SqlSession:
        connection = self.file.connect()
        self._connections.append(connection)
        return SqlSession(connection, protect(connection, self._services.config), self._services.config)

    @asynccontextmanager
    async def _turn(self, watch: Watch) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout_at(watch.deadline):
                await self._turns.acquire()
        except TimeoutError:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many queries of this database are waiting", retry_after=1.0
            ) from None
        try:
            yield
        finally:
            self._turns.release()

    async def _run(self, work: Callable[[], T]) -> T:
        deadline = asyncio.get_running_loop().time() + self._services.config.max_write_wait
        return await self._services.sql.run(self._application_id, work, deadline=deadline)
