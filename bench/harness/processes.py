"""What a process costs, read from /proc."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def pss_mb(pid: int) -> float:
    """Proportional set size in megabytes: private pages, and shared ones divided by how many share them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    if match is None:
        raise ValueError(f"process {pid} reports no memory")
    return int(match[1]) * 1024 / 1e6


def cpu_seconds(pid: int) -> float:
    """CPU time that the threads of a process have used."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with suppress(FileNotFoundError, ProcessLookupError):
            total += int(Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    return total / 1e9


class CpuMeter:
    """CPU seconds that processes use from here on. One that ends counts nothing."""

    def __init__(self, processes: Iterable[int]) -> None:
        self._begun = dict(_alive(processes))

    def used(self) -> float:
        return sum(now - self._begun[pid] for pid, now in _alive(self._begun))


def _alive(processes: Iterable[int]) -> Iterator[tuple[int, float]]:
    for pid in processes:
        with suppress(FileNotFoundError):
            yield pid, cpu_seconds(pid)


def descendants(pid: int) -> list[int]:
    """The processes that `pid` started, and those that they did."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *descendants(child)]
    return found


def open_descriptors() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd")) - 1


@contextmanager
def placed(pid: int, *, apart: bool) -> Iterator[None]:
    """Keep this process on one core and process `pid` on another, or on the same one.

    Where the scheduler happens to put two processes that talk to each other decides most of what a message
    between them costs (waking an idle core is dearer than a switch on a busy one), so it must not differ
    between contenders.
    """
    cores = sorted(os.sched_getaffinity(0))
    _pin(os.getpid(), {cores[0]})
    _pin(pid, {cores[-1] if apart else cores[0]})
    try:
        yield
    finally:
        _pin(os.getpid(), set(cores))
        _pin(pid, set(cores))


def _pin(pid: int, cores: set[int]) -> None:
    for thread in os.listdir(f"/proc/{pid}/task"):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), cores)
