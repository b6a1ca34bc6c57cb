"""Deterministic CBOR: what the RFC says, and one encoding for each message."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import cbor2
import pytest

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError

RFC_8949_APPENDIX_A: list[tuple[Any, str]] = [
    (0, "00"),
    (23, "17"),
    (24, "1818"),
    (255, "18ff"),
    (256, "190100"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-18446744073709551616, "3bffffffffffffffff"),
    (-1, "20"),
    (-1000, "3903e7"),
    (0.0, "f90000"),
    (-0.0, "f98000"),
    (1.0, "f93c00"),
    (1.1, "fb3ff199999999999a"),
    (1.5, "f93e00"),
    (65504.0, "f97bff"),
    (100000.0, "fa47c35000"),
    (3.4028234663852886e38, "fa7f7fffff"),
    (1.0e300, "fb7e37e43c8800759c"),
    (5.960464477539063e-8, "f90001"),
    (math.inf, "f97c00"),
    (-math.inf, "f9fc00"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("", "60"),
    ("\u6c34", "63e6b0b4"),
    ([], "80"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
]


@pytest.mark.parametrize(("value", "encoded"), RFC_8949_APPENDIX_A, ids=lambda item: str(item)[:30])
def test_encodings_are_those_of_the_rfc(value: Any, encoded: str) -> None:
    assert cbor.encode(value).hex() == encoded
    decoded = cbor.decode(bytes.fromhex(encoded))
    assert decoded == value
    assert type(decoded) is type(value)
    assert cbor2.loads(cbor.encode(value)) == value


def test_nan_has_one_encoding() -> None:
    assert cbor.encode(math.nan).hex() == "f97e00"
    assert math.isnan(cbor.decode(b"\xf9\x7e\x00"))  # type: ignore[arg-type]
    with pytest.raises(ProvenError):
        cbor.decode(b"\xf9\x7e\x01")


def test_map_keys_are_in_bytewise_order_of_their_encodings() -> None:
    """RFC 8949 §4.2.1 gives this order; the older length-first rule would put -1 before 100."""
    keys = [10, 100, -1, "z", "aa"]
    assert list(cbor.decode(cbor.encode(dict.fromkeys(reversed(keys), 0)))) == keys  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "data",
    [
        "",
        "1817",
        "190017",
        "1b00000000ffffffff",
        "5801ff",
        "62",
        "61ff",
        "1c",
        "5f41ffff",
        "9fff",
        "bfff",
        "ff",
        "f7",
        "f818",
        "e0",
        "fa3fc00000",
        "fb3ff8000000000000",
        "f97c",
        "c000",
        "d81800",
        "c24101",
        "a2616201616101",
        "a2616101616101",
        "a1",
        "a1f500",
        "a1410000",
        "a1800000",
        "a1f93c0000",
        "9b0000000100000000",
        "bb0000000100000000",
        "5b0000000100000000",
        "9bffffffffffffffff",
        "81" * 17 + "00",
        "0000",
    ],
)
def test_what_is_not_the_one_encoding_is_refused(data: str) -> None:
    with pytest.raises(ProvenError) as caught:
        cbor.decode(bytes.fromhex(data))
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("item", [b"\x00", b"\x40", b"\x60", b"\x80", b"\xa0", b"\xf6", b"\xf9\x00\x00"])
def test_what_is_small_to_send_and_large_to_hold_is_refused_before_it_is_held(item: bytes) -> None:
    count = (1 << 23) // len(item)
    whole = cbor.head(cbor.ARRAY, 2) + cbor.head(cbor.ARRAY, 0) + cbor.head(cbor.ARRAY, count) + item * count
    tracemalloc.start()
    try:
        with pytest.raises(ProvenError) as refused:
            cbor.decode(whole)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert refused.value.code is ErrorCode.TOO_LARGE


def test_items_are_counted_wherever_they_are() -> None:
    whole = cbor.encode({"a": [1.5, None, b"bytes" * 100, {"b": [[], "text", -1, True]}]})
    assert cbor.decode(whole, max_items=13) == cbor2.loads(whole)
    with pytest.raises(ProvenError) as refused:
        cbor.decode(whole, max_items=12)
    assert refused.value.code is ErrorCode.TOO_LARGE


def test_size_and_depth_are_limited() -> None:
    with pytest.raises(ProvenError) as caught:
        cbor.decode(bytes(11), max_bytes=10)
    assert caught.value.code is ErrorCode.TOO_LARGE
    assert cbor.decode(b"\x81\x80", max_depth=2) == [[]]
    with pytest.raises(ProvenError, match="deeply"):
        cbor.decode(b"\x81\x80", max_depth=1)


@pytest.mark.parametrize(
    "value", [1 << 64, -(1 << 64) - 1, "\ud800", {1.5: 1}, {True: 1}, {b"x": 1}, object()]
)
def test_what_has_no_encoding_is_a_mistake_of_the_program(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        cbor.encode(value)
