"""The data store of a node."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from proven.storage._catalogue import Catalogue
from proven.storage._database import DatabaseFile
from proven.storage._directory import DataDirectory
from proven.storage._keys import KeyRing
from proven.storage._open_scopes import OpenScopes
from proven.storage._services import Services
from proven.storage._threads import FairThreads, finish
from proven.storage._watchdog import Watchdog
from proven.storage.config import MIB, StorageConfig, Synchronous
from proven.storage.inspect import Inspector
from proven.storage.ownership import OwnershipVerifier
from proven.storage.scope import Scope, ScopeKind
from proven.storage.store import ScopeStore
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

SCRATCH_QUOTA: Final = 64 * MIB
_SCRATCH_CONNECTIONS: Final = 32


class Storage:
    """All app data of a node, under one directory and one root key.

    - The directory belongs to one process at a time, and to the root key it was first written with.
    - Each scope has files, keys and names of its own; only sizes and counts can be seen from outside.
    - The store of an NFT checks its owner before each operation.
    - Nothing reads data but those stores, unless it was opened `inspectable`: for development only.
    """

    def __init__(
        self,
        directory: Path,
        root_key: bytes,
        *,
        config: StorageConfig | None = None,
        clock: Callable[[], float] = time.time,
        ownership: OwnershipVerifier | None = None,
        inspectable: bool = False,
    ) -> None:
        self._config = config or StorageConfig()
        self._keys = KeyRing(root_key)
        self._directory = DataDirectory(directory, self._keys.fingerprint())
        self._clock = clock
        self._ownership = ownership
        self._catalogue = self._make_catalogue() if inspectable else None
        self._scopes: OpenScopes | None = None

    async def start(self) -> None:
        """Take the directory; raises when another process has it or it was written with another key."""
        io = FairThreads(self._config.io_threads, "storage-io")
        try:
            await finish(io.submit(self._directory.acquire))
        except BaseException:
            io.close()
            raise
        services = Services(
            config=self._config,
            clock=self._clock,
            io=io,
            sql=FairThreads(self._config.sql_threads, "storage-sql"),
            watchdog=Watchdog(self._config.sql_memory),
            catalogue=self._catalogue,
        )
        self._scopes = OpenScopes(self._directory.path, self._keys, services)

    async def close(self) -> None:
        """Finish what runs, close every file and let the directory go."""
        if self._scopes is None:
            return
        scopes, self._scopes = self._scopes, None
        await scopes.close()
        scopes.services.watchdog.close()
        scopes.services.sql.close()
        scopes.services.io.close()
        if self._catalogue is not None:
            self._catalogue.close()
        self._directory.release()

    async def scope(self, scope: Scope, *, identity: IdentityId | None = None) -> ScopeStore:
        """The store of a scope, on behalf of `identity`.

        For an NFT, raises `NO_IDENTITY` without one and `NOT_OWNER` for anybody but the owner, now and in
        each later operation.
        """
        admit = self._admission(scope, identity)
        if admit is not None:
            await admit()
        return ScopeStore(scope, self._started(), admit)

    def scratch(self, directory: Path) -> Storage:
        """An empty store in a directory of its own: with this one's limits of time, but small, and under a
        key that nobody keeps. It is the caller's to start, close and remove.
        """
        config = replace(
            self._config,
            synchronous=Synchronous.NORMAL,
            application_quota=min(self._config.application_quota, SCRATCH_QUOTA),
            max_open_connections=_SCRATCH_CONNECTIONS,
            io_threads=1,
            sql_threads=1,
        )
        return Storage(directory, os.urandom(32), config=config, clock=self._clock)

    async def used(self, application_id: ApplicationId) -> int:
        """The bytes that all scopes of an application occupy."""
        return (await self._started().usage(application_id)).used

    def inspector(self) -> Inspector:
        """What reads all of it; raises `FORBIDDEN` unless the store was opened for that."""
        if self._catalogue is None:
            raise ProvenError(ErrorCode.FORBIDDEN, "the data of this node is not open to inspection")
        return Inspector(self._directory.path, self._keys, self._started(), self._catalogue)

    def _make_catalogue(self) -> Catalogue:
        path = self._directory.path / "catalogue.db"
        return Catalogue(DatabaseFile(path, self._keys.catalogue(), self._config.synchronous))

    def _started(self) -> OpenScopes:
        if self._scopes is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the store is not open")
        return self._scopes

    def _admission(self, scope: Scope, identity: IdentityId | None) -> Callable[[], Awaitable[None]] | None:
        if scope.kind is not ScopeKind.NFT:
            return None
        if identity is None:
            raise ProvenError(
                ErrorCode.NO_IDENTITY, "only its owner may use the data of an NFT: sign in first"
            )
        if self._ownership is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "this node cannot check who owns an NFT")
        resource, nft_id = scope.parts
        owns = functools.partial(self._ownership.owns, scope.application_id, identity, resource, nft_id)

        async def admit() -> None:
            if not await owns():
                raise ProvenError(ErrorCode.NOT_OWNER, "only its present owner may use the data of an NFT")

        return admit
