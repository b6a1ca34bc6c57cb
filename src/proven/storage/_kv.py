"""Key-value statements on the main database. Every function is one read or one write, without waiting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import apsw

from proven.storage._database import fetch
from proven.storage._main import MainUnit
from proven.storage.records import KvEntry, KvKind, KvStore
from proven.wire.errors import ErrorCode, ProvenError

MAX_KEY_BYTES = 2048
MAX_STORE_NAME_BYTES = 256
INLINE_BYTES = 64 * 1024
"""Values up to this size are read where the event loop runs: microseconds. Larger ones in a thread."""

_ANY_SIZE = 2**62

_KIND_TAGS = {KvKind.STRING: b"s", KvKind.BYTES: b"b", KvKind.KEY: b"k"}


@dataclass(frozen=True, slots=True)
class LargeValue:
    """Stands for a value that is too large to be read at once."""


def encode_key(store: KvStore, key: str) -> bytes:
    """The database key of an entry: kind, name after its length, key. One to one, and sorted by key."""
    return _store_prefix(store) + _checked(key, "key", MAX_KEY_BYTES)


def expiry(ttl: float | None, now: float) -> float | None:
    """When an entry set now with `ttl` seconds to live expires."""
    if ttl is None:
        return None
    if not (math.isfinite(ttl) and ttl > 0):
        raise ProvenError(ErrorCode.BAD_REQUEST, "a time to live is a positive number of seconds")
    return now + ttl


def get(
    connection: apsw.Connection, key: bytes, now: float, *, inline: bool = False
) -> KvEntry | LargeValue | None:
    """The live entry under an encoded key; with `inline`, `LargeValue` in place of a large one."""
    rows = fetch(
        connection,
        "SELECT CASE WHEN length(value) <= ? THEN value END, version, expires FROM kv WHERE key = ?",
        (INLINE_BYTES if inline else _ANY_SIZE, key),
    )
    if not rows:
        return None
    value, version, expires = rows[0]
    if expires is not None and expires <= now:
        return None
    if value is None:
        return LargeValue()
    return KvEntry(value, version, expires)


def put(unit: MainUnit, key: bytes, value: bytes, ttl: float | None, expected_version: int | None) -> int:
    """Set an entry and return its version.

    Raises `CONFLICT` with the current version (0 for none) when `expected_version` is another.
    """
    if expected_version is not None:
        current = _live_version(unit, key)
        if current != expected_version:
            raise ProvenError(
                ErrorCode.CONFLICT,
                "the entry has changed since it was read",
                details={"expected": expected_version, "version": current},
            )
    expires = expiry(ttl, unit.now)
    version = unit.next_version()
    fetch(unit.connection, "REPLACE INTO kv VALUES (?, ?, ?, ?)", (key, value, version, expires))
    unit.written = True
    if expires is not None:
        unit.expires(expires)
    return version


def delete(unit: MainUnit, key: bytes) -> bool:
    """Remove an entry; whether there was a live one."""
    rows = fetch(unit.connection, "DELETE FROM kv WHERE key = ? RETURNING expires", (key,))
    unit.written = unit.written or bool(rows)
    return bool(rows) and (rows[0][0] is None or rows[0][0] > unit.now)


def has(connection: apsw.Connection, key: bytes, now: float) -> bool:
    """Whether there is a live entry."""
    rows = fetch(
        connection, "SELECT 1 FROM kv WHERE key = ? AND (expires IS NULL OR expires > ?)", (key, now)
    )
    return bool(rows)


@dataclass(frozen=True, slots=True)
class Scan:
    """A page of the entries of a store, in the order of their keys' code points."""

    store: KvStore
    prefix: str
    after: str | None
    limit: int
    keys_only: bool
    max_bytes: int

    def run(self, connection: apsw.Connection, now: float) -> list[tuple[str, KvEntry | None]]:
        """Read the page: one entry if there is any, then more while they fit in `max_bytes`."""
        head = _store_prefix(self.store)
        first = head + _checked(self.prefix, "prefix", MAX_KEY_BYTES, empty=True)
        last = first + b"\xff"  # above every key with this prefix: UTF-8 has no such byte
        after = b"" if self.after is None else head + _checked(self.after, "key", MAX_KEY_BYTES, empty=True)
        value = "NULL" if self.keys_only else "value"
        rows = connection.execute(
            f"SELECT key, {value}, version, expires FROM kv "  # noqa: S608 (one of two constants)
            "WHERE key >= ? AND key > ? AND key < ? AND (expires IS NULL OR expires > ?) "
            "ORDER BY key LIMIT ?",
            (first, after, last, now, self.limit),
        )
        page: list[tuple[str, KvEntry | None]] = []
        size = 0
        for key, content, version, expires in rows:
            size += len(key) + len(content or b"")
            if page and size > self.max_bytes:
                rows.close(True)
                break
            entry = None if self.keys_only else KvEntry(content, version, expires)
            page.append((key[len(head) :].decode(), entry))
        return page


def _live_version(unit: MainUnit, key: bytes) -> int:
    rows = fetch(
        unit.connection,
        "SELECT version FROM kv WHERE key = ? AND (expires IS NULL OR expires > ?)",
        (key, unit.now),
    )
    return int(rows[0][0]) if rows else 0


def _store_prefix(store: KvStore) -> bytes:
    name = _checked(store.name, "store name", MAX_STORE_NAME_BYTES)
    return _KIND_TAGS[store.kind] + len(name).to_bytes(2, "big") + name


def _checked(text: str, what: str, limit: int, *, empty: bool = False) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"the {what} holds a lone surrogate, which is no text"
        ) from None
    if len(encoded) > limit:
        raise ProvenError(ErrorCode.TOO_LARGE, f"the {what} is longer than {limit} bytes")
    if not encoded and not empty:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"the {what} is empty")
    return encoded
