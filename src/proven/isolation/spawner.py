"""The node's side of the spawner: start sandboxed processes and learn when they end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ._spawner import MAX_DESCRIPTORS, MAX_MESSAGE
from .policy import Layer, Limits, SandboxError, SandboxPolicy, SandboxReport

_BOOTSTRAP: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from proven.isolation._spawner import main; main(int(sys.argv[2]))"
)
_IMPORT_ROOT: Final = str(Path(__file__).resolve().parents[2])
_STOP_SECONDS = 5.0


class SandboxedProcess:
    """One running process. It is referred to by a pidfd, so a signal never reaches another process."""

    def __init__(self, pid: int, pidfd: int, exited: asyncio.Future[int]) -> None:
        self.pid = pid
        self._pidfd = pidfd
        self._exited = exited

    @property
    def returncode(self) -> int | None:
        """Exit status, negative for a signal; None while it runs."""
        return self._exited.result() if self._exited.done() else None

    def kill(self) -> None:
        """End it now. Nothing happens if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            if self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def wait(self) -> int:
        """Wait until it has ended and been reaped; returns the exit status, negative for a signal."""
        return await asyncio.shield(self._exited)

    def _ended(self, status: int) -> None:
        os.close(self._pidfd)
        self._pidfd = -1
        if not self._exited.done():
            self._exited.set_result(status)


class Spawner:
    """Starts processes in the sandbox that `policy` describes.

    `start` raises `SandboxError` when a required layer is not available here. If the spawner process itself
    dies, its children die with it and every later `spawn` raises `SandboxError`.
    """

    def __init__(self, policy: SandboxPolicy) -> None:
        self._policy = policy
        self._control: socket.socket | None = None
        self._helper: subprocess.Popen[bytes] | None = None
        self._next_key = 1
        self._starting: dict[int, asyncio.Future[SandboxedProcess]] = {}
        self._running: dict[int, SandboxedProcess] = {}
        self._report: asyncio.Future[SandboxReport] | None = None

    @property
    def alive(self) -> bool:
        """Whether processes can be started: after `start`, until `stop` or the helper's death."""
        return self._control is not None

    async def start(self) -> SandboxReport:
        """Start the helper and put up every layer once, in rehearsal; returns what holds."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        command = [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, _IMPORT_ROOT, str(theirs.fileno())]
        with theirs:
            self._helper = subprocess.Popen(  # noqa: ASYNC220 — before the node serves anything
                command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, env={}, start_new_session=True
            )
        self._control = ours
        self._report = loop.create_future()
        loop.add_reader(ours, self._receive)
        policy = {
            "mounts": [asdict(mount) for mount in self._policy.mounts],
            "require": sorted(self._policy.require),
            "first_uid": self._policy.first_uid,
        }
        ours.send(json.dumps({"policy": policy}).encode())
        try:
            report = await self._report
        except SandboxError:
            await self.stop()
            raise
        missing = report.unmet(self._policy)
        if missing:
            await self.stop()
            reasons = "; ".join(f"{layer}: {reason}" for layer, reason in missing.items())
            raise SandboxError(f"this machine lacks layers of the sandbox that are required: {reasons}")
        return report

    async def spawn(
        self,
        argv: Sequence[str],
        descriptors: Sequence[int],
        limits: Limits,
        environment: Mapping[str, str] | None = None,
    ) -> SandboxedProcess:
        """Run `argv`, whose paths are mount targets, with `descriptors` as its 0, 1, 2, …

        Nothing of the node's environment is passed on, only `environment`.
        """
        if self._control is None:
            raise SandboxError("the spawner is not running")
        if len(descriptors) > MAX_DESCRIPTORS:
            raise ValueError(f"more than {MAX_DESCRIPTORS} descriptors")
        key = self._next_key
        self._next_key += 1
        started: asyncio.Future[SandboxedProcess] = asyncio.get_running_loop().create_future()
        self._starting[key] = started
        request = {
            "start": key,
            "argv": list(argv),
            "environment": dict(environment or {}),
            "limits": asdict(limits),
        }
        message = json.dumps(request).encode()
        try:
            socket.send_fds(self._control, [message], list(descriptors))
        except OSError as error:
            del self._starting[key]
            raise SandboxError(f"the spawner does not take requests: {error}") from None
        try:
            return await asyncio.shield(started)
        except asyncio.CancelledError:
            started.add_done_callback(_kill_unwanted)
            raise

    async def stop(self) -> None:
        """End the helper and with it every process it started."""
        helper, self._helper = self._helper, None
        self._close(SandboxError("the spawner was stopped"))
        if helper is None:
            return
        try:
            await asyncio.to_thread(helper.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            helper.kill()
            await asyncio.to_thread(helper.wait)

    def _receive(self) -> None:
        if self._control is None:
            return
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, 1)
        except BlockingIOError:
            return
        except OSError:
            message, descriptors = b"", []
        if not message:
            self._close(SandboxError("the spawner process ended"))
            return
        self._handle(json.loads(message), descriptors)

    def _handle(self, message: dict[str, Any], descriptors: list[int]) -> None:
        if "report" in message:
            unavailable = {Layer(name): why for name, why in message["report"]["unavailable"].items()}
            active = frozenset(Layer(name) for name in message["report"]["active"])
            if self._report is not None and not self._report.done():
                self._report.set_result(SandboxReport(active, unavailable))
        elif "started" in message:
            key = message["started"]
            exited = asyncio.get_running_loop().create_future()
            process = SandboxedProcess(message["pid"], descriptors[0], exited)
            self._running[key] = process
            self._starting.pop(key).set_result(process)
        elif "failed" in message:
            error = SandboxError(f"could not start a sandboxed process: {message['reason']}")
            self._starting.pop(message["failed"]).set_exception(error)
        elif "exited" in message:
            self._running.pop(message["exited"])._ended(message["status"])

    def _close(self, reason: SandboxError) -> None:
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control)
            self._control.close()
            self._control = None
        if self._report is not None and not self._report.done():
            self._report.set_exception(reason)
        for started in self._starting.values():
            started.set_exception(reason)
            started.exception()
        self._starting.clear()
        for process in self._running.values():
            process._ended(-signal.SIGKILL)
        self._running.clear()


def _kill_unwanted(started: asyncio.Future[SandboxedProcess]) -> None:
    if not started.cancelled() and started.exception() is None:
        started.result().kill()
