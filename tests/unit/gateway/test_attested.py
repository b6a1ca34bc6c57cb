from __future__ import annotations

import asyncio

from proven.gateway.attested import (
    BURST_PER_SOURCE,
    EVIDENCE_BURST,
    EVIDENCE_RATE,
    MAX_PENDING,
    RATE_PER_SOURCE,
    RationedAttestor,
    ResponseAttestor,
)
from proven.wire.errors import ErrorCode, ProvenError

NONCE = bytes(16)


class Platform:
    """Gives evidence when told to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()

    async def attest(self, *, nonce: bytes, public_key: bytes, user_data: bytes) -> bytes:
        await self.gate.wait()
        return b"evidence"


async def refused(attestor: ResponseAttestor, source: str) -> bool:
    try:
        await attestor.evidence(NONCE, source)
    except ProvenError as error:
        return error.code is ErrorCode.OVERLOADED and bool(error.retry_after)
    return False


async def test_evidence_is_made_at_a_bounded_rate() -> None:
    now = 1000.0
    attestor = ResponseAttestor(RationedAttestor(Platform(), clock=lambda: now))
    for number in range(EVIDENCE_BURST):
        await attestor.evidence(NONCE, f"10.0.0.{number}")
    assert await refused(attestor, "10.1.0.0")
    now += 1
    for number in range(int(EVIDENCE_RATE)):
        await attestor.evidence(NONCE, f"10.2.0.{number}")
    assert await refused(attestor, "10.3.0.0")


async def test_who_asks_for_evidence_all_the_time_leaves_some_for_others() -> None:
    now = 1000.0
    attestor = ResponseAttestor(RationedAttestor(Platform(), clock=lambda: now))
    for number in range(BURST_PER_SOURCE):
        await attestor.evidence(NONCE, f"2001:db8::{number:x}")
    for _ in range(10):
        greedy = [await refused(attestor, "2001:db8::1") for _ in range(500)]
        assert greedy.count(False) <= RATE_PER_SOURCE
        assert not await refused(attestor, "10.0.0.1")
        now += 1


async def test_a_slow_platform_is_not_asked_by_ever_more() -> None:
    platform = Platform()
    platform.gate.clear()
    attestor = ResponseAttestor(RationedAttestor(platform))
    waiting = [asyncio.create_task(attestor.evidence(NONCE)) for _ in range(MAX_PENDING)]
    await asyncio.sleep(0)
    assert await refused(attestor, "")
    platform.gate.set()
    assert await asyncio.gather(*waiting) == [b"evidence"] * MAX_PENDING
