"""Start one process inside the sandbox: every step between the clone and the exec.

Runs in the spawner, which has one thread, so that a raw `clone` with namespace flags is as safe as a fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import _landlock, _root, _seccomp, _syscalls
from .policy import Layer, Limits, SandboxPolicy

NAMESPACES = {
    Layer.USER_NAMESPACE: 0x10000000,
    Layer.NETWORK_NAMESPACE: 0x40000000,
    Layer.IPC_NAMESPACE: 0x08000000,
    Layer.UTS_NAMESPACE: 0x04000000,
    Layer.PID_NAMESPACE: 0x20000000,
    Layer.PRIVATE_ROOT: 0x00020000,
}
_CLONE_NEWUSER = NAMESPACES[Layer.USER_NAMESPACE]
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522
_PR_CAPBSET_DROP = 24
_LAST_CAPABILITY = 63
_INNER_UID = 65534
_SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ)


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start. `descriptors` become 0, 1, 2, … of the new process, in order."""

    key: int
    argv: tuple[str, ...]
    environment: tuple[str, ...]
    limits: Limits
    descriptors: tuple[int, ...]
    cgroup_joins: tuple[Path, ...] = ()


class LayerError(Exception):
    """A layer could not be put up."""

    def __init__(self, layer: str, reason: str) -> None:
        super().__init__(f"{layer}: {reason}")
        self.layer = layer
        self.reason = reason


def start(policy: SandboxPolicy, layers: frozenset[Layer], launch: Launch | None) -> int:
    """Start `launch` behind `layers`; returns its process id once the program runs.

    With no `launch` the process puts up the layers and ends at once: a rehearsal. Raises `LayerError`.
    """
    flags = 0
    user = (os.geteuid(), os.getegid())
    for layer, flag in NAMESPACES.items():
        if layer in layers and not (layer is Layer.USER_NAMESPACE and user[0] == 0):
            flags |= flag
    reader, writer = os.pipe2(os.O_CLOEXEC)
    try:
        pid = _clone(flags)
        if pid == 0:
            _child(policy, layers, launch, writer, user)
    except OSError as error:
        os.close(reader)
        os.close(writer)
        raise LayerError("clone", str(error)) from None
    os.close(writer)
    with os.fdopen(reader, "rb") as report:
        failure = report.read().decode(errors="replace")
    if launch is None or failure:
        os.waitpid(pid, 0)
    if failure:
        name, _, reason = failure.partition("\0")
        raise LayerError(name, reason)
    return pid


def _clone(flags: int) -> int:
    if not flags:
        return os.fork()
    return _syscalls.call("clone", flags | signal.SIGCHLD, 0, 0, 0, 0)


def _child(
    policy: SandboxPolicy,
    layers: frozenset[Layer],
    launch: Launch | None,
    report: int,
    user: tuple[int, int],
) -> NoReturn:
    step = "exec"
    root = user[0] == 0

    def attempt(layer: Layer, action: Callable[[], None]) -> None:
        nonlocal step
        if layer in layers:
            step = layer.value
            action()
            step = "exec"

    try:
        os.setsid()
        os.umask(0o022)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        uid = policy.first_uid + (launch.key if launch else 0)
        if launch:
            report = _arrange(launch.descriptors, report)
        attempt(Layer.CGROUP, lambda: _join(launch.cgroup_joins if launch else ()))
        if not root:
            attempt(Layer.USER_NAMESPACE, lambda: _map_user(*user))
        attempt(Layer.UTS_NAMESPACE, lambda: socket.sethostname("sandbox"))
        executable = policy.mounts[0]
        attempt(Layer.PRIVATE_ROOT, lambda: _root.enter(policy.mounts, executable.target))
        _empty_bounding_set()
        attempt(Layer.OWN_USER, lambda: _become(uid))
        if root:
            attempt(Layer.USER_NAMESPACE, _unshare_user)
        attempt(Layer.RESOURCE_LIMITS, lambda: _limit(launch.limits if launch else None, root))
        attempt(Layer.NO_NEW_PRIVILEGES, lambda: _prctl(_PR_SET_NO_NEW_PRIVS, 1))
        visible = [
            (mount.target if Layer.PRIVATE_ROOT in layers else mount.source, mount.executable)
            for mount in policy.mounts
        ]
        visible += [(path, False) for path in (*_root.DEVICES, _root.OWN_MAPS)]
        attempt(Layer.LANDLOCK, lambda: _landlock.restrict(visible))
        _drop_capabilities()
        attempt(Layer.PARENT_DEATH, lambda: _die_with_parent(report))
        argv = launch.argv if launch else ("rehearsal",)
        if Layer.PRIVATE_ROOT not in layers:
            argv = tuple(_outside(policy, word) for word in argv)
        path = ctypes.create_string_buffer(argv[0].encode())
        program = _seccomp.build(pid=os.getpid(), exec_path_address=ctypes.addressof(path))
        vectors = (_vector(argv), _vector(launch.environment if launch else ()))
        attempt(Layer.SECCOMP, lambda: _seccomp.install(program))
        if launch:
            _syscalls.call("execve", path, vectors[0], vectors[1])
        os._exit(0)
    except BaseException as error:
        os.write(report, f"{step}\0{error or type(error).__name__}".encode())
        os._exit(127)


def _arrange(descriptors: Sequence[int], report: int) -> int:
    """Make `descriptors` 0, 1, 2, …; returns where the report pipe is now. Everything else closes on exec."""
    floor = max(64, *descriptors, report) + 1
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, floor) for descriptor in descriptors]
    report = fcntl.fcntl(report, fcntl.F_DUPFD_CLOEXEC, floor)
    for number, descriptor in enumerate(moved):
        os.dup2(descriptor, number, inheritable=True)
    return report


def _join(files: Sequence[Path]) -> None:
    for file in files:
        file.write_text("0")


def _map_user(uid: int, gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{_INNER_UID} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{_INNER_UID} {gid} 1")


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _unshare_user() -> None:
    _syscalls.call("unshare", _CLONE_NEWUSER)


def _limit(limits: Limits | None, own_user: bool) -> None:
    if limits is None:
        return
    for number, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_DATA, limits.data_bytes),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        resource.setrlimit(number, (value, value))
    if own_user:
        resource.setrlimit(resource.RLIMIT_NPROC, (limits.tasks, limits.tasks))


def _die_with_parent(report: int) -> None:
    """Ask for SIGKILL when the spawner ends. If it has ended already, nobody reads the report any more."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    poll = select.poll()
    poll.register(report, 0)
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        os._exit(127)


def _empty_bounding_set() -> None:
    """Otherwise a program that runs as user 0 gets its capabilities back at exec (capabilities(7))."""
    for capability in range(_LAST_CAPABILITY + 1):
        with contextlib.suppress(OSError):
            _prctl(_PR_CAPBSET_DROP, capability)


def _drop_capabilities() -> None:
    header = struct.pack("<II", _CAPABILITY_VERSION_3, 0)
    _syscalls.call("capset", ctypes.create_string_buffer(header, 8), ctypes.create_string_buffer(24))


def _prctl(option: int, value: int) -> None:
    _syscalls.call("prctl", option, value, 0, 0, 0)


def _outside(policy: SandboxPolicy, word: str) -> str:
    """The same path on this machine, where there is no private root."""
    for mount in policy.mounts:
        if word == mount.target or word.startswith(mount.target + "/"):
            return mount.source + word[len(mount.target) :]
    return word


def _vector(words: Sequence[str]) -> ctypes.Array[ctypes.c_char_p]:
    """A NULL-terminated `char *[]`, which keeps its strings alive."""
    return (ctypes.c_char_p * (len(words) + 1))(*[word.encode() for word in words], None)
