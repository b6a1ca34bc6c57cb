from __future__ import annotations

from typing import Any

import pytest

from proven.runtime.hostcalls._events import MAX_PAYLOAD, Events
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.values import UNDEFINED

from .conftest import MakeContext


class Recorder:
    def __init__(self) -> None:
        self.published: list[tuple[str, str, Any]] = []

    async def publish(self, application_id: ApplicationId, event: str, payload: bytes) -> None:
        self.published.append((application_id, event, values.decode(payload)))


async def test_an_event_is_published_in_the_name_of_the_application_that_runs(
    make_context: MakeContext,
) -> None:
    sink = Recorder()
    publish = Events(sink).functions()["events.publish"]
    await publish(make_context(application="a" * 32), ["order.placed", {"id": 1}])
    await publish(make_context(application="b" * 32), ["order.placed", UNDEFINED])
    assert sink.published == [("a" * 32, "order.placed", {"id": 1}), ("b" * 32, "order.placed", UNDEFINED)]


@pytest.mark.parametrize("name", ["", " ", "a b", "a\0", "x" * 129, "ü", ".hidden", 1, None])
async def test_event_names_are_plain(make_context: MakeContext, name: Any) -> None:
    publish = Events(Recorder()).functions()["events.publish"]
    with pytest.raises(ProvenError) as caught:
        await publish(make_context(), [name, None])
    assert caught.value.code is ErrorCode.BAD_REQUEST


async def test_payloads_are_bounded(make_context: MakeContext) -> None:
    publish = Events(Recorder()).functions()["events.publish"]
    with pytest.raises(ProvenError) as caught:
        await publish(make_context(), ["big", bytes(MAX_PAYLOAD)])
    assert caught.value.code is ErrorCode.TOO_LARGE


async def test_a_node_that_delivers_no_events_says_so(make_context: MakeContext) -> None:
    publish = Events(None).functions()["events.publish"]
    with pytest.raises(ProvenError) as caught:
        await publish(make_context(), ["order.placed", None])
    assert caught.value.code is ErrorCode.UNAVAILABLE
