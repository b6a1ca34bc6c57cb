"""Processes in the sandbox, for tests."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from deno import find_deno_bin

from proven.isolation import Layer, Limits, Mount, SandboxPolicy, SandboxReport
from proven.isolation.spawner import SandboxedProcess, Spawner

HERE = Path(__file__).parent
MIB = 1024 * 1024


def libraries(executable: str) -> list[str]:
    """The dynamic linker and what it loads."""
    head = Path(executable).read_bytes()[:4096]
    (table,) = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    for index in range(count):
        kind, _, offset = struct.unpack_from("<IIQ", head, table + index * size)
        if kind == 3:
            interpreter = head[offset : head.index(b"\0", offset)].decode()
    listing = subprocess.run([interpreter, "--list", executable], capture_output=True, text=True, check=True)
    return [interpreter, *(set(re.findall(r"=> (/\S+)", listing.stdout)) - {interpreter})]


def policy(program: Path, require: frozenset[Layer] = frozenset()) -> SandboxPolicy:
    """Deno, its libraries, and the directory of `program` as `/__test__`."""
    engine = find_deno_bin()
    mounts = [Mount(engine, "/deno", True), Mount(str(program.parent), "/__test__")]
    mounts += [Mount(library, library, True) for library in libraries(engine)]
    return SandboxPolicy(mounts=tuple(mounts), require=require)


class Sandbox:
    """A spawner that runs one script with every permission Deno can give."""

    def __init__(self, spawner: Spawner, report: SandboxReport, program: Path) -> None:
        self.spawner = spawner
        self.report = report
        self._program = program

    async def start(
        self, *arguments: str, data_mib: int = 1200, flags: tuple[str, ...] = ("-A",)
    ) -> tuple[SandboxedProcess, int]:
        """Returns the process and the read end of its output."""
        reader, writer = os.pipe()
        try:
            process = await self.spawner.spawn(
                ["/deno", "run", *flags, f"/__test__/{self._program.name}", *arguments],
                (writer, writer, writer),
                Limits(data_bytes=data_mib * MIB, resident_bytes=800 * MIB),
                {"DENO_DIR": "/nonexistent", "NO_COLOR": "1"},
            )
        except BaseException:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        return process, reader

    async def run(self, *arguments: str, **options: int) -> tuple[int, bytes]:
        """Its exit status and output."""
        process, reader = await self.start(*arguments, **options)
        with os.fdopen(reader, "rb") as output:
            status = await process.wait()
            return status, output.read()


SandboxFactory = Callable[[Path], contextlib.AbstractAsyncContextManager[Sandbox]]


@pytest.fixture
def sandbox() -> SandboxFactory:
    @contextlib.asynccontextmanager
    async def make(program: Path) -> AsyncIterator[Sandbox]:
        spawner = Spawner(policy(program))
        report = await spawner.start()
        try:
            yield Sandbox(spawner, report, program)
        finally:
            await spawner.stop()

    return make


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """A script of this text, readable by everyone."""

    def write(text: str) -> Path:
        for directory in (tmp_path, *tmp_path.parents):
            with contextlib.suppress(PermissionError):
                directory.chmod(directory.stat().st_mode | 0o055)
            if directory == Path("/tmp"):
                break
        path = tmp_path / "program.mjs"
        path.write_text(text)
        return path

    return write


assert sys.platform == "linux"
