"""`proven listen` as somebody at a terminal, or a program, runs it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding

from proven.apps import Application
from proven.client import Client
from support.node import Node
from support.shell import Shell, at_home

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(node: Node) -> Application:
    return await node.deploy("herald")


@pytest_asyncio.fixture(loop_scope="module")
async def publisher(node: Node, app: Application) -> Client:
    return await node.connect(app)


async def lines(stream: asyncio.StreamReader | None, count: int = 1) -> list[str]:
    assert stream is not None
    async with asyncio.timeout(60):
        return [(await stream.readline()).decode().rstrip("\n") for _ in range(count)]


@contextlib.asynccontextmanager
async def listening(node: Node, tmp_path: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A `proven listen` that has said that it listens."""
    root = tmp_path / "root.pem"
    root.write_bytes(node.local.development_root.public_bytes(Encoding.PEM))
    shell = Shell(tmp_path, at_home(tmp_path), ("--node", node.url, "--development-root", str(root)))
    process = await shell.start_proven("listen", *arguments)
    try:
        while not (said := (await lines(process.stderr))[0]).startswith("Listening to "):
            assert said, "it ended"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_each_event_is_a_line_until_it_is_interrupted(
    node: Node, publisher: Client, tmp_path: Path
) -> None:
    async with listening(node, tmp_path, "herald", "news") as process:
        await publisher.call("tell", "news", {"id": 1, "bytes": b"\0\xff"}, "everyone")
        await publisher.call("tell", "other", 0, "everyone")
        await publisher.call("tell", "news", "two", "everyone")
        assert await lines(process.stdout, 2) == ['{"id": 1, "bytes": {"$bytes": "AP8="}}', '"two"']
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
        assert await lines(process.stderr) == [""]


async def test_several_events_are_named_and_an_identity_gets_its_own(
    node: Node, publisher: Client, app: Application, tmp_path: Path
) -> None:
    async with listening(node, tmp_path, "herald", "a", "b", "--as", "ada", "--count", "2") as process:
        (identity,) = {
            session.identity for session in node.local._sessions._sessions.values() if session.identity
        }
        await publisher.call("tell", "a", 0, "a" * 32)
        await publisher.call("tell", "b", [1], identity)
        await publisher.call("tell", "a", None, "everyone")
        assert await lines(process.stdout, 2) == ["b [1]", "a null"]
        assert await process.wait() == 0


async def test_for_programs_every_event_is_an_object_and_so_is_what_is_missing(
    node: Node, publisher: Client, tmp_path: Path
) -> None:
    async with listening(node, tmp_path, "herald", "news", "--json", "--count", "2") as process:
        await publisher.call("tell", "news", 1, "everyone")
        assert [json.loads(line) for line in await lines(process.stdout)] == [{"event": "news", "payload": 1}]
        mine = (await publisher.whoami()).session_id
        for session_id in [each for each in node.local._sessions._sessions if each != mine]:
            node.local._sessions.revoke(session_id)
        assert [json.loads(line) for line in await lines(process.stdout)] == [{"missed": None}]
        await publisher.call("tell", "news", 2, "everyone")
        assert [json.loads(line) for line in await lines(process.stdout)] == [{"event": "news", "payload": 2}]
        assert await process.wait() == 0


async def test_what_is_announced_and_which_version_answers_is_told(node: Node, tmp_path: Path) -> None:
    first = await node.deploy("herald", name="upgraded")
    async with listening(node, tmp_path, "upgraded", "news", "--upgrades", "--json") as process:
        (present,) = await lines(process.stdout)
        assert json.loads(present)["upgrade"] == {
            "what": "present",
            "entry": None,
            "package_id": first.package_id,
            "log_index": first.log_index,
            "pending": None,
            "previous": None,
        }
        second = await node.deploy("ledger", name="upgraded")
        (switched,) = await lines(process.stdout)
        assert json.loads(switched)["upgrade"] == {
            "what": "switched",
            "entry": second.log_index,
            "package_id": second.package_id,
            "log_index": second.log_index,
            "pending": None,
            "previous": first.package_id,
        }
    async with listening(node, tmp_path, "upgraded", "--upgrades", "--count", "2") as process:
        assert await lines(process.stdout) == [f"upgrade: {second.package_id} answers"]
        third = await node.deploy("herald", name="upgraded")
        assert await lines(process.stdout) == [
            f"upgrade: from now on {third.package_id} answers (entry {third.log_index})"
        ]
        assert await process.wait() == 0
