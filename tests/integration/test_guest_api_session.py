"""Who is calling, and what an application tells the world: session and events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from integration.guest_apps import ALICE, APPS, BOB, App, running
from proven.wire import values
from proven.wire.events import EVERYONE
from proven.wire.values import UNDEFINED
from support.published import Recorder

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def sink() -> Recorder:
    return Recorder()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(sink: Recorder, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
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


async def test_an_event_reaches_the_sink_with_the_audience_that_it_names(app: App, sink: Recorder) -> None:
    order = {"id": 5, "tags": ["new"]}
    assert await app.call("events.announce", "order.placed", order, {"to": "everyone"}) is UNDEFINED
    await app.call("events.announce", "order.placed", UNDEFINED, {"to": BOB}, identity=ALICE)
    await app.call("events.announce", "order.placed", [1], {"to": "caller"}, identity=ALICE)
    assert [(each.event, values.decode(each.payload), each.audience) for each in sink.published] == [
        ("order.placed", order, EVERYONE),
        ("order.placed", UNDEFINED, BOB),
        ("order.placed", [1], ALICE),
    ]


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("not a name", {"to": "everyone"}, "BAD_REQUEST"),
        ("e", UNDEFINED, "UNAVAILABLE"),
        ("e", {}, "UNAVAILABLE"),
        ("e", {"to": UNDEFINED}, "UNAVAILABLE"),
        ("e", {"to": None}, "BAD_REQUEST"),
        ("e", {"to": "Everyone"}, "BAD_REQUEST"),
        ("e", {"to": ["everyone"]}, "BAD_REQUEST"),
        ("e", {"to": "caller"}, "NO_IDENTITY"),
        ("e", {"too": "everyone"}, "HANDLER_ERROR"),
        ("e", "everyone", "HANDLER_ERROR"),
    ],
)
async def test_an_event_that_does_not_say_whom_it_is_for_goes_nowhere(
    app: App, sink: Recorder, name: str, options: Any, code: str
) -> None:
    sink.published.clear()
    assert await app.code("events.announce", name, {}, options) == code
    assert sink.published == []


async def test_what_cannot_travel_or_is_too_large_is_not_published(app: App, sink: Recorder) -> None:
    sink.published.clear()
    assert await app.code("events.announceFunction") == "UNSUPPORTED_VALUE"
    assert await app.code("events.announce", "e", bytes(256 * 1024), {"to": "everyone"}) == "TOO_LARGE"
    assert sink.published == []


async def test_an_application_that_publishes_too_fast_is_told_to_wait(app: App, sink: Recorder) -> None:
    sink.published.clear()
    outcome = await app.call("events.flood", 1000)
    assert outcome["refused"] > 0
    assert outcome["codes"] == ["OVERLOADED"]
    assert [values.decode(each.payload) for each in sink.published] == outcome["accepted"]
