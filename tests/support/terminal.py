"""`proven` in a process of its own, at which somebody waits while they sign in a browser."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.person import World
from support.shell import Shell, at_home, finished


class Command:
    """One that was started with `--passkey`. `address` is the page that it asks to be opened."""

    def __init__(self, process: asyncio.subprocess.Process, address: str, told: str) -> None:
        self.process = process
        self.address = address
        self.told = told

    @property
    def fragment(self) -> str:
        return "#" + self.address.partition("#")[2]

    async def end(self) -> tuple[int, str, str]:
        """Its status, and what it said on stdout and after the address on stderr."""
        return await finished(self.process)

    async def ok(self) -> str:
        status, out, err = await self.end()
        assert status == 0, out + err
        return out

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)


class Terminal(Shell):
    """A folder on the machine that the node is on."""

    def __init__(self, folder: Path, world: World) -> None:
        super().__init__(folder, at_home(folder), ("--node", world.node.url, "--any-development-node"))

    @asynccontextmanager
    async def signing(self, *arguments: str) -> AsyncIterator[Command]:
        """A command that waits for a signature; it is ended when the block is left."""
        process = await self.start_proven(*arguments, "--passkey")
        assert process.stderr is not None
        told = ""
        try:
            async with asyncio.timeout(60):
                while "Waiting for your signature" not in told:
                    line = (await process.stderr.readline()).decode()
                    assert line, f"it ended: {told}"
                    told += line
            address = next(line.strip() for line in told.splitlines() if "/owner#" in line)
            yield Command(process, address, told)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
