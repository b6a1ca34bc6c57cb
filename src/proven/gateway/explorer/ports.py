"""What the explorer needs of the rooms below it; the node passes the real ones in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from proven.apps import ApplicationRecord, Version
from proven.domains import Looking
from proven.gateway.ports import EntryIndex, PackageStore, PublicLog
from proven.packages import Manifest
from proven.wire.applications import Upgrade
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.notes import Signature


class Registry(PackageStore, EntryIndex, Protocol):
    """The applications, as `proven.apps.Applications` keeps them."""

    def find(self, id_or_name: str) -> ApplicationRecord:
        """Raises `NOT_FOUND`."""

    def list(self) -> Sequence[ApplicationRecord]: ...

    def versions(self, application: ApplicationId) -> Sequence[Version]: ...

    async def manifest(self, package_id: PackageId) -> Manifest:
        """The manifest of a package; raises `NOT_FOUND`."""

    def package_of(self, application: ApplicationId, change: Upgrade) -> PackageId | None:
        """The package that a change makes live, if it makes one."""


@dataclass(frozen=True, slots=True)
class ExplorerRooms:
    """What the explorer leads to. `cosignatures` are those of the newest checkpoint, `clock` is Unix
    seconds. `looking` says how the search for the proof of a domain goes, `development` that the node's
    evidence proves nothing about hardware.
    """

    registry: Registry
    log: PublicLog
    cosignatures: Callable[[], Sequence[Signature]]
    clock: Callable[[], float]
    looking: Callable[[ApplicationId, str], Looking | None] = lambda application, domain: None
    development: bool = False
