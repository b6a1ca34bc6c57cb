"""From a guest's target to the data it may touch: scopes and open transactions.

A target is "application", "personal", `[resource, id]` for an NFT, or the number of a transaction that this
invocation opened. The application and the identity always come from the context, never from the guest.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proven.runtime.host import CallContext, HostFunction
from proven.storage import Operations, Scope, ScopeStore, Storage, Transaction
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId
from proven.wire.values import UNDEFINED

from ._arguments import take, text, whole_number
from ._migrations import Migrations

_STATE: Final = "storage.transactions"
MAX_OPEN_TRANSACTIONS: Final = 8
"""Transactions one invocation may have open at once; each holds the writer of its scope."""
_REMEMBERED: Final = 4096
"""Stores of application and personal scopes that are kept at hand. They hold no file open."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation happens: a scope's store, or (`store` is None) a transaction on it."""

    scope: Scope
    operations: Operations
    store: ScopeStore | None


@dataclass(frozen=True, slots=True)
class _Open:
    scope: Scope
    transaction: Transaction


class Scopes:
    """Resolves targets, and begins and ends transactions.

    A transaction belongs to the invocation that began it: no other can name it, and it is rolled back when
    the invocation ends, however that happens.
    """

    def __init__(self, storage: Storage, migrations: Migrations, *, transaction_timeout: float) -> None:
        self._storage = storage
        self._migrations = migrations
        self._transaction_timeout = transaction_timeout
        self._numbers = itertools.count(1)
        self._places: dict[tuple[ApplicationId, IdentityId | None, str], Place] = {}

    def functions(self) -> dict[str, HostFunction]:
        return {
            "storage.begin": self._begin,
            "storage.commit": self._commit,
            "storage.rollback": self._rollback,
        }

    async def place(self, context: CallContext, target: Any) -> Place:
        """Resolve `target`.

        Raises `ProvenError`: NO_IDENTITY (personal or NFT scope, anonymous caller), NOT_OWNER (NFT),
        CONFLICT (a transaction that has ended), BAD_REQUEST.
        """
        if type(target) is int:
            opened = self._transactions(context).get(target)
            if opened is None:
                raise ProvenError(ErrorCode.CONFLICT, "the transaction has ended")
            return Place(opened.scope, opened.transaction, None)
        if type(target) is not str:
            return await self._open(_scope(context, target), context)
        key = (context.application_id, context.identity, target)
        place = self._places.get(key)
        if place is None:
            place = await self._open(_scope(context, target), context)
            if len(self._places) >= _REMEMBERED:
                del self._places[next(iter(self._places))]
            self._places[key] = place
        return place

    def at_hand(self, context: CallContext, target: Any) -> ScopeStore | None:
        """The store of an application or personal target that was resolved before."""
        if type(target) is not str:
            return None
        place = self._places.get((context.application_id, context.identity, target))
        return None if place is None else place.store

    async def _open(self, scope: Scope, context: CallContext) -> Place:
        store = await self._storage.scope(scope, identity=context.identity)
        return Place(scope, store, store)

    @contextlib.asynccontextmanager
    async def atomically(self, context: CallContext, target: Any) -> AsyncIterator[Operations]:
        """Operations that happen together: in the transaction that `target` is, or in one of their own."""
        place = await self.place(context, target)
        if place.store is None:
            yield place.operations
            return
        async with await place.store.transaction(timeout=self._transaction_timeout) as transaction:
            yield transaction

    async def _begin(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(scope) → the number of a new transaction."""
        (target,) = take(arguments, 1)
        scope = _scope(context, target)
        transactions = self._transactions(context)
        if len(transactions) >= MAX_OPEN_TRANSACTIONS:
            raise ProvenError(ErrorCode.OVERLOADED, "this invocation has too many transactions open")
        store = await self._storage.scope(scope, identity=context.identity)
        await self._migrations.apply_all(context, scope, store)
        transaction = await store.transaction(timeout=self._transaction_timeout)
        number = next(self._numbers)
        transactions[number] = _Open(scope, transaction)
        return number

    async def _commit(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        opened = self._take(context, arguments)
        if opened is None:
            raise ProvenError(ErrorCode.CONFLICT, "the transaction has ended, and nothing of it was kept")
        await opened.transaction.commit()
        return UNDEFINED

    async def _rollback(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        opened = self._take(context, arguments)
        if opened is not None:
            await opened.transaction.rollback()
        return UNDEFINED

    def _take(self, context: CallContext, arguments: Sequence[Any]) -> _Open | None:
        (number,) = take(arguments, 1)
        return self._transactions(context).pop(whole_number(number, "the transaction"), None)

    def _transactions(self, context: CallContext) -> dict[int, _Open]:
        transactions: dict[int, _Open] | None = context.state.get(_STATE)
        if transactions is not None:
            return transactions
        opened: dict[int, _Open] = {}
        context.state[_STATE] = opened

        async def roll_back_all() -> None:
            while opened:
                _, left_open = opened.popitem()
                await left_open.transaction.rollback()

        context.on_end(roll_back_all)
        return opened


def _scope(context: CallContext, target: Any) -> Scope:
    if target == "application":
        return Scope.application(context.application_id)
    if context.identity is None:
        raise ProvenError(
            ErrorCode.NO_IDENTITY, "this needs a caller with an identity; the caller is anonymous"
        )
    if target == "personal":
        return Scope.personal(context.application_id, context.identity)
    if type(target) is list and len(target) == 2:
        resource, nft_id = target
        return Scope.nft(context.application_id, text(resource, "the resource"), text(nft_id, "the NFT id"))
    raise ProvenError(ErrorCode.BAD_REQUEST, "there is no such scope")
