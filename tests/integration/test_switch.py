"""What callers notice of a switch on a whole node: what is under way stays on its version, what comes after
is on the new one, and who wants to know is told before.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from proven.apps import Application
from proven.client import Carrier, Client, Published, VersionNotice, connect
from proven.client._feed import Feed
from proven.packages import Package, build
from proven.wire.applications import (
    CancelUpgrade,
    Command,
    Deploy,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    Veto,
)
from proven.wire.commands import FollowVersion, VersionEvent, VersionState
from proven.wire.errors import ErrorCode, ProvenError
from support.node import Node, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUARDIAN = OwnerKey.from_seed(b"G" * 32)
Pack = Callable[[str], Package]

SOURCE = """
import {{ run, runOnHttp }} from '@proven-network/handler';
import {{ getApplicationStore }} from '@proven-network/kv';
import {{ publish }} from '@proven-network/events';

const store = getApplicationStore('gates');
const opened = async (gate: string) => {{
  while (await store.get(gate) === undefined) await new Promise((done) => setTimeout(done, 5));
}};
export const version = run(() => '{name}');
export const open = run((gate: string) => store.set(gate, 'open'));
export const tell = run(() => publish('news', '{name}', {{ to: 'everyone' }}));
export const hold = run(async (gate: string) => {{
  await publish('holding', '{name}', {{ to: 'everyone' }});
  await opened(gate);
  return '{name}';
}});
export const stream = runOnHttp({{ path: '/stream/:gate', method: 'GET' }}, ({{ pathParameters }}) => {{
  const text = new TextEncoder();
  return new Response(new ReadableStream({{
    async start(controller) {{
      controller.enqueue(text.encode('begun by {name}\\n'));
      await opened(pathParameters.gate);
      controller.enqueue(text.encode('ended by {name}\\n'));
      controller.close();
    }},
  }}));
}});
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("switch") / "data") as running:
        yield running


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    def make(name: str) -> Package:
        folder = tmp_path / "app"
        (folder / "src").mkdir(parents=True, exist_ok=True)
        (folder / "src" / "app.ts").write_text(SOURCE.format(name=name))
        return build(folder)

    return make


@pytest_asyncio.fixture(loop_scope="module")
async def app(node: Node, pack: Pack, request: pytest.FixtureRequest) -> Application:
    return await node.local.deploy(pack("one"), name=f"app-{zlib.crc32(request.node.name.encode())}")


async def give(
    node: Node, app: Application, command: Command, package: Package | None = None, by: OwnerKey | None = None
) -> int:
    """Carry out a signed command; the index of its entry."""
    applications = node.local._applications
    receipt = await applications.submit_as(by or node.local._owner, app.id, command, package=package)
    return receipt.log_index


async def soon(notices: AsyncGenerator[VersionNotice, None]) -> VersionNotice:
    async with asyncio.timeout(60):
        return await anext(notices)


async def processes(node: Node, app: Application, expected: set[str]) -> None:
    """Wait until these packages of the application have processes, and no other."""
    async with asyncio.timeout(60):
        while expected != {
            each.package_id for each in node.local.runtime_report().processes if each.application_id == app.id
        }:
            await asyncio.sleep(0.01)


async def test_calls_streams_and_subscriptions_under_way_survive_a_switch(
    node: Node, app: Application, pack: Pack
) -> None:
    caller, listener = await node.connect(app), await node.connect(app)
    async with listener.subscribe("news", "holding") as events, aiohttp.ClientSession() as http:
        held = asyncio.ensure_future(caller.call("hold", "gate"))
        assert await anext(events) == Published("holding", "one")
        async with http.get(f"{node.url}/app/{app.id}/http/stream/gate") as response:
            assert await response.content.readline() == b"begun by one\n"

            new = await node.local.deploy(pack("two"), name=app.name)
            assert await caller.call("version") == "two", "the same session, beside the call that is held"
            assert await (await node.connect(app)).call("version") == "two"
            await processes(node, app, {app.package_id, new.package_id})
            assert not held.done()

            await caller.call("tell")
            assert await anext(events) == Published("news", "two"), "subscriptions go on"
            await caller.call("open", "gate")
            assert await response.content.read() == b"ended by one\n"
        assert await held == "one"
    await processes(node, app, {new.package_id})


async def test_no_call_fails_and_none_is_answered_by_a_version_that_was_not_told_of(
    node: Node, app: Application, pack: Pack
) -> None:
    told = {app.package_id}

    class Recorder(Feed[VersionEvent]):
        def take(self, event: VersionEvent | None) -> None:
            if event is not None and event.now.package_id is not None:
                told.add(event.now.package_id)

    async def call(client: Client, until: asyncio.Event) -> None:
        while not until.is_set():
            result = await client.execute("src/app.ts#version", b"\x80")
            assert result.package_id in told

    client = await node.connect(app)
    client._connection.attach(Recorder(VersionEvent))
    await client._connection.ask(FollowVersion(), VersionState)
    done = asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(call(client, done))
        for number in range(6):
            deployed = await node.local.deploy(pack(f"version {number}"), name=app.name)
        done.set()
    assert deployed.package_id in told


async def test_who_follows_hears_of_announcements_of_what_ends_them_and_of_switches(
    node: Node, app: Application, pack: Pack
) -> None:
    owner = node.local._owner
    await give(node, app, SetUpgradePolicy(policy=Timelock(delay=60, guardians=(GUARDIAN.public_key,))))
    client = await node.connect(app)
    async with contextlib.aclosing(client.versions()) as notices:
        present = await soon(notices)
        assert (present.what, present.package_id, present.pending) == ("present", app.package_id, None)
        two = pack("two")
        entry = await give(node, app, Deploy(package_id=two.id), two)
        announced = await soon(notices)
        assert (announced.what, announced.entry, announced.package_id) == ("announced", entry, app.package_id)
        assert announced.pending is not None
        assert announced.pending.package_id == two.id
        pending = node.local._applications.find(app.id).pending
        assert pending is not None
        assert announced.pending.activates_at == pending.activates_at
        entry = await give(node, app, Veto(), by=GUARDIAN)
        vetoed = await soon(notices)
        assert (vetoed.what, vetoed.entry, vetoed.pending) == ("vetoed", entry, None)
        await give(node, app, Deploy(package_id=two.id))
        assert (await soon(notices)).what == "announced"
        await give(node, app, CancelUpgrade(), by=owner)
        assert (await soon(notices)).what == "cancelled"


async def test_after_a_lost_connection_who_follows_hears_how_things_are(
    node: Node, app: Application, pack: Pack
) -> None:
    client = await node.connect(app)
    async with contextlib.aclosing(client.versions()) as notices:
        assert (await soon(notices)).package_id == app.package_id
        session = client._connection._session
        assert session is not None
        await session.close()
        two = await node.local.deploy(pack("two"), name=app.name)
        notice = await soon(notices)
        assert notice.package_id == two.package_id
        assert notice.what in ("present", "switched")


async def test_versions_are_followed_in_an_application_over_a_websocket_alone(
    node: Node, app: Application
) -> None:
    management = await node.connect(None)
    over_http = await connect(node.url, application=app.id, verifier=node.verifier, carrier=Carrier.HTTP)
    async with over_http:
        for client in (management, over_http):
            with pytest.raises(ProvenError) as refused:
                await anext(client.versions())
            assert refused.value.code is ErrorCode.BAD_REQUEST
