"""One encoding per value, and only clear errors for what has none."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import (
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
    decode,
    encode,
)

VALUES: list[tuple[Any, str]] = [
    (None, "f6"),
    (True, "f5"),
    (False, "f4"),
    (UNDEFINED, "f7"),
    (0, "00"),
    (-1, "20"),
    (1000, "1903e8"),
    (2**53 - 1, "1b001fffffffffffff"),
    (-(2**53 - 1), "3b001ffffffffffffe"),
    (-0.0, "fb8000000000000000"),
    (1.5, "fb3ff8000000000000"),
    (1e300, "fb7e37e43c8800759c"),
    (math.inf, "fb7ff0000000000000"),
    (BigInt(0), "c240"),
    (BigInt(5), "c24105"),
    (BigInt(-1), "c340"),
    (BigInt(2**64), "c249010000000000000000"),
    ("", "60"),
    ("héllo", "6668c3a96c6c6f"),
    (b"", "40"),
    (b"\x01\x02", "420102"),
    (ArrayBuffer(b"\x01"), "d99ca44101"),
    (TypedArray.of(ElementKind.INT16, [1, -1]), "d84d440100ffff"),
    (datetime(1970, 1, 1, tzinfo=UTC), "c100"),
    (datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC), "c1fb3ff8000000000000"),
    (JsDate(8.64e15), "c11b000007dba8218000"),
    ([], "80"),
    ([1, [2]], "82018102"),
    ({}, "a0"),
    ({"b": 1, "a": 2}, "a2616201616102"),
    (JsMap([(1, "x")]), "d901038182016178"),
    (JsSet([1, 2]), "d90102820102"),
    (JsRegExp("a/b", "gi"), "d823672f612f622f6769"),
    (JsError("TypeError", "no"), "d99ca5a2646e616d6569547970654572726f72676d657373616765626e6f"),
]


@pytest.mark.parametrize(("value", "encoded"), VALUES, ids=lambda item: repr(item)[:40])
def test_a_value_has_exactly_this_encoding(value: Any, encoded: str) -> None:
    assert encode(value).hex() == encoded
    decoded = decode(bytes.fromhex(encoded))
    assert decoded == value
    assert type(decoded) is type(value)
    assert encode(decoded).hex() == encoded


def test_nan_travels_as_a_number_and_as_an_invalid_date() -> None:
    assert math.isnan(decode(encode(math.nan)))
    invalid = decode(encode(JsDate(math.nan)))
    assert isinstance(invalid, JsDate)
    assert math.isnan(invalid.milliseconds)


def test_integral_floats_are_the_same_number_as_integers() -> None:
    assert encode(3.0) == encode(3)
    assert encode(float(2**53)) != encode(2**53)


def test_integers_beyond_the_safe_range_become_bigints() -> None:
    assert decode(encode(2**53)) == BigInt(2**53)
    assert isinstance(decode(encode(-(2**53))), BigInt)


def test_python_collections_and_buffers_have_natural_counterparts() -> None:
    assert decode(encode((1, 2))) == [1, 2]
    assert decode(encode({1})) == JsSet([1])
    assert decode(encode(bytearray(b"x"))) == b"x"
    assert decode(encode(memoryview(b"abc")[::2])) == b"ac"
    assert decode(encode(datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=2))))) == datetime(
        2019, 12, 31, 22, tzinfo=UTC
    )


def test_dates_keep_their_milliseconds_over_the_whole_range() -> None:
    for milliseconds in (1, 999, 1001, 1_700_000_000_001, -1, -62_135_596_800_000, 253_402_300_799_999):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
        assert decode(encode(moment)) == moment
    for far in (8.64e15 - 1, -8.64e15, -8.64e15 + 1):
        assert decode(encode(JsDate(far))) == JsDate(far)


def test_maps_keep_keys_apart_that_javascript_keeps_apart() -> None:
    pairs = [(1, "number"), ("1", "text"), (True, "boolean"), (BigInt(1), "bigint"), ([1], "object")]
    decoded = decode(encode(JsMap(pairs)))
    assert decoded[1] == "number"
    assert decoded[True] == "boolean"
    assert decoded[BigInt(1)] == "bigint"
    assert decoded.pairs()[4] == ([1], "object")
    assert len(decoded) == 5


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([1, object()], "$[1]"),
        ({"a": {"b c": lambda: None}}, "$.a['b c']"),
        ({1: 2}, "$[1]"),
        (["\ud800"], "$[0]"),
        ([datetime(2020, 1, 1)], "$[0]"),  # noqa: DTZ001
        ([StreamRef(1)], "$[0]"),
        ([JsDate(0.5)], "$[0]"),
        ([BigInt(1) << 600_000], "$[0]"),
        (JsMap([(1, {"x": 1j})]), "$[0][1].x"),
    ],
)
def test_what_javascript_cannot_hold_is_refused_with_its_path(value: Any, path: str) -> None:
    with pytest.raises(ProvenError) as caught:
        encode(value)
    assert caught.value.code is ErrorCode.UNSUPPORTED_VALUE
    assert caught.value.details == {"path": path}


def test_a_cycle_is_refused_where_it_closes() -> None:
    ring: list[Any] = [1]
    ring.append({"back": ring})
    with pytest.raises(ProvenError, match=r"at \$\[1\]\.back refers back to itself"):
        encode(ring)


def test_a_shared_but_acyclic_value_is_fine() -> None:
    shared = [1]
    assert decode(encode([shared, shared])) == [[1], [1]]


def test_nesting_is_limited_both_ways() -> None:
    nested: Any = 0
    for _ in range(64):
        nested = [nested]
    assert decode(encode(nested)) == nested
    with pytest.raises(ProvenError, match="nested deeper than 64"):
        encode([nested])
    with pytest.raises(ProvenError, match="nested too deeply"):
        decode(b"\x81" * 65 + b"\x00")


def test_sizes_are_limited_both_ways() -> None:
    with pytest.raises(ProvenError) as caught:
        encode(b"x" * 100, max_bytes=100)
    assert caught.value.code is ErrorCode.TOO_LARGE
    with pytest.raises(ProvenError) as caught:
        decode(encode(b"x" * 100), max_bytes=100)
    assert caught.value.code is ErrorCode.TOO_LARGE
    with pytest.raises(ProvenError) as caught:
        decode(b"\x9a\x00\x0f\x42\x41" + b"\x80" * 1_000_001)
    assert caught.value.code is ErrorCode.TOO_LARGE


def test_streams_travel_only_where_they_are_allowed() -> None:
    encoded = encode(StreamRef(7), allow_streams=True)
    assert encoded.hex() == "d99ca607"
    assert decode(encoded, allow_streams=True) == StreamRef(7)
    with pytest.raises(ProvenError, match="stream"):
        decode(encoded)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "18 17",  # 23 in two bytes
        "1b 0020000000000000",  # 2^53 as an integer
        "3b 001fffffffffffff",  # -2^53 as an integer
        "fb 3ff0000000000000",  # 1 as a float
        "fb 0000000000000000",  # 0 as a float
        "f9 3e00",  # a narrow float
        "f0",
        "f8 20",
        "9f ff",
        "5f ff",
        "61 ff",  # not UTF-8
        "41",
        "82 01",
        "a1 01 02",  # a key that is no text
        "a2 6161 01 6161 02",
        "c2 42 0001",
        "c1 60",
        "c1 fb 4315180000000001",
        "c1" * 5000 + "00",
        "d823 61 2f",
        "d823 63 2f612f 00",
        "d823 64 2f612f7a",
        "d9 0102 82 01 01",
        "d9 0103 81 81 01",
        "d9 9ca5 a1 646e616d65 6161",
        "d84d 41 01",
        "d81c 00",
        "c0 60",
        "00 00",
    ],
)
def test_anything_but_the_one_encoding_is_refused(data: str) -> None:
    with pytest.raises(ProvenError) as caught:
        decode(bytes.fromhex(data))
    assert caught.value.code is ErrorCode.BAD_REQUEST
