"""SQL operations."""

from __future__ import annotations

from collections.abc import Sequence

from proven.storage._backend import Backend
from proven.storage._sql import SqlSession
from proven.storage._watchdog import Watch
from proven.storage._writer import Unit
from proven.storage.records import ExecuteResult, Rows, SqlParameters
from proven.wire.errors import ErrorCode, ProvenError

_MAX_BATCH = 1000


class SqlOperations(Backend):
    """Named SQLite databases: any statement that stays inside its own database and transaction.

    Statements are stopped after `timeout` seconds, waiting included (`REQUEST_TIMEOUT`). What is not
    allowed is `SQL_DENIED`, what SQLite refuses is `SQL_ERROR` with its message.
    """

    async def sql_query(
        self, database: str, sql: str, parameters: SqlParameters = (), *, timeout: float | None = None
    ) -> Rows:
        """Run one statement that reads; `TOO_LARGE` when the result has too many rows or bytes."""
        return await self._sql_read(
            database, lambda session, watch: session.query(sql, parameters, watch), self._sql_timeout(timeout)
        )

    async def sql_execute(
        self, database: str, sql: str, parameters: SqlParameters = (), *, timeout: float | None = None
    ) -> ExecuteResult:
        """Run one statement of any kind."""

        def work(session: SqlSession, unit: Unit, watch: Watch) -> ExecuteResult:
            return session.execute(unit, sql, parameters, watch)

        return await self._sql_write(database, work, _weight(sql, parameters), self._sql_timeout(timeout))

    async def sql_batch(
        self, database: str, statements: Sequence[tuple[str, SqlParameters]], *, timeout: float | None = None
    ) -> list[ExecuteResult]:
        """Run statements in order, all of them or none."""
        if len(statements) > _MAX_BATCH:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a batch has at most {_MAX_BATCH} statements")

        def work(session: SqlSession, unit: Unit, watch: Watch) -> list[ExecuteResult]:
            return [session.execute(unit, sql, parameters, watch) for sql, parameters in statements]

        weight = sum(_weight(sql, parameters) for sql, parameters in statements)
        return await self._sql_write(database, work, weight, self._sql_timeout(timeout))

    def _sql_timeout(self, timeout: float | None) -> float:
        limit = self._services.config.statement_timeout
        return limit if timeout is None else min(timeout, limit)


def _weight(sql: str, parameters: SqlParameters) -> int:
    values = parameters.values() if hasattr(parameters, "values") else parameters
    return len(sql) + sum(len(value) for value in values if isinstance(value, str | bytes))
