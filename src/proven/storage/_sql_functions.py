"""SQL functions whose built-in versions take as long as the product of their arguments' lengths.

SQLite cannot be interrupted inside a function, so one `instr` of two long values would keep a thread for
days. These give the same results in time by the sum of the lengths. What has no such version here is bounded
by limits, or not allowed (see `protect`).
"""

from __future__ import annotations

from collections.abc import Callable

import apsw

from proven.storage.records import SqlValue

_FEW = 64
"""Up to so many different characters, Python's own `strip` is fast."""


def install(connection: apsw.Connection, max_bytes: int) -> None:
    """Put the functions in the place of SQLite's on `connection`, where no text may exceed `max_bytes`."""
    text = _Texts()

    def instr(haystack: SqlValue, needle: SqlValue) -> int | None:
        if haystack is None or needle is None:
            return None
        if isinstance(haystack, bytes) and isinstance(needle, bytes):
            return haystack.find(needle) + 1
        return text(haystack).find(text(needle)) + 1

    def replace(value: SqlValue, old: SqlValue, new: SqlValue) -> str | None:
        if value is None or old is None:
            return None
        where, what = text(value), text(old)
        if what[:1] in ("", "\0"):
            return where
        if new is None:
            return None
        by = text(new)
        if len(where) + where.count(what) * (len(by) - len(what)) > max_bytes:
            raise apsw.TooBigError("the result of replace is too long")
        return where.replace(what, by)

    def trim(value: SqlValue, characters: SqlValue = " ") -> str | None:
        return _trimmed(value, characters, left=True, right=True)

    def ltrim(value: SqlValue, characters: SqlValue = " ") -> str | None:
        return _trimmed(value, characters, left=True, right=False)

    def rtrim(value: SqlValue, characters: SqlValue = " ") -> str | None:
        return _trimmed(value, characters, left=False, right=True)

    def _trimmed(value: SqlValue, characters: SqlValue, *, left: bool, right: bool) -> str | None:
        if value is None or characters is None:
            return None
        before_nul = text(characters).partition("\0")[0]  # as far as SQLite reads them
        return _strip(text(value), set(before_nul), left=left, right=right)

    functions: dict[str, tuple[Callable[..., int | str | None], tuple[int, ...]]] = {
        "instr": (instr, (2,)),
        "replace": (replace, (3,)),
        "trim": (trim, (1, 2)),
        "ltrim": (ltrim, (1, 2)),
        "rtrim": (rtrim, (1, 2)),
    }
    for name, (function, counts) in functions.items():
        for count in counts:
            connection.create_scalar_function(
                name, function, count, deterministic=True, flags=apsw.SQLITE_INNOCUOUS
            )


class _Texts:
    """Values as text. What is not text yet is converted by SQLite itself: only it writes its numbers."""

    def __init__(self) -> None:
        self._converter: apsw.Connection | None = None

    def __call__(self, value: SqlValue) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, int):
            return str(value)
        if self._converter is None:
            self._converter = apsw.Connection(":memory:")
        ((converted,),) = self._converter.execute("SELECT CAST(? AS TEXT)", (value,))
        assert isinstance(converted, str)
        return converted


def _strip(text: str, unwanted: set[str], *, left: bool, right: bool) -> str:
    if len(unwanted) <= _FEW:
        characters = "".join(unwanted)
        if left and right:
            return text.strip(characters)
        return text.lstrip(characters) if left else text.rstrip(characters)
    start, end = 0, len(text)
    while left and start < end and text[start] in unwanted:
        start += 1
    while right and start < end and text[end - 1] in unwanted:
        end -= 1
    return text[start:end]
