"""A disk without space: a clear error, and nothing that was acknowledged is lost or damaged."""

from __future__ import annotations

import multiprocessing
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fault.storage_workload import KINDS, NUMBERS, ROOT_KEY, SCOPE, SQL, file_content, write, write_until_full
from proven.storage import Storage


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes, where one may be mounted."""
    mounted = tmp_path / "disk"
    mounted.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mounted)]
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a file system; the other test limits the size of files instead")
    yield mounted
    subprocess.run(["umount", "--lazy", str(mounted)], check=True)


def fill(directory: Path, file_size: int | None) -> tuple[dict[str, int], dict[str, str]]:
    """Write in a process of its own until it is refused; the last acknowledged writes and the refusals."""
    context = multiprocessing.get_context("forkserver")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=write_until_full, args=(directory, file_size, sender))
    process.start()
    sender.close()
    acknowledged: dict[str, int] = {}
    while isinstance(message := receiver.recv(), tuple):
        acknowledged[message[0]] = message[2]
    process.join()
    assert process.exitcode == 0
    return acknowledged, message


async def check(directory: Path, acknowledged: dict[str, int]) -> None:
    storage = Storage(directory, ROOT_KEY)
    await storage.start()
    store = await storage.scope(SCOPE)
    for kind in ("kv", "transaction"):
        entry = await store.kv_get(NUMBERS, f"{kind}/0")
        assert entry is not None
        assert int(entry.value) == acknowledged[kind]
    for number in range(acknowledged["kv"] + 1):
        assert await store.kv_has(NUMBERS, f"ballast/{number}")
    for kind in ("sql", "transaction"):
        rows = await store.sql_query(SQL, "SELECT number FROM n WHERE kind = ? ORDER BY number", [kind])
        assert rows.rows == [(number,) for number in range(acknowledged[kind] + 1)]
    for path in ("file", "transaction"):
        content = b"".join([part async for part in await store.files_read(f"{path}/0")])
        assert content == file_content(0, acknowledged[path])
    log = b"".join([part async for part in await store.files_read("append/0")])
    assert log == b"".join(b"%08d" % number * 1000 for number in range(acknowledged["append"] + 1))
    await storage.close()


async def test_a_file_that_cannot_grow_is_a_clear_error_and_nothing_is_damaged(tmp_path: Path) -> None:
    acknowledged, refused = fill(tmp_path / "data", 700_000)
    assert refused == dict.fromkeys(KINDS, "STORAGE_FULL")
    await check(tmp_path / "data", acknowledged)


async def test_a_full_disk_is_a_clear_error_and_with_space_again_it_goes_on(small_disk: Path) -> None:
    acknowledged, refused = fill(small_disk / "data", None)
    assert refused == dict.fromkeys(KINDS, "STORAGE_FULL")
    remount = ["mount", "-o", "remount,size=8m", str(small_disk)]
    subprocess.run(remount, check=True, capture_output=True)
    await check(small_disk / "data", acknowledged)

    storage = Storage(small_disk / "data", ROOT_KEY)
    await storage.start()
    store = await storage.scope(SCOPE)
    for kind in KINDS:
        await write(store, kind, 0, acknowledged[kind] + 1)
    await storage.close()
