"""How the engine is started: which files it may see, with which flags, within which limits."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import struct
import subprocess
from pathlib import Path
from typing import Final

from deno import find_deno_bin

from proven.isolation import Limits, Mount, SandboxError, SandboxPolicy
from proven.isolation.spawner import Spawner

from ._endings import Ending
from ._guest import Guest
from .config import MIB, RuntimeConfig
from .host import HostFunctions

_GUEST_SIDE: Final = Path(__file__).parent / "js"
_INSIDE: Final = "/__runtime__"
_ENVIRONMENT: Final = {"DENO_DIR": "/nonexistent", "NO_COLOR": "1"}
_FLAGS: Final = (
    "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock", "--cached-only", "--quiet",
)  # fmt: skip
"""Besides having no permission at all. Without the first few, `import("npm:…")` would reach the network."""
_V8_FLAGS: Final = ("--disallow-code-generation-from-strings", "--expose-gc")
_DATA_BASELINE: Final = 600 * MIB
"""What V8 reserves before any heap, mostly the address range for compiled code (512 MiB)."""
_OUTSIDE_HEAP: Final = 64 * MIB
"""Young generation, stacks, compiled code and buffers of the engine itself."""
_LIBRARY_CACHE: Final = "/etc/ld.so.cache"


def sandbox_policy(config: RuntimeConfig) -> SandboxPolicy:
    """A sandbox that holds the engine, the libraries it links to, and the guest side of the runtime.

    Blocks: it asks the dynamic linker. Raises `SandboxError` if the engine cannot be found.
    """
    engine = str(config.deno or find_deno_bin())
    interpreter = _interpreter(engine)
    mounts = [Mount(engine, "/deno", executable=True), Mount(str(_GUEST_SIDE), _INSIDE)]
    mounts += [Mount(library, library, executable=True) for library in _libraries(engine, interpreter)]
    if Path(_LIBRARY_CACHE).exists():
        mounts.append(Mount(_LIBRARY_CACHE, _LIBRARY_CACHE))
    return SandboxPolicy(
        mounts=tuple(mounts),
        require=config.require_layers,
        require_one_of=config.require_one_of_layers,
    )


async def start_guest(
    spawner: Spawner, config: RuntimeConfig, host_functions: HostFunctions, memory_mib: int
) -> Guest:
    """Start one generic process and wait until it is ready. Raises `SandboxError` or `ProvenError`."""
    guest = Guest(config, host_functions, memory_mib)
    flags = ",".join((*_V8_FLAGS, f"--max-old-space-size={memory_mib}"))
    settings = json.dumps({"maxValueBytes": config.max_value_bytes, "streamWindow": config.stream_window})
    argv = ["/deno", "run", *_FLAGS, f"--v8-flags={flags}", f"{_INSIDE}/main.js", settings]
    frames, guest_frames = socket.socketpair()
    sync, guest_sync = socket.socketpair()
    stderr, guest_stderr = os.pipe()
    with guest_frames, guest_sync:
        try:
            process = await spawner.spawn(
                argv,
                (guest_sync.fileno(), guest_sync.fileno(), guest_stderr, guest_frames.fileno()),
                limits(memory_mib),
                _ENVIRONMENT,
            )
        except BaseException:
            frames.close()
            sync.close()
            os.close(stderr)
            raise
        finally:
            os.close(guest_stderr)
    for sock in (frames, sync):
        sock.setblocking(False)
    try:
        await guest.attach(process, frames, sync, stderr)
    except BaseException:
        guest.kill(Ending.RETIRED)
        raise
    return guest


def limits(memory_mib: int) -> Limits:
    """The kernel's limits for a process with a heap of `memory_mib`."""
    budget = memory_mib * MIB + _OUTSIDE_HEAP
    return Limits(data_bytes=_DATA_BASELINE + budget, resident_bytes=2 * budget + 128 * MIB)


def growth_limit(memory_mib: int) -> int:
    """How many bytes of private memory a process may use more than a fresh one, before it is ended."""
    return memory_mib * MIB + _OUTSIDE_HEAP


def _interpreter(executable: str) -> str:
    """The dynamic linker that an ELF file names (PT_INTERP, elf(5))."""
    with open(executable, "rb") as file:
        head = file.read(4096)
    if head[:5] != b"\x7fELF\x02":
        raise SandboxError(f"{executable} is not a 64-bit ELF executable")
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    for index in range(count):
        type_, _, offset = struct.unpack_from("<IIQ", head, table + index * size)
        if type_ == 3:
            (length,) = struct.unpack_from("<Q", head, table + index * size + 32)
            return head[offset : offset + length].rstrip(b"\0").decode()
    raise SandboxError(f"{executable} is not dynamically linked")


def _libraries(executable: str, interpreter: str) -> list[str]:
    """The interpreter and the shared libraries it would load for `executable` (ld.so(8), --list)."""
    listing = subprocess.run(
        [interpreter, "--list", executable], capture_output=True, text=True, check=False, env={}
    )
    if listing.returncode:
        raise SandboxError(f"cannot list the libraries of {executable}: {listing.stderr.strip()}")
    return [interpreter, *sorted(set(re.findall(r"=> (/\S+)", listing.stdout)) - {interpreter})]


async def policy_of(config: RuntimeConfig) -> SandboxPolicy:
    """`sandbox_policy`, without blocking the event loop."""
    return await asyncio.to_thread(sandbox_policy, config)
