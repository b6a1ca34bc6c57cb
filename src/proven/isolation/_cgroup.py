"""Memory and task limits by control group (cgroups(7)), version 1 or 2, where we may create groups."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from .policy import Limits

_MOUNT = Path("/sys/fs/cgroup")
_PREFIX = "proven-"
"""Followed by the id of the process that made the directory; what a dead one left is removed by the next."""


@dataclass(frozen=True, slots=True)
class _Hierarchy:
    """A directory of ours in one cgroup hierarchy, and the files of a group in it that hold our limits."""

    directory: Path
    memory_file: str | None
    tasks_file: str | None


class ControlGroups:
    """One group per guest process, below one directory of ours. Raises `OSError` if not allowed."""

    def __init__(self) -> None:
        name = f"{_PREFIX}{os.getpid()}"
        self._hierarchies = _unified(name) if (_MOUNT / "cgroup.controllers").exists() else _split(name)
        for hierarchy in self._hierarchies:
            for other in hierarchy.directory.parent.glob(f"{_PREFIX}*"):
                if not Path("/proc", other.name.removeprefix(_PREFIX)).exists():
                    _remove(other)

    def create(self, key: int, limits: Limits) -> list[Path]:
        """Make the group of process `key`; returns the files to which a process writes 0 to join it."""
        joins = []
        for hierarchy in self._hierarchies:
            group = hierarchy.directory / str(key)
            group.mkdir()
            if hierarchy.memory_file:
                (group / hierarchy.memory_file).write_text(str(limits.resident_bytes))
            if hierarchy.tasks_file:
                (group / hierarchy.tasks_file).write_text(str(limits.tasks))
            joins.append(group / "cgroup.procs")
        return joins

    def remove(self, key: int) -> None:
        """Remove the group of a process that has ended."""
        for hierarchy in self._hierarchies:
            with contextlib.suppress(OSError):
                (hierarchy.directory / str(key)).rmdir()

    def close(self) -> None:
        """Remove our directory."""
        for hierarchy in self._hierarchies:
            _remove(hierarchy.directory)


def _remove(directory: Path) -> None:
    """Remove a directory of groups, unless a process is left in one."""
    with contextlib.suppress(OSError):
        for group in directory.iterdir():
            if group.is_dir():
                group.rmdir()
        directory.rmdir()


def _own_path(controller: str) -> str:
    """This process's group in the hierarchy of `controller` ("" for version 2)."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") or (not controller and not controllers):
            return path
    raise OSError(f"no control group hierarchy for {controller or 'version 2'}")


def _split(name: str) -> list[_Hierarchy]:
    files = {"memory": ("memory.limit_in_bytes", None), "pids": (None, "pids.max")}
    hierarchies = []
    for controller, (memory_file, tasks_file) in files.items():
        directory = _MOUNT / controller / _own_path(controller).lstrip("/") / name
        directory.mkdir()
        hierarchies.append(_Hierarchy(directory, memory_file, tasks_file))
    return hierarchies


def _unified(name: str) -> list[_Hierarchy]:
    parent = _MOUNT / _own_path("").lstrip("/")
    if not os.access(parent / "cgroup.subtree_control", os.W_OK):
        raise OSError(f"{parent} is not delegated to this user")
    (parent / "cgroup.subtree_control").write_text("+memory +pids")
    directory = parent / name
    directory.mkdir()
    (directory / "cgroup.subtree_control").write_text("+memory +pids")
    return [_Hierarchy(directory, "memory.max", "pids.max")]
