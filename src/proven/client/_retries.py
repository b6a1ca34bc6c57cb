"""Asking again after errors that pass by themselves."""

from __future__ import annotations

from typing import Final

from proven.wire.errors import ErrorCode, ProvenError

_PASSING: Final = frozenset(
    {ErrorCode.OVERLOADED, ErrorCode.REQUEST_TIMEOUT, ErrorCode.SESSION_CLOSED, ErrorCode.UNAVAILABLE}
)
_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0


def passes(error: ProvenError) -> bool:
    return error.code in _PASSING


class Backoff:
    """How many seconds to wait after one error more: twice as long each time, or as long as the node says."""

    def __init__(self) -> None:
        self._wait = _FIRST_WAIT

    def after(self, error: ProvenError) -> float:
        wait, self._wait = self._wait, min(2 * self._wait, _LONGEST_WAIT)
        return max(wait, error.retry_after or 0)
