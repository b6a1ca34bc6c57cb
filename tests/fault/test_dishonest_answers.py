"""Errors and events say in their sealed frame which package they are of, and are held to a client's pins as
answers are. The node is a real one; its operator has changed what it says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from proven.apps import Application
from proven.client import Client, LogMemory, Pins, Published, connect
from proven.gateway import Publisher
from proven.wire import values
from proven.wire.commands import ApplicationError
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import EVERYONE
from proven.wire.ids import PackageId
from support.node import Node, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOURCE = """\
import { run } from '@proven-network/handler';
import { publish } from '@proven-network/events';
export const fail = run(() => { throw new TypeError('as it is'); });
export const tell = run(() => publish('news', 'true', { to: 'everyone' }));
"""
ELSEWHERE = PackageId("0" * 64)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Application:
    folder = tmp_path_factory.mktemp("app")
    (folder / "src").mkdir()
    (folder / "src" / "app.ts").write_text(SOURCE)
    return await node.deploy(folder, name="teller")


@pytest_asyncio.fixture(loop_scope="module", params=["log", "package"])
async def client(
    request: pytest.FixtureRequest, node: Node, app: Application, tmp_path: Path
) -> AsyncIterator[Client]:
    """One that asks the log, and one that accepts a single package."""
    by_log = request.param == "log"
    async with await connect(
        node.url,
        application=app.id,
        verifier=node.verifier,
        pins=Pins() if by_log else None,
        package_id=None if by_log else app.package_id,
        memory=LogMemory(tmp_path),
    ) as connected:
        yield connected


def said_by(monkeypatch: pytest.MonkeyPatch, name: Callable[[ProvenError, str, int], ProvenError]) -> None:
    """Change what the node says about the source of an error."""
    monkeypatch.setattr("proven.gateway.commands.ApplicationError", name)


async def refusal(client: Client) -> ProvenError:
    with pytest.raises(ProvenError) as refused:
        await client.call("fail")
    return refused.value


async def test_an_honest_error_is_the_handlers(client: Client, app: Application) -> None:
    error = await refusal(client)
    assert isinstance(error, ApplicationError)
    assert (error.code, error.message) == (ErrorCode.HANDLER_ERROR, "as it is")
    assert (error.package_id, error.log_index) == (app.package_id, app.log_index)


async def test_an_error_of_another_package(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    said_by(monkeypatch, lambda error, package, entry: ApplicationError(error, ELSEWHERE, entry))
    error = await refusal(client)
    assert error.code is ErrorCode.EVIDENCE_INVALID
    assert f"an error came from the package {ELSEWHERE}" in error.message


async def test_an_error_of_no_package(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    said_by(monkeypatch, lambda error, package, entry: error)
    error = await refusal(client)
    assert error.code is ErrorCode.EVIDENCE_INVALID
    assert "does not say which package it is of" in error.message


async def test_what_the_node_itself_refuses_needs_no_package(client: Client) -> None:
    with pytest.raises(ProvenError) as refused:
        await client.call("absent")
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_an_honest_event_arrives(client: Client) -> None:
    async with client.subscribe("news") as events:
        await client.call("tell")
        assert await anext(events) == Published("news", "true")


@pytest.mark.parametrize(
    ("entry", "said"),
    [(0, f"an event came from the package {ELSEWHERE}"), (None, "does not say which package it is of")],
)
async def test_an_event_of_another_package_or_of_none(
    client: Client, node: Node, app: Application, entry: int | None, said: str
) -> None:
    liar = Publisher(node.local._engine.messages, lambda application, package: entry)
    async with client.subscribe("news") as events:
        await liar.publish(app.id, ELSEWHERE, "news", values.encode("false"), EVERYONE)
        with pytest.raises(ProvenError) as refused:
            await anext(events)
        assert refused.value.code is ErrorCode.EVIDENCE_INVALID
        assert said in refused.value.message
        with pytest.raises(StopAsyncIteration):
            await anext(events)
