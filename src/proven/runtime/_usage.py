"""CPU time and memory of another process, read cheaply enough to be read often."""

from __future__ import annotations

import os
import time
from typing import Final

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_CPUCLOCK_SCHED = 2


class Usage:
    """What one process uses. Everything reads 0 once it has ended."""

    def __init__(self, pid: int) -> None:
        self._statm = f"/proc/{pid}/statm"
        self._clock = (~pid << 3) | _CPUCLOCK_SCHED
        self.baseline_bytes = 0

    def cpu_seconds(self) -> float:
        """CPU time of all its threads (clock_getcpuclockid(3))."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return 0.0

    def private_bytes(self) -> int:
        """Resident memory that is no file's: heap, buffers, stacks, compiled code (proc_pid_statm(5))."""
        try:
            with open(self._statm, "rb") as file:
                fields = file.read().split()
        except OSError:
            return 0
        return (int(fields[1]) - int(fields[2])) * _PAGE if len(fields) > 2 else 0

    def settle(self) -> None:
        """Take what it uses now as what it needs before any code of an application."""
        self.baseline_bytes = self.private_bytes()

    def growth_bytes(self) -> int:
        """Private memory on top of that."""
        return self.private_bytes() - self.baseline_bytes
