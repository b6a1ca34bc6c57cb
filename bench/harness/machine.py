"""Describe the machine that the figures were taken on."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Machine:
    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    load: float
    """The load average of the minute before: above about a half, others were measured along."""
    versions: tuple[tuple[str, str], ...]

    def lines(self) -> list[str]:
        versions = ", ".join(f"{name} {number}" for name, number in self.versions)
        return [
            f"{self.processor}, {self.cores} cores, {self.memory_gib:.0f} GiB",
            f"Linux {self.kernel}, Python {self.python}, load average before the run {self.load:.1f}",
            versions,
        ]


def describe(workerd: Path | None = None) -> Machine:
    libraries = ("deno", "uvloop", "aiohttp", "websockets", "apsw-sqlite3mc")
    versions = [(name, version(name)) for name in libraries]
    if workerd is not None:
        output = subprocess.run([workerd, "--version"], capture_output=True, text=True, check=True).stdout
        versions.append(("workerd", output.split()[-1]))
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30,
        kernel=platform.release(),
        python=platform.python_version(),
        load=os.getloadavg()[0],
        versions=tuple(versions),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()
