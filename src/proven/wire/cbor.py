"""Deterministic CBOR (RFC 8949 §4.2.1) for protocol messages: one value, one encoding.

The decoder accepts exactly what the encoder produces, so `encode(decode(data)) == data` for every `data` it
accepts, and two parties that hash or sign a message always hash the same bytes. Only what protocol
messages need is there: no tags, no indefinite lengths, no simple values besides booleans and null.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from .errors import ErrorCode, ProvenError

Item: TypeAlias = "int | float | str | bytes | bool | list[Item] | dict[int | str, Item] | None"
"""What `decode` returns."""

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 16
MAX_ITEMS: Final = 1 << 18
"""An item of one byte takes a hundred bytes of memory, and a microsecond, to become a value."""

UINT, NINT, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
"""Major types (RFC 8949 §3.1)."""

_FLOAT16: Final = struct.Struct(">e")
_FLOAT32: Final = struct.Struct(">f")
_FLOAT64: Final = struct.Struct(">d")
_NAN: Final = b"\xf9\x7e\x00"


def head(major: int, argument: int) -> bytes:
    """The initial byte and argument of a data item in the shortest form (RFC 8949 §3)."""
    if argument < 24:
        return bytes((major << 5 | argument,))
    if argument < 0x100:
        return bytes((major << 5 | 24, argument))
    if argument < 0x10000:
        return bytes((major << 5 | 25,)) + argument.to_bytes(2, "big")
    if argument < 0x100000000:
        return bytes((major << 5 | 26,)) + argument.to_bytes(4, "big")
    return bytes((major << 5 | 27,)) + argument.to_bytes(8, "big")


def read_head(data: bytes, position: int) -> tuple[int, int, int]:
    """Read `(major, argument, next position)` of a data item of any major type but 7.

    Raises `IndexError` at the end of the data, and `ValueError` for major type 7, reserved or indefinite
    lengths, and arguments that are not in their shortest form.
    """
    initial = data[position]
    major, info = initial >> 5, initial & 31
    position += 1
    if info < 24 and major != SIMPLE:
        return major, info, position
    if info > 27 or major == SIMPLE:
        raise ValueError("an indefinite length, a reserved form or a simple value that is not allowed")
    end = position + (1 << (info - 24))
    if end > len(data):
        raise IndexError
    argument = int.from_bytes(data[position:end], "big")
    if argument < _SMALLEST[info - 24]:
        raise ValueError("a length or number that is not in its shortest form")
    return major, argument, end


_SMALLEST: Final = (24, 0x100, 0x10000, 0x100000000)


def encode(value: object) -> bytes:
    """Encode 64-bit integers, floats, text, bytes, booleans, None, lists and integer- or text-keyed maps.

    Raises `TypeError` or `ValueError` for anything else: a message that cannot be encoded is a mistake in
    the program that makes it.
    """
    out = bytearray()
    _encode(value, out)
    return bytes(out)


def _encode(value: object, out: bytearray) -> None:
    if isinstance(value, str):
        text = value.encode()
        out += head(TEXT, len(text))
        out += text
    elif isinstance(value, bytes | bytearray | memoryview):
        out += head(BYTES, len(value))
        out += value
    elif value is None or isinstance(value, bool):
        out += b"\xf6" if value is None else b"\xf5" if value else b"\xf4"
    elif isinstance(value, int):
        if not -(1 << 64) <= value < 1 << 64:
            raise ValueError("an integer of more than 64 bits")
        out += head(UINT, value) if value >= 0 else head(NINT, -1 - value)
    elif isinstance(value, float):
        out += _encode_float(value)
    elif isinstance(value, list | tuple):
        out += head(ARRAY, len(value))
        for item in value:
            _encode(item, out)
    elif isinstance(value, Mapping):
        _encode_map(value, out)
    else:
        raise TypeError(f"{type(value).__name__} has no place in a protocol message")


def _encode_map(value: Mapping[object, object], out: bytearray) -> None:
    """Keys in bytewise order of their encodings (RFC 8949 §4.2.1)."""
    entries = []
    for key, item in value.items():
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise TypeError("a map key that is neither an integer nor text")
        entries.append((encode(key), item))
    entries.sort(key=lambda entry: entry[0])
    out += head(MAP, len(entries))
    for encoded_key, item in entries:
        out += encoded_key
        _encode(item, out)


def _encode_float(value: float) -> bytes:
    """The shortest of the three widths that keeps the value (RFC 8949 §4.2.1 rule 2)."""
    if math.isnan(value):
        return _NAN
    for initial, layout in ((b"\xf9", _FLOAT16), (b"\xfa", _FLOAT32)):
        try:
            packed = layout.pack(value)
        except OverflowError:
            continue
        if layout.unpack(packed)[0] == value:
            return initial + packed
    return b"\xfb" + _FLOAT64.pack(value)


def decode(
    data: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_items: int = MAX_ITEMS
) -> Item:
    """Decode exactly one deterministically encoded item that fills `data`.

    Raises `ProvenError`: `TOO_LARGE` above `max_bytes`, and for one that is made of over `max_items`, keys of
    maps included, before any of them takes memory; `BAD_REQUEST` for malformed, truncated, non-canonical
    or trailing bytes, duplicate or unordered keys, tags, and nesting deeper than `max_depth`.
    """
    if len(data) > max_bytes:
        raise ProvenError(
            ErrorCode.TOO_LARGE, f"a message of {len(data)} bytes is over the limit of {max_bytes}"
        )
    data = bytes(data)
    try:
        if len(data) > max_items:
            _require_few(data, max_items)
        value, position = _decode(data, 0, max_depth)
        if position != len(data):
            raise ValueError("bytes after the end of the item")
    except IndexError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "malformed CBOR: it ends too early") from None
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"malformed CBOR: {error}") from None
    return value


def _require_few(data: bytes, most: int) -> None:
    """Count items by their heads, which follow one another whatever is nested in what."""
    position = items = 0
    while position < len(data):
        items += 1
        if items > most:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a message has at most {most} items here")
        initial = data[position]
        if initial in _SIMPLE:
            position += 1
        elif initial in _FLOATS:
            position += 1 + _FLOATS[initial][0]
        else:
            major, argument, position = read_head(data, position)
            if major in (BYTES, TEXT):
                position += argument


def decode_prefix(data: bytes, position: int, max_depth: int) -> tuple[Item, int]:
    """Decode the item at `position` and say where it ends, for a message that is only partly canonical.

    Raises `IndexError` where the data ends too early and `ValueError` for everything else that is malformed.
    """
    return _decode(data, position, max_depth)


def _decode(data: bytes, position: int, depth: int) -> tuple[Item, int]:
    initial = data[position]
    if initial in _SIMPLE:
        return _SIMPLE[initial], position + 1
    if initial in _FLOATS:
        return _read_float(data, position, *_FLOATS[initial])
    major, argument, position = read_head(data, position)
    return _READERS[major](data, position, argument, depth)


def _read_uint(data: bytes, position: int, argument: int, depth: int) -> tuple[Item, int]:
    return argument, position


def _read_nint(data: bytes, position: int, argument: int, depth: int) -> tuple[Item, int]:
    return -1 - argument, position


def _read_bytes(data: bytes, position: int, argument: int, depth: int) -> tuple[bytes, int]:
    end = position + argument
    if end > len(data):
        raise IndexError
    return data[position:end], end


def _read_text(data: bytes, position: int, argument: int, depth: int) -> tuple[str, int]:
    raw, end = _read_bytes(data, position, argument, depth)
    try:
        return raw.decode(), end
    except UnicodeDecodeError:
        raise ValueError("text that is not UTF-8") from None


def _read_array(data: bytes, position: int, argument: int, depth: int) -> tuple[Item, int]:
    if depth == 0:
        raise ValueError("nested too deeply")
    if argument > len(data) - position:
        raise IndexError
    items: list[Item] = []
    for _ in range(argument):
        item, position = _decode(data, position, depth - 1)
        items.append(item)
    return items, position


def _read_map(data: bytes, position: int, argument: int, depth: int) -> tuple[Item, int]:
    if depth == 0:
        raise ValueError("nested too deeply")
    if 2 * argument > len(data) - position:
        raise IndexError
    entries: dict[int | str, Item] = {}
    previous = b""
    for _ in range(argument):
        start = position
        key, position = _decode(data, position, 0)
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise ValueError("a map key that is neither an integer nor text")
        encoded_key = data[start:position]
        if encoded_key <= previous:
            raise ValueError("duplicate or unordered map keys")
        previous = encoded_key
        entries[key], position = _decode(data, position, depth - 1)
    return entries, position


def _read_tag(data: bytes, position: int, argument: int, depth: int) -> tuple[Item, int]:
    raise ValueError("a tag where none is allowed")


def _read_float(data: bytes, position: int, width: int, layout: struct.Struct) -> tuple[Item, int]:
    end = position + 1 + width
    if end > len(data):
        raise IndexError
    value: float = layout.unpack_from(data, position + 1)[0]
    if _encode_float(value) != data[position:end]:
        raise ValueError("a float that is not in its shortest form")
    return value, end


_SIMPLE: Final[Mapping[int, bool | None]] = {0xF4: False, 0xF5: True, 0xF6: None}
_FLOATS: Final = {0xF9: (2, _FLOAT16), 0xFA: (4, _FLOAT32), 0xFB: (8, _FLOAT64)}
_READERS: Final[tuple[Callable[[bytes, int, int, int], tuple[Item, int]], ...]] = (
    _read_uint,
    _read_nint,
    _read_bytes,
    _read_text,
    _read_array,
    _read_map,
    _read_tag,
)
