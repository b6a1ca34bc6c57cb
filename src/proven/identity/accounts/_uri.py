"""Regular expressions for the parts of RFC 3986 and RFC 3339 that signed messages are made of."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import Final

_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB_DELIMS: Final = r"!$&'()*+,;="
_PERCENT: Final = r"%[0-9A-Fa-f]{2}"
_PCHAR: Final = rf"(?:[{_UNRESERVED}{_SUB_DELIMS}:@]|{_PERCENT})"
_SCHEME: Final = r"[A-Za-z][A-Za-z0-9+\-.]*"
_AUTHORITY: Final = (
    rf"(?:(?:[{_UNRESERVED}{_SUB_DELIMS}:]|{_PERCENT})*@)?"
    rf"(?:\[(?P<literal>[^\]\[]*)\]|(?:[{_UNRESERVED}{_SUB_DELIMS}]|{_PERCENT})*)"
    r"(?::[0-9]*)?"
)
_PATHS: Final = rf"(?:/{_PCHAR}*)*"

SCHEME: Final = re.compile(_SCHEME)
PCHARS: Final = re.compile(rf"{_PCHAR}*")
STATEMENT: Final = re.compile(rf"[{_UNRESERVED}{_SUB_DELIMS}:/?#\[\]@ ]*")
_AUTHORITY_PATTERN: Final = re.compile(_AUTHORITY)
_URI: Final = re.compile(
    rf"{_SCHEME}:"
    rf"(?://{_AUTHORITY}{_PATHS}|/(?:{_PCHAR}+{_PATHS})?|{_PCHAR}+{_PATHS}|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:\#(?:{_PCHAR}|[/?])*)?"
)
_IP_FUTURE: Final = re.compile(rf"[vV][0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB_DELIMS}:]+")
_DATE_TIME: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)


def is_authority(text: str) -> bool:
    """Whether `text` is an RFC 3986 authority (§3.2) and not empty."""
    match = _AUTHORITY_PATTERN.fullmatch(text)
    return bool(text) and match is not None and _is_literal(match["literal"])


def is_uri(text: str) -> bool:
    """Whether `text` is an RFC 3986 URI (§3)."""
    match = _URI.fullmatch(text)
    return match is not None and _is_literal(match["literal"])


def _is_literal(text: str | None) -> bool:
    if text is None:
        return True
    if _IP_FUTURE.fullmatch(text):
        return True
    try:
        return ipaddress.IPv6Address(text).scope_id is None
    except ValueError:
        return False


def parse_date_time(text: str) -> datetime:
    """The moment of an RFC 3339 date-time, to the microsecond. Raises `ValueError`."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 date and time")
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    leap, micros = second == 60, int((match[7] or "0")[:6].ljust(6, "0"))
    offset = timedelta()
    if match[8] is not None:
        hours, minutes = int(match[9]), int(match[10])
        if hours > 23 or minutes > 59:
            raise ValueError("not an offset from UTC")
        offset = timedelta(hours=hours, minutes=minutes) * (1 if match[8] == "+" else -1)
    try:
        moment = datetime(year, month, day, hour, minute, 59 if leap else second, micros, UTC)
        return moment + timedelta(seconds=leap) - offset
    except OverflowError:
        raise ValueError("a moment outside the calendar") from None
