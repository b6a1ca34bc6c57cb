"""Stops application SQL that runs too long or, together, takes too much memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

from proven.wire.errors import ErrorCode, ProvenError

_TICK = 0.02


class Watch:
    """One call's statements: interrupted once `deadline` (event-loop time) has passed.

    The interrupt is repeated until the statements end, because one that comes just before a statement starts
    is lost on SQLite. It never reaches what runs on the connection afterwards.
    """

    def __init__(self, deadline: float, timeout: float) -> None:
        self.deadline = deadline
        self._timeout = timeout
        self._lock = threading.Lock()
        self._connection: apsw.Connection | None = None
        self._error: ProvenError | None = None

    @contextmanager
    def running(self, connection: apsw.Connection) -> Iterator[None]:
        """Statements on `connection` may be interrupted inside; raises at once if that already happened."""
        with self._lock:
            if self._error is not None:
                raise self._error
            self._connection = connection
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    def expire(self) -> None:
        """Stop for lack of time."""
        self.stop(
            ProvenError(
                ErrorCode.REQUEST_TIMEOUT, f"the statement took longer than {self._timeout:g} seconds"
            )
        )

    def cancel(self) -> None:
        """Stop because nobody waits for the result."""
        self.stop(ProvenError(ErrorCode.REQUEST_TIMEOUT, "the statement was cancelled"))

    def stop(self, error: ProvenError) -> None:
        """Interrupt what runs; the caller gets the first `error`."""
        with self._lock:
            self._error = self._error or error
            if self._connection is not None:
                self._connection.interrupt()

    def repeat(self) -> None:
        """Interrupt once more, if it was stopped."""
        with self._lock:
            if self._error is not None and self._connection is not None:
                self._connection.interrupt()

    def error(self) -> ProvenError:
        """Why the statement was interrupted."""
        return self._error or ProvenError(ErrorCode.REQUEST_TIMEOUT, "the statement was stopped")


class Watchdog:
    """Looks at the running statements every 20 ms, on the event loop, while there are any."""

    def __init__(self, memory_limit: int, memory_used: Callable[[], int] = apsw.memory_used) -> None:
        self._memory_limit = memory_limit
        self._memory_used = memory_used
        self._watches: set[Watch] = set()
        self._timer: asyncio.TimerHandle | None = None

    @contextmanager
    def watch(self, timeout: float) -> Iterator[Watch]:
        """Watch the statements of one call, which has `timeout` seconds from now, waiting included."""
        watch = Watch(asyncio.get_running_loop().time() + timeout, timeout)
        self._watches.add(watch)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK, self._tick)
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def close(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        if not self._watches:
            return
        loop = asyncio.get_running_loop()
        crowded = self._memory_used() > self._memory_limit
        for watch in list(self._watches):
            if crowded:
                watch.stop(
                    ProvenError(
                        ErrorCode.TOO_LARGE,
                        "statements were using too much memory and were stopped",
                        retry_after=1.0,
                    )
                )
            elif watch.deadline <= loop.time():
                watch.expire()
            else:
                watch.repeat()
        self._timer = loop.call_later(_TICK, self._tick)
