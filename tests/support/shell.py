"""Somebody's shell: a folder in which they run `proven`, each time as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from proven.cli.key import new_key


def at_home(home: Path) -> dict[str, str]:
    """An environment in which commands keep what they know below `home`, and can open no browser."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    return {
        **inherited,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_STATE_HOME": str(home),
    }


@dataclass
class Shell:
    """Commands run in `folder`; every one of `proven` gets `options` at its end."""

    folder: Path
    environment: dict[str, str]
    options: tuple[str, ...] = ()

    async def start(self, *command: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command,
            env=self.environment,
            cwd=self.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def start_proven(self, *arguments: str) -> asyncio.subprocess.Process:
        return await self.start(sys.executable, "-m", "proven", *arguments, *self.options)

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        return await finished(await self.start_proven(*arguments))

    async def ok(self, *arguments: str) -> str:
        status, out, err = await self.run(*arguments)
        assert status == 0, out + err
        return out

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self.ok(*arguments, "--json"))

    async def refused(self, *arguments: str) -> str:
        status, out, err = await self.run(*arguments)
        assert status == 1, out + err
        assert out == ""
        return err

    def key(self, name: str) -> str:
        """Make a key file, and return the public key."""
        return new_key(self.folder / name).public_key.hex()

    def app(self, text: str) -> None:
        """Write an app that says `text` into the folder `app`."""
        source = f"import {{ run }} from '@proven-network/handler'; export const say = run(() => '{text}');"
        (self.folder / "app" / "src").mkdir(parents=True, exist_ok=True)
        (self.folder / "app" / "src" / "app.ts").write_text(source)


async def finished(process: asyncio.subprocess.Process, seconds: float = 100) -> tuple[int, str, str]:
    """How a process ended, and what it printed."""
    async with asyncio.timeout(seconds):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()
