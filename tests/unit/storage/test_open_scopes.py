"""Scopes that open and close while others ask for them."""

from __future__ import annotations

import asyncio

import pytest

from proven.storage import KvStore, Scope, Storage
from proven.storage._open_scopes import OpenScopes

from .conftest import APPLICATION


async def test_whoever_asks_in_the_very_moment_in_which_a_scope_has_opened_gets_it(
    storage: Storage, notes: KvStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task then runs before anything that the end of the opening wakes."""
    late: list[asyncio.Task[int]] = []
    store = await storage.scope(Scope.application(APPLICATION))
    recover = OpenScopes._recover

    async def recover_and_be_asked(self: OpenScopes, scope: Scope) -> object:
        opened = await recover(self, scope)
        late.append(asyncio.create_task(store.kv_set(notes, "late", b"2")))
        return opened

    monkeypatch.setattr(OpenScopes, "_recover", recover_and_be_asked)
    await store.kv_set(notes, "first", b"1")
    await asyncio.gather(*late)
    assert [key for key, _ in await store.kv_entries(notes, keys_only=True)] == ["first", "late"]
