"""`proven logs` and `proven metrics` as somebody at a terminal, or a program, runs them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from proven.apps import Application
from proven.cli.key import new_key
from proven.client import Client
from proven.wire.applications import Multisig
from proven.wire.commands import LogLine
from proven.wire.errors import ProvenError
from support.desk import Desk, desk_at
from support.node import running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "\x1b[2J\x1b]0;owned\x07red\x9b31m \u202egnirts\u202c back\r\b\x00 \u2028 end"


@dataclass
class Place:
    """A node that somebody at this machine runs."""

    desk: Desk
    app: Application
    caller: Client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    data, home = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("home")
    async with running_node(data) as node:
        app = await node.deploy("chatty")
        with desk_at(node, data, home) as desk:
            yield Place(desk, app, await node.connect(app))


@contextlib.asynccontextmanager
async def following(
    place: Place, *arguments: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Callable[[], Awaitable[str]]]]:
    process = await place.desk.start_proven("logs", "chatty", "--follow", *arguments)

    async def line() -> str:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            return (await process.stdout.readline()).decode().rstrip("\n")

    try:
        yield process, line
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_history_then_what_comes_until_it_is_interrupted(place: Place) -> None:
    async with following(place) as (process, line):
        assert (await line()).endswith("node │ version 1 is live")
        await place.caller.call("say", "warn", "two\nlines")
        first, second = await line(), await line()
        assert first.endswith("  warn   say │ two")
        assert second.endswith("  warn   say │ lines")
        with pytest.raises(ProvenError):
            await place.caller.call("fail", "on purpose")
        assert (await line()).endswith("  error  fail │ HANDLER_ERROR: RangeError: on purpose")
        assert (await line()).endswith("  error  fail │     at src/chatty.ts:13:9")
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            assert await process.wait() == 130
        assert process.stderr is not None
        assert await process.stderr.read() == b""


async def test_hostile_lines_are_harmless_at_a_terminal_and_whole_for_programs(place: Place) -> None:
    await place.caller.call("say", "log", HOSTILE)
    status, out, _ = await place.desk.run("logs", "chatty")
    assert status == 0
    assert "red" in out
    assert all(char.isprintable() or char == "\n" for char in out)
    for word in ("owned", "31m", "end"):
        (shown,) = [line for line in out.splitlines() if word in line]
        assert " log    say │ " in shown
    status, out, _ = await place.desk.run("logs", "chatty", "--json")
    assert status == 0
    assert all(char.isprintable() or char == "\n" for char in out)
    assert HOSTILE in [json.loads(line)["text"] for line in out.strip().split("\n")]


async def test_lines_are_left_out_as_asked(place: Place) -> None:
    await place.caller.call("say", "error", "bad")
    await place.caller.call("say", "debug", "detail")
    _, out, _ = await place.desk.run("logs", "chatty", "--json", "--handler", "say", "--level", "error")
    assert {json.loads(line)["level"] for line in out.splitlines()} == {"error"}
    assert {json.loads(line)["handler"] for line in out.splitlines()} == {"src/chatty.ts#say"}
    _, out, _ = await place.desk.run("logs", "chatty", "--json", "--since", "1h")
    assert "detail" in [json.loads(line)["text"] for line in out.splitlines()]
    _, out, _ = await place.desk.run("logs", "chatty", "--json", "--since", "2999-01-01T00:00:00+00:00")
    assert out == ""
    status, _, err = await place.desk.run("logs", "chatty", "--since", "yesterday")
    assert status == 2
    assert "10m" in err


async def test_nobody_but_the_owner_gets_a_line(place: Place, tmp_path: Path) -> None:
    new_key(tmp_path / "stranger.key")
    stranger = ("--key", str(tmp_path / "stranger.key"))
    for command in ("logs", "metrics"):
        status, out, err = await place.desk.run(command, "chatty", *stranger)
        assert status == 1
        assert out == ""
        assert "for the owner" in err
        status, out, _ = await place.desk.run(command, "chatty", *stranger, "--json")
        assert json.loads(out)["error"]["code"] == "FORBIDDEN"


async def test_the_key_of_an_owner_or_a_signer_reads(place: Place, tmp_path: Path) -> None:
    owner, signer = (new_key(tmp_path / f"{name}.key") for name in ("owner", "signer"))
    policy = Multisig(threshold=1, keys=(signer.public_key,))
    applications = place.desk.node.local._applications
    record = await applications.create(owner, "theirs", b"nonce", policy=policy)
    line = LogLine(sequence=0, at=int(time.time() * 1000), kind="console", level="info", text="for us")
    place.desk.node.local._telemetry.logs.append(record.id, line)
    for name in ("owner", "signer"):
        key = ("--key", str(tmp_path / f"{name}.key"))
        status, out, _ = await place.desk.run("logs", "theirs", *key, "--json")
        assert (status, [json.loads(line)["text"] for line in out.splitlines()]) == (0, ["for us"])
        assert (await place.desk.run("metrics", "theirs", *key))[:2] == (0, "No calls in that time.\n")
    status, _, err = await place.desk.run("logs", "theirs")
    assert status == 1
    assert "--key" in err


async def test_metrics_are_a_table_and_a_document(place: Place) -> None:
    await place.caller.call("wait", 1)
    status, out, _ = await place.desk.run("metrics", "chatty")
    assert status == 0
    head, *rows = out.splitlines()
    assert head.split() == ["handler", "version", "calls", "failed", "p50", "p90", "p99", "errors"]
    assert any(row.split()[:4] == ["src/chatty.ts#wait", "1", "1", "0"] for row in rows)
    assert any(row.startswith("process of ") for row in rows)
    status, out, _ = await place.desk.run("metrics", "chatty", "--json", "--handler", "wait", "--since", "1d")
    found = json.loads(out)
    assert [each["handler"] for each in found["handlers"]] == ["src/chatty.ts#wait"]
    assert sum(point["calls"] for point in found["points"]) == 1
    assert (await place.desk.run("metrics", "chatty", "--since", "1m", "--handler", "none"))[1] == (
        "No calls in that time.\n"
    )


@pytest.mark.parametrize("command", ["logs", "metrics"])
async def test_who_asks_for_a_handler_that_there_is_not_is_told_those_there_are(
    place: Place, command: str
) -> None:
    status, out, err = await place.desk.run(command, "chatty", "--handler", "nope")
    assert (status, "nope" in out) == (0, False)
    assert err.startswith("note: the version that answers has no handler 'nope'; there are: ")
    assert " wait" in err
    for known in ("wait", "src/chatty.ts#wait"):
        assert (await place.desk.run(command, "chatty", "--handler", known))[2] == ""
