"""How much a runtime may use, and what it insists on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proven.isolation import FILE_WALLS, MINIMUM, Layer

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeConfig:
    """Sizes and limits. Times are seconds, sizes bytes unless the name says MiB."""

    pool_size: int = 2
    """Generic processes kept ready, so that an application's first call does not wait for one to start."""
    max_processes: int = 32
    """Application processes at the same time. Above that the longest idle one makes room."""
    memory_mib: int = 128
    """JavaScript heap of a process whose handlers ask for nothing else."""
    max_memory_mib: int = 1024
    timeout: float = 10.0
    """Wall-clock limit of an invocation whose handler sets none."""
    max_timeout: float = 900.0
    load_timeout: float = 10.0
    """Wall-clock limit of a package's top-level code."""
    max_in_flight: int = 64
    """Invocations at the same time per application version; more wait in its queue."""
    max_queued_per_application: int = 256
    max_queued: int = 2048
    queue_timeout: float = 5.0
    slot_slice: float = 0.25
    """How long an application keeps its process when others wait for one and none is idle."""
    max_value_bytes: int = 8 * MIB
    """Largest argument list, result, host call or host result."""
    max_host_calls: int = 256
    """Unanswered host calls of one invocation."""
    stream_window: int = 256 * 1024
    """Bytes of one stream that may be on their way."""
    watch_interval: float = 0.02
    """How often deadlines and memory of busy processes are looked at."""
    require_layers: frozenset[Layer] = MINIMUM
    require_one_of_layers: frozenset[Layer] = FILE_WALLS
    compile_cache: Path | None = None
    """Directory for compiled modules, by hash of their source; in memory only if None.

    What is in it runs as it is, so nobody else may be able to write there.
    """
    deno: Path | None = None
    """The engine's executable; the one of the `deno` distribution if None."""

    @property
    def max_frame_bytes(self) -> int:
        """Largest payload a guest may send in one frame."""
        return self.max_value_bytes + 64 * 1024
