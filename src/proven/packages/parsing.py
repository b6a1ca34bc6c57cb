"""Parsing source within bounds: a hostile file can make a parser try very many readings."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import Final

import tree_sitter_typescript
from tree_sitter import Language, Parser, Tree

from .limits import MAX_ANALYSIS_SECONDS

_CHUNK: Final = 16 * 1024


class TooComplexError(Exception):
    """Source that takes too long to understand."""


class Budget:
    """The processor time that understanding source, one package if nothing else is said, may take."""

    def __init__(self, seconds: float = MAX_ANALYSIS_SECONDS, clock: Callable[[], float] = time.thread_time):
        self._clock = clock
        self._seconds = seconds
        self._end = clock() + seconds

    @property
    def used_up(self) -> bool:
        return self._clock() > self._end

    def check(self) -> None:
        """Raise `TooComplexError` when the time is used up."""
        if self.used_up:
            raise TooComplexError(f"it takes over {self._seconds:g} seconds to read: simplify it")


def parse(content: bytes, *, tsx: bool = False) -> Tree:
    """The syntax tree of TypeScript, however long that takes; `tsx` if there may be JSX in it."""
    return Parser(_language(tsx=tsx)).parse(content)


def parse_within(budget: Budget, content: bytes, *, tsx: bool = False) -> Tree:
    """The same as `parse`, which is faster. Raises `TooComplexError` when the budget is used up."""
    try:
        return Parser(_language(tsx=tsx)).parse(
            lambda offset, _: content[offset : offset + _CHUNK],
            progress_callback=lambda _, __: budget.used_up,
        )
    except ValueError:
        raise TooComplexError("it takes too long to parse") from None


@cache
def _language(*, tsx: bool) -> Language:
    grammar = tree_sitter_typescript.language_tsx if tsx else tree_sitter_typescript.language_typescript
    return Language(grammar())
