"""Migrations: what a version's top-level code declared, applied before a database is first used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from proven.runtime.host import CallContext
from proven.storage import Scope, ScopeStore

from ._arguments import items, take, text

TOPIC: Final = "sql.migration"
"""What top-level code registers: `[scope kind, database, statement]`."""

_STATE: Final = "sql.migrations"
_REMEMBERED: Final = 8192

_Declared = Mapping[str, Mapping[str, tuple[str, ...]]]


class Migrations:
    """Brings databases up to date.

    The store knows by hash which migrations have run. Here it is only remembered for which databases nothing
    is left to do, so that they are not asked about again.
    """

    def __init__(self) -> None:
        self._done: dict[tuple[Scope, str, tuple[str, ...]], None] = {}

    async def apply(self, context: CallContext, scope: Scope, store: ScopeStore, database: str) -> None:
        """Apply what is declared for one database. Raises `ProvenError` MIGRATION_CHANGED, SQL_ERROR."""
        statements = _declared(context).get(scope.kind.value, {}).get(database)
        if statements is None:
            return
        key = (scope, database, statements)
        if key in self._done:
            return
        await store.sql_migrate(database, statements)
        if len(self._done) >= _REMEMBERED:
            del self._done[next(iter(self._done))]
        self._done[key] = None

    async def apply_all(self, context: CallContext, scope: Scope, store: ScopeStore) -> None:
        """Apply what is declared for all databases of a scope: a transaction may use any."""
        for database in _declared(context).get(scope.kind.value, {}):
            await self.apply(context, scope, store, database)


def _declared(context: CallContext) -> _Declared:
    """Statements by scope kind and database, in the order the modules declared them.

    Two modules that declare one database alike mean the same migration: a repeated statement counts once.
    """
    known: _Declared | None = context.state.get(_STATE)
    if known is not None:
        return known
    collected: dict[str, dict[str, dict[str, None]]] = {}
    for registered in context.registrations.get(TOPIC, ()):
        kind, database, statement = take(items(registered, "a migration"), 3)
        databases = collected.setdefault(text(kind, "a scope"), {})
        databases.setdefault(text(database, "a database name"), {})[text(statement, "a migration")] = None
    declared = {
        kind: {database: tuple(statements) for database, statements in databases.items()}
        for kind, databases in collected.items()
    }
    context.state[_STATE] = declared
    return declared
