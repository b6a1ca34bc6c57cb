"""What is known about an application at one size of the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from proven.wire.applications import Deploy, OwnerDecides, Policy, RollBack, Upgrade
from proven.wire.ids import ApplicationId, PackageId


class Version(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One version of an application.

    `at` (Unix milliseconds) and `log_index` are those of the log entry that made it live, `announced_index`
    is that of the command. `rolled_back_to` is the earlier version whose package it repeats, if it does.
    """

    number: int
    package_id: PackageId
    at: int
    log_index: int
    announced_index: int
    rolled_back_to: int | None = None


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A change that was announced: by which log entry and when, and the time from which it can come into
    force (Unix milliseconds).
    """

    change: Upgrade
    log_index: int
    announced_at: int
    activates_at: int


class Domain(msgspec.Struct, frozen=True, gc=False):
    """A domain that an application claims, and until when (Unix milliseconds) it has proved that, if it
    has.
    """

    name: str
    proved_until: int | None = None


OWNER_DECIDES: Final = OwnerDecides()
"""The policy of applications that were created without one."""


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    """An application as its log entries left it. Times are Unix milliseconds; `version` 0 has no package.

    `revision` is the number of its entries. `log_index` is that of the entry that made the present version
    live. `origins` are those that its owner allowed, in the order in which they were added.
    """

    id: ApplicationId
    owner: bytes
    name: str
    created_at: int
    changed_at: int
    revision: int = 1
    version: int = 0
    package_id: PackageId | None = None
    log_index: int | None = None
    archived: bool = False
    policy: Policy = OWNER_DECIDES
    pending: Pending | None = None
    origins: tuple[str, ...] = ()
    domains: tuple[Domain, ...] = ()


class Tracked(msgspec.Struct, gc=False):
    """An application while the log is folded. `history` are the indexes of its entries."""

    id: ApplicationId
    owner: bytes
    creator: bytes
    name: str
    created_at: int
    changed_at: int
    policy: Policy
    history: list[int]
    versions: list[Version] = []
    archived: bool = False
    pending: Pending | None = None
    origins: tuple[str, ...] = ()
    domains: tuple[Domain, ...] = ()

    def record(self) -> ApplicationRecord:
        live = self.versions[-1] if self.versions else None
        return ApplicationRecord(
            id=self.id,
            owner=self.owner,
            name=self.name,
            created_at=self.created_at,
            changed_at=self.changed_at,
            revision=len(self.history),
            version=len(self.versions),
            package_id=None if live is None else live.package_id,
            log_index=None if live is None else live.log_index,
            archived=self.archived,
            policy=self.policy,
            pending=self.pending,
            origins=self.origins,
            domains=self.domains,
        )

    def package_of(self, change: Upgrade) -> PackageId | None:
        """The package that a change makes live, if it makes one."""
        if isinstance(change, Deploy):
            return change.package_id
        if isinstance(change, RollBack):
            return self.versions[change.version - 1].package_id
        return None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one owner may have on this node. Checked when something is asked for, not when the log is read.

    Applications count for who created them and packages for who owned the application when they were
    announced, so that nobody can use up somebody else's by giving them applications.
    """

    applications_per_owner: int = 100
    versions_per_application: int = 10_000
    origins_per_application: int = 32
    domains_per_application: int = 8
    entries_per_application: int = 100_000
    package_bytes_per_owner: int = 2 * 1024**3
