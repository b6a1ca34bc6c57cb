"""A seccomp filter (seccomp(2), SECCOMP_MODE_FILTER) that lets through only what a JavaScript engine needs.

It is an allow list: a system call that is not named here fails with ENOSYS, which C libraries take as "this
kernel does not have it". So there is no way to open a socket, start a process, trace, mount, make a
namespace, load BPF, use io_uring or signal another process, including calls that do not exist yet.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Sequence
from typing import Final

from . import _syscalls

_PLAIN: Final = (
    "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek", "close",
    "close_range", "dup", "dup2", "dup3", "fstat", "newfstatat", "stat", "lstat", "statx", "access",
    "faccessat", "faccessat2", "open", "openat", "readlink", "readlinkat", "getcwd", "getdents64", "poll",
    "ppoll", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
    "eventfd2", "pipe", "pipe2", "sendto", "recvfrom", "sendmsg", "recvmsg", "shutdown",
    "getsockopt", "setsockopt", "getsockname", "getpeername", "mmap", "munmap", "mprotect", "mremap",
    "madvise", "brk", "mincore", "membarrier", "pkey_alloc", "pkey_free", "pkey_mprotect", "futex",
    "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "exit", "exit_group", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "getcpu", "gettid", "getpid", "getppid",
    "getuid", "geteuid", "getgid", "getegid", "getpgrp", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "clock_gettime", "clock_getres", "clock_nanosleep",
    "nanosleep", "gettimeofday", "time", "getrandom", "uname", "sysinfo", "getrlimit", "getrusage", "times",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "arch_prctl", "restart_syscall",
)  # fmt: skip

_CLONE_THREAD = 0x10000
_CLONE_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1034)
"""F_DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, the OFD locks, DUPFD_CLOEXEC, GETPIPE_SZ and
GET_SEALS. Not F_SETOWN and F_SETSIG: with O_ASYNC they send any signal to any process of the same user."""
_AF_UNIX = 1
_STREAMS = (1, 1 | 0o4000, 1 | 0o2000000, 1 | 0o2004000)
"""SOCK_STREAM, also non-blocking and close-on-exec. One end of a pair of datagram sockets can send to any
socket that has a name, so those would be a way out."""
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: nothing that types into a terminal (TIOCSTI)."""
_PRCTLS = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA. Not PR_SET_PDEATHSIG: a guest must not outlive the node."""

_LOAD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_AT_LEAST = 0x35
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06

_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000
_X32_BIT = 0x40000000

_OFFSET_NUMBER = 0
_OFFSET_ARCH = 4
_OFFSET_ARGUMENTS = 16

_SECCOMP_SET_MODE_FILTER = 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, operand & 0xFFFFFFFF)


def _low_word(argument: int) -> bytes:
    return _instruction(_LOAD, _OFFSET_ARGUMENTS + 8 * argument)


def _high_word(argument: int) -> bytes:
    return _instruction(_LOAD, _OFFSET_ARGUMENTS + 8 * argument + 4)


def _when(name: str, body: Sequence[bytes]) -> list[bytes]:
    """`body`, which must return, run only for the system call `name`."""
    number = _syscalls.NUMBERS.get(name)
    if number is None:
        return []
    return [_instruction(_JUMP_EQUAL, number, 0, len(body)), *body]


def _one_of(argument: int, values: Sequence[int], otherwise: int) -> list[bytes]:
    body = [_low_word(argument)]
    for value in values:
        body += [_instruction(_JUMP_EQUAL, value, 0, 1), _instruction(_RETURN, _ALLOW)]
    return [*body, _instruction(_RETURN, otherwise)]


def build(*, pid: int, exec_path_address: int) -> bytes:
    """The filter as BPF instructions.

    `pid` is the process's own id: it may signal its own threads only. `exec_path_address` is where the path
    of the one permitted `execve` lies in memory; the guest's memory is a different one afterwards, so a
    second `execve` would have to guess an address, and would find only its own executable (see `_root`).
    """
    denied = _ERRNO | errno.EPERM
    program = [
        _instruction(_LOAD, _OFFSET_ARCH),
        _instruction(_JUMP_EQUAL, _syscalls.AUDIT_ARCH, 1, 0),
        _instruction(_RETURN, _KILL_PROCESS),
        _instruction(_LOAD, _OFFSET_NUMBER),
        _instruction(_JUMP_AT_LEAST, _X32_BIT, 0, 1),
        _instruction(_RETURN, _KILL_PROCESS),
    ]
    for name in _PLAIN:
        program += _when(name, [_instruction(_RETURN, _ALLOW)])
    program += _when("clone", [
        _low_word(0),
        _instruction(_JUMP_ANY_BIT, _CLONE_NAMESPACES, 2, 0),
        _instruction(_JUMP_ANY_BIT, _CLONE_THREAD, 0, 1),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, denied),
    ])  # fmt: skip
    program += _when("socketpair", [
        _low_word(0),
        _instruction(_JUMP_EQUAL, _AF_UNIX, 1, 0),
        _instruction(_RETURN, denied),
        *_one_of(1, _STREAMS, denied),
    ])  # fmt: skip
    program += _when("fcntl", _one_of(1, _FCNTLS, denied))
    program += _when("ioctl", _one_of(1, _IOCTLS, denied))
    program += _when("prctl", _one_of(0, _PRCTLS, denied))
    program += _when("prlimit64", _one_of(0, (0, pid), denied))
    program += _when("tgkill", _one_of(0, (pid,), denied))
    program += _when("execve", [
        _low_word(0),
        _instruction(_JUMP_EQUAL, exec_path_address & 0xFFFFFFFF, 0, 3),
        _high_word(0),
        _instruction(_JUMP_EQUAL, exec_path_address >> 32, 0, 1),
        _instruction(_RETURN, _ALLOW),
        _instruction(_RETURN, denied),
    ])  # fmt: skip
    return b"".join([*program, _instruction(_RETURN, _ERRNO | errno.ENOSYS)])


def install(filter_bytes: bytes) -> None:
    """Put the filter on the calling process for good. It needs `no_new_privs` to be set already."""
    code = ctypes.create_string_buffer(filter_bytes, len(filter_bytes))
    program = _Program(len(filter_bytes) // 8, ctypes.cast(code, ctypes.c_void_p))
    raw = ctypes.create_string_buffer(bytes(program), ctypes.sizeof(program))
    _syscalls.call("seccomp", _SECCOMP_SET_MODE_FILTER, 0, raw)
