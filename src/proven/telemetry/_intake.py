"""What of an application's lines is taken: so many a second, the rest counted."""

from __future__ import annotations

from collections import deque
from typing import Final

from proven.telemetry.limits import MIB, LogLimits
from proven.telemetry.lines import size_of
from proven.wire.commands import LogLine

CUT_SECONDS: Final = 1.0
"""How long an application is not listened to that said too much: so there is one line about it a second."""
MAX_WAITING: Final = 4000
MAX_WAITING_BYTES: Final = 2 * MIB
_ALWAYS_TAKEN: Final = ("deploy", "node")
_MARGIN: Final = 64


class Intake:
    """Lines that wait to be stored. Rules:

    1. Lines and their bytes are taken at the rates of `limits`, and at most `MAX_WAITING` lines of
       `MAX_WAITING_BYTES` wait. What is more begins a cut.
    2. For `CUT_SECONDS` after a cut began, everything is counted and nothing is taken.
    3. In the place of what was left out there is one line that says how many lines that were.
    4. What the node has to say about deploys and itself is taken all the same.

    Lines here have no sequence yet. Times of `offer` and `take` are seconds of a clock that never goes back.
    """

    def __init__(self, limits: LogLimits) -> None:
        self._limits = limits
        self._waiting: deque[LogLine] = deque()
        self._size = 0
        self._tokens = float(limits.burst)
        self._byte_tokens = float(limits.byte_burst)
        self._refilled = 0.0
        self._cut_until = 0.0
        self._dropped = 0
        self._dropped_at = 0

    def __bool__(self) -> bool:
        """Whether there is anything to take, now or when the cut is over."""
        return bool(self._waiting) or self._dropped > 0

    def offer(self, line: LogLine, now: float) -> None:
        """Take a line, or count it."""
        size = size_of(line)
        self._refill(now)
        if line.kind in _ALWAYS_TAKEN and len(self._waiting) < MAX_WAITING + _MARGIN:
            self._tell_dropped()
            self._keep(line, size)
            return
        if now < self._cut_until or not self._has_room(size):
            if now >= self._cut_until:
                self._cut_until = now + CUT_SECONDS
            self._dropped += 1
            self._dropped_at = line.at
            return
        self._tell_dropped()
        self._tokens -= 1
        self._byte_tokens -= size
        self._keep(line, size)

    def first(self, line: LogLine) -> None:
        """Put a line before all others."""
        self._waiting.appendleft(line)
        self._size += size_of(line)

    def take(self, now: float, size: int) -> list[LogLine]:
        """Lines of up to `size` bytes; one line at least, if there is any."""
        if self._dropped and now >= self._cut_until and len(self._waiting) < MAX_WAITING + _MARGIN:
            self._tell_dropped()
        taken: list[LogLine] = []
        while self._waiting:
            next_size = size_of(self._waiting[0])
            if taken and next_size > size:
                break
            size -= next_size
            self._size -= next_size
            taken.append(self._waiting.popleft())
        return taken

    def put_back(self, lines: list[LogLine]) -> None:
        """Keep lines that were taken and could not be stored."""
        for line in reversed(lines):
            self.first(line)

    def end(self) -> None:
        """Count no longer: what was left out is told with what is taken next."""
        self._cut_until = 0.0

    def _refill(self, now: float) -> None:
        limits = self._limits
        elapsed = max(0.0, now - self._refilled)
        self._refilled = max(now, self._refilled)
        self._tokens = min(limits.burst, self._tokens + elapsed * limits.rate)
        self._byte_tokens = min(limits.byte_burst, self._byte_tokens + elapsed * limits.byte_rate)

    def _has_room(self, size: int) -> bool:
        return (
            self._tokens >= 1
            and self._byte_tokens >= size
            and len(self._waiting) < MAX_WAITING
            and self._size + size <= MAX_WAITING_BYTES
        )

    def _keep(self, line: LogLine, size: int) -> None:
        self._waiting.append(line)
        self._size += size

    def _tell_dropped(self) -> None:
        if not self._dropped:
            return
        count, self._dropped = self._dropped, 0
        line = dropped_line(self._dropped_at, count)
        self._keep(line, size_of(line))


def dropped_line(at: int, count: int, handler: str | None = None, package_id: str | None = None) -> LogLine:
    """The line that stands for `count` lines which were left out."""
    lines = "line" if count == 1 else "lines"
    return LogLine(
        sequence=0,
        at=at,
        kind="dropped",
        level="warn",
        text=f"dropped {count:,} {lines}: too many at once",
        handler=handler,
        package_id=package_id,
        dropped=count,
    )
