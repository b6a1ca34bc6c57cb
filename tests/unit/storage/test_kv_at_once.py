from __future__ import annotations

from proven.storage import DevelopmentOwnership, KvStore, Scope, ScopeStore
from proven.wire.ids import IdentityId

from .conftest import APPLICATION, Clock, OpenStorage


async def test_what_was_written_is_read_at_once(store: ScopeStore, notes: KvStore) -> None:
    for value in (b"one", b"two"):
        await store.kv_set(notes, "a", value)
        assert store.kv_get_at_once(notes, "a") == (await store.kv_get(notes, "a"),)
    assert store.kv_get_at_once(notes, "absent") == (None,)


async def test_an_expired_entry_is_gone_at_once(store: ScopeStore, notes: KvStore, clock: Clock) -> None:
    await store.kv_set(notes, "a", b"value", ttl=10)
    clock.advance(10)
    assert store.kv_get_at_once(notes, "a") == (None,)


async def test_a_scope_that_is_not_open_has_to_be_waited_for(
    open_storage: OpenStorage, notes: KvStore
) -> None:
    storage = await open_storage()
    store = await storage.scope(Scope.application(APPLICATION))
    assert store.kv_get_at_once(notes, "a") is None


async def test_a_large_value_has_to_be_waited_for(store: ScopeStore, notes: KvStore) -> None:
    await store.kv_set(notes, "a", bytes(1_000_000))
    assert store.kv_get_at_once(notes, "a") is None


async def test_the_owner_of_an_nft_is_always_asked_for(open_storage: OpenStorage, notes: KvStore) -> None:
    owner = IdentityId("owner")
    storage = await open_storage(ownership=DevelopmentOwnership([(owner, "resource", "1")]))
    store = await storage.scope(Scope.nft(APPLICATION, "resource", "1"), identity=owner)
    await store.kv_set(notes, "a", b"value")
    assert store.kv_get_at_once(notes, "a") is None
