"""The difference between two files as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from .lines import MAX_STEPS, Block, Budget, compare_lines

_AROUND: Final = 3
"""Equal lines that are shown before and after those that differ."""


def unified(before: bytes, after: bytes, budget: Budget) -> tuple[str, ...] | None:
    """What `diff -u` prints below its heading; None for what is not text. Where only the ends of lines
    differ, it is said so instead. Takes from `budget` what it needs, at most `MAX_STEPS`.
    """
    try:
        old, new = _lines(before.decode()), _lines(after.decode())
    except UnicodeDecodeError:
        return None
    if _plain(before) == _plain(after):
        return (f"- {_endings(before)}", f"+ {_endings(after)}")
    own = Budget(min(MAX_STEPS, budget.left))
    begun = own.left
    blocks = compare_lines(old, new, own)
    budget.left = max(0, budget.left - (begun - own.left))
    ends = "\r\n" if _returns(before) == _returns(after) else "\n"
    return tuple(line for hunk in _hunks(blocks) for line in _hunk(hunk, old, new, ends))


def _lines(text: str) -> list[str]:
    """Lines with the line feeds that end them, in which a difference counts as well."""
    *ended, last = text.split("\n")
    return [*(f"{line}\n" for line in ended), *([last] if last else [])]


def _hunks(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """Blocks that differ, together where few equal lines are between them."""
    hunk: list[Block] = []
    for place, block in enumerate(blocks):
        if not block.same:
            hunk.append(block)
            continue
        head = 0 if place == 0 else _AROUND
        tail = 0 if place == len(blocks) - 1 else _AROUND
        if block.old_end - block.old_start <= head + tail:
            hunk.append(block)
            continue
        if hunk:
            yield [
                *hunk,
                Block(True, block.old_start, block.old_start + head, block.new_start, block.new_start + head),
            ]
        hunk = [Block(True, block.old_end - tail, block.old_end, block.new_end - tail, block.new_end)]
    if any(not block.same for block in hunk):
        yield hunk


def _hunk(blocks: list[Block], old: Sequence[str], new: Sequence[str], ends: str) -> Iterator[str]:
    """As `diff -u` has it; `ends` are left away."""
    first, last = blocks[0], blocks[-1]
    yield f"@@ -{_range(first.old_start, last.old_end)} +{_range(first.new_start, last.new_end)} @@"
    for block in blocks:
        sides = [("-", old[block.old_start : block.old_end]), ("+", new[block.new_start : block.new_end])]
        for sign, lines in [(" ", sides[0][1])] if block.same else sides:
            for line in lines:
                end = ends if line.endswith(ends) else "\n"
                yield f"{sign}{line.removesuffix(end)}"
                if not line.endswith("\n"):
                    yield "\\ No newline at end of file"


def _range(start: int, end: int) -> str:
    """Lines from `start`, counted from zero, as a heading says them."""
    return str(end) if end - start == 1 else f"{start + (end > start)},{end - start}"


def _endings(content: bytes) -> str:
    """They are part of what is hashed, so a difference in them alone is shown."""
    windows, last = content.count(b"\r\n"), content.endswith(b"\n")
    plain = content.count(b"\n") - windows
    return f"line ends: {plain} LF, {windows} CRLF, {'one' if last else 'none'} at the end of the file"


def _plain(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").removesuffix(b"\n")


def _returns(content: bytes) -> bool:
    return b"\r\n" in content
