"""Lines of an application's log: what is wanted of them, and how they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from proven.wire.commands import MAX_LOG_TEXT, LogLevel, LogLine

LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "log", "info", "warn", "error")
"""From the least to the most severe."""
_RANK: Final = {level: rank for rank, level in enumerate(LEVELS)}
_CUT: Final = "…"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines a reader wants: of one handler, and of one level or more severe. Lines that say that
    something is missing are always wanted.
    """

    handler: str | None = None
    level: LogLevel | None = None

    def includes(self, line: LogLine) -> bool:
        if line.kind in ("dropped", "node"):
            return True
        if self.handler is not None and not _names(self.handler, line.handler):
            return False
        return self.level is None or _RANK[line.level] >= _RANK[self.level]


def _names(wanted: str, address: str | None) -> bool:
    """Whether `wanted` is the handler at `address`, by its address or by the name of its export."""
    if address is None:
        return False
    return wanted in (address, address.partition("#")[2])


def bounded(text: str) -> str:
    """Text of an application that is short and can be encoded."""
    text = text[: MAX_LOG_TEXT + 1].encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_LOG_TEXT else text[: MAX_LOG_TEXT - len(_CUT)] + _CUT


def size_of(line: LogLine) -> int:
    """Bytes of it, nearly."""
    stack = 0 if line.stack is None else len(line.stack)
    return len(line.text) + stack + 128


class _Stored(msgspec.Struct, frozen=True, array_like=True):
    run: str
    first: int
    count: int
    earliest: int
    latest: int
    lines: msgspec.Raw


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive lines as they are stored, from the sequence `first` on; times are Unix milliseconds.

    `run` names the run of the node that wrote it last, `size` is in bytes.
    """

    run: str
    first: int
    count: int
    earliest: int
    latest: int
    size: int

    @property
    def last(self) -> int:
        """The sequence of the last line; the one before `first` if there is none."""
        return self.first + self.count - 1


def encode(run: str, first: int, lines: Sequence[LogLine]) -> bytes:
    """The stored form of lines that follow each other from `first` on."""
    times = [line.at for line in lines]
    stored = _Stored(
        run,
        first,
        len(lines),
        min(times, default=0),
        max(times, default=0),
        msgspec.Raw(msgspec.msgpack.encode(lines)),
    )
    return msgspec.msgpack.encode(stored)


def describe(data: bytes) -> Chunk:
    """What is in a stored chunk, without reading its lines. Raises `ValueError`."""
    stored = msgspec.msgpack.decode(data, type=_Stored)
    return Chunk(stored.run, stored.first, stored.count, stored.earliest, stored.latest, len(data))


def decode(data: bytes) -> list[LogLine]:
    """The lines of a stored chunk. Raises `ValueError`."""
    stored = msgspec.msgpack.decode(data, type=_Stored)
    return msgspec.msgpack.decode(stored.lines, type=list[LogLine])


def expired(chunks: Sequence[Chunk], *, lines: int, size: int, before: int) -> int:
    """How many of the oldest chunks have to go, so that no more than `lines` lines and `size` bytes are kept,
    and none from before the time `before`.
    """
    kept_lines = sum(chunk.count for chunk in chunks)
    kept_size = sum(chunk.size for chunk in chunks)
    gone = 0
    for chunk in chunks:
        if kept_lines <= lines and kept_size <= size and chunk.latest >= before:
            break
        kept_lines -= chunk.count
        kept_size -= chunk.size
        gone += 1
    return gone
