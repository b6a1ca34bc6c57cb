"""The applications of a node: commands in, one log of events, one view folded from it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from proven.apps._events import (
    Actor,
    Archived,
    Created,
    Deployed,
    Event,
    OriginAdded,
    OriginRemoved,
    RolledBack,
    decode,
    encode,
)
from proven.apps._state import ApplicationRecord, Limits, State, Version
from proven.engine import Logs, Objects, Record, Subscription
from proven.packages import Asset, Manifest, Package, verify
from proven.packages.limits import MAX_ARCHIVE_BYTES, MAX_ASSET_BYTES
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id
from proven.wire.origins import canonical_origin

logger = logging.getLogger("proven.apps")

LOG: Final = "applications"
SUBJECT: Final = "events"
BUCKET: Final = "packages"
ASSETS: Final = "assets"

MAX_WAITING: Final = 256
"""Commands that wait for the one before them to be appended."""
_MAX_ATTEMPTS: Final = 16
_CATCH_UP_SECONDS: Final = 30.0
_CACHED_MANIFESTS: Final = 256
_WHEN_APPENDED: Final = 0
"""Stands for the time of an event that is not appended yet."""


Warm = Callable[[PackageId], Awaitable[None]]
"""Makes a package ready before it becomes a version; if it raises, the version does not come to be."""


@dataclass(frozen=True, slots=True)
class Application:
    """One version of an application, ready to be called. `owner` is an Ed25519 public key."""

    id: ApplicationId
    name: str
    owner: bytes
    version: int
    package_id: PackageId
    manifest: Manifest
    created_at: datetime

    @classmethod
    def of(
        cls, record: ApplicationRecord, version: int, package_id: PackageId, manifest: Manifest
    ) -> Application:
        created_at = datetime.fromtimestamp(record.created_at / 1000, UTC)
        return cls(record.id, record.name, record.owner, version, package_id, manifest, created_at)


@dataclass(frozen=True, slots=True)
class Change:
    """An event, its sequence in the log, and its application as it was right after the event or later."""

    sequence: int
    event: Event
    record: ApplicationRecord


class Applications:
    """Reads and changes the applications of a node. `State` has the rules.

    A command is checked against the state folded so far, appended on the condition that nothing else was in
    between, and returns once this node's state includes it. What does not wait (`find`, `list`, `versions`,
    `live`) reads this node's state as it is. `clock` is Unix seconds.
    """

    def __init__(
        self,
        logs: Logs,
        objects: Objects,
        *,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._logs = logs
        self._objects = objects
        self._limits = limits or Limits()
        self._clock = clock
        self._state = State()
        self._progress = asyncio.Condition()
        self._failure: ProvenError | None = ProvenError(ErrorCode.UNAVAILABLE, "applications are not started")
        self._follower: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._commands: set[asyncio.Task[None]] = set()
        self._manifests: OrderedDict[PackageId, Manifest] = OrderedDict()
        self._sizes: dict[PackageId, int] = {}

    async def start(self) -> None:
        """Fold the log as it is now. Raises `UNAVAILABLE` if it breaks a rule."""
        last = await self._logs.last(LOG)
        self._failure = None
        self._follower = asyncio.create_task(self._follow(), name="applications")
        try:
            await self._reach(last)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Finish commands that have begun, then stop following the log."""
        await asyncio.gather(*self._commands, return_exceptions=True)
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
            await self._fail(ProvenError(ErrorCode.UNAVAILABLE, "applications are stopped"))

    async def health(self) -> None:
        """Raises if the state no longer follows the log."""
        if self._failure is not None:
            raise self._failure

    def find(self, id_or_name: str) -> ApplicationRecord:
        """The application with this id or name, archived or not; raises `NOT_FOUND`."""
        return self._state.find(id_or_name)

    def list(self, *, owner: bytes | None = None) -> Sequence[ApplicationRecord]:
        """All applications, or those of one owner, in order of creation."""
        return tuple(self._state.all()) if owner is None else self._state.owned_by(owner)

    def versions(self, application: ApplicationId) -> Sequence[Version]:
        """Every version there was, from the first to the present one; raises `NOT_FOUND`."""
        return self._state.versions(application)

    def allowed_origins(self, id_or_name: str) -> Sequence[str]:
        """The origins that the owner allowed, canonical, in the order added; raises `NOT_FOUND`."""
        return self.find(id_or_name).origins

    def allows_somewhere(self, origin: str) -> bool:
        """Whether the owner of any application that is not archived allowed `origin`."""
        return self._state.allows_somewhere(origin)

    def live(self, id_or_name: str) -> tuple[ApplicationRecord, PackageId]:
        """An application and the package that new calls go to.

        Raises `NOT_FOUND` if there is none, it has no version yet, or it is archived.
        """
        record = self.find(id_or_name)
        if record.archived:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the application {record.name} was archived by its owner")
        if record.package_id is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"nothing has been deployed to {record.name} yet")
        return record, record.package_id

    async def resolve(self, id_or_name: str) -> Application:
        """The version that new calls go to; raises `NOT_FOUND` as `live` does."""
        record, package_id = self.live(id_or_name)
        return Application.of(record, record.version, package_id, await self._manifest(package_id))

    async def package(self, package_id: PackageId) -> Package:
        """A package that was stored, checked against its id, without its assets; raises `NOT_FOUND`."""
        archive = await self._objects.read(BUCKET, package_id, limit=MAX_ARCHIVE_BYTES)
        package = await asyncio.to_thread(Package.from_code_archive, archive)
        if package.id != package_id:
            raise ProvenError(ErrorCode.UNAVAILABLE, f"what is stored as package {package_id} is another one")
        return package

    async def asset(self, asset: Asset) -> bytes:
        """The content of a front-end file of a package that was stored; raises `NOT_FOUND`."""
        content = await self._objects.read(ASSETS, asset.sha256, limit=MAX_ASSET_BYTES)
        if hashlib.sha256(content).hexdigest() != asset.sha256:
            raise ProvenError(ErrorCode.UNAVAILABLE, f"what is stored as {asset.path} is another file")
        return content

    async def create(self, actor: Actor, name: str, nonce: bytes) -> ApplicationRecord:
        """Create an application that `actor` owns."""
        event = Created(
            application_id=application_id(actor.public_key, nonce),
            by=actor.public_key,
            at=_WHEN_APPENDED,
            name=name,
            nonce=nonce,
        )
        await self._command(event)
        return self.find(event.application_id)

    async def deploy(
        self,
        actor: Actor,
        application: ApplicationId,
        package: Package,
        *,
        expected_version: int,
        warm: Warm | None = None,
    ) -> Application:
        """Verify `package`, `warm` it, store it and make it the next version.

        A package that is the present version already is left as it is. Raises, besides what `State` refuses,
        what `packages.verify` and `warm` raise, and `QUOTA_EXCEEDED`.
        """
        event = Deployed(
            application_id=application,
            by=actor.public_key,
            at=_WHEN_APPENDED,
            package_id=package.id,
            expected_version=expected_version,
        )
        self._check(event)
        if self.find(application).package_id == package.id:
            return await self._version(application, expected_version)
        await asyncio.to_thread(verify, package)
        if warm is not None:
            await warm(package.id)
        await self._command(event, package)
        return await self._version(application, expected_version + 1)

    async def roll_back(
        self,
        actor: Actor,
        application: ApplicationId,
        to_version: int,
        *,
        expected_version: int,
        warm: Warm | None = None,
    ) -> Application:
        """`warm` the package of an earlier version and make it the next version."""
        event = RolledBack(
            application_id=application,
            by=actor.public_key,
            at=_WHEN_APPENDED,
            to_version=to_version,
            expected_version=expected_version,
        )
        self._check(event)
        if warm is not None:
            await warm(self.versions(application)[to_version - 1].package_id)
        await self._command(event)
        return await self._version(application, expected_version + 1)

    async def archive(
        self, actor: Actor, application: ApplicationId, *, expected_version: int
    ) -> ApplicationRecord:
        """End the application for good. Its name, versions and packages stay on record."""
        event = Archived(
            application_id=application,
            by=actor.public_key,
            at=_WHEN_APPENDED,
            expected_version=expected_version,
        )
        await self._command(event)
        return self.find(application)

    async def add_origin(
        self, actor: Actor, application: ApplicationId, origin: str, *, expected_version: int
    ) -> ApplicationRecord:
        """Allow pages of `origin`, however it is written. Raises `CONFLICT` if they are allowed already."""
        event = OriginAdded(
            application_id=application,
            by=actor.public_key,
            at=_WHEN_APPENDED,
            origin=_canonical(origin),
            expected_version=expected_version,
        )
        await self._command(event)
        return self.find(application)

    async def remove_origin(
        self, actor: Actor, application: ApplicationId, origin: str, *, expected_version: int
    ) -> ApplicationRecord:
        """Allow pages of `origin` no longer. Raises `NOT_FOUND` if they are not allowed."""
        event = OriginRemoved(
            application_id=application,
            by=actor.public_key,
            at=_WHEN_APPENDED,
            origin=_canonical(origin),
            expected_version=expected_version,
        )
        await self._command(event)
        return self.find(application)

    @asynccontextmanager
    async def watch(self, *, after: int | None = None) -> AsyncIterator[AsyncIterator[Change]]:
        """Changes after a sequence of the log, or from now on. None is skipped, however slow the reader."""
        start = self._state.length if after is None else after
        async with await self._logs.follow(LOG, after=start) as records:
            yield self._changes(records)

    async def _changes(self, records: Subscription[Record]) -> AsyncIterator[Change]:
        async for record in records:
            event = decode(record.data)
            await self._reach(record.sequence)
            yield Change(record.sequence, event, self.find(event.application_id))

    def _check(self, event: Event) -> Event:
        """`event` as it would happen now; raises what it would be refused with."""
        known = self._state.get(event.application_id)
        now = int(self._clock() * 1000)
        event = msgspec.structs.replace(event, at=now if known is None else max(now, known.changed_at))
        self._state.check(event)
        self._state.check_limits(event, self._limits)
        return event

    async def _command(self, event: Event, package: Package | None = None) -> None:
        """Let `event` happen, after those that wait already. Once begun it is finished, whoever goes away."""
        if len(self._commands) >= MAX_WAITING:
            raise ProvenError(ErrorCode.OVERLOADED, "too many commands are waiting", retry_after=1)
        command = asyncio.create_task(self._append(event, package), name="application-command")
        self._commands.add(command)
        command.add_done_callback(self._commands.discard)
        await asyncio.shield(command)

    async def _append(self, event: Event, package: Package | None) -> None:
        """Check, store and append in one turn, so that nothing is stored for what is then refused.

        Only another node that appends in between makes a second attempt necessary.
        """
        async with self._turn:
            for _ in range(_MAX_ATTEMPTS):
                await self.health()
                record = encode(self._check(event))
                if package is not None:
                    await self._store(event.by, package)
                try:
                    sequence = await self._logs.append(LOG, SUBJECT, record, expected=self._state.length)
                except ProvenError as refused:
                    if refused.code is not ErrorCode.CONFLICT:
                        raise
                    await self._reach(await self._logs.last(LOG))
                else:
                    await self._reach(sequence)
                    return
        raise ProvenError(ErrorCode.OVERLOADED, "other nodes change applications all the time", retry_after=1)

    async def _follow(self) -> None:
        """Apply the log's events as they come; the only place that changes the state."""
        try:
            async with await self._logs.follow(LOG, after=self._state.length) as records:
                async for record in records:
                    if record.sequence != self._state.length + 1:
                        raise ProvenError(ErrorCode.UNAVAILABLE, "the log of applications has a gap")
                    self._state.apply(decode(record.data))
                    async with self._progress:
                        self._progress.notify_all()
        except Exception as error:
            logger.critical(
                "applications_not_followed", extra={"sequence": self._state.length + 1}, exc_info=error
            )
            await self._fail(
                ProvenError(ErrorCode.UNAVAILABLE, f"the log of applications cannot be followed: {error}")
            )

    async def _fail(self, failure: ProvenError) -> None:
        self._failure = self._failure or failure
        async with self._progress:
            self._progress.notify_all()

    async def _reach(self, sequence: int) -> None:
        """Wait until the state includes the event with this sequence."""

        def reached() -> bool:
            return self._state.length >= sequence or self._failure is not None

        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS), self._progress:
                await self._progress.wait_for(reached)
        except TimeoutError:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "this node is behind; try again", retry_after=1
            ) from None
        if self._state.length < sequence:
            await self.health()

    async def _version(self, application: ApplicationId, number: int) -> Application:
        version = self.versions(application)[number - 1]
        manifest = await self._manifest(version.package_id)
        return Application.of(self.find(application), number, version.package_id, manifest)

    async def _manifest(self, package_id: PackageId) -> Manifest:
        manifest = self._manifests.get(package_id)
        if manifest is None:
            manifest = (await self.package(package_id)).manifest
        self._remember(package_id, manifest)
        return manifest

    def _remember(self, package_id: PackageId, manifest: Manifest) -> None:
        self._manifests[package_id] = manifest
        self._manifests.move_to_end(package_id)
        while len(self._manifests) > _CACHED_MANIFESTS:
            self._manifests.popitem(last=False)

    async def _store(self, owner: bytes, package: Package) -> None:
        """Keep the code of `package` by its id and its assets by their hashes, so that versions share those
        that did not change. Raises `QUOTA_EXCEEDED` over what the owner may store.
        """
        archive = await asyncio.to_thread(package.to_code_archive)
        size = _stored_size(len(archive), package.manifest)
        used = 0
        for other in self._state.packages_of(owner) - {package.id}:
            used += await self._size(other)
        if used + size > self._limits.package_bytes_per_owner:
            raise ProvenError(
                ErrorCode.QUOTA_EXCEEDED,
                f"the packages of an owner take at most {self._limits.package_bytes_per_owner} bytes",
                details={"used": used, "package": size},
            )
        for asset in package.manifest.assets:
            if await self._objects.info(ASSETS, asset.sha256) is None:
                await self._objects.put(ASSETS, asset.sha256, package.assets[asset.path])
        if await self._objects.info(BUCKET, package.id) is None:
            await self._objects.put(BUCKET, package.id, archive)
        self._sizes[package.id] = size
        self._remember(package.id, package.manifest)

    async def _size(self, package_id: PackageId) -> int:
        if package_id not in self._sizes:
            info = await self._objects.info(BUCKET, package_id)
            manifest = None if info is None else await self._manifest(package_id)
            self._sizes[package_id] = (
                0 if info is None or manifest is None else _stored_size(info.size, manifest)
            )
        return self._sizes[package_id]


def _stored_size(archive: int, manifest: Manifest) -> int:
    """What a package counts for, with assets that other versions have too."""
    return archive + sum(asset.size for asset in manifest.assets)


def _canonical(origin: str) -> str:
    try:
        return canonical_origin(origin)
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} is not an origin: {error}") from None
