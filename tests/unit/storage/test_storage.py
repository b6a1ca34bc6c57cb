from __future__ import annotations

import asyncio
import os
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from proven.storage import DevelopmentOwnership, KvStore, Scope, ScopeStore, Storage
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

from .conftest import APPLICATION, Clock, OpenStorage

ALICE, BOB = IdentityId("alice"), IdentityId("bob")
RING = Scope.nft(APPLICATION, "resource", "#1#")


def personal(index: int, application: ApplicationId = APPLICATION) -> Scope:
    return Scope.personal(application, IdentityId(f"identity{index}"))


def open_files(directory: Path) -> int:
    count = 0
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # a thread has closed it meanwhile
            count += os.readlink(f"/proc/self/fd/{name}").startswith(str(directory))
    return count


async def test_everything_is_there_after_a_restart(open_storage: OpenStorage, notes: KvStore) -> None:
    storage = await open_storage()
    store = await storage.scope(Scope.application(APPLICATION))
    version = await store.kv_set(notes, "a", b"1")
    await store.sql_execute("db", "CREATE TABLE t AS SELECT 7 AS x")
    await store.files_write("f", bytes(100_000))
    used = await storage.used(APPLICATION)
    await storage.close()

    storage = await open_storage()
    store = await storage.scope(Scope.application(APPLICATION))
    entry = await store.kv_get(notes, "a")
    assert entry is not None
    assert (entry.value, entry.version) == (b"1", version)
    assert (await store.sql_query("db", "SELECT x FROM t")).rows == [(7,)]
    assert len(b"".join([part async for part in await store.files_read("f")])) == 100_000
    assert await storage.used(APPLICATION) == used


async def test_a_closed_store_refuses_and_an_unopened_one_too(storage: Storage, notes: KvStore) -> None:
    store = await storage.scope(Scope.application(APPLICATION))
    await storage.close()
    for attempt in (store.kv_get(notes, "a"), store.kv_set(notes, "a", b"")):
        with pytest.raises(ProvenError) as caught:
            await attempt
        assert caught.value.code is ErrorCode.UNAVAILABLE
    with pytest.raises(ProvenError):
        await storage.scope(Scope.application(APPLICATION))
    await storage.close()


async def test_closing_lets_running_writes_finish(open_storage: OpenStorage, notes: KvStore) -> None:
    storage = await open_storage()
    store = await storage.scope(Scope.application(APPLICATION))
    writes = [asyncio.ensure_future(store.kv_set(notes, f"{index}", b"x")) for index in range(20)]
    await asyncio.sleep(0)
    await storage.close()
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    kept = {f"{index}" for index, outcome in enumerate(outcomes) if isinstance(outcome, int)}
    store = await (await open_storage()).scope(Scope.application(APPLICATION))
    assert {key for key, _ in await store.kv_entries(notes, keys_only=True)} == kept


async def test_nobody_else_may_read_the_files_and_nothing_in_them_is_plaintext(
    storage: Storage, notes: KvStore, tmp_path: Path
) -> None:
    store = await storage.scope(Scope.personal(APPLICATION, ALICE))
    await store.kv_set(notes, "find-this-key", b"find-this-value")
    await store.sql_execute(
        "find-this-database", "CREATE TABLE find_this_table AS SELECT 'find-this-row' AS x"
    )
    async with await store.transaction(timeout=60) as transaction:
        await transaction.kv_set(notes, "find-this-too", b"")
        await transaction.sql_execute("find-this-database", "DELETE FROM find_this_table")
    seen = 0
    for path in (tmp_path / "data").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        for secret in ("find-this", "find_this", "alice", APPLICATION):
            assert secret not in str(path.relative_to(tmp_path))
            if path.is_file() and not path.name.endswith("-shm"):
                assert secret.encode() not in path.read_bytes()
                seen += 1
    assert seen > 10


async def test_a_damaged_page_is_an_error_and_never_a_wrong_value(
    open_storage: OpenStorage, notes: KvStore, tmp_path: Path
) -> None:
    storage = await open_storage()
    store = await storage.scope(Scope.application(APPLICATION))
    for index in range(200):
        await store.kv_set(notes, f"{index}", bytes(500))
    await storage.close()
    (database,) = (tmp_path / "data").rglob("*.db")
    content = bytearray(database.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 + 1000] ^= 1
    database.write_bytes(content)
    store = await (await open_storage()).scope(Scope.application(APPLICATION))
    with pytest.raises(ProvenError) as caught:
        await store.kv_entries(notes, limit=1000)
    assert caught.value.code is ErrorCode.INTERNAL
    assert str(tmp_path) not in caught.value.message


async def test_files_of_two_scopes_cannot_be_exchanged(
    open_storage: OpenStorage, notes: KvStore, tmp_path: Path
) -> None:
    storage = await open_storage()
    for index, value in enumerate([b"mine", b"yours"]):
        await (await storage.scope(personal(index))).kv_set(notes, "a", value)
    await storage.close()
    one, other = (tmp_path / "data").rglob("*.db")
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    storage = await open_storage()
    for index in range(2):
        store = await storage.scope(personal(index))
        with pytest.raises(ProvenError, match="integrity check"):
            await store.kv_get(notes, "a")


async def test_a_thousand_scopes_hold_a_bounded_number_of_files_open(
    open_storage: OpenStorage, notes: KvStore, tmp_path: Path
) -> None:
    storage = await open_storage(max_open_connections=32)
    most = 0
    for index in range(1000):
        store = await storage.scope(personal(index))
        await store.kv_set(notes, "a", b"%d" % index)
        most = max(most, open_files(tmp_path))
    assert most <= 3 * 32
    for index in range(0, 1000, 97):
        entry = await (await storage.scope(personal(index))).kv_get(notes, "a")
        assert entry is not None
        assert entry.value == b"%d" % index


async def test_scopes_that_are_touched_at_once_wait_for_their_turn(
    open_storage: OpenStorage, notes: KvStore, tmp_path: Path
) -> None:
    storage = await open_storage(max_open_connections=16)
    most = 0

    async def touch(index: int) -> None:
        nonlocal most
        store = await storage.scope(personal(index))
        await store.kv_set(notes, "a", b"x")
        most = max(most, open_files(tmp_path))
        assert await store.kv_has(notes, "a")

    await asyncio.gather(*(touch(index) for index in range(100)))
    assert most <= 4 * 16


async def test_a_scope_in_use_is_not_closed_under_its_user(open_storage: OpenStorage, notes: KvStore) -> None:
    storage = await open_storage(max_open_connections=8)
    first = await storage.scope(personal(0))
    async with await first.transaction(timeout=60) as transaction:
        await transaction.kv_set(notes, "a", b"1")
        for index in range(1, 30):
            await (await storage.scope(personal(index))).kv_set(notes, "a", b"x")
        await transaction.kv_set(notes, "b", b"2")
    assert len(await first.kv_entries(notes)) == 2


async def fill(store: ScopeStore, notes: KvStore, size: int) -> ProvenError:
    for index in range(1000):
        try:
            await store.kv_set(notes, f"{index}", os.urandom(size))
        except ProvenError as error:
            return error
    raise AssertionError("the quota was never used up")


async def test_an_application_over_its_quota_is_refused_and_others_are_not(
    open_storage: OpenStorage, notes: KvStore
) -> None:
    storage = await open_storage(application_quota=2_000_000)
    one, other = await storage.scope(personal(1)), await storage.scope(personal(2))
    await other.kv_set(notes, "a", b"")
    assert (await fill(one, notes, 100_000)).code is ErrorCode.QUOTA_EXCEEDED
    assert await storage.used(APPLICATION) <= 2_000_000
    for attempt in (
        other.kv_set(notes, "b", bytes(200_000)),
        other.files_write("f", bytes(2_000_000)),
        other.sql_execute("db", "CREATE TABLE t AS SELECT randomblob(2000000)"),
    ):
        with pytest.raises(ProvenError) as caught:
            await attempt
        assert caught.value.code is ErrorCode.QUOTA_EXCEEDED
    neighbour = await storage.scope(personal(1, ApplicationId("b" * 32)))
    await neighbour.kv_set(notes, "a", bytes(200_000))


async def test_what_is_removed_makes_room_again(open_storage: OpenStorage, notes: KvStore) -> None:
    store = await (await open_storage(application_quota=2_000_000)).scope(personal(1))
    await fill(store, notes, 100_000)
    for index in range(5):
        await store.kv_delete(notes, f"{index}")
    await store.kv_set(notes, "new", bytes(300_000))
    await store.files_write("f", bytes(150_000))
    with pytest.raises(ProvenError):
        await store.files_write("g", bytes(1_500_000))
    await store.files_remove("f")
    await store.files_write("g", bytes(150_000))


async def test_usage_is_what_is_on_the_disk(
    open_storage: OpenStorage, notes: KvStore, tmp_path: Path
) -> None:
    storage = await open_storage()
    store = await storage.scope(personal(1))
    for index in range(50):
        await store.kv_set(notes, f"{index}", os.urandom(10_000))
    await store.sql_execute("db", "CREATE TABLE t AS SELECT randomblob(100000)")
    await store.files_write("f", bytes(500_000))
    await store.files_write("g", bytes(500_000))
    await store.files_remove("g")
    used = await storage.used(APPLICATION)
    await storage.close()
    on_disk = sum(path.stat().st_size for path in (tmp_path / "data" / "apps").rglob("*") if path.is_file())
    assert used == on_disk


async def test_the_data_of_an_nft_is_its_owners_at_each_moment(
    open_storage: OpenStorage, notes: KvStore
) -> None:
    ownership = DevelopmentOwnership([(ALICE, "resource", "#1#")])
    storage = await open_storage(ownership=ownership)
    alice = await storage.scope(RING, identity=ALICE)
    await alice.kv_set(notes, "a", b"1")
    with pytest.raises(ProvenError) as caught:
        await storage.scope(RING, identity=BOB)
    assert caught.value.code is ErrorCode.NOT_OWNER
    transaction = await alice.transaction(timeout=60)

    ownership.grant(BOB, "resource", "#1#")
    bob = await storage.scope(RING, identity=BOB)
    for attempt in (
        alice.kv_get(notes, "a"),
        alice.kv_set(notes, "a", b"2"),
        alice.sql_query("db", "SELECT 1"),
        alice.files_write("f", b""),
        alice.transaction(timeout=60),
        transaction.kv_set(notes, "a", b"2"),
        transaction.commit(),
    ):
        with pytest.raises(ProvenError) as caught:
            await attempt
        assert caught.value.code is ErrorCode.NOT_OWNER
    await transaction.rollback()
    entry = await bob.kv_get(notes, "a")
    assert entry is not None
    assert entry.value == b"1"


async def test_without_an_identity_or_a_verifier_there_is_no_nft_data(open_storage: OpenStorage) -> None:
    storage = await open_storage()
    for identity, code in ((None, ErrorCode.NO_IDENTITY), (ALICE, ErrorCode.UNAVAILABLE)):
        with pytest.raises(ProvenError) as caught:
            await storage.scope(RING, identity=identity)
        assert caught.value.code is code


async def test_time_comes_from_the_clock_that_was_given(store: ScopeStore, clock: Clock) -> None:
    stat_ = await store.files_write("f", b"")
    assert stat_.modified == clock.now
