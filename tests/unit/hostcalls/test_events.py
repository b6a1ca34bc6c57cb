from __future__ import annotations

from typing import Any

import pytest

from proven.runtime.hostcalls._events import Events, EventsConfig
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import EVERYONE, MAX_PAYLOAD
from proven.wire.values import UNDEFINED
from support.published import Recorder

from .conftest import MakeContext

ALICE, BOB = "a" * 32, "b" * 32
PAYLOAD = values.encode({"id": 1})


async def code(events: Events, context: Any, *arguments: Any) -> ErrorCode:
    with pytest.raises(ProvenError) as caught:
        await events.functions()["events.publish"](context, list(arguments))
    return caught.value.code


async def test_an_event_is_published_in_the_name_of_the_application_that_runs(
    make_context: MakeContext,
) -> None:
    sink = Recorder()
    publish = Events(sink).functions()["events.publish"]
    await publish(make_context(application="a" * 32), ["order.placed", PAYLOAD, "everyone"])
    await publish(make_context(application="b" * 32, identity=ALICE), ["order.placed", PAYLOAD, "caller"])
    await publish(make_context(application="b" * 32, identity=ALICE), ["order.placed", PAYLOAD, BOB])
    assert sink.published == [
        ("a" * 32, "order.placed", PAYLOAD, EVERYONE),
        ("b" * 32, "order.placed", PAYLOAD, ALICE),
        ("b" * 32, "order.placed", PAYLOAD, BOB),
    ]


async def test_a_payload_is_passed_on_as_it_is(make_context: MakeContext) -> None:
    sink = Recorder()
    not_a_value = b"\xff\xff"
    await Events(sink).functions()["events.publish"](make_context(), ["e", not_a_value, "everyone"])
    assert sink.published[0].payload == not_a_value


@pytest.mark.parametrize("name", ["", " ", "a b", "a\0", "a\n", "x" * 129, "ü", ".hidden", 1, None])
async def test_event_names_are_plain(make_context: MakeContext, name: Any) -> None:
    assert await code(Events(Recorder()), make_context(), name, PAYLOAD, "everyone") is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("payload", [b"", "text", UNDEFINED, None, 1, {}])
async def test_a_payload_is_bytes(make_context: MakeContext, payload: Any) -> None:
    assert await code(Events(Recorder()), make_context(), "e", payload, "everyone") is ErrorCode.BAD_REQUEST


async def test_payloads_are_bounded(make_context: MakeContext) -> None:
    events = Events(Recorder())
    await events.functions()["events.publish"](make_context(), ["big", bytes(MAX_PAYLOAD), "everyone"])
    assert (
        await code(events, make_context(), "big", bytes(MAX_PAYLOAD + 1), "everyone") is ErrorCode.TOO_LARGE
    )


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        (UNDEFINED, ErrorCode.UNAVAILABLE),
        ("caller", ErrorCode.NO_IDENTITY),
        (None, ErrorCode.BAD_REQUEST),
        ("", ErrorCode.BAD_REQUEST),
        ("*", ErrorCode.BAD_REQUEST),
        ("EVERYONE", ErrorCode.BAD_REQUEST),
        ("A" * 32, ErrorCode.BAD_REQUEST),
        (True, ErrorCode.BAD_REQUEST),
        (["everyone"], ErrorCode.BAD_REQUEST),
        ({"to": "everyone"}, ErrorCode.BAD_REQUEST),
    ],
)
async def test_nothing_is_published_without_an_audience(
    make_context: MakeContext, to: Any, expected: ErrorCode
) -> None:
    sink = Recorder()
    assert await code(Events(sink), make_context(), "e", PAYLOAD, to) is expected
    assert sink.published == []


async def test_an_application_publishes_no_faster_than_it_may_and_holds_up_no_other(
    make_context: MakeContext,
) -> None:
    now = 0.0
    sink = Recorder()
    events = Events(sink, EventsConfig(rate=2, burst=3), clock=lambda: now)
    publish = events.functions()["events.publish"]
    one, other = make_context(application="a" * 32), make_context(application="b" * 32)
    for _ in range(3):
        await publish(one, ["e", PAYLOAD, "everyone"])
    with pytest.raises(ProvenError) as refused:
        await publish(one, ["e", PAYLOAD, "everyone"])
    assert refused.value.code is ErrorCode.OVERLOADED
    assert refused.value.retry_after == pytest.approx(0.5)
    await publish(other, ["e", PAYLOAD, "everyone"])
    now = 0.5
    await publish(one, ["e", PAYLOAD, "everyone"])
    assert await code(events, one, "e", PAYLOAD, "everyone") is ErrorCode.OVERLOADED


async def test_large_payloads_are_limited_by_their_bytes(make_context: MakeContext) -> None:
    now = 0.0
    config = EventsConfig(rate=1000, burst=1000, bytes_rate=100, bytes_burst=1000)
    events = Events(Recorder(), config, clock=lambda: now)
    publish = events.functions()["events.publish"]
    await publish(make_context(), ["e", bytes(900), "everyone"])
    with pytest.raises(ProvenError) as refused:
        await publish(make_context(), ["e", bytes(300), "everyone"])
    assert refused.value.retry_after == pytest.approx(2)
    now = 2.0
    await publish(make_context(), ["e", bytes(300), "everyone"])


async def test_a_node_that_delivers_no_events_says_so(make_context: MakeContext) -> None:
    assert await code(Events(None), make_context(), "e", PAYLOAD, "everyone") is ErrorCode.UNAVAILABLE
