"""SQL operations: `(target, database, …)`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from proven.runtime.host import CallContext, HostFunction
from proven.storage import Operations, Rows
from proven.wire.errors import ErrorCode, ProvenError

from ._arguments import items, take, text
from ._migrations import Migrations
from ._scopes import Scopes

_INT64: Final = 1 << 63


class Sql:
    """Databases of a scope. Before one is used, the version's migrations are applied to it."""

    def __init__(self, scopes: Scopes, migrations: Migrations) -> None:
        self._scopes = scopes
        self._migrations = migrations

    def functions(self) -> dict[str, HostFunction]:
        return {"sql.query": self._query, "sql.execute": self._execute, "sql.batch": self._batch}

    async def _query(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, database, statement, parameters) → [column names, rows]."""
        target, database, statement, parameters = take(arguments, 4)
        operations = await self._operations(context, target, database)
        sql, bound = text(statement, "a statement"), _parameters(parameters)
        try:
            rows = await operations.sql_query(database, sql, bound)
        except ProvenError as error:
            if error.code is not ErrorCode.SQL_ERROR or not (error.details or {}).get("writes"):
                raise
            rows = (await operations.sql_execute(database, sql, bound)).rows or Rows([], [])
        return [rows.columns, rows.rows]

    async def _execute(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, database, statement, parameters) → rows changed."""
        target, database, statement, parameters = take(arguments, 4)
        operations = await self._operations(context, target, database)
        result = await operations.sql_execute(
            database, text(statement, "a statement"), _parameters(parameters)
        )
        return result.changes

    async def _batch(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, database, [[statement, parameters], …]) → rows each changed."""
        target, database, given = take(arguments, 3)
        statements = []
        for pair in items(given, "a batch"):
            statement, parameters = take(items(pair, "a statement of a batch"), 2)
            statements.append((text(statement, "a statement"), _parameters(parameters)))
        operations = await self._operations(context, target, database)
        return [result.changes for result in await operations.sql_batch(database, statements)]

    async def _operations(self, context: CallContext, target: Any, database: Any) -> Operations:
        place = await self._scopes.place(context, target)
        name = text(database, "a database name")
        if place.store is not None:  # a transaction has applied them before it began
            await self._migrations.apply(context, place.scope, place.store, name)
        return place.operations


def _parameters(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise ProvenError(ErrorCode.BAD_REQUEST, "parameters must be an object")
    return {name: _parameter(name, given) for name, given in value.items()}


def _parameter(name: str, value: Any) -> Any:
    if value is None or type(value) in (str, bytes, float):
        return value
    if isinstance(value, int):  # also booleans and bigints
        if not -_INT64 <= value < _INT64:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"parameter {name!r} does not fit into 64 bits")
        return int(value)
    raise ProvenError(
        ErrorCode.UNSUPPORTED_VALUE,
        f"parameter {name!r} must be null, a number, a bigint, a boolean, text or a Uint8Array",
    )
