"""A file system that holds nothing but the program (mount_namespaces(7), pivot_root(2))."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from . import _syscalls
from .policy import Mount

_MS_RDONLY = 1
_MS_NOSUID = 2
_MS_NODEV = 4
_MS_NOEXEC = 8
_MS_REMOUNT = 32
_MS_NOATIME = 1024
_MS_NODIRATIME = 2048
_MS_BIND = 4096
_MS_REC = 16384
_MS_PRIVATE = 1 << 18
_MS_RELATIME = 1 << 21
_MNT_DETACH = 2

_LOCKED_FLAGS: Final = {
    os.ST_NOSUID: _MS_NOSUID,
    os.ST_NODEV: _MS_NODEV,
    os.ST_NOEXEC: _MS_NOEXEC,
    os.ST_NOATIME: _MS_NOATIME,
    os.ST_NODIRATIME: _MS_NODIRATIME,
    os.ST_RELATIME: _MS_RELATIME,
}
"""Flags that a mount from an outer user namespace keeps; a remount has to repeat them."""

_STAGE = "/tmp"  # noqa: S108 — only a mount point, in a namespace of our own; nothing is created below it
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/urandom")
OWN_MAPS: Final = "/proc/self/maps"
"""The C library finds the main thread's stack in it (pthread_getattr_np(3))."""


def enter(mounts: Sequence[Mount], own_executable: str) -> None:
    """Make an empty, read-only root with `mounts` in it the calling process's root.

    The process has to be in its own mount namespace. All there is of `/proc` are two entries of the process
    itself: `self/exe`, a link by which programs find themselves, and `self/maps`.
    """
    sources = [
        (os.open(mount.source, os.O_PATH | os.O_CLOEXEC), mount.target, mount.executable) for mount in mounts
    ]
    sources += [(os.open(path, os.O_PATH | os.O_CLOEXEC), path, False) for path in (*DEVICES, OWN_MAPS)]
    _syscalls.call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    options = b"size=64k,nr_inodes=256,mode=0755"
    _syscalls.call("mount", b"root", _STAGE.encode(), b"tmpfs", _MS_NOSUID | _MS_NODEV, options)
    for descriptor, target, executable in sources:
        _bind(descriptor, target, executable)
    Path(_STAGE, "proc/self/exe").symlink_to(own_executable)
    os.chdir(_STAGE)
    _syscalls.call("pivot_root", b".", b".")
    _syscalls.call("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    _syscalls.call(
        "mount", b"none", b"/", None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV, None
    )
    for descriptor, _, _ in sources:
        os.close(descriptor)


def _bind(descriptor: int, target: str, executable: bool) -> None:
    place = Path(_STAGE + target)
    source = f"/proc/self/fd/{descriptor}"
    if Path(source).is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _syscalls.call("mount", source.encode(), str(place).encode(), None, _MS_BIND, None)
    present = os.statvfs(place).f_flag
    flags = _MS_REMOUNT | _MS_BIND | _MS_NOSUID
    for shown, flag in _LOCKED_FLAGS.items():
        if present & shown:
            flags |= flag
    if target not in DEVICES:
        flags |= _MS_RDONLY | _MS_NODEV | (0 if executable else _MS_NOEXEC)
    _syscalls.call("mount", b"none", str(place).encode(), None, flags, None)
