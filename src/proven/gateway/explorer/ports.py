"""What the explorer needs of the rooms below it; the node passes the real ones in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from proven.apps import ApplicationRecord, Version
from proven.packages import Asset, Package
from proven.wire.applications import Upgrade
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.notes import Checkpoint, Signature


class Registry(Protocol):
    """The applications, as `proven.apps.Applications` keeps them."""

    def find(self, id_or_name: str) -> ApplicationRecord:
        """Raises `NOT_FOUND`."""

    def list(self) -> Sequence[ApplicationRecord]: ...

    def versions(self, application: ApplicationId) -> Sequence[Version]: ...

    def entries_of(self, application: ApplicationId) -> Sequence[int]:
        """The numbers of its entries in the log, ascending."""

    def package_of(self, application: ApplicationId, change: Upgrade) -> PackageId | None:
        """The package that a change makes live, if it makes one."""

    async def leaf(self, log_index: int) -> bytes:
        """One entry of the log; raises `NOT_FOUND`."""

    async def package(self, package_id: PackageId) -> Package:
        """A package without its front-end files; raises `NOT_FOUND`."""

    async def asset(self, asset: Asset) -> bytes:
        """A front-end file; raises `NOT_FOUND`."""


class PublicLog(Protocol):
    """The log, as `proven.transparency.TransparencyLog` publishes it."""

    @property
    def origin(self) -> str: ...
    @property
    def verifier_key(self) -> str: ...
    @property
    def checkpoint(self) -> Checkpoint: ...
    def signed(self, cosignatures: Sequence[Signature] = ()) -> bytes: ...
    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, ...]: ...
    async def entries(self, first: int, count: int) -> Sequence[bytes]: ...


@dataclass(frozen=True, slots=True)
class ExplorerRooms:
    """What the explorer leads to. `cosignatures` are those of the newest checkpoint, `clock` is Unix
    seconds.
    """

    registry: Registry
    log: PublicLog
    cosignatures: Callable[[], Sequence[Signature]]
    clock: Callable[[], float]
