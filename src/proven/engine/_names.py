"""Names of logs, buckets, subjects and keys: an alphabet so narrow that no backend has to escape anything."""

from __future__ import annotations

import re

from proven.wire.errors import ErrorCode, ProvenError

MAX_NAME_LENGTH = 200
"""Characters in a subject, key, lease or object name. JetStream refuses subjects much longer than this."""

_SPACE = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_=-]+(?:\.[A-Za-z0-9_=-]+)*", re.ASCII)


def require_space(name: str) -> str:
    """`name` if it can name a log or bucket: 1 to 64 of `A-Z a-z 0-9 _ -`. Raises `BAD_REQUEST` otherwise."""
    if not _SPACE.fullmatch(name):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name[:80]!r} cannot name a log or bucket")
    return name


def require_name(name: str) -> str:
    """`name` if it can be a subject, key, lease or object name: words of `A-Z a-z 0-9 _ = -` joined by
    single dots.

    Raises `BAD_REQUEST` otherwise.
    """
    if len(name) > MAX_NAME_LENGTH or not _NAME.fullmatch(name):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name[:80]!r} is not a valid subject, key or name")
    return name
