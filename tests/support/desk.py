"""Somebody at a machine on which a node runs, who runs `proven` in a folder with keys and an app in it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from proven.cli.key import new_key
from proven.node.presence import Presence, announced
from support.node import Node


@dataclass
class Desk:
    """Commands run in `folder`, as processes of their own."""

    node: Node
    folder: Path
    environment: dict[str, str]

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
        return await self.start(sys.executable, "-m", "proven", *arguments)

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

    def sql_app(self, *migrations: str, health: str = "return true;") -> None:
        """Write an app with these migrations and this health check into the folder `app`."""
        added = "".join(f".migrate('{each}')" for each in migrations)
        self.app("")
        (self.folder / "app" / "src" / "app.ts").write_text(
            "import { run, runOnHealthCheck } from '@proven-network/handler';\n"
            "import { getApplicationDb } from '@proven-network/sql';\n"
            f"const db = getApplicationDb('shop'){added};\n"
            "export const rows = run(() => db.query('SELECT 1'));\n"
            f"export const health = runOnHealthCheck({{}}, async () => {{ {health} }});\n"
        )

    def beside(self, folder: Path) -> Desk:
        """Another folder at the same machine."""
        folder.mkdir()
        return replace(self, folder=folder)

    async def says(self, name: str) -> object:
        client = await self.node.connect(await self.node.local._applications.resolve(name))
        return await client.call("src/app.ts#say")


async def finished(process: asyncio.subprocess.Process, seconds: float = 100) -> tuple[int, str, str]:
    """How a process ended, and what it printed."""
    async with asyncio.timeout(seconds):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@contextlib.contextmanager
def desk_at(node: Node, data: Path, folder: Path, *, url: str | None = None) -> Iterator[Desk]:
    """A desk at a node whose data is in `data`, in an empty `folder`; `url` is where the node is found."""
    (folder / "bin").mkdir()
    (folder / "bin" / "proven").write_text(f'#!/bin/sh\nexec {sys.executable} -m proven "$@"\n')
    (folder / "bin" / "proven").chmod(0o755)
    (folder / "desk").mkdir()
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder),
    }
    presence = Presence(
        url=url or node.url,
        pid=os.getpid(),
        applications=(),
        development_root=node.local.development_root.public_bytes(Encoding.PEM).decode(),
        data_dir=str(data),
    )
    with announced(presence, folder / "proven" / "nodes"):
        yield Desk(node, folder / "desk", environment)
