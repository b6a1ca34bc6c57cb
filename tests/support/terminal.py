"""`proven` in a process of its own, at which somebody waits while they sign in a browser."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.person import World


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
        async with asyncio.timeout(60):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode(), err.decode()

    async def ok(self) -> str:
        status, out, err = await self.end()
        assert status == 0, out + err
        return out

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)


class Terminal:
    """A folder on the machine that the node is on."""

    def __init__(self, folder: Path, world: World) -> None:
        self.folder = folder
        self._node = ("--node", world.node.url, "--any-development-node")
        self._environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in ("DISPLAY", "WAYLAND_DISPLAY")
            },
            "PYTHONPATH": os.pathsep.join(sys.path),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }

    def app(self, text: str) -> None:
        """Write an app that says `text` into the folder `app`."""
        source = f"import {{ run }} from '@proven-network/handler'; export const say = run(() => '{text}');"
        (self.folder / "app" / "src").mkdir(parents=True, exist_ok=True)
        (self.folder / "app" / "src" / "app.ts").write_text(source)

    async def _start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "proven", *arguments, *self._node),
            cwd=self.folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def ok(self, *arguments: str) -> str:
        return await Command(await self._start(*arguments), "", "").ok()

    @asynccontextmanager
    async def signing(self, *arguments: str) -> AsyncIterator[Command]:
        """A command that waits for a signature; it is ended when the block is left."""
        process = await self._start(*arguments, "--passkey")
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
