"""What can be read about the applications of a node."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from proven.apps._packages import Packages
from proven.apps._records import ApplicationRecord, Domain, Version
from proven.apps._replica import Replica
from proven.engine import Logs, Objects, Record, Subscription
from proven.packages import Asset, Manifest, Package
from proven.wire.applications import Upgrade
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.log_entries import Entry, decode_entry


@dataclass(frozen=True, slots=True)
class Application:
    """One version of an application, ready to be called. `owner` is an Ed25519 public key; `log_index` is
    that of the entry that made the version live.
    """

    id: ApplicationId
    name: str
    owner: bytes
    version: int
    package_id: PackageId
    manifest: Manifest
    created_at: datetime
    log_index: int

    @classmethod
    def of(cls, record: ApplicationRecord, version: Version, manifest: Manifest) -> Application:
        return cls(
            id=record.id,
            name=record.name,
            owner=record.owner,
            version=version.number,
            package_id=version.package_id,
            manifest=manifest,
            created_at=datetime.fromtimestamp(record.created_at / 1000, UTC),
            log_index=version.log_index,
        )


@dataclass(frozen=True, slots=True)
class Change:
    """An entry, its index in the log, and its application as it was right after the entry or later."""

    log_index: int
    entry: Entry
    record: ApplicationRecord


class View:
    """Applications, their versions and packages, and the log that says so, as this node knows them.

    What does not wait (`find`, `list`, `versions`, `live`) reads this node's state as it is.
    """

    def __init__(
        self, logs: Logs, objects: Objects, *, origin: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._replica = Replica(logs, objects, origin=origin)
        self._packages = Packages(objects)
        self._clock = clock

    @property
    def origin(self) -> str:
        """The name of the network's log, for which commands are signed."""
        return self._replica.state.origin

    async def health(self) -> None:
        """Raises if the state no longer follows the log."""
        await self._replica.health()

    def now(self) -> int:
        """Unix milliseconds, by the clock that entries get their time from."""
        return int(self._clock() * 1000)

    def find(self, id_or_name: str) -> ApplicationRecord:
        """The application with this id or name, archived or not; raises `NOT_FOUND`."""
        return self._replica.state.find(id_or_name)

    def by_domain(self, domain: str) -> ApplicationRecord:
        """The application that has proved, and not too long ago, that `domain` is its own; raises
        `NOT_FOUND`.
        """
        record = self._replica.state.domain(domain, self.now())
        if record is None:
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"no application has proved {domain[:200]!r} to be its own"
            )
        return record

    def list(self, *, owner: bytes | None = None) -> Sequence[ApplicationRecord]:
        """All applications, or those of one owner, in order of creation."""
        return tuple(self._replica.state.all()) if owner is None else self._replica.state.owned_by(owner)

    def versions(self, application: ApplicationId) -> Sequence[Version]:
        """Every version there was, from the first to the present one; raises `NOT_FOUND`."""
        return self._replica.state.versions(application)

    def entries_of(self, application: ApplicationId) -> Sequence[int]:
        """The numbers in the log of all its entries, ascending; raises `NOT_FOUND`."""
        return self._replica.state.history(application)

    async def history(
        self, application: ApplicationId, *, after: int = -1, limit: int = 100
    ) -> Sequence[Change]:
        """Up to `limit` entries of an application with a log index greater than `after`, in order; raises
        `NOT_FOUND`. `record` of each is the present one.
        """
        record = self.find(application)
        history = self._replica.state.history(record.id)
        start = bisect_right(history, after)
        indexes = history[start : start + limit]
        return [Change(index, decode_entry(await self.leaf(index)), record) for index in indexes]

    async def leaf(self, log_index: int) -> bytes:
        """The bytes of one entry of the log; raises `NOT_FOUND`."""
        return await self._replica.leaf(log_index)

    def root(self) -> tuple[int, bytes]:
        """How many entries this node has folded, and the Merkle root of them: what their checkpoint says."""
        return self._replica.state.length, self._replica.state.root()

    def allowed_origins(self, id_or_name: str) -> Sequence[str]:
        """The origins that the owner allowed, canonical, in the order added; raises `NOT_FOUND`."""
        return self.find(id_or_name).origins

    def allows_somewhere(self, origin: str) -> bool:
        """Whether the owner of any application that is not archived allowed `origin`."""
        return self._replica.state.allows_somewhere(origin)

    def live(self, id_or_name: str) -> tuple[ApplicationRecord, Version]:
        """An application and the version that new calls go to.

        Raises `NOT_FOUND` if there is none, it has no version yet, or it is archived.
        """
        record = self.find(id_or_name)
        if record.archived:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the application {record.name} was archived")
        if not record.version:
            raise ProvenError(ErrorCode.NOT_FOUND, f"nothing has been deployed to {record.name} yet")
        return record, self._replica.state.version(record.id)

    async def resolve(self, id_or_name: str) -> Application:
        """The version that new calls go to; raises `NOT_FOUND` as `live` does."""
        record, version = self.live(id_or_name)
        return Application.of(record, version, await self._packages.manifest(version.package_id))

    async def package(self, package_id: PackageId) -> Package:
        """A package that was stored, checked against its id, without its assets; raises `NOT_FOUND`."""
        return await self._packages.read(package_id)

    async def manifest(self, package_id: PackageId) -> Manifest:
        """The manifest of a package that was stored; raises `NOT_FOUND`."""
        return await self._packages.manifest(package_id)

    async def asset(self, asset: Asset) -> bytes:
        """The content of a front-end file of a package that was stored; raises `NOT_FOUND`."""
        return await self._packages.asset(asset)

    def package_of(self, application: ApplicationId, change: Upgrade) -> PackageId | None:
        """The package that a change makes live, if it makes one; raises `NOT_FOUND`."""
        return self._replica.state.package_of(application, change)

    def due(self) -> Sequence[ApplicationRecord]:
        """The applications whose pending change can come into force now."""
        return self._replica.state.due(self.now())

    def next_activation(self) -> int | None:
        """When the next change comes into force that is not due yet (Unix milliseconds)."""
        return self._replica.state.next_activation(self.now())

    def claims(self) -> Sequence[tuple[ApplicationId, tuple[Domain, ...]]]:
        """The domains that each application claims, if it is not archived and claims any."""
        return tuple(self._replica.state.claims())

    @asynccontextmanager
    async def watch(self, *, after: int | None = None) -> AsyncIterator[AsyncIterator[Change]]:
        """Changes after an index of the log (-1: from the first), or from now on. None is skipped, however
        slow the reader.
        """
        start = self._replica.state.length if after is None else after + 1
        async with await self._replica.follow(after=start) as records:
            yield self._changes(records)

    async def _changes(self, records: Subscription[Record]) -> AsyncIterator[Change]:
        async for record in records:
            entry = decode_entry(record.data)
            await self._replica.reach(record.sequence)
            yield Change(record.sequence - 1, entry, self.find(entry.application_id))
