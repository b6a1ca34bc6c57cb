"""Two nodes on one data directory, and a directory that is not this node's."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from fault.storage_workload import ROOT_KEY, hold_directory
from proven.storage import Storage
from proven.wire.errors import ErrorCode, ProvenError


async def test_the_second_of_two_nodes_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe()
    process = context.Process(target=hold_directory, args=(tmp_path, there))
    process.start()
    assert here.recv() == "holding"

    with pytest.raises(ProvenError, match=f"in use by process {process.pid}: .* --data-dir") as caught:
        await Storage(tmp_path, ROOT_KEY).start()
    assert caught.value.code is ErrorCode.UNAVAILABLE

    here.send("done")
    process.join()
    storage = Storage(tmp_path, ROOT_KEY)
    await storage.start()
    with pytest.raises(ProvenError, match="in use"):
        await Storage(tmp_path, ROOT_KEY).start()
    await storage.close()


async def test_the_directory_of_a_killed_node_is_free(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    here, there = context.Pipe()
    process = context.Process(target=hold_directory, args=(tmp_path, there))
    process.start()
    assert here.recv() == "holding"
    process.kill()
    process.join()
    storage = Storage(tmp_path, ROOT_KEY)
    await storage.start()
    await storage.close()


async def test_a_directory_of_another_root_key_is_refused_rather_than_empty(tmp_path: Path) -> None:
    storage = Storage(tmp_path, ROOT_KEY)
    await storage.start()
    await storage.close()
    with pytest.raises(ProvenError, match="another root key") as caught:
        await Storage(tmp_path, b"x" * 32).start()
    assert caught.value.code is ErrorCode.FORBIDDEN
    (tmp_path / "format").write_bytes(b"something else\n")
    with pytest.raises(ProvenError, match="format"):
        await Storage(tmp_path, ROOT_KEY).start()
