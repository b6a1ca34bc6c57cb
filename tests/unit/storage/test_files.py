from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.storage import Scope, ScopeStore
from proven.wire.errors import ErrorCode, ProvenError

from .conftest import APPLICATION, OpenStorage

SIZES = [0, 1, 65_536, 65_537, 262_144, 262_145, 1_000_000]


def content_of(size: int, salt: int = 0) -> bytes:
    return bytes((index * 7 + salt) % 251 for index in range(251)) * (size // 251 + 1)


async def in_parts(content: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def read(store: ScopeStore, path: str, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join([part async for part in await store.files_read(path, offset=offset, length=length)])


def blobs(directory: Path) -> int:
    return len(list(directory.rglob("*.blob")))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("part", [None, 1000, 700_000])
async def test_a_file_is_read_as_it_was_written(store: ScopeStore, size: int, part: int | None) -> None:
    content = content_of(size)[:size]
    source = content if part is None else in_parts(content, part)
    written = await store.files_write("d/f", source, content_type="text/plain")
    assert await read(store, "d/f") == content
    assert written == await store.files_stat("/d/f")
    assert (written.path, written.size, written.content_type) == ("d/f", size, "text/plain")
    assert written.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("size", [10, 600_000])
async def test_any_range_can_be_read(store: ScopeStore, size: int) -> None:
    content = content_of(size)[:size]
    await store.files_write("f", content)
    for offset in (0, 1, size // 2, 262_143, 262_144, size - 1, size, size + 1):
        for length in (None, 0, 1, 300_000):
            end = size if length is None else offset + length
            assert await read(store, "f", offset, length) == content[offset:end]


async def test_appended_parts_read_as_one_file(store: ScopeStore) -> None:
    expected = b""
    for index, size in enumerate([10, 0, 60_000, 10_000, 300_000, 5, 65_536, 70_000, 1]):
        part = content_of(size, index)[:size]
        expected += part
        stat = await store.files_append("log", part)
        assert stat.size == len(expected)
    assert await read(store, "log") == expected
    assert await read(store, "log", 65_000, 300_000) == expected[65_000:365_000]
    stat_now = await store.files_stat("log")
    assert stat_now is not None
    assert stat_now.sha256 == hashlib.sha256(expected).hexdigest()
    quick = await store.files_stat("log", digest=False)
    assert quick == stat_now, "a digest that was computed is kept"


async def test_concurrent_appends_lose_nothing(store: ScopeStore) -> None:
    await asyncio.gather(*(store.files_append("log", b"%04d\n" % index) for index in range(100)))
    assert sorted((await read(store, "log")).split()) == [b"%04d" % index for index in range(100)]


async def test_a_reader_keeps_the_content_it_began_to_read(store: ScopeStore, tmp_path: Path) -> None:
    old, new = content_of(900_000)[:900_000], content_of(800_000, 1)[:800_000]
    await store.files_write("f", old)
    reader = await store.files_read("f")
    first = await anext(reader)
    await store.files_write("f", new)
    assert first + b"".join([part async for part in reader]) == old
    assert await read(store, "f") == new
    assert blobs(tmp_path) == 1


async def test_a_reader_that_stops_early_lets_the_content_go(store: ScopeStore, tmp_path: Path) -> None:
    await store.files_write("f", bytes(900_000))
    reader = await store.files_read("f")
    await anext(reader)
    await store.files_remove("f")
    assert blobs(tmp_path) == 1
    await reader.aclose()
    assert blobs(tmp_path) == 0


async def test_content_that_breaks_off_changes_nothing(store: ScopeStore, tmp_path: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(500_000)
        raise ConnectionResetError

    await store.files_write("f", b"before")
    with pytest.raises((ProvenError, ConnectionResetError)):
        await store.files_write("f", breaking())
    assert await read(store, "f") == b"before"
    assert blobs(tmp_path) == 0


async def test_a_cancelled_upload_leaves_nothing(store: ScopeStore, tmp_path: Path) -> None:
    started = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield bytes(500_000)
        started.set()
        await asyncio.Event().wait()

    writing = asyncio.ensure_future(store.files_write("f", endless()))
    await started.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await store.files_stat("f") is None
    assert blobs(tmp_path) == 0


async def test_what_an_upload_left_when_the_node_died_is_removed_at_the_next_start(
    open_storage: OpenStorage, tmp_path: Path
) -> None:
    storage = await open_storage()
    store = await storage.scope(Scope.application(APPLICATION))
    await store.files_write("f", bytes(300_000))
    await storage.close()
    (blob,) = tmp_path.rglob("*.blob")
    orphan = blob.with_name("0" * 32 + ".blob")
    orphan.write_bytes(bytes(100))

    store = await (await open_storage()).scope(Scope.application(APPLICATION))
    assert len(await read(store, "f")) == 300_000
    assert not orphan.exists()
    assert blob.exists()


async def test_replaced_and_removed_files_give_their_space_back(store: ScopeStore, tmp_path: Path) -> None:
    for index in range(5):
        await store.files_write(f"d/{index}", bytes(100_000))
        await store.files_write(f"d/{index}", bytes(200_000))
    assert blobs(tmp_path) == 5
    assert await store.files_remove("d", recursive=True)
    assert blobs(tmp_path) == 0
    assert await store.files_list() == []


async def test_directories_are_made_listed_and_removed(store: ScopeStore) -> None:
    await store.files_mkdir("a/b")
    await store.files_mkdir("a/b")
    await store.files_write("a/f", b"x")
    await store.files_write("a/é", b"x")
    assert [(stat.path, stat.is_directory) for stat in await store.files_list("a")] == [
        ("a/b", True),
        ("a/f", False),
        ("a/é", False),
    ]
    assert [stat.path for stat in await store.files_list("a", after="b", limit=1)] == ["a/f"]
    with pytest.raises(ProvenError) as caught:
        await store.files_remove("a")
    assert caught.value.code is ErrorCode.CONFLICT
    assert await store.files_remove("a/b")
    assert not await store.files_remove("a/b")


async def test_renaming_moves_a_tree_and_replaces_a_file(store: ScopeStore, tmp_path: Path) -> None:
    await store.files_write("a/b/f", bytes(100_000))
    await store.files_write("g", bytes(200_000))
    await store.files_rename("a", "x/y")
    assert await store.files_stat("a") is None
    moved = await store.files_rename("x/y/b/f", "g")
    assert (moved.path, moved.size) == ("g", 100_000)
    assert blobs(tmp_path) == 1
    with pytest.raises(ProvenError, match="into itself"):
        await store.files_rename("x", "x/y/z")
    with pytest.raises(ProvenError) as caught:
        await store.files_rename("g", "x")
    assert caught.value.code is ErrorCode.CONFLICT
    with pytest.raises(ProvenError) as caught:
        await store.files_rename("nothing", "h")
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_a_file_is_no_directory_and_a_directory_no_file(store: ScopeStore) -> None:
    await store.files_write("f", b"x")
    await store.files_mkdir("d")
    for attempt, code in (
        (store.files_write("f/g", b""), ErrorCode.CONFLICT),
        (store.files_write("d", b""), ErrorCode.CONFLICT),
        (store.files_append("d", b""), ErrorCode.CONFLICT),
        (store.files_mkdir("f"), ErrorCode.CONFLICT),
        (store.files_list("f"), ErrorCode.BAD_REQUEST),
        (store.files_read("d"), ErrorCode.BAD_REQUEST),
        (store.files_read("none"), ErrorCode.NOT_FOUND),
        (store.files_list("none"), ErrorCode.NOT_FOUND),
        (store.files_write("..", b""), ErrorCode.BAD_REQUEST),
        (store.files_read("d/../f"), ErrorCode.BAD_REQUEST),
        (store.files_read("f", offset=-1), ErrorCode.BAD_REQUEST),
        (store.files_write("f", b"", content_type="é"), ErrorCode.BAD_REQUEST),
    ):
        with pytest.raises(ProvenError) as caught:
            await attempt
        assert caught.value.code is code


async def test_paths_name_nothing_outside_and_content_is_unreadable_on_the_disk(
    store: ScopeStore, tmp_path: Path
) -> None:
    secret = b"a secret that must not be found " * 10_000
    await store.files_write("secret-name", secret)
    await store.files_write("secret-small", secret[:1000])
    for path in tmp_path.rglob("*"):
        assert "secret" not in path.name
        if path.is_file():
            assert b"a secret that" not in path.read_bytes()
            assert path.stat().st_mode & 0o077 == 0 or path.name == "lock"


@pytest.mark.parametrize("damage", ["flip", "cut", "extend", "swap"])
async def test_content_that_was_tampered_with_does_not_open(
    store: ScopeStore, tmp_path: Path, damage: str
) -> None:
    await store.files_write("f", content_of(600_000)[:600_000])
    (blob,) = tmp_path.rglob("*.blob")
    content = bytearray(blob.read_bytes())
    match damage:
        case "flip":
            content[300_000] ^= 1
        case "cut":
            del content[-1000:]
        case "extend":
            content += bytes(10)
        case "swap":
            size = 262_144 + 16
            content[:size], content[size : 2 * size] = content[size : 2 * size], content[:size]
    blob.write_bytes(content)
    if damage == "extend":
        assert await read(store, "f") == content_of(600_000)[:600_000]
        return
    with pytest.raises(ProvenError, match="integrity check"):
        await read(store, "f")


async def test_small_writes_go_on_beside_a_large_upload(store: ScopeStore) -> None:
    proceed = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield bytes(262_144)
        await proceed.wait()
        yield b"end"

    upload = asyncio.ensure_future(store.files_write("large", slow()))
    async with asyncio.timeout(60):
        await store.files_write("small", b"x")
        assert await read(store, "small") == b"x"
    proceed.set()
    assert (await upload).size == 8 * 262_144 + 3
