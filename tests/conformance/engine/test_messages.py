"""What every backend's messages and requests promise."""

from __future__ import annotations

import asyncio
import logging

import pytest

from proven.engine import MAX_PAYLOAD_BYTES, Engine
from proven.wire.errors import ErrorCode, ProvenError


async def echo(data: bytes) -> bytes:
    return data


async def test_every_subscription_gets_every_message_in_order(engine: Engine) -> None:
    first = await engine.messages.subscribe("news")
    second = await engine.messages.subscribe("news")
    elsewhere = await engine.messages.subscribe("other")
    for n in range(10):
        await engine.messages.publish("news", bytes([n]))
    for subscription in (first, second):
        assert [(await anext(subscription))[0] for _ in range(10)] == list(range(10))
    await engine.messages.publish("other", b"only this")
    assert await anext(elsewhere) == b"only this"


async def test_nothing_published_before_the_subscription_is_delivered(engine: Engine) -> None:
    await engine.messages.publish("news", b"early")
    subscription = await engine.messages.subscribe("news")
    await engine.messages.publish("news", b"late")
    assert await anext(subscription) == b"late"


async def test_members_of_a_group_share_messages_and_groups_do_not(engine: Engine) -> None:
    members = [await engine.messages.subscribe("jobs", group="workers") for _ in range(3)]
    other = await engine.messages.subscribe("jobs", group="audit")
    received: list[bytes] = []

    async def collect(member) -> None:
        async for message in member:
            received.append(message)

    async with asyncio.TaskGroup() as tasks:
        for member in members:
            tasks.create_task(collect(member))
        for n in range(60):
            await engine.messages.publish("jobs", bytes([n]))
        assert [(await anext(other))[0] for _ in range(60)] == list(range(60))
        async with asyncio.timeout(60):
            while len(received) < 60:
                await asyncio.sleep(0.001)
        for member in members:
            await member.close()
    assert sorted(received) == [bytes([n]) for n in range(60)]


async def test_a_slow_subscriber_loses_and_counts_messages_and_delays_nobody(engine: Engine) -> None:
    slow = await engine.messages.subscribe("news", buffer=4)
    fast = await engine.messages.subscribe("news", buffer=100)
    for n in range(20):
        await engine.messages.publish("news", bytes([n]))
    assert [(await anext(fast))[0] for _ in range(20)] == list(range(20))
    assert [(await anext(slow))[0] for _ in range(4)] == [0, 1, 2, 3]
    assert slow.dropped == 16
    assert fast.dropped == 0
    await engine.messages.publish("news", b"again")
    assert await anext(slow) == b"again"


async def test_a_closed_subscription_gets_nothing(engine: Engine) -> None:
    subscription = await engine.messages.subscribe("news")
    await subscription.close()
    await engine.messages.publish("news", b"unheard")
    assert [message async for message in subscription] == []


async def test_a_request_gets_its_reply(engine: Engine) -> None:
    async with await engine.messages.respond("echo", echo):
        replies = await asyncio.gather(
            *(engine.messages.request("echo", bytes([n]), timeout=60) for n in range(50))
        )
    assert replies == [bytes([n]) for n in range(50)]


async def test_responders_share_requests(engine: Engine) -> None:
    served = [0, 0]

    def counting(index: int):
        async def respond(data: bytes) -> bytes:
            served[index] += 1
            return data

        return respond

    async with (
        await engine.messages.respond("echo", counting(0)),
        await engine.messages.respond("echo", counting(1)),
    ):
        for _ in range(40):
            await engine.messages.request("echo", b"", timeout=60)
    assert sum(served) == 40
    assert min(served) > 0


async def test_a_request_that_nobody_answers_fails_at_once(engine: Engine) -> None:
    with pytest.raises(ProvenError) as nobody:
        await engine.messages.request("void", b"", timeout=60)
    assert nobody.value.code is ErrorCode.UNAVAILABLE


async def test_a_request_has_a_deadline(engine: Engine) -> None:
    async def forever(_data: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    async with await engine.messages.respond("slow", forever):
        with pytest.raises(ProvenError) as late:
            await engine.messages.request("slow", b"", timeout=0.01)
    assert late.value.code is ErrorCode.REQUEST_TIMEOUT


async def test_a_busy_responder_refuses_instead_of_queueing_without_bound(engine: Engine) -> None:
    release = asyncio.Event()
    entered = asyncio.Semaphore(0)

    async def wait(data: bytes) -> bytes:
        entered.release()
        await release.wait()
        return data

    async with await engine.messages.respond("busy", wait, concurrency=2):
        running = [asyncio.ensure_future(engine.messages.request("busy", b"", timeout=60)) for _ in range(2)]
        await entered.acquire()
        await entered.acquire()
        with pytest.raises(ProvenError) as refused:
            await engine.messages.request("busy", b"", timeout=60)
        assert refused.value.code is ErrorCode.OVERLOADED
        assert refused.value.retry_after is not None
        release.set()
        await asyncio.gather(*running)


async def test_an_error_with_a_code_reaches_the_requester_and_any_other_does_not(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(_data: bytes) -> bytes:
        raise ProvenError(ErrorCode.FORBIDDEN, "not you")

    async def crash(_data: bytes) -> bytes:
        raise ValueError("secret detail")

    async with (
        await engine.messages.respond("refuse", refuse),
        await engine.messages.respond("crash", crash),
    ):
        with pytest.raises(ProvenError, match="not you") as refused:
            await engine.messages.request("refuse", b"", timeout=60)
        assert refused.value.code is ErrorCode.FORBIDDEN
        with caplog.at_level(logging.CRITICAL), pytest.raises(ProvenError) as crashed:
            await engine.messages.request("crash", b"", timeout=60)
        assert crashed.value.code is ErrorCode.INTERNAL
        assert "secret" not in crashed.value.message


async def test_closing_a_responder_ends_the_requests_it_was_answering(engine: Engine) -> None:
    entered = asyncio.Event()

    async def forever(_data: bytes) -> bytes:
        entered.set()
        await asyncio.Event().wait()
        return b""

    responder = await engine.messages.respond("slow", forever)
    request = asyncio.ensure_future(engine.messages.request("slow", b"", timeout=60))
    await entered.wait()
    await responder.close()
    with pytest.raises(ProvenError) as ended:
        await request
    assert ended.value.code is ErrorCode.UNAVAILABLE


async def test_stopping_the_engine_ends_subscriptions_and_requests(opened) -> None:
    async with opened() as engine:
        subscription = await engine.messages.subscribe("news")
        await engine.messages.respond("echo", echo)
    for call in (
        anext(subscription),
        engine.messages.publish("news", b""),
        engine.messages.subscribe("news"),
        engine.messages.request("echo", b"", timeout=60),
    ):
        with pytest.raises(ProvenError) as stopped:
            await call
        assert stopped.value.code is ErrorCode.UNAVAILABLE


async def test_messages_that_are_too_large_are_refused(engine: Engine) -> None:
    for call in (
        engine.messages.publish("news", bytes(MAX_PAYLOAD_BYTES + 1)),
        engine.messages.request("echo", bytes(MAX_PAYLOAD_BYTES + 1), timeout=1),
    ):
        with pytest.raises(ProvenError) as refused:
            await call
        assert refused.value.code is ErrorCode.TOO_LARGE
