"""The Python side of JavaScript values that Python has no type for."""

from __future__ import annotations

import enum
import struct
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
"""A structured-clone value; see the table in `proven.wire.values`."""

MAX_SAFE_INTEGER: Final = (1 << 53) - 1
MAX_BIGINT_BYTES: Final = 64 * 1024
MAX_DATE_MS: Final = 8.64e15
"""ECMA-262 §21.4.1.1: a `Date` is within ±100,000,000 days of the epoch."""

MAX_DEPTH: Final = 64
MAX_BYTES: Final = 8 * 1024 * 1024
MAX_ITEMS: Final = 1_000_000
"""Bounds memory: one byte on the wire (an empty array) becomes some 64 bytes in memory."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


class Tag(enum.IntEnum):
    """CBOR tags that values use."""

    DATE = 1
    POSITIVE_BIGINT = 2
    NEGATIVE_BIGINT = 3
    REGEXP = 35
    SET = 258
    MAP = 259
    ARRAY_BUFFER = 40100
    ERROR = 40101
    STREAM = 40102


class UndefinedType(enum.Enum):
    """The type of `UNDEFINED`."""

    UNDEFINED = "undefined"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = UndefinedType.UNDEFINED


class BigInt(int):
    """A bigint: an integer of any size that JavaScript keeps apart from numbers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"BigInt({int(self):#x})"


class ArrayBuffer(bytes):
    """The contents of an `ArrayBuffer`; plain `bytes` is a `Uint8Array`."""

    __slots__ = ()


class ElementKind(enum.IntEnum):
    """Element type of a typed array, numbered as its CBOR tag (RFC 8746 §2.1)."""

    UINT8_CLAMPED = 68
    UINT16 = 69
    UINT32 = 70
    BIG_UINT64 = 71
    INT8 = 72
    INT16 = 77
    INT32 = 78
    BIG_INT64 = 79
    FLOAT16 = 84
    FLOAT32 = 85
    FLOAT64 = 86

    @property
    def format(self) -> str:
        """The `struct` character of one element."""
        return _ELEMENT_FORMATS[self]

    @property
    def width(self) -> int:
        """Bytes of one element."""
        return struct.calcsize("<" + self.format)


_ELEMENT_FORMATS: Final = {
    ElementKind.UINT8_CLAMPED: "B",
    ElementKind.UINT16: "H",
    ElementKind.UINT32: "I",
    ElementKind.BIG_UINT64: "Q",
    ElementKind.INT8: "b",
    ElementKind.INT16: "h",
    ElementKind.INT32: "i",
    ElementKind.BIG_INT64: "q",
    ElementKind.FLOAT16: "e",
    ElementKind.FLOAT32: "f",
    ElementKind.FLOAT64: "d",
}


@dataclass(frozen=True, slots=True)
class TypedArray:
    """A typed array other than `Uint8Array`: little-endian elements back to back in `data`."""

    kind: ElementKind
    data: bytes

    def __post_init__(self) -> None:
        if len(self.data) % self.kind.width:
            raise ValueError("a typed array that ends inside an element")

    @classmethod
    def of(cls, kind: ElementKind, elements: Collection[int] | Collection[float]) -> TypedArray:
        """Pack `elements`, which must fit `kind`."""
        return cls(kind, struct.pack(f"<{len(elements)}{kind.format}", *elements))

    def elements(self) -> tuple[int, ...] | tuple[float, ...]:
        return struct.unpack(f"<{len(self)}{self.kind.format}", self.data)

    def __len__(self) -> int:
        return len(self.data) // self.kind.width


@dataclass(frozen=True, slots=True)
class JsDate:
    """A `Date` that `datetime` cannot hold: invalid (`nan`), or before year 1 or after year 9999."""

    milliseconds: float


_REGEXP_FLAGS: Final = frozenset("dgimsuvy")


@dataclass(frozen=True, slots=True)
class JsRegExp:
    """A `RegExp`. It is not compiled: the dialects differ."""

    source: str
    flags: str = ""

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("a regular expression without a source; the empty one is (?:)")
        if len(set(self.flags)) != len(self.flags) or not _REGEXP_FLAGS.issuperset(self.flags):
            raise ValueError("a regular expression with flags that do not exist")


@dataclass(frozen=True, slots=True)
class JsError:
    """An `Error` as a value, not raised."""

    name: str
    message: str
    stack: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StreamRef:
    """A stream of bytes by its number on one runtime connection."""

    id: int


def same_value_key(value: Value) -> object | None:
    """A hashable stand-in, equal for two primitives that JavaScript's SameValueZero calls the same.

    `None` for objects, which are only ever the same as themselves. Bigints are keyed by their bytes,
    because Python hashes integers without a secret and colliding ones are easily made.
    """
    if isinstance(value, str):
        return ("text", value)
    if value is None or isinstance(value, bool | UndefinedType):
        return ("constant", value)
    if isinstance(value, BigInt):
        return ("bigint", int(value).to_bytes(int(value).bit_length() // 8 + 1, "big", signed=True))
    if isinstance(value, int | float):
        return ("number", "nan") if value != value else ("number", value)
    return None


class JsMap(Mapping[Value, Value]):
    """A `Map`: pairs in insertion order, whose keys may be any value.

    Looking a primitive up is by JavaScript's rules (`1`, `True` and `BigInt(1)` are three keys); an object
    used as a key is found by iterating, or by the very object itself.
    """

    __slots__ = ("_index", "_pairs")

    def __init__(self, pairs: Mapping[Value, Value] | Iterable[tuple[Value, Value]] = ()) -> None:
        entries = pairs.items() if isinstance(pairs, Mapping) else pairs
        self._pairs: list[tuple[Value, Value]] = []
        self._index: dict[object, int] = {}
        for key, value in entries:
            stand_in = same_value_key(key)
            if stand_in is None:
                stand_in = id(key)
            if stand_in in self._index:
                raise ValueError("a Map with the same key twice")
            self._index[stand_in] = len(self._pairs)
            self._pairs.append((key, value))

    def __getitem__(self, key: Value) -> Value:
        stand_in = same_value_key(key)
        position = self._index.get(id(key) if stand_in is None else stand_in)
        if position is None:
            raise KeyError(key)
        return self._pairs[position][1]

    def __iter__(self) -> Iterator[Value]:
        return (key for key, _ in self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def pairs(self) -> list[tuple[Value, Value]]:
        """Every (key, value), in order; unlike `items()` this also works for keys that Python cannot hash."""
        return list(self._pairs)

    def __eq__(self, other: object) -> bool:
        return self._pairs == other._pairs if isinstance(other, JsMap) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"JsMap({self._pairs!r})"


class JsSet(Collection[Value]):
    """A `Set`: distinct values in insertion order, by the rules of `JsMap`'s keys."""

    __slots__ = ("_entries",)

    def __init__(self, values: Iterable[Value] = ()) -> None:
        self._entries = JsMap((value, None) for value in values)

    def __contains__(self, value: object) -> bool:
        return value in self._entries

    def __iter__(self) -> Iterator[Value]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __eq__(self, other: object) -> bool:
        return self._entries == other._entries if isinstance(other, JsSet) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"JsSet({list(self)!r})"
