"""What an application publishes reaches those it is for, and nobody else, on a whole node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from proven.apps import Application
from proven.client import Carrier, Client, Event, Missed, Published, Subscription, _connection, connect
from proven.client import sync as blocking
from proven.runtime.hostcalls import EventsConfig, HostCallsConfig
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey, new_seed
from proven.wire.ids import SessionId
from support.node import Node, running_node

pytestmark = pytest.mark.asyncio(loop_scope="module")

UNHURRIED = HostCallsConfig(events=EventsConfig(rate=1e6, burst=1_000_000, bytes_rate=1e9, bytes_burst=10**9))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    async with running_node(tmp_path_factory.mktemp("events"), host_calls=UNHURRIED) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(node: Node) -> Application:
    return await node.deploy("herald")


async def take(subscription: Subscription, count: int = 1) -> list[Event]:
    async with asyncio.timeout(60):
        return [await anext(subscription) for _ in range(count)]


async def everything(subscription: Subscription, publisher: Client) -> list[Event]:
    """What has come, up to an event that is published now and is for everyone."""
    await publisher.call("tell", "end", None, "everyone")
    events: list[Event] = []
    async with asyncio.timeout(60):
        async for event in subscription:
            if isinstance(event, Published) and event.name == "end":
                break
            events.append(event)
    return events


async def test_every_subscriber_of_the_name_gets_what_is_for_everyone(node: Node, app: Application) -> None:
    publisher = await node.connect(app)
    named, anonymous = await node.connect(app, identity=new_seed()), await node.connect(app)
    payload = {"id": 1, "tags": ["a", b"\0", {"deep": None}]}
    async with named.subscribe("news", "end") as one, anonymous.subscribe("other", "end") as two:
        await publisher.call("tell", "news", payload, "everyone")
        assert await everything(one, publisher) == [Published("news", payload)]
        assert await everything(two, publisher) == []


async def test_what_is_for_the_caller_reaches_each_of_their_sessions_and_no_other(
    node: Node, app: Application
) -> None:
    seed = new_seed()
    phone, laptop = await node.connect(app, identity=seed), await node.connect(app, identity=seed)
    stranger, nobody = await node.connect(app, identity=new_seed()), await node.connect(app)
    async with (
        phone.subscribe("mine", "end") as on_phone,
        laptop.subscribe("mine", "end") as on_laptop,
        stranger.subscribe("mine", "end") as strange,
        nobody.subscribe("mine", "end") as anonymous,
    ):
        await phone.call("tell", "mine", 7, "caller")
        for subscription in (on_phone, on_laptop):
            assert await take(subscription) == [Published("mine", 7)]
        for subscription in (strange, anonymous):
            assert await everything(subscription, phone) == []
    with pytest.raises(ProvenError, match="who that is"):
        await nobody.call("tell", "mine", 7, "caller")


async def test_an_event_for_an_identity_reaches_that_identity(node: Node, app: Application) -> None:
    seed = new_seed()
    someone, publisher = await node.connect(app, identity=seed), await node.connect(app)
    async with someone.subscribe("direct") as events:
        await publisher.call("tell", "direct", 1, IdentityKey.derive(new_seed(), app.id).identity)
        await publisher.call("tell", "direct", 2, (await someone.whoami()).identity)
        assert await take(events) == [Published("direct", 2)]


async def test_the_audience_is_that_of_the_moment_of_delivery(node: Node, app: Application) -> None:
    seed = new_seed()
    client, publisher = await node.connect(app), await node.connect(app)
    identity = IdentityKey.derive(seed, app.id).identity
    async with client.subscribe("private", "end") as events:
        await publisher.call("tell", "private", "before", identity)
        await client.identify(seed)
        await publisher.call("tell", "private", "during", identity)
        assert await everything(events, publisher) == [Published("private", "during")]
        await client.anonymize()
        await publisher.call("tell", "private", "after", identity)
        assert await everything(events, publisher) == []


async def test_another_applications_events_are_not_to_be_had(node: Node, app: Application) -> None:
    other = await node.deploy("herald", name="herald-two")
    publisher, neighbour = await node.connect(app), await node.connect(other)
    async with neighbour.subscribe("news", "end") as events:
        await publisher.call("tell", "news", 1, "everyone")
        assert await everything(events, neighbour) == []


async def test_events_arrive_in_the_order_in_which_they_were_accepted(node: Node, app: Application) -> None:
    publisher = await node.connect(app)
    readers = [await node.connect(app) for _ in range(3)]
    subscriptions = [reader.subscribe("flood") for reader in readers]
    for subscription in subscriptions:
        await subscription.start()
    accepted = await publisher.call("flood", "flood", 300, 10)
    assert isinstance(accepted, list)
    for subscription in subscriptions:
        assert [payload[0] for payload in await payloads(subscription, 300)] == accepted


async def payloads(subscription: Subscription, count: int) -> list[Any]:
    taken = await take(subscription, count)
    assert all(isinstance(event, Published) for event in taken)
    return [event.payload for event in taken if isinstance(event, Published)]


async def test_what_was_accepted_is_delivered_whatever_becomes_of_the_handler(
    node: Node, app: Application
) -> None:
    client = await node.connect(app)
    async with client.subscribe("event") as events:
        with pytest.raises(ProvenError, match="after it was published"):
            await client.call("tellThenFail", "event", 1)
        with pytest.raises(ProvenError) as late:
            await client.call("tellThenHang", "event", 2)
        assert late.value.code is ErrorCode.HANDLER_TIMEOUT
        assert await take(events, 2) == [Published("event", 1), Published("event", 2)]


async def test_unsubscribing_ends_it_and_subscribing_twice_is_once(node: Node, app: Application) -> None:
    client = await node.connect(app)
    async with client.subscribe("a", "end") as events:
        async with client.subscribe("a") as again:
            await client.call("tell", "a", 1, "everyone")
            assert await take(again) == [Published("a", 1)]
        await client.call("tell", "a", 2, "everyone")
        assert await everything(events, client) == [Published("a", 1), Published("a", 2)]
    async with client.subscribe("end") as events:
        await client.call("tell", "a", 3, "everyone")
        assert await everything(events, client) == []


async def test_a_session_subscribes_to_so_many_names_and_no_more(node: Node, app: Application) -> None:
    client = await node.connect(app)
    async with client.subscribe(*(f"name-{number}" for number in range(64))) as events:
        with pytest.raises(ProvenError) as refused:
            await client.subscribe("one-more").start()
        assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
        await client.call("tell", "name-63", 1, "everyone")
        assert await take(events) == [Published("name-63", 1)]
    async with client.subscribe("one-more"):
        pass


async def test_over_http_and_in_management_there_is_nothing_to_subscribe_to(
    node: Node, app: Application
) -> None:
    async with await connect(
        node.url, application=app.id, verifier=node.verifier, carrier=Carrier.HTTP
    ) as client:
        with pytest.raises(ProvenError, match="WebSocket") as refused:
            await client.subscribe("news").start()
        assert refused.value.code is ErrorCode.BAD_REQUEST
    with pytest.raises(ProvenError, match="management"):
        await (await node.connect(None)).subscribe("news").start()


async def test_a_name_that_cannot_be_one_is_refused(node: Node, app: Application) -> None:
    with pytest.raises(ProvenError) as refused:
        await (await node.connect(app)).subscribe("two words").start()
    assert refused.value.code is ErrorCode.BAD_REQUEST


async def test_a_lost_connection_is_made_anew_and_said_to_have_been_lost(
    node: Node, app: Application
) -> None:
    seed = new_seed()
    client, publisher = await node.connect(app, identity=seed), await node.connect(app)
    identity = IdentityKey.derive(seed, app.id).identity
    async with client.subscribe("mine") as events:
        await publisher.call("tell", "mine", 1, identity)
        assert await take(events) == [Published("mine", 1)]
        before = (await client.whoami()).session_id
        node.local._sessions.revoke(before)
        assert await take(events) == [Missed(None)]
        assert (await client.whoami()).session_id != before
        await publisher.call("tell", "mine", 2, identity)
        assert await take(events) == [Published("mine", 2)]


async def test_a_program_without_an_event_loop_receives_them_too(node: Node, app: Application) -> None:
    def listen() -> list[Event]:
        with blocking.connect(node.url, application=app.id, verifier=node.verifier) as client:
            with client.subscribe("sync") as events:
                for number in range(3):
                    client.call("tell", "sync", number, "everyone")
                taken = [next(events) for _ in range(3)]
            assert list(events) == []
            return taken

    assert await asyncio.to_thread(listen) == [Published("sync", number) for number in range(3)]


async def test_the_engine_is_subscribed_to_only_while_somebody_listens(node: Node, app: Application) -> None:
    hub = node.local._gateway._events
    assert hub is not None
    client = await connect(node.url, application=app.id, verifier=node.verifier)
    quiet = await node.deploy("herald", name="herald-quiet")
    before = hub.subscriptions
    listener = await connect(node.url, application=quiet.id, verifier=node.verifier)
    await listener.subscribe("a").start()
    assert hub.subscriptions == before + 1
    await listener.close()
    async with asyncio.timeout(60):
        while hub.subscriptions != before:
            await client.whoami()
    await client.close()
    assert await (await node.connect(quiet)).call("tell", "a", 1, "everyone") is not None


async def test_a_session_that_only_listens_is_kept_alive(
    node: Node, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_connection, "KEEP_ALIVE", 0.05)
    client = await node.connect(app)
    session_id = SessionId((await client.whoami()).session_id)
    used_at = node.local._sessions._used_at
    async with client.subscribe("a"):
        before = used_at[session_id]
        async with asyncio.timeout(60):
            while used_at[session_id] < before + 0.1:
                await asyncio.sleep(0.01)
    assert client._connection._keeping_alive is None
