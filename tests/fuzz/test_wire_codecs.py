"""Any bytes give a value or a `ProvenError`; any value comes back as it was."""

from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proven.wire import cbor, values
from proven.wire.commands import decode_command, decode_message
from proven.wire.cose import Sign1
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
    TypedArray,
)

FUZZ = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

ITEMS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXT
    | st.binary(max_size=30),
    lambda children: (
        st.lists(children, max_size=5)
        | st.dictionaries(TEXT | st.integers(-(2**64), 2**64 - 1), children, max_size=5)
    ),
    max_leaves=10,
)

PRIMITIVES = (
    st.none()
    | st.booleans()
    | st.just(UNDEFINED)
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False).filter(lambda number: not (number.is_integer() and abs(number) < 2**53))
    | st.integers(-(2**200), 2**200).map(BigInt)
    | TEXT
)

MILLISECONDS = st.datetimes(timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


def typed_arrays() -> st.SearchStrategy[TypedArray]:
    def of_kind(kind: ElementKind) -> st.SearchStrategy[TypedArray]:
        return st.lists(st.binary(min_size=kind.width, max_size=kind.width), max_size=4).map(
            lambda parts: TypedArray(kind, b"".join(parts))
        )

    return st.sampled_from(ElementKind).flatmap(of_kind)


VALUES = st.recursive(
    PRIMITIVES
    | st.binary(max_size=30)
    | st.binary(max_size=30).map(ArrayBuffer)
    | MILLISECONDS
    | st.integers(10**15, 864 * 10**13).map(lambda number: JsDate(float(number)))
    | st.builds(JsRegExp, TEXT.filter(bool), st.sampled_from(["", "g", "dgimsuy"]))
    | st.builds(JsError, TEXT, TEXT, st.none() | TEXT, st.none() | TEXT)
    | typed_arrays(),
    lambda children: (
        st.lists(children, max_size=5)
        | st.dictionaries(TEXT, children, max_size=5)
        | st.lists(PRIMITIVES, max_size=5, unique_by=lambda item: (type(item), item)).map(JsSet)
        | st.lists(
            st.tuples(PRIMITIVES, children), max_size=5, unique_by=lambda pair: (type(pair[0]), pair[0])
        ).map(JsMap)
    ),
    max_leaves=10,
)


def outcome(attempt: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, ErrorCode | None]:
    """What came of it: a value, or the code of a `ProvenError`. Any other exception fails the test."""
    try:
        return attempt(*args, **kwargs), None
    except ProvenError as error:
        return None, error.code


@FUZZ
@given(ITEMS)
def test_protocol_items_come_back_and_a_peer_reads_them_the_same(item: Any) -> None:
    encoded = cbor.encode(item)
    assert cbor.decode(encoded) == item
    assert cbor2.loads(encoded) == item


@FUZZ
@given(VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    encoded = values.encode(value)
    decoded = values.decode(encoded)
    assert decoded == value
    assert values.encode(decoded) == encoded


def mutated(valid: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Valid encodings with a piece cut out, replaced or inserted: these get further than noise does."""

    def mutate(encoded: bytes, start: int, length: int, replacement: bytes) -> bytes:
        start %= len(encoded) + 1
        return encoded[:start] + replacement + encoded[start + length :]

    return st.builds(mutate, valid, st.integers(0, 10_000), st.integers(0, 6), st.binary(max_size=6))


@FUZZ
@given(st.binary(max_size=400) | mutated(ITEMS.map(cbor.encode)))
@example(b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff")
@example(b"\x81" * 5000)
def test_protocol_items_are_read_canonically_or_refused(data: bytes) -> None:
    item, refusal = outcome(cbor.decode, data)
    if refusal is None:
        assert cbor.encode(item) == data
    else:
        assert refusal is ErrorCode.BAD_REQUEST


@FUZZ
@given(st.binary(max_size=400) | mutated(VALUES.map(values.encode)), st.booleans())
@example(b"\xc1" * 5000, False)
@example(b"\xd9\x01\x02\x81" * 5000, False)
@example(b"\xd9\x01\x03\x81\x82" * 5000, False)
def test_values_are_read_canonically_or_refused(data: bytes, allow_streams: bool) -> None:
    value, refusal = outcome(values.decode, data, allow_streams=allow_streams)
    if refusal is None:
        again = values.encode(value, allow_streams=allow_streams)
        assert again == data or _has_odd_nan(data)
    else:
        assert refusal is ErrorCode.BAD_REQUEST


def _has_odd_nan(data: bytes) -> bool:
    """NaN is the one value that is read in any of its bit patterns: engines differ in which they write."""
    return any(
        math.isnan(number)
        for start in range(len(data) - 8)
        if data[start] == 0xFB
        for number in [values.decode(data[start : start + 9])]
        if isinstance(number, float)
    )


COMMANDS = st.fixed_dictionaries(
    {"command": st.sampled_from(["WhoAmI", "Identify", "Anonymize", "Execute", "ListApplications"])},
    optional={
        "handler": TEXT | ITEMS,
        "args": st.binary(max_size=20) | ITEMS,
        "package_id": st.from_regex("[0-9a-f]{64}", fullmatch=True) | ITEMS,
        "public_key": st.binary(min_size=32, max_size=32) | ITEMS,
        "signature": st.binary(min_size=64, max_size=64) | ITEMS,
        "extra": ITEMS,
    },
)
MESSAGES = st.fixed_dictionaries(
    {}, optional={"request": st.integers() | ITEMS, "ok": ITEMS, "error": ITEMS, "event": TEXT, "text": TEXT}
).filter(lambda message: not isinstance(message.get("request"), int) or abs(message["request"]) < 2**64)


@pytest.mark.parametrize("decode", [decode_command, decode_message])
@FUZZ
@given(
    data=st.binary(max_size=400)
    | ITEMS.map(cbor.encode)
    | COMMANDS.map(cbor.encode)
    | MESSAGES.map(cbor.encode)
    | mutated(COMMANDS.map(cbor.encode))
)
def test_messages_are_understood_or_refused(decode: Callable[[bytes], object], data: bytes) -> None:
    assert outcome(decode, data)[1] in {None, ErrorCode.BAD_REQUEST}


@FUZZ
@given(ITEMS)
def test_any_error_record_of_a_peer_becomes_an_error(record: Any) -> None:
    assert ProvenError.from_record(record).code in ErrorCode
    assert ProvenError.from_record({"code": record, "message": record, "retry_after": record})


SIGNED = cbor.encode([b"\xa1\x01\x38\x22", {}, b"payload", bytes(96)])


@FUZZ
@given(st.binary(max_size=300) | mutated(st.just(SIGNED)))
def test_signed_messages_have_one_encoding_or_are_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError, ProvenError):
        assert Sign1.decode(data, max_bytes=1000).encode() == data


BOMBS = {
    "empty arrays": b"\x9a\x00\x7f\xff\xf0" + b"\x80" * 0x7FFFF0,
    "empty objects": b"\x9a\x00\x7f\xff\xf0" + b"\xa0" * 0x7FFFF0,
    "a length without contents": b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff",
    "text without contents": b"\x7b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "deep arrays": b"\x81" * 0x7FFFF0,
    "deep sets": b"\xd9\x01\x02\x81" * 0x1FFFF0,
    "a huge bigint": b"\xc2\x5a\x00\x7f\xff\xf0" + b"\xff" * 0x7FFFF0,
}


DECODE = """
import resource, sys
from proven.wire import values
from proven.wire.errors import ProvenError
most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
bomb = sys.stdin.buffer.read()
before = most()
try:
    values.decode(bomb)
except ProvenError:
    print(most() - before)
"""


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_cost_little_memory(bomb: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", DECODE], input=BOMBS[bomb], capture_output=True, check=True, env=environment
    )
    assert int(done.stdout) < 128 * 1024  # kibibytes


def test_colliding_hashes_do_not_slow_a_map_down() -> None:
    """Python's integers hash modulo 2^61-1: without care, these keys would cost a minute of comparisons."""
    keys = [BigInt(number * (2**61 - 1)) for number in range(1, 20_001)]
    started = datetime.now(UTC)
    assert len(values.decode(values.encode(JsMap((key, None) for key in keys)))) == 20_000
    assert (datetime.now(UTC) - started).total_seconds() < 10
