"""Blue/green: a new version answers calls once it has loaded, and the old one goes once nobody uses it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Protocol

from proven.apps._applications import Application, Applications
from proven.apps._events import Actor
from proven.packages import Manifest, Package
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId, PackageId

logger = logging.getLogger("proven.apps")


class VersionHost(Protocol):
    """What runs packages. The runtime is one."""

    async def load(self, application_id: ApplicationId, package: Package) -> None:
        """Make the package ready for calls: its health check.

        Takes a bounded time. Raises `ProvenError` if the package cannot run, and leaves nothing behind then.
        """
        ...

    async def retire(self, application_id: ApplicationId, package_id: PackageId) -> None:
        """Let go of the package once calls in progress have ended."""
        ...


class _Slot:
    """One package of one application in the host. `lock` is held while it is loaded or retired."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
        self.manifest: Manifest | None = None
        self.loading: asyncio.Task[Manifest] | None = None


_Key = tuple[ApplicationId, PackageId]


class Deployer:
    """Keeps what runs in step with what is deployed.

    1. A version is loaded before it is appended to the log; one that does not load changes nothing.
    2. Which version a call gets is decided once, when it starts, by the log as this node knows it then.
    3. A version is retired when it is not live any more and no call uses it.
    4. A version that is live but not loaded (after a restart) is loaded by the first call, once for all
       that wait; they share its failure, and do not depend on each other's patience.
    """

    def __init__(self, applications: Applications, host: VersionHost) -> None:
        self._applications = applications
        self._host = host
        self._slots: dict[_Key, _Slot] = {}
        self._loads: set[asyncio.Task[Manifest]] = set()
        self._retirements: set[asyncio.Task[None]] = set()
        self._watcher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to retire what is replaced, here or by another node."""
        self._watcher = asyncio.create_task(self._watch(), name="deployer")

    async def stop(self) -> None:
        """Finish what is being retired. What is loaded stays so, for the host's own end to unload."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        for load in self._loads:
            load.cancel()
        await asyncio.gather(*self._loads, return_exceptions=True)
        await asyncio.gather(*self._retirements, return_exceptions=True)

    @asynccontextmanager
    async def serving(self, id_or_name: str) -> AsyncIterator[Application]:
        """The live version of an application, loaded, and not retired before the context is left.

        Raises `NOT_FOUND`, and whatever the host raises when the version cannot be loaded.
        """
        record, package_id = self._applications.live(id_or_name)
        async with self._held((record.id, package_id)) as slot:
            manifest = slot.manifest or await self._load((record.id, package_id), slot, None)
            yield Application.of(record, record.version, package_id, manifest)

    async def deploy(
        self, actor: Actor, application: ApplicationId, package: Package, *, expected_version: int
    ) -> Application:
        """Load `package`, then make it the next version; raises as `Applications.deploy` and the host do."""
        async with AsyncExitStack() as held:
            deployed = await self._applications.deploy(
                actor,
                application,
                package,
                expected_version=expected_version,
                warm=partial(self._warm, held, application, package),
            )
            # After a restart, what is live already has not been loaded yet.
            await self._warm(held, application, None, package.id)
            return deployed

    async def roll_back(
        self, actor: Actor, application: ApplicationId, to_version: int, *, expected_version: int
    ) -> Application:
        """Load the package of an earlier version, then make it the next version."""
        async with AsyncExitStack() as held:
            return await self._applications.roll_back(
                actor,
                application,
                to_version,
                expected_version=expected_version,
                warm=partial(self._warm, held, application, None),
            )

    async def _warm(
        self, held: AsyncExitStack, application: ApplicationId, package: Package | None, package_id: PackageId
    ) -> None:
        """Load a package, and keep it until `held` is left: by then it is live, or nobody needs it."""
        key = (application, package_id)
        slot = await held.enter_async_context(self._held(key))
        await self._load(key, slot, package)

    @asynccontextmanager
    async def _held(self, key: _Key) -> AsyncIterator[_Slot]:
        slot = self._slots.setdefault(key, _Slot())
        slot.users += 1
        try:
            yield slot
        finally:
            slot.users -= 1
            self._settle(key, slot)

    async def _load(self, key: _Key, slot: _Slot, package: Package | None) -> Manifest:
        """Wait until the package is loaded; `package` is read from the store if it is not given."""
        if slot.manifest is not None:
            return slot.manifest
        if slot.loading is None:
            slot.loading = asyncio.create_task(self._load_once(key, package), name="load-version")
            self._loads.add(slot.loading)
            slot.loading.add_done_callback(self._loads.discard)
        return await asyncio.shield(slot.loading)

    async def _load_once(self, key: _Key, package: Package | None) -> Manifest:
        async with self._held(key) as slot, slot.lock:
            try:
                package = package or await self._applications.package(key[1])
                await self._host.load(key[0], package)
                slot.manifest = package.manifest
            finally:
                slot.loading = None
            return slot.manifest

    async def _watch(self) -> None:
        try:
            async with self._applications.watch() as changes:
                async for change in changes:
                    for key, slot in list(self._slots.items()):
                        if key[0] == change.record.id:
                            self._settle(key, slot)
        except ProvenError as error:
            logger.error("deployer_stopped_watching", extra={"reason": error.message})

    def _settle(self, key: _Key, slot: _Slot) -> None:
        """Retire what nobody uses and is not live."""
        if slot.users:
            return
        if slot.manifest is None:
            self._forget(key, slot)
        elif not self._is_live(key):
            retirement = asyncio.create_task(self._retire(key, slot), name="retire-version")
            self._retirements.add(retirement)
            retirement.add_done_callback(self._retirements.discard)

    async def _retire(self, key: _Key, slot: _Slot) -> None:
        async with slot.lock:
            if slot.users or slot.manifest is None or self._is_live(key):
                return
            slot.manifest = None
            try:
                await self._host.retire(*key)
            except Exception:
                logger.exception("version_not_retired", extra={"application": key[0], "package": key[1]})
        if not slot.users:
            self._forget(key, slot)

    def _forget(self, key: _Key, slot: _Slot) -> None:
        if self._slots.get(key) is slot:
            del self._slots[key]

    def _is_live(self, key: _Key) -> bool:
        record = self._applications.find(key[0])
        return record.package_id == key[1] and not record.archived
