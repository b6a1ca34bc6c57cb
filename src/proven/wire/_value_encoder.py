"""Python values to value bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from ._value_types import (
    EPOCH,
    MAX_BIGINT_BYTES,
    MAX_DATE_MS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_SAFE_INTEGER,
    MILLISECOND,
    ArrayBuffer,
    BigInt,
    JsDate,
    JsError,
    JsMap,
    JsRegExp,
    JsSet,
    StreamRef,
    Tag,
    TypedArray,
    UndefinedType,
    Value,
)
from .cbor import ARRAY, BYTES, MAP, NINT, TAG, TEXT, UINT, head
from .errors import ErrorCode, ProvenError

_FLOAT64: Final = struct.Struct(">Bd")


def encode(
    value: Value, *, max_bytes: int | None = None, max_depth: int = MAX_DEPTH, allow_streams: bool = False
) -> bytes:
    """Encode one value. `set` and `frozenset` become a `Set`, tuples arrays, integers beyond 2^53-1 bigints.

    Raises `ProvenError`: `UNSUPPORTED_VALUE`, whose message and `path` detail say where, for what JavaScript
    has no value for, for cycles and for nesting deeper than `max_depth`; `TOO_LARGE` above `max_bytes`.
    """
    encoder = _Encoder(max_depth, allow_streams)
    try:
        encoder.item(value, max_depth)
    except _UnsupportedError as error:
        path = "$" + "".join(reversed(error.path))
        cycle = _find_cycle(value) if error.too_deep else None
        problem = "refers back to itself" if cycle else error.problem
        path = _shorten(cycle or path)
        raise ProvenError(
            ErrorCode.UNSUPPORTED_VALUE, f"the value at {path} {problem}", details={"path": path}
        ) from None
    if max_bytes is not None and len(encoder.out) > max_bytes:
        raise ProvenError(
            ErrorCode.TOO_LARGE, f"a value of {len(encoder.out)} bytes is over the limit of {max_bytes}"
        )
    return bytes(encoder.out)


class _UnsupportedError(Exception):
    """Collects the path, innermost step first, on its way out of the recursion."""

    def __init__(self, problem: str, *, too_deep: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.too_deep = too_deep
        self.path: list[str] = []


class _Encoder:
    def __init__(self, max_depth: int, allow_streams: bool) -> None:
        self.out = bytearray()
        self.items = 0
        self.max_depth = max_depth
        self.allow_streams = allow_streams

    def item(self, value: Value, depth: int) -> None:
        self.items += 1
        if self.items > MAX_ITEMS:
            raise _UnsupportedError(f"is one of more than {MAX_ITEMS} items")
        write = _WRITERS.get(type(value))
        if write is None:
            write = _writer_of_subclass(value)
        write(self, value, depth)

    def text(self, value: str, depth: int = 0) -> None:
        try:
            raw = value.encode()
        except UnicodeEncodeError:
            raise _UnsupportedError("is text with half of a surrogate pair") from None
        self.out += head(TEXT, len(raw))
        self.out += raw

    def constant(self, value: bool | UndefinedType | None, depth: int) -> None:
        self.out.append(0xF6 if value is None else 0xF7 if value is UndefinedType.UNDEFINED else 0xF4 + value)

    def integer(self, value: int, depth: int) -> None:
        if 0 <= value <= MAX_SAFE_INTEGER:
            self.out += head(UINT, value)
        elif -MAX_SAFE_INTEGER <= value < 0:
            self.out += head(NINT, -1 - value)
        else:
            self.bigint(value, depth)

    def bigint(self, value: int, depth: int) -> None:
        tag, magnitude = (
            (Tag.POSITIVE_BIGINT, int(value)) if value >= 0 else (Tag.NEGATIVE_BIGINT, -1 - value)
        )
        size = (magnitude.bit_length() + 7) // 8
        if size > MAX_BIGINT_BYTES:
            raise _UnsupportedError(f"is an integer of more than {MAX_BIGINT_BYTES} bytes")
        self.tag(tag)
        self.bytes(magnitude.to_bytes(size, "big"))

    def number(self, value: float, depth: int) -> None:
        if (
            value.is_integer()
            and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER
            and not _is_minus_zero(value)
        ):
            self.integer(int(value), depth)
        else:
            self.out += _FLOAT64.pack(0xFB, math.nan if value != value else value)

    def bytes(self, value: bytes | bytearray, depth: int = 0) -> None:
        self.out += head(BYTES, len(value))
        self.out += value

    def memory(self, value: memoryview, depth: int) -> None:
        self.bytes(value.tobytes())

    def array(self, value: list[Value] | tuple[Value, ...], depth: int) -> None:
        self.deeper(depth)
        self.out += head(ARRAY, len(value))
        index = 0
        try:
            for item in value:
                self.item(item, depth - 1)
                index += 1
        except _UnsupportedError as error:
            error.path.append(f"[{index}]")
            raise

    def object(self, value: Mapping[Value, Value], depth: int) -> None:
        self.deeper(depth)
        self.out += head(MAP, len(value))
        key: Value = None
        try:
            for key, item in value.items():
                if not isinstance(key, str):
                    raise _UnsupportedError("is not under a text key; use JsMap for keys of other types")
                self.text(key)
                self.item(item, depth - 1)
        except _UnsupportedError as error:
            error.path.append(f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r:.80}]")
            raise

    def map(self, value: JsMap, depth: int) -> None:
        self.tag(Tag.MAP)
        self.array([list(pair) for pair in value.pairs()], depth)

    def set(self, value: JsSet | set[Value] | frozenset[Value], depth: int) -> None:
        self.tag(Tag.SET)
        self.array(list(value), depth)

    def datetime(self, value: datetime, depth: int) -> None:
        if value.tzinfo is None:
            raise _UnsupportedError("is a datetime without a time zone")
        self.seconds((value - EPOCH) // MILLISECOND)

    def date(self, value: JsDate, depth: int) -> None:
        if value.milliseconds != value.milliseconds:
            self.tag(Tag.DATE)
            self.number(math.nan, depth)
        elif abs(value.milliseconds) > MAX_DATE_MS or not float(value.milliseconds).is_integer():
            raise _UnsupportedError("is a date that JavaScript cannot hold")
        else:
            self.seconds(int(value.milliseconds))

    def seconds(self, milliseconds: int) -> None:
        self.tag(Tag.DATE)
        self.number(milliseconds / 1000, 0)

    def regexp(self, value: JsRegExp, depth: int) -> None:
        self.tag(Tag.REGEXP)
        self.text(f"/{value.source}/{value.flags}")

    def error(self, value: JsError, depth: int) -> None:
        self.tag(Tag.ERROR)
        fields = {"name": value.name, "message": value.message, "stack": value.stack, "code": value.code}
        self.object({name: text for name, text in fields.items() if text is not None}, depth)

    def buffer(self, value: ArrayBuffer, depth: int) -> None:
        self.tag(Tag.ARRAY_BUFFER)
        self.bytes(value)

    def typed_array(self, value: TypedArray, depth: int) -> None:
        self.tag(value.kind)
        self.bytes(value.data)

    def stream(self, value: StreamRef, depth: int) -> None:
        if not self.allow_streams:
            raise _UnsupportedError("is a stream, which cannot travel here")
        self.tag(Tag.STREAM)
        self.out += head(UINT, value.id)

    def tag(self, number: int) -> None:
        self.out += head(TAG, number)

    def deeper(self, depth: int) -> None:
        if depth == 0:
            raise _UnsupportedError(f"is nested deeper than {self.max_depth} levels", too_deep=True)


def _is_minus_zero(value: float) -> bool:
    return value == 0 and math.copysign(1, value) < 0


_Writer = Callable[[_Encoder, Value, int], None]

_WRITERS: Final[dict[type, _Writer]] = {
    str: _Encoder.text,
    bool: _Encoder.constant,
    type(None): _Encoder.constant,
    UndefinedType: _Encoder.constant,
    BigInt: _Encoder.bigint,
    int: _Encoder.integer,
    float: _Encoder.number,
    ArrayBuffer: _Encoder.buffer,
    bytes: _Encoder.bytes,
    bytearray: _Encoder.bytes,
    memoryview: _Encoder.memory,
    list: _Encoder.array,
    tuple: _Encoder.array,
    dict: _Encoder.object,
    JsMap: _Encoder.map,
    JsSet: _Encoder.set,
    set: _Encoder.set,
    frozenset: _Encoder.set,
    datetime: _Encoder.datetime,
    JsDate: _Encoder.date,
    JsRegExp: _Encoder.regexp,
    JsError: _Encoder.error,
    TypedArray: _Encoder.typed_array,
    StreamRef: _Encoder.stream,
}


def _writer_of_subclass(value: Value) -> _Writer:
    for known, write in _WRITERS.items():
        if isinstance(value, known):
            return write
    if isinstance(value, Mapping):
        return _Encoder.object
    raise _UnsupportedError(f"is of type {type(value).__name__}, which JavaScript has no value for")


def _find_cycle(value: Value) -> str | None:
    """The path of the first item that is one of its own ancestors."""
    ancestors: set[int] = set()
    finished: set[int] = set()

    def visit(item: Value, path: str) -> str | None:
        children: list[tuple[str, Value]]
        if isinstance(item, JsMap):
            children = [(f"[{index}]", part) for index, pair in enumerate(item.pairs()) for part in pair]
        elif isinstance(item, Mapping):
            children = [(f".{key}", child) for key, child in item.items()]
        elif isinstance(item, list | tuple | JsSet):
            children = [(f"[{index}]", child) for index, child in enumerate(item)]
        else:
            return None
        if id(item) in ancestors:
            return path
        if id(item) in finished or len(ancestors) > MAX_DEPTH:
            return None
        ancestors.add(id(item))
        found = next((hit for step, child in children if (hit := visit(child, path + step))), None)
        ancestors.discard(id(item))
        finished.add(id(item))
        return found

    return visit(value, "$")


def _shorten(path: str, limit: int = 200) -> str:
    return path if len(path) <= limit else f"{path[: limit // 2]}…{path[-limit // 2 :]}"
