"""Whether a five-field cron expression can ever fire."""

from __future__ import annotations

import re
from typing import Final

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 7, _DAYS),
)
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART: Final = re.compile(r"(\*|[a-z0-9]{1,3}(?:-[a-z0-9]{1,3})?)(?:/([0-9]{1,2}))?")


def cron_fault(expression: str) -> str | None:
    """Why `expression` is not a schedule, or None if it is one."""
    fields = expression.split(" ")
    if len(fields) != len(_FIELDS):
        return "a cron expression has five fields: minute, hour, day of month, month, day of week"
    values: list[set[int]] = []
    for text, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        allowed = _field(text.lower(), low, high, names)
        if allowed is None:
            return f"{text!r} is not a {name} ({low}-{high}, lists, ranges and steps)"
        values.append(allowed)
    _, _, days, months, _ = values
    if fields[4] == "*" and all(min(days) > _DAYS_IN_MONTH[month - 1] for month in months):
        return "there is no such day in those months"
    return None


def _field(text: str, low: int, high: int, names: tuple[str, ...]) -> set[int] | None:
    """The values that one field allows, or None where it is malformed."""
    values: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            return None
        span, step = match[1], int(match[2] or "1")
        if span == "*":
            first, last = low, high
        else:
            first_text, _, last_text = span.partition("-")
            start = _number(first_text, low, names)
            stop = _number(last_text, low, names) if last_text else (high if match[2] else start)
            if start is None or stop is None:
                return None
            first, last = start, stop
        if step == 0 or not low <= first <= last <= high:
            return None
        values.update(range(first, last + 1, step))
    return values


def _number(text: str, low: int, names: tuple[str, ...]) -> int | None:
    if text.isdecimal():
        return int(text)
    return names.index(text) + low if text in names else None
