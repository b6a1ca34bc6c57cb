"""Ends what does not end by itself: calls over their time, processes over their memory or idly computing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

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
_COLLECTIONS = 2
"""How often a process over its memory is asked to collect garbage, which is no fault of its app, before it is
ended. The engine gives buffers back in the background; the second collection waits for the first's.
"""
_COLLECT_CPU = 0.3
_CANCEL_CPU = 0.1
_ANSWER_SECONDS = 5.0
"""A guest that has had this much CPU time, or this long, without answering a COLLECT or a CANCEL is stuck. A
process that merely waits answers at once, unless the machine gives it nothing to run on: hence the long wait.
"""


@dataclass(slots=True)
class _Shortage:
    """A process over its memory, and what was done about it."""

    cpu: float
    collections: int = 0
    waited: float = 0.0


class Watchdog:
    """Looks at busy processes every `interval` seconds, and at idle ones every second.

    The time that a guest has to answer in runs only while it is watched: when the whole machine stood still,
    that is not held against the guest.
    """

    def __init__(
        self, guests: Callable[[], Iterable[Guest]], interval: float, tick: Callable[[], None]
    ) -> None:
        self._guests = guests
        self._interval = interval
        self._tick = tick
        self._busy = asyncio.Event()
        self._looked = self._idle_since = time.monotonic()
        self._idle_cpu: dict[Guest, tuple[float, float]] = {}
        """What it has used in all, and beyond its share while idle."""
        self._shortages: dict[Guest, _Shortage] = {}

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
        seen = min(now - self._looked, 2 * self._interval)
        self._looked = now
        busy = False
        for guest in list(self._guests()):
            if guest.running or guest.cancelled:
                busy = True
                self._check_busy(guest, now, seen)
        if not busy:
            self._busy.clear()
        if now - self._idle_since >= _IDLE_INTERVAL:
            self._check_idle(now - self._idle_since)
            self._idle_since = now

    def _check_busy(self, guest: Guest, now: float, seen: float) -> None:
        if self._check_memory(guest, seen):
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
            cancellation.waited += seen
            if cpu - cancellation.cpu > _CANCEL_CPU or cancellation.waited > _ANSWER_SECONDS:
                guest.kill(Ending.TIMEOUT)
                return

    def _check_memory(self, guest: Guest, seen: float) -> bool:
        """End a process that uses too much and has not given it back when asked. Whether it was ended."""
        used = guest.usage.growth_bytes() + guest.unread_bytes
        limit = growth_limit(guest.memory_mib)
        if used <= limit:
            self._shortages.pop(guest, None)
            return False
        shortage = self._shortages.get(guest)
        if shortage is None:
            shortage = self._shortages[guest] = _Shortage(guest.usage.cpu_seconds())
        shortage.waited += seen
        if used <= 2 * limit and self._may_give_back(guest, shortage):
            return False
        del self._shortages[guest]
        guest.kill(Ending.MEMORY)
        return True

    def _may_give_back(self, guest: Guest, shortage: _Shortage) -> bool:
        if guest.collecting:
            cpu = guest.usage.cpu_seconds() - shortage.cpu
            return cpu <= _COLLECT_CPU and shortage.waited <= _ANSWER_SECONDS
        if shortage.collections == _COLLECTIONS:
            return False
        guest.collect()
        shortage.collections += 1
        shortage.waited = 0.0
        shortage.cpu = guest.usage.cpu_seconds()
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
            elif not self._check_memory(guest, min(elapsed, 2 * _IDLE_INTERVAL)):
                seen[guest] = (cpu, excess)
        self._idle_cpu = seen
        self._shortages = {guest: found for guest, found in self._shortages.items() if guest.alive}
