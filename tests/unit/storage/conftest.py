"""Stores in temporary directories."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from proven.storage import KvKind, KvStore, Scope, ScopeStore, Storage, StorageConfig, Synchronous
from proven.wire.ids import ApplicationId
from support.clock import Clock

APPLICATION = ApplicationId("a" * 32)
ROOT_KEY = bytes(range(32))
FAST = {"synchronous": Synchronous.NORMAL}

OpenStorage = Callable[..., Awaitable[Storage]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def notes() -> KvStore:
    return KvStore(KvKind.STRING, "notes")


@pytest.fixture
async def open_storage(tmp_path: Path, clock: Clock) -> AsyncIterator[OpenStorage]:
    """Opens stores on one directory, with settings as keyword arguments, and closes them in the end."""
    async with AsyncExitStack() as stack:

        async def open_(**settings: Any) -> Storage:
            ownership = settings.pop("ownership", None)
            inspectable = settings.pop("inspectable", False)
            directory = settings.pop("directory", tmp_path / "data")
            config = StorageConfig(**(FAST | settings))
            storage = Storage(
                directory, ROOT_KEY, config=config, clock=clock, ownership=ownership, inspectable=inspectable
            )
            await storage.start()
            stack.push_async_callback(storage.close)
            return storage

        yield open_


@pytest.fixture
async def storage(open_storage: OpenStorage) -> Storage:
    return await open_storage()


@pytest.fixture
async def store(storage: Storage) -> ScopeStore:
    return await storage.scope(Scope.application(APPLICATION))
