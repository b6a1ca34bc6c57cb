"""The data directory of a node: held by one node at a time, and kept through crashes and full disks."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from proven.client import Client
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from support.dev import copied, dev_node, dev_process
from support.node import APPS

KIB = 1024
MIB = 1024 * KIB
ALICE, BOB = new_seed(), new_seed()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return copied(APPS / "ledger", tmp_path / "ledger")


async def test_a_second_node_on_the_same_data_directory_refuses_and_names_the_first(
    ledger: Path, tmp_path: Path
) -> None:
    scratch = tmp_path / "node"
    async with dev_node(ledger, scratch) as first, await first.connect() as client:
        async with dev_process(ledger, scratch) as second:
            assert await second.ended() == 1
        failure = second.failure
        assert failure["code"] == "UNAVAILABLE"
        assert str(first.pid) in failure["message"]
        assert str(first.data_dir) in failure["message"]
        assert "Traceback" not in second.stderr
        assert await client.call("put", 1, 1) is not None
        assert [file.stem for file in first.presence_files] == [str(first.pid)]


async def test_the_data_directory_of_a_killed_node_can_be_used_at_once(ledger: Path, tmp_path: Path) -> None:
    async with dev_node(ledger, tmp_path / "node") as first:
        first.kill()
        await first.ended()
    async with dev_node(ledger, tmp_path / "node") as second, await second.connect() as client:
        assert await client.call("ping") == "pong"


async def fill(client: Client, size: int) -> tuple[int, ProvenError]:
    """Insert rows until one is refused; returns how many were acknowledged, and the refusal."""
    acknowledged = 0
    while True:
        try:
            await client.call("insertBlob", size)
        except ProvenError as error:
            return acknowledged, error
        acknowledged += 1


async def test_where_a_file_cannot_grow_the_handler_learns_it_and_nothing_is_damaged(
    ledger: Path, tmp_path: Path
) -> None:
    """Only files beyond a size fail here: other scopes, whose files are smaller, do not notice."""
    async with dev_node(ledger, tmp_path / "node") as node:
        async with await node.connect(identity=ALICE) as alice, await node.connect(identity=BOB) as bob:
            await alice.call("transfer", 1, 1, 10)
            await bob.call("putOwn", 1, 1)
            node.limit_file_size(2 * MIB)
            acknowledged, error = await fill(alice, 64 * KIB)
            assert acknowledged > 3
            assert error.code is ErrorCode.STORAGE_FULL
            seen = await alice.call("tryBlob", 64 * KIB)
            assert isinstance(seen, dict)
            assert (seen["name"], seen["code"]) == ("ProvenError", "STORAGE_FULL")
            assert str(tmp_path) not in f"{seen} {error.message} {error.details}"
            await bob.call("putOwn", 1, 2)
            assert await bob.call("ownEntries") == {"put/1": 2}

            node.limit_file_size(resource.RLIM_INFINITY)
            await bob.call("putOwn", 1, 3)
            assert await alice.call("blobs") == {"n": acknowledged, "size": acknowledged * 64 * KIB}
            await alice.call("insertBlob", 64 * KIB)
            await alice.call("transfer", 1, 2, 5)
        node.interrupt()
        assert await node.ended() == 0
    async with dev_node(ledger, tmp_path / "node") as node, await node.connect(identity=BOB) as bob:
        assert (await bob.call("blobs"))["n"] == acknowledged + 1
        assert (await bob.call("everything"))["entries"]["total/1"] == 15
        assert await bob.call("ownEntries") == {"put/1": 3}


def in_a_mount_namespace() -> list[str]:
    """The prefix of a command that may mount file systems of its own, or a visible skip."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare(1) to mount a small disk")
    prefix = [unshare, "--mount", "--propagation", "private"]
    if os.geteuid() != 0:
        prefix += ["--user", "--map-root-user"]
    probe = [*prefix, "mount", "-t", "tmpfs", "none", "/mnt"]
    tried = subprocess.run(probe, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"may not mount a small disk here: {tried.stderr.strip()}")
    return prefix


async def test_a_full_disk_refuses_every_write_until_there_is_space_again(
    ledger: Path, tmp_path: Path
) -> None:
    prefix = in_a_mount_namespace()
    scratch = tmp_path / "node"
    (scratch / "data").mkdir(parents=True)
    script = (
        'mount -t tmpfs -o size=32m none "$1" && head -c 12m /dev/zero > "$1/ballast" && shift && exec "$@"'
    )
    command = [*prefix, "sh", "-c", script, "sh", str(scratch / "data"), sys.executable, "-m", "proven"]
    async with dev_node(ledger, scratch, command=command) as node:
        inside = Path(f"/proc/{node.pid}/root") / (scratch / "data").relative_to("/")
        async with await node.connect(identity=ALICE) as alice, await node.connect(identity=BOB) as bob:
            await alice.call("transfer", 1, 1, 10)
            await bob.call("putOwn", 1, 1)
            acknowledged = 0
            for size in (256 * KIB, KIB):
                more, error = await fill(alice, size)
                acknowledged += more
                assert error.code is ErrorCode.STORAGE_FULL
                assert error.retry_after is not None
            assert await alice.call("ping") == "pong"
            assert await bob.call("ownEntries") == {"put/1": 1}

            (inside / "ballast").unlink()
            await bob.call("putOwn", 1, 2)
            assert await bob.call("ownEntries") == {"put/1": 2}
            held = await alice.call("blobs")
            assert held["n"] == acknowledged
            await alice.call("insertBlob", 256 * KIB)
            assert await alice.call("transfer", 1, 2, 5) == 15
