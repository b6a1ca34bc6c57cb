"""Text that others chose: cut into rows that fit a page, and with nothing in it that hides or reorders."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_ROW_BYTES: Final = 2_000
"""Longer lines go on in further rows."""

_SAFE_ASCII: Final = re.compile(r"[\t\n\x20-\x7e]*")
_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
_BLANK: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
"""Letters and marks that are not seen: fillers, joiners and variation selectors."""
_LINE_END: Final = re.compile(rb"\r\n|\n|\r|\xe2\x80\xa8|\xe2\x80\xa9")
_BYTE: Final = 0xDC00
"""Bytes that are not UTF-8 are decoded to this plus the byte (PEP 383)."""


@lru_cache(maxsize=4096)
def is_odd(character: str) -> bool:
    """Whether a character is not what it looks like: controls, bidirectional and zero-width formatting,
    separators, blanks that are no plain space, and what is no character at all.
    """
    if character in "\t\n ":
        return False
    category = unicodedata.category(character)
    return category in _UNSAFE_CATEGORIES or category == "Zs" or character in _BLANK


def name_of(character: str) -> str:
    """How an odd character is written: `U+202E`, or `0xFF` for a byte that is not UTF-8."""
    number = ord(character)
    return f"0x{number - _BYTE:02X}" if _BYTE + 0x80 <= number <= _BYTE + 0xFF else f"U+{number:04X}"


def visible(text: str) -> str:
    """`text` with each odd character, and each tab and line end, written out as `⟨U+202E⟩`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"⟨{name_of(each)}⟩" if each in "\t\n" or is_odd(each) else each for each in text)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """`text` in parts: ordinary ones, and odd characters one by one (True), written out."""
    if _SAFE_ASCII.fullmatch(text):
        yield text, False
        return
    start = 0
    for position, character in enumerate(text):
        if is_odd(character):
            if start < position:
                yield text[start:position], False
            yield name_of(character), True
            start = position + 1
    if start < len(text):
        yield text[start:], False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a page: the bytes `start` to `end` of a file. `number` is that of its line; `continues`
    says that the line began in a row before.
    """

    number: int
    start: int
    end: int
    continues: bool = False


def rows_of(content: bytes, *, keep_returns: bool = False) -> list[Row]:
    """The rows of a file. Lines end where JavaScript says they do; ends other than those that editors know
    (`\\n`, `\\r\\n`) stay in the row, where they are seen. So do carriage returns if they are to be kept.
    """
    return [Row(*each) for each in _places(content, keep_returns=keep_returns)]


def page_of_rows(content: bytes, size: int, page: int, line: int | None) -> tuple[list[Row], int, int]:
    """The rows of page `page`, or of the one that `line` is on (the last, if there are fewer lines), which
    page that is, and how many rows there are. The others are counted and take no memory: a file can have
    millions.
    """
    if line is not None:
        found = 0
        for index, (number, *_) in enumerate(_places(content, keep_returns=False)):
            found = index
            if number >= line:
                break
        page = found // size + 1
    first = (page - 1) * size
    rows: list[Row] = []
    total = 0
    for index, place in enumerate(_places(content, keep_returns=False)):
        total = index + 1
        if first <= index < first + size:
            rows.append(Row(*place))
    return rows, page, total


def _places(content: bytes, *, keep_returns: bool) -> Iterator[tuple[int, int, int, bool]]:
    """The fields of each row."""
    start, number = 0, 1
    for match in _LINE_END.finditer(content):
        end = match.start() if match[0] in (b"\n", b"\r\n") else match.end()
        if keep_returns and match[0] == b"\r\n":
            end += 1
        yield from _cut(content, number, start, end)
        start, number = match.end(), number + 1
    if start < len(content) or number == 1:
        yield from _cut(content, number, start, len(content))


def _cut(content: bytes, number: int, start: int, end: int) -> Iterator[tuple[int, int, int, bool]]:
    if end - start <= MAX_ROW_BYTES:
        yield number, start, end, False
        return
    position = start
    while position < end:
        until = min(position + MAX_ROW_BYTES, end)
        while until < end and until > position + MAX_ROW_BYTES - 4 and content[until] & 0xC0 == 0x80:
            until -= 1
        yield number, position, until, position > start
        position = until


def decoded(content: bytes) -> str:
    """Source as text; each byte that is not UTF-8 becomes one odd character."""
    return content.decode("utf-8", "surrogateescape")
