"""Everything an operator can set about a node, in one frozen tree.

From `proven.toml`, `PROVEN_*` environment variables and flags, weakest first (`proven.node._settings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from proven.apps import Limits as ApplicationLimits
from proven.gateway import HttpLimits, RpcLimits
from proven.identity import SessionLimits
from proven.node import _settings
from proven.runtime import RuntimeConfig
from proven.runtime.hostcalls import HostCallsConfig
from proven.storage import StorageConfig, Synchronous

DEFAULT_PORT = 3000


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Where a node listens. `hosts` are names it answers to besides `localhost` and its addresses.

    `default_application` names the application that answers on the node's own paths.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    hosts: tuple[str, ...] = ()
    default_application: str | None = None
    shutdown_grace: float = 10.0
    http: HttpLimits = field(default_factory=HttpLimits)
    rpc: RpcLimits = field(default_factory=RpcLimits)


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """A local node: development evidence, keys in its data directory, writes safe from crashes of the node.

    Storage is in `NORMAL` mode, so the last writes before a power failure can be lost; set
    `storage.synchronous` to `FULL` where that matters.
    """

    data_dir: Path = Path(".proven/data")
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    sessions: SessionLimits = field(default_factory=SessionLimits)
    applications: ApplicationLimits = field(default_factory=ApplicationLimits)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    host_calls: HostCallsConfig = field(default_factory=HostCallsConfig)
    storage: StorageConfig = field(default_factory=lambda: StorageConfig(synchronous=Synchronous.NORMAL))


def load_config(
    *, file: Path | None = None, environment: Mapping[str, str], flags: Mapping[str, Any]
) -> NodeConfig:
    """Read a node's configuration; raises `BAD_REQUEST` naming what is wrong and where."""
    return _settings.load(NodeConfig, file=file, environment=environment, flags=flags)
