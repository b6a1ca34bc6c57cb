"""Value bytes to Python values."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Final

from ._value_types import (
    EPOCH,
    MAX_BIGINT_BYTES,
    MAX_BYTES,
    MAX_DATE_MS,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_SAFE_INTEGER,
    MILLISECOND,
    UNDEFINED,
    ArrayBuffer,
    BigInt,
    ElementKind,
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
from .cbor import ARRAY, BYTES, MAP, NINT, SIMPLE, TAG, TEXT, UINT, read_head
from .errors import ErrorCode, ProvenError

_FLOAT64: Final = struct.Struct(">d")


def decode(
    data: bytes,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_items: int = MAX_ITEMS,
    allow_streams: bool = False,
) -> Value:
    """Decode one value that fills `data`.

    Only the one encoding of each value is accepted. Raises `ProvenError`: `TOO_LARGE` above `max_bytes` or
    `max_items`, `BAD_REQUEST` for anything malformed.
    """
    if len(data) > max_bytes:
        raise ProvenError(
            ErrorCode.TOO_LARGE, f"a value of {len(data)} bytes is over the limit of {max_bytes}"
        )
    decoder = _Decoder(bytes(data), max_items, allow_streams)
    try:
        value = decoder.item(max_depth)
        if decoder.position != len(data):
            raise ValueError("bytes after its end")
    except IndexError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "malformed value: it ends too early") from None
    except ValueError as error:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"malformed value: {error} (near byte {decoder.position})"
        ) from None
    return value


class _Decoder:
    def __init__(self, data: bytes, max_items: int, allow_streams: bool) -> None:
        self.data = data
        self.max_items = max_items
        self.position = 0
        self.items = 0
        self.allow_streams = allow_streams

    def item(self, depth: int) -> Value:
        self.items += 1
        if self.items > self.max_items:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a value of more than {self.max_items} items")
        initial = self.data[self.position]
        if initial < 24:
            self.position += 1
            return initial
        major = initial >> 5
        if major == SIMPLE:
            return self.simple(initial)
        major, argument, self.position = read_head(self.data, self.position)
        if major == TEXT:
            return self.text(argument)
        if major == MAP:
            return self.object(argument, depth)
        if major == ARRAY:
            return self.array(argument, depth)
        if major == BYTES:
            return self.bytes(argument)
        if major == TAG:
            return self.tagged(argument, depth)
        if argument > (MAX_SAFE_INTEGER if major == UINT else MAX_SAFE_INTEGER - 1):
            raise ValueError("an integer that is no safe number and not tagged as a bigint")
        return argument if major == UINT else -1 - argument

    def simple(self, initial: int) -> bool | float | UndefinedType | None:
        if initial == 0xFB:
            return self.number()
        self.position += 1
        if initial == 0xF4:
            return False
        if initial == 0xF5:
            return True
        if initial == 0xF6:
            return None
        if initial == 0xF7:
            return UNDEFINED
        raise ValueError("a simple value or a float width that is not allowed")

    def number(self) -> float:
        end = self.position + 9
        if end > len(self.data):
            raise IndexError
        value: float = _FLOAT64.unpack_from(self.data, self.position + 1)[0]
        if value.is_integer() and abs(value) <= MAX_SAFE_INTEGER and (value or math.copysign(1, value) > 0):
            raise ValueError("an integer that is written as a float")
        self.position = end
        return value

    def bytes(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self.data):
            raise IndexError
        raw = self.data[self.position : end]
        self.position = end
        return raw

    def text(self, length: int) -> str:
        try:
            return self.bytes(length).decode()
        except UnicodeDecodeError:
            raise ValueError("text that is not UTF-8") from None

    def array(self, length: int, depth: int) -> list[Value]:
        self.enter(length, depth)
        return [self.item(depth - 1) for _ in range(length)]

    def object(self, length: int, depth: int) -> dict[str, Value]:
        self.enter(2 * length, depth)
        entries: dict[str, Value] = {}
        for _ in range(length):
            key = self.text(self.expect(TEXT))
            if key in entries:
                raise ValueError("the same key twice")
            entries[key] = self.item(depth - 1)
        return entries

    def enter(self, least_bytes: int, depth: int) -> None:
        if depth == 0:
            raise ValueError("nested too deeply")
        if least_bytes > len(self.data) - self.position:
            raise IndexError

    def expect(self, wanted: int) -> int:
        major, argument, self.position = read_head(self.data, self.position)
        if major != wanted:
            raise ValueError("a part of the wrong type")
        return argument

    def tagged(self, tag: int, depth: int) -> Value:
        read = _TAGGED.get(tag)
        if read is None:
            raise ValueError(f"tag {tag}, which no value has")
        return read(self, tag, depth)

    def date(self, tag: int, depth: int) -> Value:
        if self.data[self.position] != 0xFB and self.data[self.position] >> 5 not in (UINT, NINT):
            raise ValueError("a date that is no number")
        seconds: float = self.item(0)
        if seconds != seconds:
            return JsDate(math.nan)
        if abs(seconds) > MAX_DATE_MS / 1000:
            raise ValueError("a date out of range")
        milliseconds = round(seconds * 1000)
        if milliseconds / 1000 != seconds:
            raise ValueError("a date that is not a whole number of milliseconds")
        try:
            return EPOCH + milliseconds * MILLISECOND
        except OverflowError:
            return JsDate(float(milliseconds))

    def bigint(self, tag: int, depth: int) -> BigInt:
        length = self.expect(BYTES)
        if length > MAX_BIGINT_BYTES:
            raise ValueError(f"a bigint of more than {MAX_BIGINT_BYTES} bytes")
        raw = self.bytes(length)
        if raw[:1] == b"\0":
            raise ValueError("a bigint with leading zeros")
        magnitude = int.from_bytes(raw, "big")
        return BigInt(magnitude if tag == Tag.POSITIVE_BIGINT else -1 - magnitude)

    def regexp(self, tag: int, depth: int) -> JsRegExp:
        text = self.text(self.expect(TEXT))
        source, slash, flags = text[1:].rpartition("/")
        if text[:1] != "/" or not slash:
            raise ValueError("a regular expression that is not /source/flags")
        return JsRegExp(source, flags)

    def set(self, tag: int, depth: int) -> JsSet:
        return JsSet(self.array(self.expect(ARRAY), depth))

    def map(self, tag: int, depth: int) -> JsMap:
        pairs = self.array(self.expect(ARRAY), depth)
        if any(not isinstance(pair, list) or len(pair) != 2 for pair in pairs):
            raise ValueError("a Map that is not made of pairs")
        return JsMap((key, value) for key, value in pairs)

    def error(self, tag: int, depth: int) -> JsError:
        fields = self.object(self.expect(MAP), depth)
        if list(fields) != [name for name in ("name", "message", "stack", "code") if name in fields]:
            raise ValueError("an error with unknown or unordered fields")
        if "message" not in fields or "name" not in fields:
            raise ValueError("an error without name and message")
        if not all(isinstance(text, str) for text in fields.values()):
            raise ValueError("an error with a field that is not text")
        return JsError(**fields)

    def buffer(self, tag: int, depth: int) -> ArrayBuffer:
        return ArrayBuffer(self.bytes(self.expect(BYTES)))

    def typed_array(self, tag: int, depth: int) -> TypedArray:
        return TypedArray(ElementKind(tag), self.bytes(self.expect(BYTES)))

    def stream(self, tag: int, depth: int) -> StreamRef:
        if not self.allow_streams:
            raise ValueError("a stream, which cannot travel here")
        return StreamRef(self.expect(UINT))


_TAGGED: Final[dict[int, Callable[[_Decoder, int, int], Value]]] = {
    Tag.DATE: _Decoder.date,
    Tag.POSITIVE_BIGINT: _Decoder.bigint,
    Tag.NEGATIVE_BIGINT: _Decoder.bigint,
    Tag.REGEXP: _Decoder.regexp,
    Tag.SET: _Decoder.set,
    Tag.MAP: _Decoder.map,
    Tag.ARRAY_BUFFER: _Decoder.buffer,
    Tag.ERROR: _Decoder.error,
    Tag.STREAM: _Decoder.stream,
    **dict.fromkeys(ElementKind, _Decoder.typed_array),
}
