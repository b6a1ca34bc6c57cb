"""What the embedded backend promises beyond the interface: a secret file, one process, bounded queues."""

from __future__ import annotations

import asyncio
import stat
import threading
from pathlib import Path

import apsw
import pytest

from proven.engine.embedded import EmbeddedEngine, _database
from proven.wire.errors import ErrorCode, ProvenError
from support.clock import Clock

ROOT_KEY = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "engine.db"


@pytest.fixture
async def engine(path: Path):
    engine = EmbeddedEngine(path, ROOT_KEY)
    await engine.start()
    yield engine
    await engine.stop()


async def refused(call) -> ProvenError:
    with pytest.raises(ProvenError) as error:
        await call
    return error.value


async def test_nothing_readable_reaches_the_disk(engine: EmbeddedEngine, path: Path) -> None:
    await engine.logs.append("secret-log", "secret-subject", b"secret-data" * 100)
    await engine.objects.put("secret-bucket", "secret-name", b"secret-data" * 100)
    files = [file for file in path.parent.iterdir() if file.is_file()]
    assert {path.name, path.name + "-wal"} <= {file.name for file in files}
    for file in files:
        content = file.read_bytes()
        assert b"secret" not in content
        assert b"SQLite format" not in content


async def test_only_the_owner_of_the_process_can_read_the_files(engine: EmbeddedEngine, path: Path) -> None:
    await engine.logs.append("log", "a", b"")
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


async def test_another_root_key_does_not_open_the_file(engine: EmbeddedEngine, path: Path) -> None:
    await engine.stop()
    stranger = EmbeddedEngine(path, bytes(32))
    error = await refused(stranger.start())
    assert error.code is ErrorCode.UNAVAILABLE
    assert "root key" in error.message
    await engine.start()


def test_a_short_root_key_is_refused(path: Path) -> None:
    with pytest.raises(ProvenError):
        EmbeddedEngine(path, bytes(31))


async def test_a_second_engine_on_the_same_file_is_refused(engine: EmbeddedEngine, path: Path) -> None:
    second = EmbeddedEngine(path, ROOT_KEY)
    error = await refused(second.start())
    assert error.code is ErrorCode.UNAVAILABLE
    assert "another process" in error.message
    await engine.stop()
    await second.start()
    await second.stop()
    await engine.start()


async def test_a_changed_page_is_noticed(engine: EmbeddedEngine, path: Path) -> None:
    for _ in range(20):
        await engine.logs.append("log", "a", bytes(1000))
    await engine.stop()
    content = bytearray(path.read_bytes())
    for position in range(5000, len(content), 4096):
        content[position] ^= 1
    path.write_bytes(content)
    damaged = EmbeddedEngine(path, ROOT_KEY)
    try:
        await damaged.start()
        error = await refused(damaged.logs.read("log"))
    except ProvenError as raised:
        error = raised
    finally:
        await damaged.stop()
    assert error.code is ErrorCode.UNAVAILABLE


async def test_a_file_of_a_later_format_is_left_alone(engine: EmbeddedEngine, path: Path) -> None:
    await engine._database.write(lambda database: database.pragma("user_version") and None)
    await engine.stop()
    database = engine._database._connect()
    database.pragma("user_version", 99)
    database.close()
    error = await refused(engine.start())
    assert "format 99" in error.message


async def test_commits_are_flushed_to_the_disk(engine: EmbeddedEngine) -> None:
    full = 2
    assert await engine._database.write(lambda database: database.pragma("synchronous")) == full


async def test_concurrent_appends_share_commits(engine: EmbeddedEngine) -> None:
    commits: list[None] = []

    def count() -> bool:
        commits.append(None)
        return False

    await engine._database.write(lambda database: database.set_commit_hook(count))
    await asyncio.gather(*(engine.logs.append("log", "a", b"") for _ in range(500)))
    assert len(commits) < 100


async def test_the_event_loop_goes_on_while_the_disk_is_busy(engine: EmbeddedEngine) -> None:
    release = threading.Event()
    blocked = asyncio.ensure_future(engine._database.write(lambda _database: release.wait(30)))
    waiting = asyncio.ensure_future(engine.logs.append("log", "a", b""))
    assert await engine.logs.last("log") == 0
    assert not waiting.done()
    release.set()
    assert await waiting == 1
    await blocked


async def test_work_beyond_the_bound_is_refused_and_the_rest_is_done(
    engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_database, "MAX_PENDING", 10)
    release = threading.Event()
    blocked = asyncio.ensure_future(engine._database.write(lambda _database: release.wait(30)))
    await asyncio.sleep(0)
    appends = [asyncio.ensure_future(engine.logs.append("log", "a", b"")) for _ in range(20)]
    await asyncio.sleep(0)
    release.set()
    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    await blocked
    assert outcomes[:9] == list(range(1, 10))
    overloaded = [outcome for outcome in outcomes[9:] if isinstance(outcome, ProvenError)]
    assert {error.code for error in overloaded} == {ErrorCode.OVERLOADED}
    assert len(overloaded) == 11
    assert await engine.logs.append("log", "a", b"") == 10


async def test_queued_bytes_are_bounded_too(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_database, "MAX_PENDING_BYTES", 1000)
    error = await refused(engine.logs.append("log", "a", bytes(1001)))
    assert error.code is ErrorCode.OVERLOADED
    assert await engine.logs.append("log", "a", bytes(1000)) == 1


async def test_a_write_cancelled_before_its_turn_does_not_happen(engine: EmbeddedEngine) -> None:
    release = threading.Event()
    blocked = asyncio.ensure_future(engine._database.write(lambda _database: release.wait(30)))
    await asyncio.sleep(0)
    cancelled = asyncio.ensure_future(engine.logs.append("log", "a", b"cancelled"))
    kept = asyncio.ensure_future(engine.logs.append("log", "a", b"kept"))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    release.set()
    await asyncio.gather(blocked, kept)
    assert [record.data for record in await engine.logs.read("log")] == [b"kept"]


async def test_one_failing_write_does_not_fail_those_committed_with_it(engine: EmbeddedEngine) -> None:
    def insert_and_fail(database: apsw.Connection) -> None:
        database.execute("INSERT INTO records VALUES ('log', 99, 'a', x'')")
        raise ZeroDivisionError

    release = threading.Event()
    blocked = asyncio.ensure_future(engine._database.write(lambda _database: release.wait(30)))
    await asyncio.sleep(0)
    calls = [
        engine.logs.append("log", "a", b"1"),
        engine._database.write(insert_and_fail),
        engine.logs.append("log", "a", b"2"),
    ]
    together = asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(0)
    release.set()
    first, failed, second = await together
    await blocked
    assert (first, second) == (1, 2)
    assert isinstance(failed, ProvenError)
    assert failed.code is ErrorCode.INTERNAL
    assert [record.sequence for record in await engine.logs.read("log")] == [1, 2]


async def test_a_full_disk_is_a_clear_error_and_corrupts_nothing(engine: EmbeddedEngine) -> None:
    pages = await engine._database.write(lambda database: database.pragma("page_count"))
    await engine._database.write(lambda database: database.pragma("max_page_count", pages + 60))
    appended = 0
    while True:
        try:
            appended = await engine.logs.append("log", "a", bytes(20_000))
        except ProvenError as error:
            full = error
            break
    assert full.code is ErrorCode.STORAGE_FULL
    assert appended > 0
    assert (await refused(engine.objects.put("bucket", "a", bytes(1_000_000)))).code is ErrorCode.STORAGE_FULL
    await engine._database.write(lambda database: database.pragma("max_page_count", 1_000_000))
    assert await engine.logs.append("log", "a", b"room again") == appended + 1
    assert await engine._database.read(lambda database: database.pragma("integrity_check")) == "ok"


async def test_unfinished_uploads_leave_nothing_behind(engine: EmbeddedEngine) -> None:
    async def broken():
        yield bytes(1_000_000)
        raise ConnectionError

    def chunks() -> int:
        return engine._database.write(lambda database: database.execute("SELECT count(*) FROM chunks").get)

    with pytest.raises(ConnectionError):
        await engine.objects.put("bucket", "a", broken())
    assert await chunks() == 0
    await engine._database.write(lambda database: database.execute("INSERT INTO chunks VALUES (7, 0, x'')"))
    await engine.stop()
    await engine.start()
    assert await chunks() == 0


async def test_a_damaged_object_is_never_read_to_its_end(engine: EmbeddedEngine) -> None:
    await engine.objects.put("bucket", "a", bytes(1_000_000))
    await engine._database.write(
        lambda database: database.execute(
            "UPDATE chunks SET data = CAST(zeroblob(524287) || x'01' AS BLOB) WHERE position = 0"
        )
    )
    received = 0
    async with engine.objects.stream("bucket", "a") as chunks:
        first = await anext(chunks)
        received += len(first)
        error = await refused(anext(chunks))
    assert error.code is ErrorCode.UNAVAILABLE
    assert received < 1_000_000


async def test_deleted_registers_do_not_pile_up(engine: EmbeddedEngine) -> None:
    async def rows() -> int:
        return await engine._database.read(
            lambda database: database.execute("SELECT count(*) FROM registers").get
        )

    async with await engine.registers.watch("bucket") as entries:
        for n in range(50):
            await engine.registers.put("bucket", f"k{n}", b"")
            await engine.registers.delete("bucket", f"k{n}")
            while (await anext(entries)).value is not None:
                pass
        assert await rows() <= 2
    await engine.stop()
    await engine.start()
    assert await rows() == 0


async def test_leases_end_by_the_clock_that_was_given(path: Path) -> None:
    clock = Clock(1000.0)
    engine = EmbeddedEngine(path, ROOT_KEY, clock=clock)
    await engine.start()
    lease = await engine.leases.acquire("leader", ttl=10)
    assert lease.expires_at == clock.now + 10
    clock.now += 9
    renewed = await engine.leases.renew(lease)
    clock.now += 9
    error = await refused(engine.leases.acquire("leader", ttl=10))
    assert error.retry_after == pytest.approx(1)
    clock.now = renewed.expires_at
    assert (await engine.leases.acquire("leader", ttl=10)).token > lease.token
    await engine.stop()


async def test_stopping_finishes_what_was_queued(engine: EmbeddedEngine) -> None:
    appends = [asyncio.ensure_future(engine.logs.append("log", "a", b"")) for _ in range(100)]
    await asyncio.sleep(0)
    await engine.stop()
    assert sorted(await asyncio.gather(*appends)) == list(range(1, 101))
    await engine.stop()
    await engine.start()
    assert await engine.logs.last("log") == 100
