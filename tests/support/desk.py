"""Somebody at a machine on which a node runs, with a shell in a folder with keys and an app in it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from proven.node.presence import Presence, announced
from support.node import Node
from support.shell import Shell, at_home


@dataclass
class Desk(Shell):
    """A shell at a node."""

    node: Node = field(kw_only=True)

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


@contextlib.contextmanager
def desk_at(node: Node, data: Path, folder: Path, *, url: str | None = None) -> Iterator[Desk]:
    """A desk at a node whose data is in `data`, in an empty `folder`; `url` is where the node is found."""
    (folder / "bin").mkdir()
    (folder / "bin" / "proven").write_text(f'#!/bin/sh\nexec {sys.executable} -m proven "$@"\n')
    (folder / "bin" / "proven").chmod(0o755)
    (folder / "desk").mkdir()
    environment = at_home(folder)
    environment["PATH"] = os.pathsep.join([str(folder / "bin"), environment["PATH"]])
    presence = Presence(
        url=url or node.url,
        pid=os.getpid(),
        applications=(),
        development_root=node.local.development_root.public_bytes(Encoding.PEM).decode(),
        data_dir=str(data),
    )
    with announced(presence, folder / "proven" / "nodes"):
        yield Desk(folder / "desk", environment, node=node)
