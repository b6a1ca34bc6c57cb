"""JavaScript values as bytes: what structured clone carries, in CBOR.

Arguments, results and everything else that a handler passes across a boundary travel in this form from end
to end. Every value has one encoding, so the same bytes come out of the guest's codec
(`runtime/js/values.js`), of this module and of a browser; `tests/vectors/values.json` pins them.

| JavaScript | here | CBOR |
|---|---|---|
| plain object | `dict` with `str` keys, in insertion order | map with text keys |
| array | `list` | array |
| string, boolean, null | `str`, `bool`, `None` | text, simple values |
| `undefined` | `UNDEFINED` | simple(23) |
| number that is a safe integer (not -0) | `int` | integer |
| any other number | `float` | float64 |
| bigint, also a small one | `BigInt` | tag 2 or 3 |
| `Uint8Array` | `bytes` | byte string |
| other typed arrays | `TypedArray` | tags 64 to 87 (RFC 8746), little-endian |
| `ArrayBuffer` | `ArrayBuffer` | tag 40100, bytes |
| `Date` | aware `datetime`; `JsDate` where that cannot hold it | tag 1, seconds |
| `Map`, `Set` | `JsMap`, `JsSet` | tag 259 [[key, value], ...], tag 258 [...] |
| `RegExp` | `JsRegExp` | tag 35, "/source/flags" |
| `Error` | `JsError` | tag 40101 {name, message, stack?, code?} |
| `ReadableStream` (runtime frames only) | `StreamRef` | tag 40102, stream number |
"""

from __future__ import annotations

from typing import Final

from ._value_decoder import decode
from ._value_encoder import encode
from ._value_types import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_SAFE_INTEGER,
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
    TypedArray,
    UndefinedType,
    Value,
)

EMPTY_ARGUMENTS: Final = b"\x80"
"""The encoding of an empty argument list."""

__all__ = [
    "EMPTY_ARGUMENTS",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_SAFE_INTEGER",
    "UNDEFINED",
    "ArrayBuffer",
    "BigInt",
    "ElementKind",
    "JsDate",
    "JsError",
    "JsMap",
    "JsRegExp",
    "JsSet",
    "StreamRef",
    "TypedArray",
    "UndefinedType",
    "Value",
    "decode",
    "encode",
]
