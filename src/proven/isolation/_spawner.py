"""The spawner: a helper process with one thread that starts sandboxed processes and reaps them.

The node is full of threads and open files, so it does not fork; it asks this process over a socket. Each
message is one JSON datagram, with file descriptors attached (SCM_RIGHTS):

* first `{"policy": …}`, answered `{"report": …}`;
* then `{"start": key, "argv", "environment", "limits"}` with the descriptors that become 0, 1, 2, … of the
  process, answered `{"started": key, "pid"}` with a pidfd, or `{"failed": key, "reason"}`;
* `{"exited": key, "status"}` whenever one ends.

When the node goes away, however it does, the socket closes and this process ends; so do all its children,
which asked the kernel to be killed with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import sys
from typing import Any, Final

from . import _enter, _landlock, _syscalls
from ._cgroup import ControlGroups
from .policy import Layer, Limits, Mount, SandboxPolicy

MAX_MESSAGE: Final = 1 << 16
MAX_DESCRIPTORS: Final = 8


def main(descriptor: int) -> None:
    """Serve the socket `descriptor` until it closes."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    first, _, _, _ = socket.recv_fds(control, MAX_MESSAGE, MAX_DESCRIPTORS)
    if not first:
        return
    raw = json.loads(first)["policy"]
    policy = SandboxPolicy(
        mounts=tuple(Mount(**mount) for mount in raw["mounts"]),
        require=frozenset(Layer(name) for name in raw["require"]),
        first_uid=raw["first_uid"],
    )
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _Spawner(control, policy).serve()


class _Spawner:
    def __init__(self, control: socket.socket, policy: SandboxPolicy) -> None:
        self._control = control
        self._policy = policy
        self._children: dict[int, tuple[int, int]] = {}
        """pidfd → (key, pid)"""
        self._unavailable: dict[str, str] = {}
        self._groups: ControlGroups | None = None
        self._layers = self._rehearse()

    def serve(self) -> None:
        active = sorted(layer.value for layer in self._layers)
        self._send({"report": {"active": active, "unavailable": self._unavailable}})
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        try:
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor != self._control.fileno():
                        poll.unregister(descriptor)
                        self._reap(descriptor)
                        continue
                    message, descriptors, _, _ = socket.recv_fds(self._control, MAX_MESSAGE, MAX_DESCRIPTORS)
                    if not message:
                        return
                    pidfd = self._start(json.loads(message), descriptors)
                    if pidfd is not None:
                        poll.register(pidfd, select.POLLIN)
        finally:
            self._kill_all()

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> int | None:
        key = request["start"]
        limits = Limits(**request["limits"])
        try:
            joins = self._groups.create(key, limits) if self._groups else []
            launch = _enter.Launch(
                key=key,
                argv=tuple(request["argv"]),
                environment=tuple(f"{name}={value}" for name, value in request["environment"].items()),
                limits=limits,
                descriptors=tuple(descriptors),
                cgroup_joins=tuple(joins),
            )
            pid = _enter.start(self._policy, self._layers, launch)
        except (OSError, _enter.LayerError) as error:
            if self._groups:
                self._groups.remove(key)
            self._send({"failed": key, "reason": str(error)})
            return None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = (key, pid)
        self._send({"started": key, "pid": pid}, pidfd)
        return pidfd

    def _reap(self, pidfd: int) -> None:
        key, pid = self._children.pop(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(pid, 0)
        if self._groups:
            self._groups.remove(key)
        self._send({"exited": key, "status": os.waitstatus_to_exitcode(status)})

    def _kill_all(self) -> None:
        for pidfd, (_, pid) in self._children.items():
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.waitpid(pid, 0)
        if self._groups:
            self._groups.close()

    def _send(self, message: dict[str, Any], *descriptors: int) -> None:
        socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)

    def _rehearse(self) -> frozenset[Layer]:
        """Find out which layers work here by putting them up in processes that end at once."""
        layers = set(Layer)
        if not _syscalls.SUPPORTED:
            self._give_up(layers, Layer.SECCOMP, f"no system call table for {_syscalls.MACHINE}")
        if os.geteuid() != 0:
            self._give_up(layers, Layer.OWN_USER, "only root can give processes users of their own")
        try:
            _landlock.abi()
        except OSError as error:
            self._give_up(layers, Layer.LANDLOCK, str(error))
        try:
            self._groups = ControlGroups()
        except OSError as error:
            self._give_up(layers, Layer.CGROUP, str(error))
        self._try_namespaces(layers)
        while True:
            try:
                _enter.start(self._policy, frozenset(layers), None)
            except _enter.LayerError as error:
                if error.layer not in layers:
                    raise
                self._give_up(layers, Layer(error.layer), error.reason)
            else:
                return frozenset(layers)

    def _try_namespaces(self, layers: set[Layer]) -> None:
        """Keep the kinds of namespace this user may make; without root, only in a user namespace."""
        root = os.geteuid() == 0
        base: frozenset[Layer] = frozenset() if root else frozenset({Layer.USER_NAMESPACE})
        for layer in _enter.NAMESPACES:
            if layer is Layer.USER_NAMESPACE and root:
                continue
            if not root and Layer.USER_NAMESPACE not in layers:
                self._give_up(layers, layer, "needs a user namespace or root")
                continue
            try:
                _enter.start(SandboxPolicy(mounts=self._policy.mounts), base | {layer} - _WITH_SET_UP, None)
            except _enter.LayerError as error:
                self._give_up(layers, layer, error.reason)

    def _give_up(self, layers: set[Layer], layer: Layer, reason: str) -> None:
        layers.discard(layer)
        self._unavailable[layer.value] = reason


_WITH_SET_UP: Final = frozenset({Layer.PRIVATE_ROOT, Layer.UTS_NAMESPACE})
"""Layers whose set-up is tried later, in the whole: here only the bare namespace would be."""

if __name__ == "__main__":
    main(int(sys.argv[1]))
