"""The system call filter by itself, on a kernel that offers nothing else: no namespace, no Landlock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"
FILTERED = """
import ctypes, fcntl, os, signal, socket, sys
from proven.isolation import _seccomp, _syscalls
path = ctypes.create_string_buffer(b"/program")
program = _seccomp.build(pid=os.getpid(), exec_path_address=ctypes.addressof(path))
_syscalls.call("prctl", 38, 1, 0, 0, 0)
_seccomp.install(program)
try:
    {attempt}
except OSError as error:
    print(type(error).__name__)
else:
    print("ALLOWED")
"""


def outcome(attempt: str) -> str:
    script = FILTERED.format(attempt="\n    ".join(attempt.split("; ")))
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.stdout.strip() or finished.stderr


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', chr(0) + 'somebody')",
        "socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)",
        "socket.socket(socket.AF_UNIX)",
        "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
        "fcntl.fcntl(0, 15, bytes(8))",
        "fcntl.fcntl(0, 10, signal.SIGKILL)",
        "fcntl.fcntl(0, 1024, 1)",
        "fcntl.ioctl(0, 0x5452, bytes(4))",
        "os.kill(os.getppid(), 0)",
        "os.fork()",
        "_syscalls.call('clone', 0x10000 | 0x10000000, 0, 0, 0, 0)",
        "_syscalls.call('unshare', 0x10000000)",
        "os.execv('/bin/true', ['true'])",
    ],
)
def test_nothing_reaches_another_process_through_what_the_engine_needs(attempt: str) -> None:
    assert outcome(attempt) in ("PermissionError", "OSError"), attempt


@pytest.mark.parametrize(
    "attempt",
    [
        "one, two = socket.socketpair(); one.send(b'x'); assert two.recv(1) == b'x'",
        "os.set_blocking(os.dup(0), False)",
        "fcntl.fcntl(os.pipe()[0], fcntl.F_DUPFD_CLOEXEC, 10)",
        "import threading; thread = threading.Thread(target=int); thread.start(); thread.join()",
    ],
)
def test_what_the_engine_needs_stays_possible(attempt: str) -> None:
    assert outcome(attempt) == "ALLOWED", attempt
