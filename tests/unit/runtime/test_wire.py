"""The short cuts give exactly what the general codec gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.runtime import _wire
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError

TEXT = st.text(max_size=300)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=30)
ARGUMENT = st.one_of(
    TEXT,
    st.binary(max_size=300),
    st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1),
    st.sampled_from([None, True, False, values.UNDEFINED, 1.5, values.BigInt(3), {"a": [1]}, ["x"]]),
)


@given(TEXT)
def test_text(value: str) -> None:
    assert _wire.text(value) == values.encode(value)
    assert _wire.optional_text(value) == values.encode(value)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ProvenError):
        _wire.text("\ud800")


@given(PAIRS, st.binary(max_size=70_000))
def test_pairs_and_octets(items: list[tuple[str, str]], body: bytes) -> None:
    assert _wire.pairs(items) == values.encode(items)
    assert _wire.octets(body) == values.encode(body)


@given(ARGUMENT)
def test_result(value: Any) -> None:
    assert _wire.result(value, 1 << 20) == values.encode(value)
    with pytest.raises(ProvenError):
        _wire.result("x" * 100, 100)


@given(st.text(max_size=40), st.lists(ARGUMENT, max_size=30))
def test_call(operation: str, arguments: list[Any]) -> None:
    assert _wire.call(values.encode([operation, arguments]), 1 << 20) == (operation, arguments)


@given(st.integers(min_value=0, max_value=1000), PAIRS, st.one_of(st.binary(max_size=70_000), st.just(None)))
def test_response(status: int, headers: list[tuple[str, str]], body: bytes | None) -> None:
    encoded = values.encode([status, headers, values.UNDEFINED if body is None else body])
    assert _wire.response(encoded) == (status, tuple(headers), body or b"")


@given(st.binary(max_size=200))
def test_anything_else_is_an_error_or_what_the_codec_says(payload: bytes) -> None:
    for decode in (lambda: _wire.call(payload, 1000), lambda: _wire.response(payload)):
        try:
            decoded = decode()
        except ProvenError:
            continue
        assert values.decode(payload, allow_streams=True)[0] == decoded[0]


def test_a_host_call_of_more_items_than_can_be_decoded_in_passing_is_refused() -> None:
    payload = values.encode(["kv.set", [[0] * _wire.MAX_CALL_ITEMS]])
    with pytest.raises(ProvenError) as refused:
        _wire.call(payload, len(payload))
    assert refused.value.code is ErrorCode.TOO_LARGE


def test_a_response_of_more_headers_than_can_be_decoded_in_passing_is_refused() -> None:
    payload = values.encode([200, [["a", "b"]] * (_wire.MAX_RESPONSE_ITEMS // 3), b""])
    with pytest.raises(ProvenError) as refused:
        _wire.response(payload)
    assert refused.value.code is ErrorCode.TOO_LARGE
