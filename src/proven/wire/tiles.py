"""Tiles of a log (C2SP tlog-tiles): the files by which anyone can copy and check a whole log.

A tile of level L holds up to 256 hashes of subtrees of height 8 × L; a full tile never changes. An entry
bundle holds the entries of one tile of level 0, each with its length in two bytes before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from .errors import ErrorCode, ProvenError
from .merkle import MAX_SIZE, Subtrees

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
MAX_ENTRY: Final = (1 << 16) - 1
_MAX_LEVEL: Final = 6
_PATH: Final = re.compile(r"(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """Which tile: `level` None is an entry bundle; `width` below 256 is a partial one, the log's last."""

    level: int | None
    index: int
    width: int = WIDTH

    def path(self) -> str:
        """Where it is, below `tile/`."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{level}/{_encode_index(self.index)}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Read what `path` wrote, in its only form. Raises `ProvenError` (`NOT_FOUND`)."""
        match = _PATH.fullmatch(path)
        if match is not None:
            level = None if match[1] == "entries" else int(match[1])
            index = int(match[2].replace("/", "").replace("x", ""))
            width = WIDTH if match[3] is None else int(match[3])
            tile = cls(level, index, width)
            if (level or 0) <= _MAX_LEVEL and index < MAX_SIZE and tile.path() == path and width <= WIDTH:
                return tile
        raise ProvenError(ErrorCode.NOT_FOUND, "there is no such tile")

    def exists_in(self, size: int) -> bool:
        """Whether a log of `size` entries has this tile, or once had it as its last."""
        hashes = size >> (HEIGHT * (self.level or 0))
        return self.index * WIDTH + self.width <= hashes


def hash_tile(tile: Tile, subtree: Subtrees) -> bytes:
    """The content of a tile of hashes."""
    height, first = HEIGHT * (tile.level or 0), tile.index * WIDTH
    return b"".join(subtree(height, first + number) for number in range(tile.width))


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """The content of an entry bundle. Raises `ValueError` for an entry over `MAX_ENTRY` bytes."""
    if any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError(f"an entry has at most {MAX_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(raw: bytes) -> Iterator[bytes]:
    """The entries of a bundle. Raises `ProvenError` (`BAD_REQUEST`) where it is cut short."""
    position = 0
    while position < len(raw):
        start = position + 2
        end = start + int.from_bytes(raw[position:start], "big")
        if start > len(raw) or end > len(raw):
            raise ProvenError(ErrorCode.BAD_REQUEST, "an entry bundle is cut short")
        yield raw[start:end]
        position = end


def _encode_index(index: int) -> str:
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))
