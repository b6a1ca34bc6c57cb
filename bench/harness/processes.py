"""What a process costs, read from /proc."""

from __future__ import annotations

import os
import re
from pathlib import Path


def pss_mib(pid: int) -> float:
    """Proportional set size: private pages, and shared ones divided by how many share them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    match = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    if match is None:
        raise ValueError(f"process {pid} reports no memory")
    return int(match[1]) / 1024


def open_descriptors() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd")) - 1
