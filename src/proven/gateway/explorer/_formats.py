"""Times and sizes as pages, feeds and HTTP headers have them."""

from __future__ import annotations

from proven.wire.words import duration, plural, utc


def time_left(seconds: int) -> str:
    """A time that is left, at least a second: `6 days 23 hours`."""
    return duration(max(1, seconds))


def timestamp(milliseconds: int) -> str:
    """A time by RFC 3339, as feeds and `<time>` have it."""
    return f"{utc(milliseconds):%Y-%m-%dT%H:%M:%SZ}"


def http_date(milliseconds: int) -> str:
    """The same by RFC 9110 §5.6.7."""
    at = utc(milliseconds)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[at.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {at:%d} {months[at.month - 1]} {at:%Y %H:%M:%S} GMT"


def size(count: int) -> str:
    """Bytes in the unit that suits them."""
    if count < 1024:
        return plural(count, "byte")
    if count < 1024 * 1024:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024 / 1024:.1f} MiB"
