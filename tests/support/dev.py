"""A `proven dev` process: started, listened to, and ended in every way a process can be."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography import x509

import proven
from proven.attestation import Verifier
from proven.client import Client, connect
from proven.wire.commands import ConsoleEvent
from support.processes import Family

PATIENCE = 60.0
"""Seconds that anything a development node does may take on a slow machine."""

Event = dict[str, Any]


class DevNode:
    """One process of `proven dev --json`, and what it has said."""

    def __init__(
        self, process: asyncio.subprocess.Process, data_dir: Path, state: Path, stderr: Path
    ) -> None:
        self.process = process
        self.data_dir = data_dir
        self.events: list[Event] = []
        self._other_output = b""
        self._state = state
        self._stderr = stderr
        self._heard = 0
        self._news = asyncio.Condition()
        self._listening = asyncio.create_task(self._listen())

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def url(self) -> str:
        return str(self.started["url"])

    @property
    def started(self) -> Event:
        """The event of that name."""
        return next(event for event in self.events if event["event"] == "started")

    @property
    def verifier(self) -> Verifier:
        root = x509.load_pem_x509_certificate(self.presence["development_root"].encode())
        return Verifier.development(root)

    @property
    def presence(self) -> dict[str, Any]:
        """What its presence file says."""
        presence: dict[str, Any] = json.loads((self._state / "proven/nodes" / f"{self.pid}.json").read_text())
        return presence

    @property
    def presence_files(self) -> list[Path]:
        return sorted(self._state.rglob("*.json"))

    @property
    def stderr(self) -> str:
        return self._stderr.read_text()

    @property
    def failure(self) -> Event:
        """The error that it ended with."""
        error: Event = json.loads(self._other_output)["error"]
        return error

    async def next(self, *names: str, within: float = PATIENCE) -> Event:
        """The next event of one of these names after the one this returned last."""

        def found() -> int | None:
            later = range(self._heard, len(self.events))
            return next((index for index in later if self.events[index]["event"] in names), None)

        async with asyncio.timeout(within), self._news:
            while (index := found()) is None:
                if self._listening.done():
                    raise AssertionError(f"proven dev ended: {self.events} {self.stderr}")
                await self._news.wait()
        self._heard = index + 1
        return self.events[index]

    async def connect(
        self,
        *,
        identity: bytes | None = None,
        on_console: Callable[[ConsoleEvent], None] | None = None,
        timeout: float = PATIENCE,
    ) -> Client:
        """A session with the app; `identity` is a root seed."""
        return await connect(
            self.url,
            application=self.started["application_id"],
            verifier=self.verifier,
            identity=identity,
            on_console=on_console,
            timeout=timeout,
        )

    def family(self) -> Family:
        """The processes that this one has started and that run now."""
        return Family(self.pid)

    def interrupt(self) -> None:
        """What Ctrl-C in a terminal does: SIGINT to the whole process group."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()

    def limit_file_size(self, limit: int) -> None:
        """Let every write fail that reaches beyond `limit` bytes in its file; RLIM_INFINITY ends that."""
        _, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (limit, hard))

    async def ended(self, within: float = PATIENCE) -> int:
        """The exit status."""
        async with asyncio.timeout(within):
            status = await self.process.wait()
            await self._listening
        return status

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            if line.startswith(b'{"event"'):
                self.events.append(json.loads(line))
                async with self._news:
                    self._news.notify_all()
            else:
                self._other_output += line
        async with self._news:
            self._news.notify_all()


def copied(app: Path, folder: Path) -> Path:
    """A copy of an app in `folder`, for `proven dev` to write its types into and tests to edit."""
    shutil.copytree(app, folder, ignore=shutil.ignore_patterns(".proven"))
    return folder


@contextlib.asynccontextmanager
async def dev_process(
    folder: Path,
    scratch: Path,
    *,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "proven"),
    check: bool = False,
) -> AsyncIterator[DevNode]:
    """`proven dev folder` with its data and state in `scratch`; killed if it outlives the block.

    With `check` it looks for type errors, which takes a compiler's time.
    """
    data_dir, state = scratch / "data", scratch / "state"
    scratch.mkdir(exist_ok=True)
    descriptor, stderr = tempfile.mkstemp(dir=scratch, prefix="stderr-")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PROVEN_")}
    variables |= {
        "PYTHONPATH": str(Path(proven.__file__).parents[1]),
        "XDG_STATE_HOME": str(state),
        **(environment or {}),
    }
    arguments = ["dev", str(folder), "--port", "0", "--data-dir", str(data_dir), "--json", *options]
    arguments += [] if check else ["--no-check"]
    with open(descriptor, "wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=variables,
            start_new_session=True,
            limit=1 << 24,
        )
    node = DevNode(process, data_dir, state, Path(stderr))
    try:
        yield node
    finally:
        if process.returncode is None:
            process.kill()
        await node.ended()


@contextlib.asynccontextmanager
async def dev_node(folder: Path, scratch: Path, **how: Any) -> AsyncIterator[DevNode]:
    """`dev_process`, once the app is live."""
    async with dev_process(folder, scratch, **how) as node:
        await node.next("started")
        yield node
