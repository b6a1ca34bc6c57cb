"""A node in the test's own process, and the apps that tests run on it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from proven.apps import Application
from proven.attestation import Verifier
from proven.client import Client, connect
from proven.domains import DomainsConfig
from proven.identity import SessionLimits
from proven.node.config import GatewaySettings, NodeConfig
from proven.node.local import LocalNode, local_node
from proven.packages import build
from proven.runtime import ConsoleRecord, RuntimeConfig
from proven.storage import StorageConfig, Synchronous
from proven.wire.commands import ConsoleEvent
from proven.wire.ids import PackageId

APPS = Path(__file__).parent / "apps"
NO_RESOLVER = DomainsConfig(plain_resolver="127.0.0.1:1")
"""For tests that are not about domains: nothing is asked of the world outside."""
UNHURRIED_SESSIONS = SessionLimits(handshake_rate=1e6, handshake_rate_per_source=1e6)
"""For tests that open many sessions from one address."""


class Node:
    """A running node, with what tests do with one."""

    def __init__(self, local: LocalNode) -> None:
        self.local = local
        self._stack = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        return self.local.url

    @property
    def verifier(self) -> Verifier:
        return Verifier.development(self.local.development_root)

    async def deploy(self, folder: Path | str, *, name: str | None = None) -> Application:
        """Deploy a folder, or the app of that name in `tests/support/apps`."""
        return await self.local.deploy(build(APPS / folder), name=name)

    async def connect(
        self,
        application: Application | None,
        *,
        identity: bytes | None = None,
        package_id: PackageId | None = None,
        on_console: Callable[[ConsoleEvent], None] | None = None,
        timeout: float = 30.0,
    ) -> Client:
        """A client that is closed with the node; of its management for None. `identity` is a root seed."""
        client = await connect(
            self.url,
            application=None if application is None else application.id,
            verifier=self.verifier,
            identity=identity,
            package_id=package_id,
            on_console=on_console,
            timeout=timeout,
        )
        return await self._stack.enter_async_context(client)


@contextlib.asynccontextmanager
async def running_node(
    directory: Path,
    *,
    runtime: RuntimeConfig | None = None,
    on_console: Callable[[ConsoleRecord], None] | None = None,
    clock: Callable[[], float] = time.time,
    **settings: Any,
) -> AsyncIterator[Node]:
    """A node whose data is in `directory`; `settings` are further ones of `NodeConfig`."""
    config = NodeConfig(
        data_dir=directory,
        gateway=GatewaySettings(port=0, shutdown_grace=1.0),
        sessions=UNHURRIED_SESSIONS,
        runtime=runtime or RuntimeConfig(pool_size=1, timeout=60.0),
        **{
            "storage": StorageConfig(synchronous=Synchronous.NORMAL),
            "domains": NO_RESOLVER,
            **settings,
        },
    )
    async with local_node(config, on_console=on_console, clock=clock) as local:
        node = Node(local)
        async with node._stack:
            yield node
