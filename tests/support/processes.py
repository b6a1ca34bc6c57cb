"""Following processes, so that tests can tell whether any of them outlives the one that started it."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from pathlib import Path


class Family:
    """The descendants that a process has now. They are held by pidfd, which never means another process."""

    def __init__(self, parent: int) -> None:
        self._pidfds: dict[int, int] = {}
        for pid in sorted(descendants(parent)):
            try:
                self._pidfds[os.pidfd_open(pid)] = pid
            except ProcessLookupError:
                continue

    def __len__(self) -> int:
        return len(self._pidfds)

    def survivors(self, within: float) -> set[int]:
        """Those that still run after `within` seconds; returns as soon as none does. Blocks."""
        deadline = time.monotonic() + within
        poll = select.poll()
        for pidfd in self._pidfds:
            poll.register(pidfd, select.POLLIN)
        while self._pidfds:
            left = deadline - time.monotonic()
            if left <= 0:
                break
            for pidfd, _ in poll.poll(left * 1000):
                poll.unregister(pidfd)
                os.close(pidfd)
                del self._pidfds[pidfd]
        return set(self._pidfds.values())


def descendants(parent: int) -> set[int]:
    """The children of a process, their children, and so on."""
    children: dict[int, list[int]] = {}
    for pid, its_parent in _processes():
        children.setdefault(its_parent, []).append(pid)
    found: set[int] = set()
    pending = [parent]
    while pending:
        for pid in children.get(pending.pop(), ()):
            found.add(pid)
            pending.append(pid)
    return found


def _processes() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        yield int(entry.name), int(stat.rpartition(")")[2].split()[1])
