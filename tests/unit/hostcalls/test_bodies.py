from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.runtime.hostcalls._bodies import inflated
from proven.wire.errors import ErrorCode, ProvenError


async def chunked(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def decode(data: bytes, encoding: str, size: int = 1024) -> bytes:
    return b"".join([piece async for piece in inflated(chunked(data, size), encoding)])


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


@given(data=st.binary(max_size=5000), size=st.integers(1, 700))
async def test_every_encoding_decodes_to_what_was_encoded(data: bytes, size: int) -> None:
    assert await decode(gzip.compress(data), "gzip", size) == data
    assert await decode(zlib.compress(data), "deflate", size) == data
    assert await decode(raw_deflate(data), "deflate", size) == data


async def test_all_members_of_a_gzip_body_are_decoded() -> None:
    assert await decode(gzip.compress(b"one ") + gzip.compress(b"two"), "gzip", 5) == b"one two"


async def test_a_bomb_comes_out_in_bounded_pieces() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    total = 0
    async for piece in inflated(chunked(bomb, len(bomb)), "gzip"):
        assert len(piece) <= 64 * 1024
        total += len(piece)
    assert total == 50_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize("damage", ["cut", "noise"])
async def test_a_damaged_body_is_an_error(encoding: str, damage: str) -> None:
    whole = gzip.compress(b"x" * 1000) if encoding == "gzip" else zlib.compress(b"x" * 1000)
    data = whole[:-4] if damage == "cut" else b"\x78\xff\xff" + whole
    with pytest.raises(ProvenError) as caught:
        await decode(data, encoding)
    assert caught.value.code is ErrorCode.UNAVAILABLE


async def test_what_follows_a_deflate_body_is_ignored() -> None:
    assert await decode(zlib.compress(b"body") + b"trailing" * 500, "deflate", 16) == b"body"
