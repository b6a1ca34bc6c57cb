"""Who is calling, and what an application tells the world: session and events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from integration.guest_apps import ALICE, APPS, BOB, App, running
from proven.wire import values
from proven.wire.ids import ApplicationId
from proven.wire.values import UNDEFINED

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Sink:
    def __init__(self) -> None:
        self.published: list[tuple[str, Any]] = []

    async def publish(self, application_id: ApplicationId, event: str, payload: bytes) -> None:
        self.published.append((event, values.decode(payload)))


@pytest.fixture(scope="module")
def sink() -> Sink:
    return Sink()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    async with running(APPS / "api", tmp_path_factory.mktemp("session"), events=sink) as app:
        yield app


async def test_a_handler_knows_who_calls(app: App) -> None:
    assert await app.call("session.identity", identity=ALICE) == ALICE
    assert await app.call("session.identity") is UNDEFINED
    assert await app.call("session.accounts", identity=ALICE, accounts=("one", "two")) == ["one", "two"]
    assert await app.call("session.accounts") == []


async def test_concurrent_calls_each_know_their_own_caller(app: App) -> None:
    callers = [ALICE, BOB, None] * 10
    answers = await asyncio.gather(*(app.call("session.afterWaiting", identity=who) for who in callers))
    assert answers == [UNDEFINED if who is None else who for who in callers]


async def test_an_event_reaches_the_sink(app: App, sink: Sink) -> None:
    assert await app.call("events.announce", "order.placed", {"id": 5, "tags": ["new"]}) is UNDEFINED
    assert sink.published == [("order.placed", {"id": 5, "tags": ["new"]})]
    assert await app.code("events.announce", "not a name") == "BAD_REQUEST"
