"""What strangers make of the tiles of a log."""

from __future__ import annotations

from collections.abc import Iterator

from proven.wire.merkle import HASH_BYTES
from proven.wire.tiles import HEIGHT, WIDTH, Tile


def hashes_of(raw: bytes) -> list[bytes]:
    """The hashes of a tile."""
    assert len(raw) % HASH_BYTES == 0
    return [raw[start : start + HASH_BYTES] for start in range(0, len(raw), HASH_BYTES)]


def tiles_of(size: int) -> Iterator[Tile]:
    """The tiles of a log of `size` entries, entry bundles first."""
    for level in (None, *range(7)):
        count = size >> HEIGHT * (level or 0)
        for index in range(-(-count // WIDTH)):
            yield Tile(level, index, min(WIDTH, count - index * WIDTH))
