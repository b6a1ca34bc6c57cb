"""Ends what does not end by itself: calls over their time, processes over their memory or idly computing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from proven.wire.errors import ErrorCode, ProvenError

from ._endings import Ending
from ._guest import Guest
from ._launch import growth_limit

_IDLE_INTERVAL = 1.0
_IDLE_CPU = 0.5
_IDLE_CPU_SHARE = 0.05
"""This many CPU seconds without any invocation, beyond this share of a CPU, make a runaway. The share is low
since a runaway on a busy machine, or among others of its kind, does not get much of one.
"""
_COLLECT_SECONDS = 0.3
"""How long a process may stay over its memory after it was asked to collect garbage, which is no fault of the
application; a heap that is really full runs into the engine's own limit first."""
_CANCEL_CPU = 0.1
_CANCEL_WALL = 1.0
"""A guest that has had this much CPU time, or wall time, without answering a CANCEL is stuck."""


class Watchdog:
    """Looks at busy processes every `interval` seconds, and at idle ones every second."""

    def __init__(
        self, guests: Callable[[], Iterable[Guest]], interval: float, tick: Callable[[], None]
    ) -> None:
        self._guests = guests
        self._interval = interval
        self._tick = tick
        self._busy = asyncio.Event()
        self._idle_since = time.monotonic()
        self._idle_cpu: dict[Guest, tuple[float, float]] = {}
        """What it has used in all, and beyond its share while idle."""
        self._short_since: dict[Guest, float] = {}

    def wake(self) -> None:
        """There may be something to watch."""
        self._busy.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            if self._busy.is_set():
                await asyncio.sleep(self._interval)
            else:
                try:
                    async with asyncio.timeout(_IDLE_INTERVAL):
                        await self._busy.wait()
                except TimeoutError:
                    pass
            self._look()

    def _look(self) -> None:
        self._tick()
        now = time.monotonic()
        busy = False
        for guest in list(self._guests()):
            if guest.running or guest.cancelled:
                busy = True
                self._check_busy(guest, now)
        if not busy:
            self._busy.clear()
        if now - self._idle_since >= _IDLE_INTERVAL:
            self._check_idle(now - self._idle_since)
            self._idle_since = now

    def _check_busy(self, guest: Guest, now: float) -> None:
        if self._check_memory(guest, now):
            return
        for running in list(guest.running.values()):
            if running.id == 0 or now <= running.deadline:
                continue
            if running.response is not None and running.response.waits_for_reader:
                continue
            guest.cancel(
                running,
                ProvenError(
                    ErrorCode.HANDLER_TIMEOUT, f"the handler did not end within {running.timeout:g} seconds"
                ),
            )
        if not guest.cancelled:
            return
        cpu = guest.usage.cpu_seconds()
        for cancellation in guest.cancelled.values():
            if cpu - cancellation.cpu > _CANCEL_CPU or now - cancellation.sent > _CANCEL_WALL:
                guest.kill(Ending.TIMEOUT)
                return

    def _check_memory(self, guest: Guest, now: float) -> bool:
        """End a process that uses too much and has not given it back when asked. Whether it was ended."""
        used = guest.usage.growth_bytes() + guest.unread_bytes
        limit = growth_limit(guest.memory_mib)
        if used <= limit:
            self._short_since.pop(guest, None)
            return False
        since = self._short_since.setdefault(guest, now)
        if since == now:
            guest.collect()
        if now - since < _COLLECT_SECONDS and used <= 2 * limit:
            return False
        del self._short_since[guest]
        guest.kill(Ending.MEMORY)
        return True

    def _check_idle(self, elapsed: float) -> None:
        seen: dict[Guest, tuple[float, float]] = {}
        for guest in list(self._guests()):
            if guest.running:
                continue
            cpu = guest.usage.cpu_seconds()
            before, excess = self._idle_cpu.get(guest, (cpu, 0.0))
            excess = max(0.0, excess + cpu - before - _IDLE_CPU_SHARE * elapsed)
            if excess > _IDLE_CPU:
                guest.kill(Ending.RUNAWAY)
            elif not self._check_memory(guest, time.monotonic()):
                seen[guest] = (cpu, excess)
        self._idle_cpu = seen
        self._short_since = {guest: since for guest, since in self._short_since.items() if guest.alive}
