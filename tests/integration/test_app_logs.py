"""The logs and metrics of applications on whole nodes, with real guests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.apps import Application
from proven.client import Client, MissedLines, connect
from proven.node import keys
from proven.node.config import AdminSettings, GatewaySettings, NodeConfig
from proven.node.local import local_node
from proven.telemetry import LogLimits, TelemetryConfig
from proven.wire.commands import LogLine
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey, new_seed
from support.node import Node, running_node
from support.turns import turns

Reading = AsyncGenerator[LogLine | MissedLines, None]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(tmp_path, admin=AdminSettings(port=0)) as node:
        yield node


@pytest.fixture
async def app(node: Node) -> Application:
    return await node.deploy("chatty")


def owner_of(directory: Path) -> IdentityKey:
    seed = keys.derive(keys.load_or_create(directory / "root.key"), "owner")
    return IdentityKey(Ed25519PrivateKey.from_private_bytes(seed), None)


async def manager(node: Node, identity: IdentityKey | None) -> Client:
    return await connect(node.url, application=None, verifier=node.verifier, identity=identity)


@contextlib.asynccontextmanager
async def owning(node: Node, directory: Path) -> AsyncIterator[Client]:
    async with await manager(node, owner_of(directory)) as client:
        yield client


async def history(client: Client, app: Application, **options: Any) -> list[LogLine]:
    found = []
    async with contextlib.aclosing(client.logs(app.id, **options)) as lines:
        async for line in lines:
            assert isinstance(line, LogLine)
            found.append(line)
    return found


async def take(reading: Reading, count: int) -> list[LogLine | MissedLines]:
    async with asyncio.timeout(60):
        return [await anext(reading) for _ in range(count)]


def texts(lines: list[LogLine | MissedLines] | list[LogLine]) -> list[str]:
    return [line.text for line in lines if isinstance(line, LogLine)]


async def test_the_log_has_what_happened_in_order(node: Node, app: Application, tmp_path: Path) -> None:
    caller = await node.connect(app)
    await caller.call("say", "warn", "careful")
    for handler, arguments in (("fail", ["on purpose"]), ("forever", []), ("greedy", [])):
        with pytest.raises(ProvenError):
            await caller.call(handler, *arguments)
    await node.deploy("herald", name="chatty")
    async with owning(node, tmp_path) as client:
        async with asyncio.timeout(60):
            while "version 2 is live" not in texts(lines := await history(client, app)):
                await asyncio.sleep(0.05)
    assert [line.sequence for line in lines] == list(range(1, len(lines) + 1))
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    by_kind = {kind: [line for line in lines if line.kind == kind] for kind in ("deploy", "console", "error")}
    assert [(line.version, line.text) for line in by_kind["deploy"]] == [
        (1, "version 1 is live"),
        (2, "version 2 is live"),
    ]
    (said,) = by_kind["console"]
    assert (said.level, said.text, said.handler) == ("warn", "careful", "src/chatty.ts#say")
    assert said.package_id == app.package_id
    (failed,) = by_kind["error"]
    assert (failed.code, failed.text) == ("HANDLER_ERROR", "on purpose")
    assert "src/chatty.ts:13" in (failed.stack or "")
    killed = [(line.code, line.handler) for line in lines if line.kind == "kill"]
    assert ("HANDLER_TIMEOUT", "src/chatty.ts#forever") in killed
    assert ("HANDLER_MEMORY", "src/chatty.ts#greedy") in killed
    assert (None, None) in killed


async def test_only_the_owner_reads(node: Node, app: Application, tmp_path: Path) -> None:
    async def refused(client: Client) -> ErrorCode:
        codes = set()
        for attempt in (client.logs(app.id), client.logs(app.name), client.logs(app.id, follow=True)):
            with pytest.raises(ProvenError) as raised:
                await anext(attempt)
            codes.add(raised.value.code)
        with pytest.raises(ProvenError) as raised:
            await client.metrics(app.id)
        (code,) = codes | {raised.value.code}
        return code

    async with await manager(node, None) as nobody:
        assert await refused(nobody) is ErrorCode.UNAUTHENTICATED
    async with await manager(node, IdentityKey.derive(new_seed(), None)) as somebody:
        assert await refused(somebody) is ErrorCode.FORBIDDEN
    own_key = owner_of(tmp_path)
    inside = IdentityKey(own_key._private_key, app.id)
    async with await connect(
        node.url, application=app.id, verifier=node.verifier, identity=inside
    ) as session_of_the_app:
        assert await refused(session_of_the_app) is ErrorCode.FORBIDDEN
    async with owning(node, tmp_path) as client:
        assert await history(client, app)
        with pytest.raises(ProvenError) as raised:
            await history(client, app.__class__(**{**_fields(app), "id": "b" * 32}))
        assert raised.value.code is ErrorCode.NOT_FOUND


def _fields(app: Application) -> dict[str, Any]:
    return {name: getattr(app, name) for name in app.__slots__}


async def test_whoever_is_not_the_owner_any_more_is_sent_nothing_more(
    node: Node, app: Application, tmp_path: Path
) -> None:
    caller = await node.connect(app)
    async with owning(node, tmp_path) as client:
        reading = client.logs(app.id, follow=True)
        await take(reading, 1)
        await caller.call("say", "log", "first")
        assert texts(await take(reading, 1)) == ["first"]
        await client.anonymize()
        await caller.call("say", "log", "secret")
        with pytest.raises(ProvenError) as raised:
            await take(reading, 1)
        assert raised.value.code is ErrorCode.UNAUTHENTICATED


async def test_a_follower_gets_history_and_what_comes_over_lost_connections_without_a_line_twice(
    node: Node, app: Application, tmp_path: Path
) -> None:
    caller = await node.connect(app)
    await caller.call("say", "log", "before")
    async with owning(node, tmp_path) as client:
        reading = client.logs(app.id, follow=True, handler="say")
        assert texts(await take(reading, 1)) == ["before"]
        for number in range(5):
            waiting = asyncio.create_task(take(reading, 2))
            await caller.call("say", "log", f"{number} a")
            for session in list(node.local._sessions._sessions.values()):
                if session.application_id is None:
                    node.local._sessions.revoke(session.id)
            await caller.call("say", "log", f"{number} b")
            assert texts(await waiting) == [f"{number} a", f"{number} b"]


async def test_a_follower_goes_on_after_a_restart_of_the_node(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        app = await node.deploy("chatty")
        url, port = node.url, int(node.url.rpartition(":")[2])
        client = await manager(node, owner_of(tmp_path))
        reading = client.logs(app.id, follow=True)
        caller = await node.connect(app)
        await caller.call("say", "log", "before")
        assert texts(await take(reading, 2)) == ["version 1 is live", "before"]
    waiting = asyncio.create_task(take(reading, 1))
    config = NodeConfig(data_dir=tmp_path, gateway=GatewaySettings(port=port, shutdown_grace=1.0))
    async with local_node(config):
        async with await connect(url, application=app.id, verifier=node.verifier) as caller:
            await caller.call("say", "log", "after")
        (line,) = await waiting
        assert isinstance(line, LogLine)
        assert (line.sequence, line.text) == (3, "after")
        await reading.aclose()
        await client.close()


async def test_a_flood_is_cut_told_and_slows_nobody(tmp_path: Path) -> None:
    logs = LogLimits(lines=2000, bytes=400_000, rate=200, burst=500)
    async with running_node(tmp_path, telemetry=TelemetryConfig(logs=logs)) as node:
        app = await node.deploy("chatty")
        other = await node.deploy("exhibit")
        caller, neighbour = await node.connect(app), await node.connect(other)
        await neighbour.call("echo", 1)
        flooding = True

        async def flood() -> None:
            while flooding:
                await caller.call("flood", 900, 200)

        floods = [asyncio.create_task(flood()) for _ in range(4)]
        loop = asyncio.get_running_loop()
        begun, longest = loop.time(), 0.0
        while loop.time() < begun + 4:
            with turns() as meanwhile:
                await neighbour.call("greet", "Ada")
            longest = max(longest, *meanwhile)
        flooding = False
        await asyncio.gather(*floods)
        seconds = loop.time() - begun
        assert longest < 0.5, "in processor time, nothing else has to wait for longer"
        async with owning(node, tmp_path) as client:
            lines = await history(client, app)
            assert sum(line.dropped for line in lines) > 1000
            assert len([line for line in lines if line.kind != "dropped"]) < 500 + 200 * (seconds + 10)
            assert [line.sequence for line in lines] == list(
                range(lines[0].sequence, lines[0].sequence + len(lines))
            )
            others = await history(client, other)
            assert not any(line.dropped for line in others)
        entries = await node.local._engine.registers.entries(f"log-{app.id}")
        assert sum(len(entry.value or b"") for entry in entries) < 400_000 + 400_000


async def test_metrics_of_a_package_name_every_version_that_it_is(
    node: Node, app: Application, tmp_path: Path
) -> None:
    await (await node.connect(app)).call("wait", 1)
    await node.deploy("herald", name="chatty")
    await node.deploy("chatty")
    async with owning(node, tmp_path) as client:
        (measured,) = (await client.metrics(app.name)).handlers
    assert (measured.package_id, measured.versions) == (app.package_id, (1, 3))


async def test_metrics_are_those_of_the_calls(node: Node, app: Application, tmp_path: Path) -> None:
    caller = await node.connect(app)
    for _ in range(3):
        await caller.call("wait", 50)
    with pytest.raises(ProvenError):
        await caller.call("fail", "no")
    async with owning(node, tmp_path) as client:
        found = await client.metrics(app.name, points=True)
        by_handler = {each.handler: each for each in found.handlers}
        waited, failed = by_handler["src/chatty.ts#wait"], by_handler["src/chatty.ts#fail"]
        assert (waited.calls, waited.errors, waited.versions) == (3, {}, (1,))
        assert 50_000 * 15 / 16 < waited.latency.p50 <= waited.latency.p99 < 60_000_000
        assert (failed.calls, failed.errors) == (1, {"HANDLER_ERROR": 1})
        assert sum(point.calls for point in found.points) == 4
        assert sum(point.failed for point in found.points) == 1
        (process,) = found.processes
        assert process.package_id == app.package_id
        assert process.memory_bytes > 1_000_000
        only = await client.metrics(app.id, handler="fail", points=True)
        assert [each.handler for each in only.handlers] == ["src/chatty.ts#fail"]
        assert sum(point.calls for point in only.points) == 1
        await node.deploy("chatty", name="chatty")


async def test_prometheus_reads_on_loopback_under_its_names_only(node: Node, app: Application) -> None:
    caller = await node.connect(app)
    await caller.call("say", "log", "x")
    url = node.local.metrics_url
    assert url is not None
    assert url.startswith("http://127.0.0.1:")
    async with aiohttp.ClientSession() as http:
        async with http.get(url) as answer:
            text = await answer.text()
            assert answer.status == 200
            assert answer.content_type == "text/plain"
            labels = f'application="chatty",handler="src/chatty.ts#say",package="{app.package_id[:12]}"'
            assert f"proven_handler_calls_total{{{labels}}} 1\n" in text
            assert "proven_process_memory_bytes" in text
            assert "access-control-allow-origin" not in answer.headers
        async with http.get(url, headers={"host": "rebound.example"}) as answer:
            assert answer.status == 404
        async with http.post(url) as answer:
            assert answer.status == 400
        async with http.get(url.replace("/metrics", "/")) as answer:
            assert answer.status == 404


async def test_no_port_is_open_that_was_not_asked_for(tmp_path: Path) -> None:
    async with running_node(tmp_path) as node:
        assert node.local.metrics_url is None


async def test_a_call_is_counted_in_no_time(node: Node, app: Application) -> None:
    """Less than 10 µs for each call, here with room for slow machines."""
    metrics = node.local._telemetry.metrics
    loop = asyncio.get_running_loop()
    best = 1.0
    for _ in range(20):
        started = loop.time()
        for _ in range(1000):
            metrics.count(app.id, "handler", app.package_id, 0.0012, None)
        best = min(best, (loop.time() - started) / 1000)
    assert best < 30e-6
