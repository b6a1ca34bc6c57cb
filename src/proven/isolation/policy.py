"""What a sandbox consists of, what of it must hold, and what of it does hold on this machine."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Layer(enum.StrEnum):
    """One independent wall. Each is useful alone; an escape has to get through all that are active."""

    NO_NEW_PRIVILEGES = "no_new_privileges"
    PARENT_DEATH = "parent_death"
    RESOURCE_LIMITS = "resource_limits"
    SECCOMP = "seccomp"
    LANDLOCK = "landlock"
    OWN_USER = "own_user"
    USER_NAMESPACE = "user_namespace"
    NETWORK_NAMESPACE = "network_namespace"
    IPC_NAMESPACE = "ipc_namespace"
    UTS_NAMESPACE = "uts_namespace"
    PID_NAMESPACE = "pid_namespace"
    PRIVATE_ROOT = "private_root"
    CGROUP = "cgroup"


MINIMUM = frozenset({Layer.NO_NEW_PRIVILEGES, Layer.PARENT_DEATH, Layer.RESOURCE_LIMITS, Layer.SECCOMP})
"""What any Linux from 5.4 on gives to any user. A machine without these runs no guest at all."""

FILE_WALLS = frozenset({Layer.LANDLOCK, Layer.PRIVATE_ROOT})
"""Either of them keeps a process that broke out of its realm from the files of the node's user."""

STRICT = frozenset(Layer)
"""Every layer: what the enclave profile requires."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or directory the guest may read: `source` on this machine, `target` inside the private root."""

    source: str
    target: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """Resource limits of one process. Sizes are bytes."""

    data_bytes: int
    """RLIMIT_DATA: private writable memory, including what the program reserves without using."""
    resident_bytes: int
    """Memory limit of the process's control group."""
    open_files: int = 64
    tasks: int = 64


@dataclass(frozen=True, slots=True)
class SandboxPolicy:
    """Which files exist inside, and which layers must be active or the sandbox refuses to start."""

    mounts: tuple[Mount, ...]
    require: frozenset[Layer] = MINIMUM
    require_one_of: frozenset[Layer] = frozenset()
    """At least one of these has to be active, if there are any."""
    first_uid: int = 0x50000000
    """Root only: process *n* runs as user and group `first_uid + n`, which no account may use."""


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """What holds here: each layer is either in `active` or in `unavailable`, with the reason."""

    active: frozenset[Layer]
    unavailable: Mapping[Layer, str] = field(default_factory=dict)

    def missing(self, required: frozenset[Layer]) -> dict[Layer, str]:
        """The required layers that are not active, and why."""
        return {layer: self.unavailable.get(layer, "not tried") for layer in sorted(required - self.active)}

    def unmet(self, policy: SandboxPolicy) -> dict[Layer, str]:
        """The layers for want of which `policy` refuses to start, and why they are not there."""
        unmet = self.missing(policy.require)
        if not policy.require_one_of & self.active:
            unmet |= self.missing(policy.require_one_of)
        return unmet


class SandboxError(Exception):
    """The sandbox, or a process in it, could not be started."""
