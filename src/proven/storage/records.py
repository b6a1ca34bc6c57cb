"""What callers of the store pass in and get back."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

SqlValue: TypeAlias = int | float | str | bytes | None
SqlParameters: TypeAlias = Sequence[object] | Mapping[str, object]


class KvKind(enum.StrEnum):
    """What a key-value store holds. Stores of different kinds with the same name are different stores."""

    STRING = "string"
    BYTES = "bytes"
    KEY = "key"


@dataclass(frozen=True, slots=True)
class KvStore:
    """One named key-value store of a scope."""

    kind: KvKind
    name: str


@dataclass(frozen=True, slots=True)
class KvEntry:
    """A value, the version it got when it was set, and when it expires (seconds since the epoch)."""

    value: bytes
    version: int
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """The result of a query."""

    columns: list[str]
    rows: list[tuple[SqlValue, ...]]


@dataclass(frozen=True, slots=True)
class ExecuteResult:
    """What a statement did; `rows` when it returned any (RETURNING)."""

    changes: int
    last_insert_rowid: int
    rows: Rows | None = None


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file or directory. `sha256` is hexadecimal, None for directories; `modified` is in epoch seconds."""

    path: str
    size: int
    sha256: str | None
    modified: float
    content_type: str | None = None
    is_directory: bool = False
