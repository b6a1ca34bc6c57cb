"""Blue/green: a new version answers calls once it is found healthy and has loaded, and the old one goes once
nobody uses it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Protocol
from weakref import WeakValueDictionary

from proven.apps._applications import Applications, Receipt
from proven.apps._records import ApplicationRecord, Pending, Version
from proven.apps._view import Application
from proven.packages import Manifest, Package
from proven.wire.applications import Deploy, OwnerKey, RollBack, SignedCommand
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

logger = logging.getLogger("proven.apps")

_LOOK_AGAIN_SECONDS: Final = 30.0
"""Between looks at the clock: it may have been set, and be elsewhere than a timer thinks."""
_FIRST_RETRY_SECONDS: Final = 30.0
_LAST_RETRY_SECONDS: Final = 3600.0
_ACTIVATIONS_AT_ONCE: Final = 4


class VersionHost(Protocol):
    """What runs packages. The runtime is one."""

    async def load(self, application_id: ApplicationId, package: Package) -> None:
        """Make the package ready for calls.

        Takes a bounded time. Raises `ProvenError` if the package cannot run, and leaves nothing behind then.
        """
        ...

    async def check(self, application_id: ApplicationId, package: Package) -> None:
        """Run the package's health checks, whether it is loaded or not.

        Takes a bounded time. Raises `ProvenError` if calls must not go to it, and leaves nothing behind.
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
        self.shown: tuple[ApplicationRecord, Application] | None = None

    def application(self, record: ApplicationRecord, version: Version, manifest: Manifest) -> Application:
        """What calls are told; made once for all of them."""
        if self.shown is None or self.shown[0] is not record:
            self.shown = record, Application.of(record, version, manifest)
        return self.shown[1]


_Key = tuple[ApplicationId, PackageId]


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a change that is due did not come into force, how often that was tried, and when it is tried
    again (Unix milliseconds). `log_index` is that of its announcement.
    """

    log_index: int
    reason: ProvenError
    attempts: int
    retry_at: int


class Deployer:
    """Keeps what runs in step with what is deployed.

    1. A version's health checks are run and it is loaded before it is appended to the log, and again before
       a pending change to it comes into force; one that fails either changes nothing. A change that is due
       and whose version fails stays pending, with the reason (`blocked`), and is tried again.
    2. Which version a call gets is decided once, when it starts, by the log as this node knows it then.
    3. A version is retired when it is not live any more and no call uses it.
    4. A version that is live but not loaded (after a restart) is loaded by the first call, once for all
       that wait; they share its failure, and do not depend on each other's patience.
    """

    def __init__(
        self,
        applications: Applications,
        host: VersionHost,
        *,
        on_blocked: Callable[[ApplicationRecord, Blocked], None] | None = None,
    ) -> None:
        """`on_blocked` is told each time that a change which is due does not come into force."""
        self._applications = applications
        self._host = host
        self._on_blocked = on_blocked
        self._slots: dict[_Key, _Slot] = {}
        self._loads: set[asyncio.Task[Manifest]] = set()
        self._retirements: set[asyncio.Task[None]] = set()
        self._blocked: dict[ApplicationId, Blocked] = {}
        self._turns: WeakValueDictionary[ApplicationId, asyncio.Lock] = WeakValueDictionary()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to retire what is replaced, here or by another node, and to bring into force what is due."""
        self._tasks = [
            asyncio.create_task(self._watch(), name="deployer"),
            asyncio.create_task(self._activate_when_due(), name="activations"),
        ]

    async def health(self) -> None:
        """Raises if pending changes do not come into force any more."""
        if not self._tasks or any(task.done() for task in self._tasks):
            raise ProvenError(ErrorCode.UNAVAILABLE, "versions are not switched any more")

    async def stop(self) -> None:
        """Finish what is being retired. What is loaded stays so, for the host's own end to unload."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for load in self._loads:
            load.cancel()
        await asyncio.gather(*self._loads, return_exceptions=True)
        await asyncio.gather(*self._retirements, return_exceptions=True)

    def serving(self, id_or_name: str) -> Serving:
        """The live version of an application, loaded, and not retired before the context is left.

        Raises `NOT_FOUND`, and whatever the host raises when the version cannot be loaded.
        """
        return Serving(self, id_or_name)

    def check(self, envelope: bytes) -> SignedCommand:
        """The command in an envelope; raises what `submit` would refuse it with now, packages aside."""
        return self._applications.check(envelope)

    async def submit(self, envelope: bytes, *, package: Package | None = None) -> Receipt:
        """Carry out a signed command as `Applications.submit` does, after checking and loading the version
        that it announces or makes live. One that is only announced is not kept loaded. Of the changes of one
        application that are asked for at once the others wait, and are refused when one was made.
        """
        signed = self.check(envelope)
        application = signed.application_id
        async with AsyncExitStack() as held:
            if isinstance(signed.body.command, Deploy | RollBack):
                await held.enter_async_context(self._turn(application))
            warm = partial(self._warm, held, application, package)
            return await self._applications.submit(envelope, package=package, warm=warm)

    async def deploy(
        self,
        key: OwnerKey,
        application: ApplicationId,
        package: Package,
        *,
        revision: int | None = None,
    ) -> Application:
        """Check and load `package`, then make it the next version.

        Raises as `Applications.deploy` and the host do.
        """
        async with AsyncExitStack() as held:
            deployed = await self._applications.deploy(
                key,
                application,
                package,
                revision=revision,
                warm=partial(self._warm, held, application, package),
            )
            # After a restart, what is live already has not been loaded yet.
            async with self.serving(application):
                return deployed

    async def roll_back(
        self, key: OwnerKey, application: ApplicationId, to_version: int, *, revision: int | None = None
    ) -> Application:
        """Check and load the package of an earlier version, then make it the next version."""
        async with AsyncExitStack() as held:
            return await self._applications.roll_back(
                key,
                application,
                to_version,
                revision=revision,
                warm=partial(self._warm, held, application, None),
            )

    def blocked(self, application: ApplicationId) -> Blocked | None:
        """Why the pending change of an application is not in force although it is due, if that is so."""
        return self._blocked.get(application)

    async def activate_due(self) -> None:
        """Bring into force every pending change whose time has come and whose version is sound."""
        due = self._applications.due()
        now = self._applications.now()
        self._blocked = {record.id: each for record in due if (each := self._still_blocked(record))}
        ready = [
            each for each in due if each.id not in self._blocked or self._blocked[each.id].retry_at <= now
        ]
        places = asyncio.Semaphore(_ACTIVATIONS_AT_ONCE)

        async def activate(record: ApplicationRecord) -> None:
            async with places:
                await self._activate(record)

        await asyncio.gather(*(activate(record) for record in ready))

    async def _activate(self, record: ApplicationRecord) -> None:
        assert record.pending is not None
        package_id = self._applications.package_of(record.id, record.pending.change)
        try:
            async with AsyncExitStack() as held:
                if package_id is not None:
                    await held.enter_async_context(self._turn(record.id))
                    await self._warm(held, record.id, None, package_id)
                await self._applications.activate(record.id, record.revision)
        except ProvenError as error:
            if error.code is not ErrorCode.CONFLICT:
                self._block(record, record.pending, error)
        else:
            self._blocked.pop(record.id, None)

    def _still_blocked(self, record: ApplicationRecord) -> Blocked | None:
        blocked = self._blocked.get(record.id)
        pending = record.pending
        return blocked if blocked and pending and blocked.log_index == pending.log_index else None

    def _block(self, record: ApplicationRecord, pending: Pending, reason: ProvenError) -> None:
        known = self._blocked.get(record.id)
        attempts = 1 if known is None else known.attempts + 1
        wait = min(_FIRST_RETRY_SECONDS * 2 ** (attempts - 1), _LAST_RETRY_SECONDS)
        retry_at = self._applications.now() + int(wait * 1000)
        blocked = self._blocked[record.id] = Blocked(pending.log_index, reason, attempts, retry_at)
        logger.warning("activation_blocked", extra={"application": record.id, "reason": reason.message})
        if self._on_blocked is not None:
            self._on_blocked(record, blocked)

    async def _activate_when_due(self) -> None:
        while True:
            self._changed.clear()
            await self.activate_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next_activation()):
                    await self._changed.wait()

    def _until_next_activation(self) -> float:
        """Seconds to the next change that comes into force or is tried again."""
        now = self._applications.now()
        times = [each.retry_at for each in self._blocked.values()]
        if (following := self._applications.next_activation()) is not None:
            times.append(following)
        return min([_LOOK_AGAIN_SECONDS, *(max(0.0, (each - now) / 1000) for each in times)])

    async def _warm(
        self, held: AsyncExitStack, application: ApplicationId, package: Package | None, package_id: PackageId
    ) -> None:
        """Check and load a package, and keep it until `held` is left: then it is live, or nobody needs it."""
        key = (application, package_id)
        slot = held.enter_context(self._held(key))
        package = package or await self._applications.package(package_id)
        await self._host.check(application, package)
        await self._load(key, slot, package)

    def _turn(self, application: ApplicationId) -> asyncio.Lock:
        """Held while a version of the application is checked and loaded: each takes a process."""
        return self._turns.setdefault(application, asyncio.Lock())

    @contextmanager
    def _held(self, key: _Key) -> Iterator[_Slot]:
        slot = self._hold(key)
        try:
            yield slot
        finally:
            self._release(key, slot)

    def _hold(self, key: _Key) -> _Slot:
        slot = self._slots.get(key)
        if slot is None:
            slot = self._slots[key] = _Slot()
        slot.users += 1
        return slot

    def _release(self, key: _Key, slot: _Slot) -> None:
        slot.users -= 1
        if not slot.users:
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
        with self._held(key) as slot:
            async with slot.lock:
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
                    self._changed.set()
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


class Serving:
    """A version while it is used, from entering the context on."""

    __slots__ = ("_deployer", "_id_or_name", "_key", "_slot")

    def __init__(self, deployer: Deployer, id_or_name: str) -> None:
        self._deployer = deployer
        self._id_or_name = id_or_name

    async def __aenter__(self) -> Application:
        record, version = self._deployer._applications.live(self._id_or_name)
        self._key = record.id, version.package_id
        self._slot = self._deployer._hold(self._key)
        try:
            manifest = self._slot.manifest or await self._deployer._load(self._key, self._slot, None)
        except BaseException:
            self._deployer._release(self._key, self._slot)
            raise
        return self._slot.application(record, version, manifest)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deployer._release(self._key, self._slot)

    def keep(self) -> Callable[[], None]:
        """Keep the version beyond the context, until what this returns is called, once."""
        self._slot.users += 1
        return partial(self._deployer._release, self._key, self._slot)
