"""A runtime inside this process, as a node composes it: its host calls over a store of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.nodes import APP
from proven.packages import HandlerKind, Package, build
from proven.runtime import Invocation, Runtime, RuntimeConfig
from proven.runtime.hostcalls import HostCalls
from proven.storage import Storage, StorageConfig, Synchronous
from proven.wire.ids import ApplicationId, PackageId

APPLICATION_ID = ApplicationId("b" * 32)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A runtime and the package that it has loaded."""

    runtime: Runtime
    package_id: PackageId

    @property
    def pid(self) -> int:
        """The process of the package."""
        (process,) = self.runtime.report().processes
        return process.pid

    def invocation(self, handler: str, arguments: bytes) -> Invocation:
        return Invocation(
            application_id=APPLICATION_ID,
            package_id=self.package_id,
            handler=handler,
            kind=HandlerKind.RPC,
            arguments=arguments,
        )


@asynccontextmanager
async def runtime(*, compile_cache: Path | None = None) -> AsyncIterator[Runtime]:
    """A running runtime with nothing loaded."""
    with tempfile.TemporaryDirectory(prefix="proven-bench-") as scratch:
        config = StorageConfig(synchronous=Synchronous.NORMAL)
        storage = Storage(Path(scratch), b"k" * 32, config=config)
        await storage.start()
        host_calls = HostCalls(storage)
        running = Runtime(RuntimeConfig(compile_cache=compile_cache), host_calls.functions)
        await running.start()
        try:
            yield running
        finally:
            await running.stop()
            await host_calls.close()
            await storage.close()


@asynccontextmanager
async def loaded(package: Package | None = None) -> AsyncIterator[Loaded]:
    """A running runtime with `package` loaded, the benchmark's own app if none is given."""
    package = package or build(APP)
    async with runtime() as running:
        await running.load(APPLICATION_ID, package)
        yield Loaded(running, package.id)
