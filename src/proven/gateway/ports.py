"""What the gateway needs of the rooms below it; the node passes the real ones in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from proven.apps import Application, ApplicationRecord
from proven.packages import Asset, Package
from proven.runtime import Invocation, Outcome
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.notes import Checkpoint, Signature
from proven.wire.tiles import Tile


class Applications(Protocol):
    """The registry, as `proven.apps.Applications` is one."""

    def find(self, id_or_name: str) -> ApplicationRecord:
        """Raises `NOT_FOUND`."""

    def list(self, *, owner: bytes | None = None) -> Sequence[ApplicationRecord]: ...

    def allows_somewhere(self, origin: str) -> bool:
        """Whether the owner of any application allowed pages of `origin`."""

    def by_domain(self, domain: str) -> ApplicationRecord:
        """The application that has proved that `domain` is its own, now; raises `NOT_FOUND`."""

    def now(self) -> int:
        """Unix milliseconds, by the clock that decides whether a proof holds."""

    async def resolve(self, id_or_name: str) -> Application:
        """The version that new calls go to; raises `NOT_FOUND`."""

    async def asset(self, asset: Asset) -> bytes:
        """The content of a front-end file of a package; raises `NOT_FOUND`."""


class Serving(AbstractAsyncContextManager[Application, None], Protocol):
    """A version while it is used."""

    def keep(self) -> Callable[[], None]:
        """Keep it beyond the context, until what this returns is called, once."""


class Versions(Protocol):
    """What keeps a version loaded while it is used, as `proven.apps.Deployer` does."""

    def serving(self, id_or_name: str) -> Serving:
        """The live version, ready to be called until the context is left."""


class Invoker(Protocol):
    """What runs handlers, as `proven.runtime.Runtime` does."""

    async def invoke(self, invocation: Invocation) -> Outcome: ...


class PackageStore(Protocol):
    """The packages of applications, as `proven.apps.Applications` keeps them."""

    async def package(self, package_id: PackageId) -> Package:
        """A package without its front-end files; raises `NOT_FOUND`."""

    async def asset(self, asset: Asset) -> bytes:
        """A front-end file; raises `NOT_FOUND`."""


class EntryIndex(Protocol):
    """Which entries of the log are about an application, as `proven.apps.Applications` knows it."""

    def entries_of(self, application: ApplicationId) -> Sequence[int]:
        """Their indexes, in order; raises `NOT_FOUND`."""

    async def leaf(self, log_index: int) -> bytes:
        """One entry; raises `NOT_FOUND`."""

    def root(self) -> tuple[int, bytes]:
        """How many entries it knows of, and their root."""


class PublicLog(Protocol):
    """The log of this node, as `proven.transparency.TransparencyLog` publishes it."""

    @property
    def origin(self) -> str: ...
    @property
    def verifier_key(self) -> str: ...
    @property
    def checkpoint(self) -> Checkpoint: ...
    def signed(self, cosignatures: Sequence[Signature] = ()) -> bytes: ...
    async def reach(self, size: int) -> Checkpoint: ...
    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, ...]: ...
    def prove_consistency(self, old: int, new: int) -> tuple[bytes, ...]: ...
    async def tile(self, tile: Tile) -> bytes: ...
    async def entries(self, first: int, count: int) -> Sequence[bytes]: ...
