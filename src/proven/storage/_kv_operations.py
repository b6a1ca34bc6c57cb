"""Key-value operations."""

from __future__ import annotations

import functools

from proven.storage import _kv
from proven.storage._backend import Backend
from proven.storage.records import KvEntry, KvStore
from proven.wire.errors import ErrorCode, ProvenError

_MAX_ENTRIES = 1000


class KvOperations(Backend):
    """Key-value stores: any number per scope, told apart by kind and name."""

    async def kv_get(self, store: KvStore, key: str) -> KvEntry | None:
        """The live entry of `key`, or None."""
        read = functools.partial(_kv.get, key=_kv.encode_key(store, key), now=self._services.clock())
        entry = await self._read(functools.partial(read, inline=True), None, inline=True)
        if isinstance(entry, _kv.LargeValue):
            entry = await self._read(read, None)
        assert not isinstance(entry, _kv.LargeValue)
        return entry

    async def kv_has(self, store: KvStore, key: str) -> bool:
        """Whether there is a live entry of `key`."""
        encoded, now = _kv.encode_key(store, key), self._services.clock()
        return await self._read(lambda connection: _kv.has(connection, encoded, now), False, inline=True)

    async def kv_set(
        self,
        store: KvStore,
        key: str,
        value: bytes,
        *,
        ttl: float | None = None,
        expected_version: int | None = None,
    ) -> int:
        """Set `key` and return the entry's new version, which no entry of this scope has had before.

        `ttl` is in seconds. With `expected_version` the entry must have that version now, or not exist for 0:
        `CONFLICT` (with the current version in its details) otherwise.
        """
        encoded = _kv.encode_key(store, key)
        limit = self._services.config.max_value_bytes
        if len(value) > limit:
            raise ProvenError(
                ErrorCode.TOO_LARGE, f"a value has at most {limit} bytes: keep larger ones in files"
            )
        _kv.expiry(ttl, 0.0)
        return await self._write(
            lambda unit: _kv.put(unit, encoded, value, ttl, expected_version), len(value)
        )

    async def kv_delete(self, store: KvStore, key: str) -> bool:
        """Remove `key`; whether there was a live entry."""
        encoded = _kv.encode_key(store, key)
        return await self._write(lambda unit: _kv.delete(unit, encoded))

    async def kv_entries(
        self,
        store: KvStore,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int = 100,
        keys_only: bool = False,
    ) -> list[tuple[str, KvEntry | None]]:
        """A page of the live entries whose keys begin with `prefix`, in order, those behind `after`.

        A page holds at most `limit` entries (1000 at most) and some megabytes, so it may be short;
        only an empty page means that nothing follows. With `keys_only` the entries are None.
        """
        if limit < 1:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a page has at least one entry")
        max_bytes = self._services.config.max_page_bytes
        scan = _kv.Scan(store, prefix, after, min(limit, _MAX_ENTRIES), keys_only, max_bytes)
        now = self._services.clock()
        return await self._read(lambda connection: scan.run(connection, now), [])
