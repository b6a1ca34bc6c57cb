from __future__ import annotations

import asyncio
import math

import pytest

from proven.storage import KvEntry, KvKind, KvStore, Scope, ScopeStore, Storage
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

from .conftest import APPLICATION, Clock, OpenStorage


async def test_a_value_is_read_as_it_was_set(store: ScopeStore, notes: KvStore) -> None:
    version = await store.kv_set(notes, "a", b"\0value")
    assert await store.kv_get(notes, "a") == KvEntry(b"\0value", version)
    assert await store.kv_has(notes, "a")


async def test_a_scope_that_was_never_written_is_empty_and_leaves_no_files(
    storage: Storage, notes: KvStore
) -> None:
    store = await storage.scope(Scope.personal(APPLICATION, IdentityId("new")))
    assert await store.kv_get(notes, "a") is None
    assert not await store.kv_has(notes, "a")
    assert await store.kv_entries(notes) == []
    assert await store.files_list() == []
    assert await store.files_stat("x") is None
    assert await storage.used(APPLICATION) == 0


async def test_stores_kinds_scopes_and_applications_are_apart(storage: Storage) -> None:
    scopes = [
        Scope.application(APPLICATION),
        Scope.personal(APPLICATION, IdentityId("x")),
        Scope.personal(APPLICATION, IdentityId("y")),
        Scope.application(ApplicationId("b" * 32)),
    ]
    stores = [KvStore(kind, name) for kind in KvKind for name in ("n", "nn")]
    places = [(await storage.scope(scope), kv) for scope in scopes for kv in stores]
    for index, (store, kv) in enumerate(places):
        await store.kv_set(kv, "n", str(index).encode())
    for index, (store, kv) in enumerate(places):
        entry = await store.kv_get(kv, "n")
        assert entry is not None
        assert entry.value == str(index).encode()
        assert len(await store.kv_entries(kv)) == 1


async def test_a_removed_entry_is_gone_and_removing_it_again_says_so(
    store: ScopeStore, notes: KvStore
) -> None:
    await store.kv_set(notes, "a", b"1")
    assert await store.kv_delete(notes, "a")
    assert await store.kv_get(notes, "a") is None
    assert not await store.kv_delete(notes, "a")


async def test_a_value_of_megabytes_is_read_whole(store: ScopeStore, notes: KvStore) -> None:
    value = bytes(range(256)) * 12_000
    await store.kv_set(notes, "a", value)
    entry = await store.kv_get(notes, "a")
    assert entry is not None
    assert entry.value == value


async def test_a_set_that_expects_another_version_changes_nothing(store: ScopeStore, notes: KvStore) -> None:
    version = await store.kv_set(notes, "a", b"1", expected_version=0)
    for expected in (0, version + 1):
        with pytest.raises(ProvenError) as caught:
            await store.kv_set(notes, "a", b"2", expected_version=expected)
        assert caught.value.code is ErrorCode.CONFLICT
        assert caught.value.details == {"expected": expected, "version": version}
    assert await store.kv_set(notes, "a", b"3", expected_version=version) > version


async def test_of_many_that_expect_the_same_version_one_wins(store: ScopeStore, notes: KvStore) -> None:
    version = await store.kv_set(notes, "a", b"0")
    outcomes = await asyncio.gather(
        *(store.kv_set(notes, "a", b"%d" % index, expected_version=version) for index in range(50)),
        return_exceptions=True,
    )
    winners = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert len(winners) == 1
    entry = await store.kv_get(notes, "a")
    assert entry is not None
    assert entry.version == winners[0]


async def test_a_version_never_comes_back(open_storage: OpenStorage, notes: KvStore) -> None:
    seen: set[int] = set()
    for _ in range(3):
        storage = await open_storage()
        store = await storage.scope(Scope.application(APPLICATION))
        for _ in range(5):
            version = await store.kv_set(notes, "a", b"x")
            assert version not in seen
            seen.add(version)
            await store.kv_delete(notes, "a")
        await storage.close()


async def test_an_expired_entry_is_gone_at_once(store: ScopeStore, notes: KvStore, clock: Clock) -> None:
    await store.kv_set(notes, "a", b"1", ttl=10)
    entry = await store.kv_get(notes, "a")
    assert entry is not None
    assert entry.expires_at == clock.now + 10
    clock.advance(10)
    assert await store.kv_get(notes, "a") is None
    assert not await store.kv_has(notes, "a")
    assert await store.kv_entries(notes) == []
    assert not await store.kv_delete(notes, "a")
    await store.kv_set(notes, "a", b"2", expected_version=0)


async def test_setting_again_without_a_time_to_live_keeps_the_entry(
    store: ScopeStore, notes: KvStore, clock: Clock
) -> None:
    await store.kv_set(notes, "a", b"1", ttl=10)
    await store.kv_set(notes, "a", b"2")
    clock.advance(1000)
    assert await store.kv_has(notes, "a")


async def test_expired_entries_give_their_space_back(store: ScopeStore, notes: KvStore, clock: Clock) -> None:
    for index in range(600):
        await store.kv_set(notes, f"{index}", b"x", ttl=1)
    clock.advance(2)
    for _ in range(3):
        await store.kv_set(notes, "other", b"x")
    async with store._use() as scope:
        rows = scope.main.connection().execute("SELECT count(*) FROM kv").fetchall()
    assert rows == [(1,)]


@pytest.mark.parametrize("ttl", [0.0, -1.0, math.nan, math.inf])
async def test_a_time_to_live_that_is_no_time_is_refused(
    store: ScopeStore, notes: KvStore, ttl: float
) -> None:
    with pytest.raises(ProvenError, match="positive number"):
        await store.kv_set(notes, "a", b"1", ttl=ttl)


async def test_entries_come_in_pages_in_the_order_of_code_points(store: ScopeStore, notes: KvStore) -> None:
    keys = ["a", "b/1", "b/2", "b/\U0001f600", "b/\uffff", "b0", "é"]
    for key in keys:
        await store.kv_set(notes, key, key.encode())
    await store.kv_set(KvStore(KvKind.STRING, "notes2"), "b/3", b"")
    found: list[str] = []
    while page := await store.kv_entries(notes, limit=2, after=found[-1] if found else None, keys_only=True):
        found += [key for key, entry in page]
        assert all(entry is None for _, entry in page)
    assert found == sorted(keys)
    prefixed = await store.kv_entries(notes, prefix="b/")
    assert [key for key, _ in prefixed] == ["b/1", "b/2", "b/\uffff", "b/\U0001f600"]
    assert all(entry is not None and entry.value == key.encode() for key, entry in prefixed)
    assert await store.kv_entries(notes, prefix="b/", after="b/\U0001f600") == []


async def test_a_page_of_large_values_ends_early_and_the_next_one_goes_on(
    open_storage: OpenStorage, notes: KvStore
) -> None:
    store = await (await open_storage(max_page_bytes=1000)).scope(Scope.application(APPLICATION))
    for index in range(5):
        await store.kv_set(notes, f"{index}", bytes(700))
    found: list[str] = []
    while page := await store.kv_entries(notes, after=found[-1] if found else None):
        assert len(page) == 1
        found += [key for key, _ in page]
    assert found == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("name", "key", "code"),
    [
        ("n", "", ErrorCode.BAD_REQUEST),
        ("", "k", ErrorCode.BAD_REQUEST),
        ("n", "\ud800", ErrorCode.BAD_REQUEST),
        ("n", "k" * 2049, ErrorCode.TOO_LARGE),
        ("n" * 257, "k", ErrorCode.TOO_LARGE),
    ],
)
async def test_names_and_keys_have_bounds(store: ScopeStore, name: str, key: str, code: ErrorCode) -> None:
    with pytest.raises(ProvenError) as caught:
        await store.kv_set(KvStore(KvKind.BYTES, name), key, b"")
    assert caught.value.code is code


async def test_a_value_over_the_limit_is_refused(open_storage: OpenStorage, notes: KvStore) -> None:
    store = await (await open_storage(max_value_bytes=10)).scope(Scope.application(APPLICATION))
    await store.kv_set(notes, "a", bytes(10))
    with pytest.raises(ProvenError) as caught:
        await store.kv_set(notes, "a", bytes(11))
    assert caught.value.code is ErrorCode.TOO_LARGE


async def test_a_write_that_fails_takes_none_of_its_group_with_it(store: ScopeStore, notes: KvStore) -> None:
    await store.kv_set(notes, "taken", b"")
    outcomes = await asyncio.gather(
        *(store.kv_set(notes, f"{index}", b"x") for index in range(20)),
        store.kv_set(notes, "taken", b"", expected_version=0),
        *(store.kv_set(notes, f"{index}", b"x") for index in range(20, 40)),
        return_exceptions=True,
    )
    assert [index for index, outcome in enumerate(outcomes) if isinstance(outcome, Exception)] == [20]
    assert len(await store.kv_entries(notes)) == 41


async def test_more_waiting_writes_than_the_queue_holds_are_refused_with_a_time_to_retry(
    open_storage: OpenStorage, notes: KvStore
) -> None:
    store = await (await open_storage(max_queued_writes=4)).scope(Scope.application(APPLICATION))
    await store.kv_set(notes, "a", b"")
    async with await store.transaction(timeout=60) as transaction:
        await transaction.kv_set(notes, "a", b"")
        writes = [asyncio.ensure_future(store.kv_set(notes, f"{index}", b"")) for index in range(8)]
        done, _ = await asyncio.wait(writes, return_when=asyncio.FIRST_EXCEPTION)
    for write in done:
        error = write.exception()
        assert isinstance(error, ProvenError)
        assert (error.code, error.retry_after) == (ErrorCode.OVERLOADED, 1.0)
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert sum(isinstance(outcome, int) for outcome in outcomes) == 4


async def test_a_write_that_waits_too_long_is_refused(open_storage: OpenStorage, notes: KvStore) -> None:
    store = await (await open_storage(max_write_wait=0.05)).scope(Scope.application(APPLICATION))
    async with await store.transaction(timeout=60) as transaction:
        await transaction.kv_set(notes, "a", b"")
        with pytest.raises(ProvenError) as caught:
            await store.kv_set(notes, "b", b"")
    assert caught.value.code is ErrorCode.OVERLOADED
    assert not await store.kv_has(notes, "b")
