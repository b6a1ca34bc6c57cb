"""Which lines of a file changed, by work that is bounded for any two files."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Final, NamedTuple

MAX_STEPS: Final = 200_000
"""Steps of comparison for one pair of files, some tenths of a second. Where they are used up, what is left
is shown as replaced as a whole: longer than it had to be, and still right.
"""
_MAX_EDITS: Final = 400


class Budget:
    """Steps that are `left` for one comparison, or for several together."""

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps


class Block(NamedTuple):
    """Lines `old_start` to `old_end` became `new_start` to `new_end`; `same` says that they are equal."""

    same: bool
    old_start: int
    old_end: int
    new_start: int
    new_end: int


def compare_lines(
    old: Sequence[Hashable], new: Sequence[Hashable], budget: Budget | None = None
) -> list[Block]:
    """Blocks that cover both sides, in order: first what the ends share, then lines that each side has once
    (patience), between them the shortest edit (Myers 1986). Takes from `budget` what it needs.
    """
    return _merge(_Comparison(old, new, Budget() if budget is None else budget).blocks())


class _Comparison:
    def __init__(self, old: Sequence[Hashable], new: Sequence[Hashable], budget: Budget) -> None:
        self._old = old
        self._new = new
        self._budget = budget

    def blocks(self) -> Iterator[Block]:
        pending = [(0, len(self._old), 0, len(self._new), False)]
        while pending:
            low, high, first, last, same = pending.pop()
            if same:
                yield Block(True, low, high, first, last)
            elif low == high or first == last:
                if low != high or first != last:
                    yield Block(False, low, high, first, last)
            else:
                pending.extend(reversed(self._divide(low, high, first, last)))

    def _divide(self, low: int, high: int, first: int, last: int) -> list[tuple[int, int, int, int, bool]]:
        """The same range in smaller ones, of which those that need no more work are told apart."""
        head = 0
        while low + head < high and first + head < last and self._old[low + head] == self._new[first + head]:
            head += 1
        tail = 0
        while (
            low + head < high - tail
            and first + head < last - tail
            and self._old[high - 1 - tail] == self._new[last - 1 - tail]
        ):
            tail += 1
        if head or tail:
            return [
                (low, low + head, first, first + head, True),
                (low + head, high - tail, first + head, last - tail, False),
                (high - tail, high, last - tail, last, True),
            ]
        anchors = self._anchors(low, high, first, last)
        if not anchors:
            return self._edit(low, high, first, last)
        ranges = []
        for old, new in anchors:
            ranges += [(low, old, first, new, False), (old, old + 1, new, new + 1, True)]
            low, first = old + 1, new + 1
        return [*ranges, (low, high, first, last, False)]

    def _anchors(self, low: int, high: int, first: int, last: int) -> list[tuple[int, int]]:
        """Lines that are once on either side, as many as are in the same order on both."""
        self._budget.left -= high - low + last - first
        if self._budget.left < 0:
            return []
        olds = Counter(self._old[low:high])
        news = Counter(self._new[first:last])
        places = {line: place for place, line in enumerate(self._new[first:last], first) if news[line] == 1}
        pairs = [
            (place, places[line])
            for place, line in enumerate(self._old[low:high], low)
            if olds[line] == 1 and line in places
        ]
        return _longest_increasing(pairs)

    def _edit(self, low: int, high: int, first: int, last: int) -> list[tuple[int, int, int, int, bool]]:
        """The shortest edit of a range, or the whole range as replaced where that takes too long."""
        old, new = self._old[low:high], self._new[first:last]
        furthest = {1: 0}
        history: list[dict[int, int]] = []
        for edits in range(min(len(old) + len(new), _MAX_EDITS) + 1):
            history.append(dict(furthest))
            for diagonal in range(-edits, edits + 1, 2):
                down = diagonal == -edits or (
                    diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1]
                )
                x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
                y = x - diagonal
                begun = x
                while x < len(old) and y < len(new) and old[x] == new[y]:
                    x, y = x + 1, y + 1
                furthest[diagonal] = x
                self._budget.left -= 1 + x - begun
                if x >= len(old) and y >= len(new):
                    return [
                        (low + a, low + b, first + c, first + d, True)
                        if same
                        else (low + a, low + b, first + c, first + d, False)
                        for same, a, b, c, d in _trace(history, len(old), len(new))
                    ]
            self._budget.left -= len(furthest)
            if self._budget.left < 0:
                break
        return [(low, high, first, first, False), (high, high, first, last, False)]


def _trace(history: list[dict[int, int]], x: int, y: int) -> list[Block]:
    """The way back from the end, as runs of equal lines and single insertions and deletions."""
    found: list[Block] = []
    for edits in range(len(history) - 1, -1, -1):
        furthest = history[edits]
        diagonal = x - y
        down = diagonal == -edits or (
            diagonal != edits and furthest.get(diagonal - 1, -1) < furthest.get(diagonal + 1, -1)
        )
        before = diagonal + 1 if down else diagonal - 1
        past_x = furthest.get(before, 0) if edits else 0
        past_y = past_x - before if edits else 0
        begun_x, begun_y = (past_x, past_y + 1) if down else (past_x + 1, past_y)
        if not edits:
            begun_x = begun_y = 0
        if x > begun_x:
            found.append(Block(True, begun_x, x, begun_y, y))
        if edits:
            found.append(Block(False, past_x, begun_x, past_y, begun_y))
        x, y = past_x, past_y
    return found[::-1]


def _longest_increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, ascending in the first, that ascend in the second as well."""
    tails: list[int] = []
    ends: list[int] = []
    previous: list[int] = []
    for index, (_, place) in enumerate(pairs):
        position = bisect_left(tails, place)
        previous.append(ends[position - 1] if position else -1)
        if position == len(tails):
            tails.append(place)
            ends.append(index)
        else:
            tails[position] = place
            ends[position] = index
    found: list[tuple[int, int]] = []
    at = ends[-1] if ends else -1
    while at >= 0:
        found.append(pairs[at])
        at = previous[at]
    return found[::-1]


def _merge(blocks: Iterator[Block]) -> list[Block]:
    """Neighbours of one kind as one block."""
    merged: list[Block] = []
    for block in blocks:
        if block.old_start == block.old_end and block.new_start == block.new_end:
            continue
        if merged and merged[-1].same == block.same:
            last = merged[-1]
            merged[-1] = Block(last.same, last.old_start, block.old_end, last.new_start, block.new_end)
        else:
            merged.append(block)
    return merged
