"""The hashes of a log's tiles, one flat file for each level: public, and derived from the log itself."""

from __future__ import annotations

import os
from collections import OrderedDict
from hashlib import sha256
from pathlib import Path
from typing import Final

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.merkle import HASH_BYTES
from proven.wire.tiles import HEIGHT, WIDTH

_LEVELS: Final = 7
_CACHED_TILES: Final = 256


class HashFiles:
    """Hash `index` of level L, that of a subtree of height 8 × L, is at `index × 32` in the level's file.

    Nothing is trusted that is read here: a wrong hash makes proofs that fail. What is signed is computed from
    the engine's log.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files = [
            os.open(directory / f"level-{level}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            for level in range(_LEVELS)
        ]
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()

    def close(self) -> None:
        files, self._files = self._files, []
        for file in files:
            os.close(file)

    def write(self, height: int, index: int, value: bytes) -> None:
        """Store the hash of a complete subtree, if it is one that tiles hold."""
        if height % HEIGHT == 0:
            os.pwrite(self._files[height // HEIGHT], value, index * HASH_BYTES)

    def __call__(self, height: int, index: int) -> bytes:
        """The hash of a complete subtree (`merkle.Subtrees`). Raises `UNAVAILABLE` if it is not stored."""
        level, rest = divmod(height, HEIGHT)
        if rest == 0:
            return self._read(level, index, 1)
        first = index << rest
        tile, offset = divmod(first, WIDTH)
        cached = self._tiles.get((level, tile))
        if cached is None:
            raw = self._read(level, tile * WIDTH, WIDTH, partial=True)
            if len(raw) < WIDTH * HASH_BYTES:
                return _fold(self._read(level, first, 1 << rest))[-1]
            cached = _fold(raw)
            self._tiles[level, tile] = cached
            if len(self._tiles) > _CACHED_TILES:
                self._tiles.popitem(last=False)
        start = (offset >> rest) * HASH_BYTES
        return cached[rest][start : start + HASH_BYTES]

    def forget(self) -> None:
        """Read everything anew: the files are about to be written again."""
        self._tiles.clear()

    def _read(self, level: int, first: int, count: int, *, partial: bool = False) -> bytes:
        raw = os.pread(self._files[level], count * HASH_BYTES, first * HASH_BYTES)
        if len(raw) < count * HASH_BYTES and not partial:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the hashes of the transparency log are not all here")
        return raw


def _fold(hashes: bytes) -> list[bytes]:
    """All rows of the tree over `hashes`, a power of two in number, from the leaves to the top."""
    rows = [hashes]
    while len(row := rows[-1]) > HASH_BYTES:
        pairs = range(0, len(row), 2 * HASH_BYTES)
        rows.append(b"".join([sha256(b"\1" + row[at : at + 2 * HASH_BYTES]).digest() for at in pairs]))
    return rows
