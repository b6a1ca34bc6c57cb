"""A local node in a process of its own, as `proven dev` starts it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from harness.peers import BENCH
from proven.node.presence import Presence, discover

APP = BENCH / "app"
APPLICATION = "app"
GREETING = '{"message":"Hello from the app"}'
"""What the app's HTTP route and every peer's answer with."""


@dataclass(frozen=True, slots=True)
class Node:
    url: str
    pid: int

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port


@asynccontextmanager
async def node(folder: Path = APP, *, environment: Mapping[str, str] | None = None) -> AsyncIterator[Node]:
    """Run `proven dev` on `folder` with empty data; gives the node once it says where it listens.

    `environment` has settings that are not as by default.

    Raises `RuntimeError` with the end of its output if it stops instead.
    """
    with tempfile.TemporaryDirectory(prefix="proven-bench-") as scratch:
        state, output = Path(scratch, "state"), Path(scratch, "output")
        with output.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                *("-m", "proven", "dev", str(folder), "--port", "0", "--data-dir", f"{scratch}/data"),
                env={**os.environ, **(environment or {}), "XDG_STATE_HOME": str(state)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            presence = await _announced(process, state / "proven" / "nodes")
            if presence is None:
                raise RuntimeError(f"the node stopped: {output.read_text()[-2000:]}")
            yield Node(presence.url, presence.pid)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)
            await process.wait()


async def _announced(process: asyncio.subprocess.Process, directory: Path) -> Presence | None:
    async with asyncio.timeout(60):
        while process.returncode is None:
            if found := discover(directory):
                return found[0]
            await asyncio.sleep(0.002)
    return None
