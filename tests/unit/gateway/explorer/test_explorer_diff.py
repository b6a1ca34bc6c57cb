"""Comparisons are right for any two sides, and bounded."""

from __future__ import annotations

import itertools
import random
import time

from hypothesis import given
from hypothesis import strategies as st

from proven.gateway.explorer._diff import Block, compare

LINES = st.lists(st.integers(0, 6), max_size=40)


def _check(old: list[int], new: list[int], blocks: list[Block]) -> None:
    at, at_new = 0, 0
    for block in blocks:
        assert (block.old_start, block.new_start) == (at, at_new)
        at, at_new = block.old_end, block.new_end
        if block.same:
            assert old[block.old_start : block.old_end] == new[block.new_start : block.new_end] != []
    assert (at, at_new) == (len(old), len(new))


@given(LINES, LINES)
def test_blocks_cover_both_sides_and_same_means_same(old: list[int], new: list[int]) -> None:
    blocks = compare(old, new)
    _check(old, new, blocks)
    assert all(first.same != second.same for first, second in itertools.pairwise(blocks))
    assert (not blocks or (len(blocks) == 1 and blocks[0].same)) == (old == new)


@given(LINES, LINES)
def test_without_time_the_comparison_is_coarse_and_right(old: list[int], new: list[int]) -> None:
    _check(old, new, compare(old, new, steps=0))


def test_a_small_change_is_a_small_difference() -> None:
    old = [f"line {number % 7}" for number in range(2_000)]
    new = [*old[:900], "new", *old[900:1500], *old[1501:]]
    changed = [block for block in compare(old, new) if not block.same]
    assert sum(block.old_end - block.old_start + block.new_end - block.new_start for block in changed) == 2


def test_no_two_files_take_long() -> None:
    rng = random.Random(1)
    pairs = [
        ([rng.randrange(50) for _ in range(40_000)], [rng.randrange(50) for _ in range(40_000)]),
        ([0, 1] * 20_000, [1, 0, 0] * 15_000),
        (list(range(40_000)), list(range(40_000))[::-1]),
        (list(range(0, 80_000, 2)), list(range(1, 80_000, 2))),
    ]
    for old, new in pairs:
        begun = time.thread_time()
        _check(old, new, compare(old, new))
        assert time.thread_time() - begun < 5
