"""The programs that the node is held against: installed once, started for a comparison."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import deno

BENCH = Path(__file__).resolve().parent.parent
PEERS = BENCH / "peers"
CACHE = BENCH / ".peers"

_DENO_RUN = ("run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm")
_ON_DESCRIPTOR_3 = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.execv(sys.argv[2], sys.argv[2:])"


def install_workerd() -> Path:
    """The `workerd` binary of the version in `package.json`, checked against the hashes in `deno.lock`.

    Deno is the package manager, so that a machine without Node can run the benchmarks.
    """
    machine = {"x86_64": "64", "aarch64": "arm64"}[platform.machine()]
    binary = CACHE / "node_modules" / "@cloudflare" / f"workerd-linux-{machine}" / "bin" / "workerd"
    wanted = (BENCH / "deno.lock").read_bytes()
    installed = CACHE / "deno.lock"
    if binary.exists() and installed.exists() and installed.read_bytes() == wanted:
        return binary
    shutil.rmtree(CACHE, ignore_errors=True)
    CACHE.mkdir()
    shutil.copy(BENCH / "package.json", CACHE)
    shutil.copy(BENCH / "deno.lock", CACHE)
    subprocess.run(
        [deno.find_deno_bin(), "install", "--quiet", "--frozen", "--node-modules-linker=hoisted"],
        cwd=CACHE,
        env={**os.environ, "DENO_DIR": str(CACHE / "cache")},
        check=True,
    )
    return binary


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs."""

    port: int
    pid: int


@asynccontextmanager
async def workerd(binary: Path, config: str) -> AsyncIterator[Served]:
    """Serve the configuration `config` of `peers/workerd.capnp`."""
    control_read, control_write = os.pipe()
    process = await asyncio.create_subprocess_exec(
        binary,
        "serve",
        "--experimental",
        f"--control-fd={control_write}",
        PEERS / "workerd.capnp",
        config,
        pass_fds=(control_write,),
        stdout=asyncio.subprocess.DEVNULL,
    )
    os.close(control_write)
    try:
        with os.fdopen(control_read) as control:
            line = await asyncio.to_thread(control.readline)
        if not line:
            raise RuntimeError("workerd did not start")
        yield Served(int(json.loads(line)["port"]), process.pid)
    finally:
        await _end(process)


@asynccontextmanager
async def deno_serve() -> AsyncIterator[Served]:
    """Deno's own HTTP server with the handler in it."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        deno.find_deno_bin(), *_DENO_RUN, f"--allow-net=127.0.0.1:{port}", PEERS / "serve.mjs", str(port)
    )
    try:
        await listening(port)
        yield Served(port, process.pid)
    finally:
        await _end(process)


@asynccontextmanager
async def broadcaster() -> AsyncIterator[Served]:
    """A bare `websockets` server that sends to all of its clients what one of them asks for."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", PEERS / "broadcast.py", str(port), env={**os.environ, "PYTHONPATH": ""}
    )
    try:
        await listening(port)
        yield Served(port, process.pid)
    finally:
        await _end(process)


class Echo(asyncio.Protocol):
    """A bare Deno process that answers frames with themselves, and the client for it.

    The client does what any client of such a process must and no more: number the calls, frame them,
    and complete a future per answer.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._next = 0
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self.pid = 0

    @classmethod
    @asynccontextmanager
    async def running(cls, module: Path | None = None) -> AsyncIterator[Echo]:
        """Start the process, which loads `module` first, and wait for its first answer."""
        arguments = [str(PEERS / "echo.mjs")]
        if module is not None:
            arguments = [f"--allow-read={module.parent}", *arguments, str(module)]
        near, far = socket.socketpair()
        near.setblocking(False)
        with far:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _ON_DESCRIPTOR_3,
                str(far.fileno()),
                deno.find_deno_bin(),
                *_DENO_RUN,
                *arguments,
                pass_fds=(far.fileno(),),
            )
        try:
            _, echo = await asyncio.get_running_loop().create_unix_connection(cls, sock=near)
            echo.pid = process.pid
            await echo.call(b"ready")
            yield echo
        finally:
            await _end(process)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        position = 0
        while len(buffer) - position >= 8:
            length, number = struct.unpack_from("<II", buffer, position)
            if len(buffer) - position - 4 < length:
                break
            self._waiting.pop(number).set_result(buffer[position + 8 : position + 4 + length])
            position += 4 + length
        self._buffer = buffer[position:]

    def connection_lost(self, exc: Exception | None) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(exc or ConnectionResetError("the echo process ended"))

    async def call(self, payload: bytes) -> bytes:
        assert self._transport is not None
        self._next = (self._next + 1) & 0xFFFFFFFF
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[self._next] = future
        self._transport.write(struct.pack("<II", len(payload) + 4, self._next) + payload)
        return await future


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def listening(port: int, *, deadline: float = 30) -> None:
    """Wait until something accepts connections on `port`; raises `TimeoutError` after `deadline` seconds."""
    async with asyncio.timeout(deadline):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.002)
            else:
                writer.close()
                return


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
