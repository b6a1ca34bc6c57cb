"""The latest of many things, numbered, within bounds of number and size."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """Consecutive items of a ring. `missed` were before them and behind what was asked for."""

    items: list[T]
    missed: int


class Ring(Generic[T]):
    """At most `max_items` items whose sizes sum up to at most `max_size`; the oldest leave first.

    Items are numbered 1, 2, 3, … without gaps. Whoever reads keeps a place, the number of the last item that
    was read: nothing waits in the ring for anybody, and a reader that is too slow is told how much it missed.
    """

    def __init__(self, max_items: int, max_size: int) -> None:
        self.last = 0
        """The number of the latest item, or 0."""
        self._max_items = max_items
        self._max_size = max_size
        self._items: deque[tuple[T, int]] = deque()
        self._size = 0

    def append(self, item: T, size: int) -> int:
        """Add an item, and return its number."""
        self.last += 1
        self._items.append((item, size))
        self._size += size
        while len(self._items) > self._max_items or self._size > self._max_size:
            self._size -= self._items.popleft()[1]
        return self.last

    def oldest(self, after: int, limit: int) -> Slice[T]:
        """The first `limit` items behind `after`."""
        first = self.last + 1 - len(self._items)
        start = max(0, after + 1 - first)
        found = [self._items[index][0] for index in range(start, min(start + limit, len(self._items)))]
        return Slice(found, max(0, first - 1 - after))

    def latest(self, after: int, limit: int) -> Slice[T]:
        """The last `limit` items behind `after`."""
        behind = max(0, self.last - max(0, after))
        count = min(behind, limit, len(self._items))
        found = [self._items[index][0] for index in range(len(self._items) - count, len(self._items))]
        return Slice(found, behind - count)
