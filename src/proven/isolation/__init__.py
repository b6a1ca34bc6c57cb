"""Run an untrusted process: namespaces, an own user, landlock, seccomp, resource limits, control groups.

`policy` says what a sandbox is made of; `proven.isolation.spawner.Spawner` starts processes in one. (The
spawner is not re-exported here, because the helper process imports this package too and stays small.)
"""

from .policy import (
    FILE_WALLS,
    MINIMUM,
    STRICT,
    Layer,
    Limits,
    Mount,
    SandboxError,
    SandboxPolicy,
    SandboxReport,
)

__all__ = [
    "FILE_WALLS",
    "MINIMUM",
    "STRICT",
    "Layer",
    "Limits",
    "Mount",
    "SandboxError",
    "SandboxPolicy",
    "SandboxReport",
]
