"""Health checks that end at a bad moment: nothing of their stores is left."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.packages.manifest import HandlerEntry, HandlerKind, HandlerOptions
from proven.runtime.host import CallContext
from proven.runtime.hostcalls import HostCalls
from proven.storage import Storage
from proven.wire.ids import ApplicationId, PackageId

from .conftest import end

_HANDLER = HandlerEntry("app.ts#health", "app.ts", "health", HandlerKind.HEALTH_CHECK, HandlerOptions())


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    storage = Storage(tmp_path / "data", bytes(32))
    await storage.start()
    yield storage
    await storage.close()


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_check_that_ends_while_its_store_is_being_opened_leaves_nothing(
    storage: Storage, tmp_path: Path, turns: int
) -> None:
    scratch = tmp_path / "scratch"
    calls = HostCalls(storage, scratch=scratch)
    await calls.start()
    context = CallContext(ApplicationId("a" * 32), PackageId("0" * 64), 1, _HANDLER)
    threads, files = set(threading.enumerate()), len(os.listdir("/proc/self/fd"))
    call = asyncio.ensure_future(
        calls.functions.functions["kv.get"](context, ["application", "value", "notes", "note"])
    )
    for _ in range(turns):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.wait([call])
    await end(context)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others)
    assert list(scratch.iterdir()) == []
    started = {each for each in threading.enumerate() if each.name.startswith("storage-")} - threads
    assert not started
    assert len(os.listdir("/proc/self/fd")) <= files
    await calls.close()
