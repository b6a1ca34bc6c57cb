"""Comparisons are right for any two sides, and bounded."""

from __future__ import annotations

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proven.packages._unified import unified
from proven.packages.lines import MAX_STEPS, Block, Budget, compare_lines

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
    blocks = compare_lines(old, new)
    _check(old, new, blocks)
    assert all(first.same != second.same for first, second in itertools.pairwise(blocks))
    assert (not blocks or (len(blocks) == 1 and blocks[0].same)) == (old == new)


@given(LINES, LINES)
def test_without_time_the_comparison_is_coarse_and_right(old: list[int], new: list[int]) -> None:
    _check(old, new, compare_lines(old, new, Budget(0)))


def test_a_small_change_is_a_small_difference() -> None:
    old = [f"line {number % 7}" for number in range(2_000)]
    new = [*old[:900], "new", *old[900:1500], *old[1501:]]
    changed = [block for block in compare_lines(old, new) if not block.same]
    assert sum(block.old_end - block.old_start + block.new_end - block.new_start for block in changed) == 2


class Counted:
    """A line that counts how often lines are hashed and compared."""

    work = 0

    def __init__(self, text: bytes) -> None:
        self._text = text

    def __hash__(self) -> int:
        Counted.work += 1
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        Counted.work += 1
        return isinstance(other, Counted) and self._text == other._text


def _work(old: bytes, new: bytes) -> tuple[int, int]:
    """How often lines were looked at in a comparison, and how many lines there are."""
    sides = [list(map(Counted, side.split(b"\n"))) for side in (old, new)]
    Counted.work = 0
    compare_lines(*sides)
    return Counted.work, sum(map(len, sides))


_SHUFFLED = random.Random(1)
_MEGABYTE = 1024 * 1024
HOSTILE = {
    "no common line": (b"a\n" * (_MEGABYTE // 2), b"b\n" * (_MEGABYTE // 2)),
    "no common line, each once": (
        b"\n".join(b"%d" % number for number in range(150_000)),
        b"\n".join(b"-%d" % number for number in range(130_000)),
    ),
    "all equal lines": (b"\n" * _MEGABYTE, b"\n" * (_MEGABYTE - 1000)),
    "all equal lines about others": (b"a\n" * 400_000, b"b\n" + b"a\n" * 300_000 + b"b\n"),
    "one giant line": (b"a" * _MEGABYTE, b"a" * (_MEGABYTE - 1) + b"b"),
    "few lines in any order": (
        b"\n".join(b"%d" % _SHUFFLED.randrange(50) for _ in range(300_000)),
        b"\n".join(b"%d" % _SHUFFLED.randrange(50) for _ in range(300_000)),
    ),
    "in turn": (b"a\nb\n" * 200_000, b"b\na\na\n" * 150_000),
    "backwards": (
        b"\n".join(b"%d" % number for number in range(150_000)),
        b"\n".join(b"%d" % number for number in reversed(range(150_000))),
    ),
}


@pytest.mark.parametrize("sides", HOSTILE.values(), ids=HOSTILE)
def test_no_two_files_take_much_work(sides: tuple[bytes, bytes]) -> None:
    """A step is a few looks at lines, and beside steps each line is looked at a few times."""
    work, lines = _work(*sides)
    assert work <= 8 * (MAX_STEPS + lines)


TEXT = st.lists(st.sampled_from(["a", "b", "c", "", "d\u2028e"]), max_size=40).map("\n".join)
_HEADING = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def _patched(old: str, difference: tuple[str, ...]) -> str:
    """What `patch` makes of a text by a unified difference."""
    lines, made, at, sign = old.split("\n"), "", 0, ""
    ended = [f"{line}\n" for line in lines[:-1]] + [lines[-1]] * bool(lines[-1])
    for line in difference:
        if heading := _HEADING.fullmatch(line):
            start = int(heading[1]) - (heading[2] != "0")
            made, at = made + "".join(ended[at:start]), start
        elif line.startswith("\\"):
            made = made.removesuffix("\n") if sign != "-" else made
        else:
            sign = line[0]
            if sign != "+":
                assert ended[at].removesuffix("\n") == line[1:]
                at += 1
            if sign != "-":
                made += f"{line[1:]}\n"
    return made + "".join(ended[at:])


@given(TEXT, TEXT)
def test_a_unified_difference_leads_from_one_text_to_the_other(old: str, new: str) -> None:
    difference = unified(old.encode(), new.encode(), Budget())
    assert difference is not None
    if old.removesuffix("\n") == new.removesuffix("\n"):
        assert all("line ends" in line for line in difference)
    else:
        assert _patched(old, difference) == new


def test_a_unified_difference_shows_three_lines_around_what_differs() -> None:
    old = "".join(f"{number}\n" for number in range(40))
    new = old.replace("\n10\n", "\nten\n").replace("\n30\n", "\n30\nmore\n")
    assert unified(old.encode(), new.encode(), Budget()) == (
        *("@@ -8,7 +8,7 @@", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13"),
        *("@@ -29,6 +29,7 @@", " 28", " 29", " 30", "+more", " 31", " 32", " 33"),
    )


def test_returns_are_shown_where_only_one_side_has_them() -> None:
    both = unified(b"a\r\nb\r\n", b"a\r\nc\r\n", Budget())
    assert both == ("@@ -1,2 +1,2 @@", " a", "-b", "+c")
    one = unified(b"a\nb\n", b"a\r\nc\r\n", Budget())
    assert one == ("@@ -1,2 +1,2 @@", "-a", "-b", "+a\r", "+c\r")


def test_comparisons_of_one_budget_take_what_is_left_of_it() -> None:
    old, new = (b"".join(b"%d\n" % (number * step % 13) for number in range(150)) for step in (7, 11))
    enough, scarce = Budget(), Budget(1_000)
    fine = unified(old, new, enough)
    coarse = [unified(old, new, scarce) for _ in range(3)]
    assert 0 < enough.left < MAX_STEPS
    assert scarce.left == 0
    assert len(coarse[-1] or ()) > len(fine or ()) > 1
    assert all(_patched(old.decode(), each or ()) == new.decode() for each in (fine, *coarse))


def test_what_is_not_text_is_not_compared_by_lines() -> None:
    assert unified(b"\xff\n", b"a\n", Budget()) is None
