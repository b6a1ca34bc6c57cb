"""Key-value operations: `(target, kind, store, key, …)`."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from proven.runtime.host import CallContext, HostFunction, ImmediateFunction
from proven.storage import KvEntry, KvKind, KvStore
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import UNDEFINED

from ._arguments import (
    octets,
    optional_seconds,
    optional_text,
    optional_whole_number,
    take,
    text,
    whole_number,
)
from ._keys import KeyRing
from ._scopes import Scopes

_KINDS: Final = {kind.value: kind for kind in KvKind}
MAX_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class _Page:
    store: KvStore
    entries: Sequence[tuple[str, KvEntry | None]]
    more: bool


class KeyValue:
    """Stores of text, of bytes, and of keys. A key crosses as its handle, never as its bytes."""

    def __init__(self, scopes: Scopes, keys: KeyRing) -> None:
        self._scopes = scopes
        self._keys = keys

    def functions(self) -> dict[str, HostFunction]:
        return {
            "kv.get": self._get,
            "kv.entry": self._entry,
            "kv.has": self._has,
            "kv.set": self._set,
            "kv.delete": self._delete,
            "kv.keys": self._list_keys,
            "kv.entries": self._list_entries,
        }

    def immediate(self) -> dict[str, ImmediateFunction]:
        """What most point reads take: the scope is open, and the value is small."""
        return {"kv.get": self._get_at_once}

    def _get_at_once(self, context: CallContext, arguments: Sequence[Any]) -> tuple[Any] | None:
        target, kind, name, key = take(arguments, 4)
        place = self._scopes.at_hand(context, target)
        if place is None:
            return None
        store = _store(kind, name)
        found = place.kv_get_at_once(store, text(key, "a key"))
        if found is None:
            return None
        entry = found[0]
        return (UNDEFINED if entry is None else self._outgoing(context, store, entry),)

    async def _get(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, kind, store, key) → the value, or undefined."""
        target, kind, name, key = take(arguments, 4)
        store = _store(kind, name)
        place = await self._scopes.place(context, target)
        entry = await place.operations.kv_get(store, text(key, "a key"))
        return UNDEFINED if entry is None else self._outgoing(context, store, entry)

    async def _entry(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, kind, store, key) → [key, value, version, expiry], or undefined."""
        target, kind, name, key = take(arguments, 4)
        store = _store(kind, name)
        place = await self._scopes.place(context, target)
        entry = await place.operations.kv_get(store, text(key, "a key"))
        return UNDEFINED if entry is None else self._record(context, store, key, entry)

    async def _has(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        target, kind, name, key = take(arguments, 4)
        place = await self._scopes.place(context, target)
        return await place.operations.kv_has(_store(kind, name), text(key, "a key"))

    async def _set(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, kind, store, key, value, ttl, expected version) → the new version.

        undefined if there is an expected version and it is not the present one.
        """
        target, kind, name, key, value, ttl, expected = take(arguments, 7)
        store = _store(kind, name)
        stored = self._incoming(context, store, value)
        expected_version = optional_whole_number(expected, "an expected version")
        place = await self._scopes.place(context, target)
        try:
            return await place.operations.kv_set(
                store,
                text(key, "a key"),
                stored,
                ttl=optional_seconds(ttl, "ttl"),
                expected_version=expected_version,
            )
        except ProvenError as error:
            if error.code is ErrorCode.CONFLICT and expected_version is not None:
                return UNDEFINED
            raise

    async def _delete(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, kind, store, key, expected version) → whether there was one, of that version if given."""
        target, kind, name, given_key, expected = take(arguments, 5)
        store, key = _store(kind, name), text(given_key, "a key")
        version = optional_whole_number(expected, "an expected version")
        if version is None:
            place = await self._scopes.place(context, target)
            return await place.operations.kv_delete(store, key)
        async with self._scopes.atomically(context, target) as operations:
            entry = await operations.kv_get(store, key)
            if entry is None or entry.version != version:
                return False
            return await operations.kv_delete(store, key)

    async def _list_keys(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, kind, store, prefix, after, limit) → [keys, more]."""
        page = await self._page(context, arguments, keys_only=True)
        return [[key for key, _ in page.entries], page.more]

    async def _list_entries(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, kind, store, prefix, after, limit) → [[key, value, version, expiry] of each, more]."""
        page = await self._page(context, arguments, keys_only=False)
        return [
            [self._record(context, page.store, key, entry) for key, entry in page.entries if entry],
            page.more,
        ]

    async def _page(self, context: CallContext, arguments: Sequence[Any], *, keys_only: bool) -> _Page:
        target, kind, name, given_prefix, given_after, given_limit = take(arguments, 6)
        store = _store(kind, name)
        prefix = optional_text(given_prefix, "a prefix") or ""
        after = optional_text(given_after, "after")
        limit = min(whole_number(given_limit, "a limit"), MAX_PAGE)
        operations = (await self._scopes.place(context, target)).operations
        entries = await operations.kv_entries(
            store, prefix=prefix, after=after, limit=limit, keys_only=keys_only
        )
        if 0 < len(entries) < limit:  # the end, or what fits into one page
            rest = await operations.kv_entries(
                store, prefix=prefix, after=entries[-1][0], limit=1, keys_only=True
            )
            return _Page(store, entries, more=bool(rest))
        return _Page(store, entries, more=0 < limit == len(entries))

    def _record(self, context: CallContext, store: KvStore, key: str, entry: KvEntry) -> list[Any]:
        expires = UNDEFINED if entry.expires_at is None else datetime.fromtimestamp(entry.expires_at, UTC)
        return [key, self._outgoing(context, store, entry), entry.version, expires]

    def _outgoing(self, context: CallContext, store: KvStore, entry: KvEntry) -> Any:
        if store.kind is KvKind.STRING:
            return entry.value.decode()
        if store.kind is KvKind.KEY:
            return self._keys.import_key(context, entry.value)
        return entry.value

    def _incoming(self, context: CallContext, store: KvStore, value: Any) -> bytes:
        if store.kind is KvKind.STRING:
            return text(value, "a value").encode()
        if store.kind is KvKind.KEY:
            return self._keys.export_key(context, value)
        return octets(value, "a value")


def _store(kind: Any, name: Any) -> KvStore:
    return _known_store(text(kind, "a kind of store"), text(name, "a store name"))


@functools.lru_cache(maxsize=1024)
def _known_store(kind: str, name: str) -> KvStore:
    if kind not in _KINDS:
        raise ProvenError(ErrorCode.BAD_REQUEST, "there is no such kind of store")
    return KvStore(_KINDS[kind], name)
