"""The rules of applications, as a fold over their log. No clock, no randomness, no input or output."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from proven.apps._events import (
    Archived,
    Created,
    Deployed,
    Event,
    OriginAdded,
    OriginRemoved,
    RolledBack,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId, application_id, is_application_id, parse_package_id
from proven.wire.origins import canonical_origin

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.:\[\]-]{1,240}", re.IGNORECASE)
_MAX_NONCE_BYTES: Final = 64
_PUBLIC_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an application. `rolled_back_to` is the earlier version whose package it repeats, if
    it does.
    """

    number: int
    package_id: PackageId
    by: bytes
    at: int
    rolled_back_to: int | None = None


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    """An application as its events left it. Times are Unix milliseconds; `version` 0 has no package.

    `origins` are those that its owner allowed, in the order in which they were added.
    """

    id: ApplicationId
    owner: bytes
    name: str
    created_at: int
    changed_at: int
    version: int = 0
    package_id: PackageId | None = None
    archived: bool = False
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one owner may have on this node. Checked when something is asked for, not when the log is read."""

    applications_per_owner: int = 100
    versions_per_application: int = 10_000
    origins_per_application: int = 32
    package_bytes_per_owner: int = 2 * 1024**3


class State:
    """All applications after the first `length` events of the log.

    Every event, whether asked for now or read from the log, has to follow these rules:

    1. An application is created once. Its id is derived from its owner's key and a nonce, so nobody else
       can create it.
    2. A name is 1 to 40 of `a-z 0-9 -`, without a hyphen at either end or at both the third and fourth
       place (names that DNS reserves), and does not look like an application id. No two applications ever
       have the same name, archived ones included: nobody can step into the place of an application that
       users knew.
    3. Only the owner changes an application.
    4. A change names the version its author had seen, and is refused with `CONFLICT` if that is not the
       present one.
    5. Versions are 1, 2, 3, …; each is a package that was deployed, or the package of an earlier version of
       the same application. No version is ever removed or renumbered.
    6. An archived application never changes again.
    7. An event of an application is not earlier than the one before it.
    8. An allowed origin is `http(s)://host[:port]` of a DNS name or address, canonical. It is added
       once, and removed only while it is there. Neither makes a new version.

    Hence any prefix of a log leads to the same state everywhere, and whoever reads the log can check every
    step.
    """

    def __init__(self) -> None:
        self.length = 0
        self._applications: dict[ApplicationId, ApplicationRecord] = {}
        self._versions: dict[ApplicationId, list[Version]] = {}
        self._names: dict[str, ApplicationId] = {}
        self._owned: dict[bytes, list[ApplicationId]] = {}
        self._packages: dict[bytes, set[PackageId]] = {}
        self._origins: Counter[str] = Counter()

    def find(self, id_or_name: str) -> ApplicationRecord:
        """The application with this id or name; raises `NOT_FOUND`."""
        found = self._names.get(id_or_name, ApplicationId(id_or_name))
        record = self._applications.get(found)
        if record is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"there is no application {id_or_name[:80]!r}")
        return record

    def get(self, application: ApplicationId) -> ApplicationRecord | None:
        return self._applications.get(application)

    def all(self) -> Iterator[ApplicationRecord]:
        """Every application, archived ones too, in order of creation."""
        return iter(self._applications.values())

    def owned_by(self, owner: bytes) -> Sequence[ApplicationRecord]:
        return [self._applications[owned] for owned in self._owned.get(owner, ())]

    def packages_of(self, owner: bytes) -> frozenset[PackageId]:
        """Every package that a version of an application of `owner` is or was."""
        return frozenset(self._packages.get(owner, ()))

    def allows_somewhere(self, origin: str) -> bool:
        """Whether the owner of any application that is not archived allowed `origin`."""
        return self._origins[origin] > 0

    def versions(self, application: ApplicationId) -> Sequence[Version]:
        """From the first to the present one; raises `NOT_FOUND`."""
        return tuple(self._versions[self.find(application).id])

    def check(self, event: Event) -> None:
        """Raises `ProvenError` if `event` cannot happen next."""
        if isinstance(event, Created):
            self._check_created(event)
            return
        record = self._applications.get(event.application_id)
        if record is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"there is no application {event.application_id!r:.80}")
        if event.by != record.owner:
            raise ProvenError(ErrorCode.NOT_OWNER, f"only its owner can change {record.name}")
        if record.archived:
            raise ProvenError(ErrorCode.CONFLICT, f"{record.name} is archived and cannot change any more")
        if event.expected_version != record.version:
            raise ProvenError(
                ErrorCode.CONFLICT,
                f"{record.name} is at version {record.version}, not {event.expected_version}",
                details={"version": record.version},
            )
        if event.at < record.changed_at:
            raise ProvenError(ErrorCode.BAD_REQUEST, "an event cannot be earlier than the one before it")
        if isinstance(event, Deployed):
            parse_package_id(event.package_id)
        elif isinstance(event, RolledBack) and not 1 <= event.to_version < record.version:
            raise ProvenError(ErrorCode.NOT_FOUND, f"{record.name} has no earlier version {event.to_version}")
        elif isinstance(event, OriginAdded):
            _check_added(record, event.origin)
        elif isinstance(event, OriginRemoved) and event.origin not in record.origins:
            raise ProvenError(ErrorCode.NOT_FOUND, f"{record.name} does not allow {event.origin!r:.200}")

    def check_limits(self, event: Event, limits: Limits) -> None:
        """Raises `QUOTA_EXCEEDED` if `event` takes its owner over a limit on applications, versions or
        origins.
        """
        if isinstance(event, Created):
            if len(self._owned.get(event.by, ())) >= limits.applications_per_owner:
                raise ProvenError(
                    ErrorCode.QUOTA_EXCEEDED,
                    f"an owner has at most {limits.applications_per_owner} applications on this node",
                )
        elif isinstance(event, OriginAdded):
            if len(self._applications[event.application_id].origins) >= limits.origins_per_application:
                raise ProvenError(
                    ErrorCode.QUOTA_EXCEEDED,
                    f"an application allows at most {limits.origins_per_application} origins on this node",
                )
        elif (
            isinstance(event, Deployed | RolledBack)
            and event.expected_version >= limits.versions_per_application
        ):
            raise ProvenError(
                ErrorCode.QUOTA_EXCEEDED,
                f"an application has at most {limits.versions_per_application} versions on this node",
            )

    def apply(self, event: Event) -> ApplicationRecord:
        """Let `event` happen and return its application as it is then; raises `ProvenError` as `check`
        does.
        """
        self.check(event)
        match event:
            case Created():
                record = self._create(event)
            case Deployed():
                record = self._add_version(event, event.package_id, None)
                self._packages.setdefault(record.owner, set()).add(event.package_id)
            case RolledBack():
                earlier = self._versions[event.application_id][event.to_version - 1]
                record = self._add_version(event, earlier.package_id, event.to_version)
            case Archived():
                record = replace(self._applications[event.application_id], archived=True, changed_at=event.at)
                self._origins.subtract(record.origins)
            case OriginAdded():
                record = self._applications[event.application_id]
                record = replace(record, origins=(*record.origins, event.origin), changed_at=event.at)
                self._origins[event.origin] += 1
            case OriginRemoved():
                record = self._applications[event.application_id]
                kept = tuple(origin for origin in record.origins if origin != event.origin)
                record = replace(record, origins=kept, changed_at=event.at)
                self._origins[event.origin] -= 1
        self._applications[record.id] = record
        self.length += 1
        return record

    def _check_created(self, event: Created) -> None:
        if len(event.by) != _PUBLIC_KEY_BYTES or len(event.nonce) > _MAX_NONCE_BYTES:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "an owner is a 32-byte Ed25519 key, a nonce at most 64 bytes"
            )
        if event.application_id != application_id(event.by, event.nonce):
            raise ProvenError(ErrorCode.BAD_REQUEST, "the application id is not that of this owner and nonce")
        if event.application_id in self._applications:
            raise ProvenError(ErrorCode.CONFLICT, "this application was created before; choose another nonce")
        name = event.name
        if not _NAME.fullmatch(name) or name[2:4] == "--" or is_application_id(name):
            raise ProvenError(
                ErrorCode.BAD_REQUEST,
                f"{name[:80]!r} cannot name an application: use 1 to 40 of a-z, 0-9 and inner hyphens",
            )
        if name in self._names:
            raise ProvenError(
                ErrorCode.CONFLICT, f"another application is called {name}; choose another name"
            )

    def _create(self, event: Created) -> ApplicationRecord:
        self._versions[event.application_id] = []
        self._names[event.name] = event.application_id
        self._owned.setdefault(event.by, []).append(event.application_id)
        return ApplicationRecord(event.application_id, event.by, event.name, event.at, event.at)

    def _add_version(
        self, event: Deployed | RolledBack, package_id: PackageId, rolled_back_to: int | None
    ) -> ApplicationRecord:
        record = self._applications[event.application_id]
        number = record.version + 1
        self._versions[record.id].append(Version(number, package_id, event.by, event.at, rolled_back_to))
        return replace(record, version=number, package_id=package_id, changed_at=event.at)


def _check_added(record: ApplicationRecord, origin: str) -> None:
    """Raises `BAD_REQUEST` for what is no canonical origin, `CONFLICT` for one that is allowed already."""
    try:
        canonical = canonical_origin(origin)
    except ValueError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} cannot be allowed: {error}") from None
    if not _ORIGIN.fullmatch(origin):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{origin!r:.200} cannot be allowed: no DNS name or address")
    if canonical != origin:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"write {origin!r:.200} as {canonical}")
    if origin in record.origins:
        raise ProvenError(ErrorCode.CONFLICT, f"{record.name} allows {origin} already")
