"""Logs to prove things in: a long one of ours, and a peer's in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from harness.figures import Sample
from harness.peers import BENCH, PEERS
from proven.transparency._hash_files import HashFiles
from proven.wire.tiles import WIDTH

_PACKAGES = BENCH / ".peers-python"
_HASH, _WRITE = 32, 1 << 22


def install_pymerkle() -> Path:
    """A folder to import pymerkle from, of the version and hashes in `peers/merkle.txt`."""
    wanted = PEERS / "merkle.txt"
    installed = _PACKAGES / wanted.name
    if installed.exists() and installed.read_bytes() == wanted.read_bytes():
        return _PACKAGES
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--upgrade",
    ]
    subprocess.run([*command, "--target", str(_PACKAGES), "-r", str(wanted)], check=True)
    installed.write_bytes(wanted.read_bytes())
    return _PACKAGES


@dataclass(frozen=True, slots=True)
class Pymerkle:
    """A tree of pymerkle in a process that says how long things took it."""

    process: asyncio.subprocess.Process

    @classmethod
    @asynccontextmanager
    async def running(cls, file: Path, entries: int) -> AsyncIterator[Pymerkle]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(PEERS / "merkle.py"),
            str(file),
            str(entries),
            env={**os.environ, "PYTHONPATH": str(install_pymerkle())},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            peer = cls(process)
            await peer._read()
            yield peer
        finally:
            process.terminate()
            await process.wait()

    async def ask(self, what: str) -> Sample:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n".encode())
        return await self._read()

    async def _read(self) -> Sample:
        assert self.process.stdout is not None
        sample: Sample = json.loads(await self.process.stdout.readline())
        return sample


def write_hashes(directory: Path, entries: int) -> HashFiles:
    """The files of a log of so many entries, whose leaf hashes are random."""
    HashFiles(directory).close()
    with (directory / "level-0").open("wb") as file:
        left = entries * _HASH
        while left > 0:
            left -= file.write(os.urandom(min(left, _WRITE)))
    level = 0
    while (directory / f"level-{level}").stat().st_size >= WIDTH * _HASH:
        _write_next(directory, level)
        level += 1
    return HashFiles(directory)


def _write_next(directory: Path, level: int) -> None:
    tile = WIDTH * _HASH
    with (
        (directory / f"level-{level}").open("rb") as file,
        (directory / f"level-{level + 1}").open("wb") as above,
    ):
        while len(row := file.read(tile)) == tile:
            while len(row) > _HASH:
                pairs = range(0, len(row), 2 * _HASH)
                row = b"".join([sha256(b"\1" + row[at : at + 2 * _HASH]).digest() for at in pairs])
            above.write(row)
