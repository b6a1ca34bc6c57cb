"""Applications as pages show them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Final

from proven.apps import ApplicationRecord, Domain, Pending, Version
from proven.domains import Looking
from proven.gateway.explorer import records
from proven.gateway.explorer._listing import Query, listing, number_of
from proven.gateway.explorer._packages import PackageStore, migration
from proven.gateway.explorer._timeline import Timeline
from proven.gateway.explorer.ports import ExplorerRooms
from proven.wire import words
from proven.wire.applications import Deploy, Policy, RollBack, SetUpgradePolicy, TransferOwnership
from proven.wire.domain_records import record_name, record_value
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.log_entries import Activated, DomainLapsed, DomainProved, Entry, Submitted, decode_entry

APPLICATIONS_A_PAGE: Final = 100
VERSIONS_A_PAGE: Final = 50
HISTORY_A_PAGE: Final = 50
_HISTORY_SHOWN: Final = 10
_VERSIONS_SHOWN: Final = 20
_MIGRATIONS_SHOWN: Final = 50
_REMEMBERED: Final = 256


class ApplicationViews:
    """Makes the records of pages about applications."""

    def __init__(self, rooms: ExplorerRooms, packages: PackageStore) -> None:
        self._registry = rooms.registry
        self._packages = packages
        self._clock = rooms.clock
        self._looking = rooms.looking
        self._origin = rooms.log.origin
        self._timelines: OrderedDict[ApplicationId, Timeline] = OrderedDict()
        self._reading = asyncio.Lock()

    def all(self, query: Query) -> records.Applications:
        found = self._registry.list()
        page = number_of(query, "page", 1)
        return records.Applications(applications=listing(found, page, APPLICATIONS_A_PAGE, summary))

    async def one(self, id_or_name: str) -> records.Application:
        record = self._registry.find(id_or_name)
        versions = self._registry.versions(record.id)[::-1]
        indexes = self._registry.entries_of(record.id)[::-1]
        now = int(self._clock() * 1000)
        return records.Application(
            id=record.id,
            name=record.name,
            owner=record.owner.hex(),
            version=record.version,
            package_id=record.package_id,
            log_index=record.log_index,
            archived=record.archived,
            created_at=record.created_at,
            changed_at=record.changed_at,
            revision=record.revision,
            policy=policy(record.policy, archived=record.archived),
            pending=None if record.pending is None else await self._pending(record, record.pending, now),
            allowed_origins=list(record.origins),
            domains=[self._domain(record, domain, now) for domain in record.domains],
            versions=listing(versions, 1, _VERSIONS_SHOWN, version),
            history=await self._happenings(indexes, 1, _HISTORY_SHOWN),
            made_at=now,
        )

    async def history(self, id_or_name: str, query: Query) -> records.History:
        record = self._registry.find(id_or_name)
        indexes = self._registry.entries_of(record.id)[::-1]
        happenings = await self._happenings(indexes, number_of(query, "page", 1), HISTORY_A_PAGE)
        return records.History(id=record.id, name=record.name, history=happenings)

    def versions(self, id_or_name: str, query: Query) -> records.Versions:
        record = self._registry.find(id_or_name)
        versions = self._registry.versions(record.id)[::-1]
        page = number_of(query, "page", 1)
        return records.Versions(
            id=record.id, name=record.name, versions=listing(versions, page, VERSIONS_A_PAGE, version)
        )

    def version(self, record: ApplicationRecord, number: str) -> Version:
        """One version by its number. Raises `NOT_FOUND`."""
        versions = self._registry.versions(record.id)
        if not number.isascii() or not number.isdigit() or not 1 <= int(number[:9]) <= len(versions):
            raise ProvenError(ErrorCode.NOT_FOUND, f"{record.name} has no version {number[:20]!r}")
        return versions[int(number) - 1]

    async def policy_of(self, record: ApplicationRecord, shown: Version) -> Policy | None:
        """The policy under which a version became live, where that is known."""
        return (await self.timeline(record)).policies.get(shown.log_index)

    async def timeline(self, record: ApplicationRecord) -> Timeline:
        """What happened, up to now."""
        async with self._reading:
            timeline = self._timelines.setdefault(record.id, Timeline())
            for index in timeline.wanted(self._registry.entries_of(record.id)):
                timeline.add(index, decode_entry(await self._registry.leaf(index)))
            self._timelines.move_to_end(record.id)
            if len(self._timelines) > _REMEMBERED:
                self._timelines.popitem(last=False)
        return timeline

    def happening(self, index: int, entry: Entry) -> records.Happening:
        """One entry of the log, in words."""
        try:
            name = self._registry.find(entry.application_id).name
        except ProvenError:
            name = entry.application_id
        signers = entry.command.signers if isinstance(entry, Submitted) else ()
        return records.Happening(
            log_index=index,
            at=entry.at,
            kind=kind_of(entry),
            words=_said(entry),
            signers=[key.hex() for key in signers],
            application_id=entry.application_id,
            application=name,
        )

    async def _happenings(
        self, indexes: Sequence[int], page: int, size: int
    ) -> records.Listing[records.Happening]:
        part = listing(indexes, page, size, int)
        items = [
            self.happening(index, decode_entry(await self._registry.leaf(index))) for index in part.items
        ]
        return records.Listing(items=items, page=part.page, pages=part.pages, total=part.total)

    async def _pending(self, record: ApplicationRecord, pending: Pending, now: int) -> records.Pending:
        change, package_id = pending.change, self.announced_package(record)
        return records.Pending(
            words=words.command(change),
            log_index=pending.log_index,
            announced_at=pending.announced_at,
            activates_at=pending.activates_at,
            due=pending.activates_at <= now,
            package_id=package_id,
            migrations=await self._added_migrations(record, package_id),
            policy=policy(change.policy) if isinstance(change, SetUpgradePolicy) else None,
            owner=change.to.hex() if isinstance(change, TransferOwnership) else None,
        )

    async def _added_migrations(
        self, record: ApplicationRecord, package_id: PackageId | None
    ) -> records.Listing[records.Migration]:
        if package_id is None:
            return records.Listing(items=[], page=1, pages=1, total=0)
        live = None if record.package_id is None else await self._registry.manifest(record.package_id)
        announced = await self._packages.get(package_id)
        added = announced.manifest.migrations_beyond(live)
        statements = await self._packages.statements(announced) if added else {}
        return listing(added, 1, _MIGRATIONS_SHOWN, partial(migration, statements))

    def _domain(self, record: ApplicationRecord, domain: Domain, now: int) -> records.Domain:
        until = domain.proved_until
        return records.Domain(
            name=domain.name,
            state="claimed" if until is None else "proved" if until > now else "expired",
            proved_until=until,
            failure=_failure(self._looking(record.id, domain.name)),
            record_name=record_name(domain.name),
            record_value=record_value(record.id, self._origin),
        )

    def announced_package(self, record: ApplicationRecord) -> PackageId | None:
        """The package that the pending change makes live, if it does."""
        if record.pending is None or not isinstance(record.pending.change, Deploy | RollBack):
            return None
        return self._registry.package_of(record.id, record.pending.change)


def policy(value: Policy, *, archived: bool = False) -> records.Policy:
    return records.Policy(
        words=_who_changes(value, archived),
        guardians=None if archived else words.guardians(value),
        value=words.fields(value),
    )


def _who_changes(value: Policy, archived: bool) -> str:
    return "Nobody: it was archived." if archived else words.policy(value)


def version(value: Version) -> records.Version:
    return records.Version(
        number=value.number,
        package_id=value.package_id,
        at=value.at,
        log_index=value.log_index,
        announced_index=value.announced_index,
        rolled_back_to=value.rolled_back_to,
    )


def kind_of(entry: Entry) -> str:
    """The command's name, or what the node did by rule."""
    match entry:
        case Submitted():
            return type(entry.command.body.command).__name__
        case Activated():
            return "activated"
        case DomainProved():
            return "domain_proved"
        case DomainLapsed():
            return "domain_lapsed"


def _said(entry: Entry) -> str:
    match entry:
        case Submitted():
            return words.command(entry.command.body.command)
        case Activated():
            return "The announced change took effect"
        case DomainProved():
            return f"The domain {entry.domain} was proved, until {words.moment(entry.until)}"
        case DomainLapsed():
            return f"The proof of the domain {entry.domain} expired"


def _failure(looking: Looking | None) -> records.DomainFailure | None:
    if looking is None or looking.failure is None:
        return None
    failure = looking.failure
    return records.DomainFailure(code=failure.code, words=failure.message, next_at=looking.next_at)


def summary(record: ApplicationRecord) -> records.ApplicationSummary:
    return records.ApplicationSummary(
        id=record.id,
        name=record.name,
        owner=record.owner.hex(),
        version=record.version,
        package_id=record.package_id,
        policy=_who_changes(record.policy, record.archived),
        pending=record.pending is not None,
        archived=record.archived,
        created_at=record.created_at,
        changed_at=record.changed_at,
    )
