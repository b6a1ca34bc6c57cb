from __future__ import annotations

import asyncio

import pytest

from proven.gateway.attested import EVIDENCE_BURST, EVIDENCE_RATE, MAX_PENDING, ResponseAttestor
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


async def test_evidence_is_made_at_a_bounded_rate() -> None:
    now = 1000.0
    attestor = ResponseAttestor(Platform(), clock=lambda: now)
    for _ in range(int(EVIDENCE_BURST)):
        await attestor.evidence(NONCE)
    with pytest.raises(ProvenError) as refused:
        await attestor.evidence(NONCE)
    assert refused.value.code is ErrorCode.OVERLOADED
    assert refused.value.retry_after
    now += 1
    for _ in range(int(EVIDENCE_RATE)):
        await attestor.evidence(NONCE)
    with pytest.raises(ProvenError):
        await attestor.evidence(NONCE)


async def test_a_slow_platform_is_not_asked_by_ever_more() -> None:
    platform = Platform()
    platform.gate.clear()
    attestor = ResponseAttestor(platform)
    waiting = [asyncio.create_task(attestor.evidence(NONCE)) for _ in range(MAX_PENDING)]
    await asyncio.sleep(0)
    with pytest.raises(ProvenError) as refused:
        await attestor.evidence(NONCE)
    assert refused.value.code is ErrorCode.OVERLOADED
    platform.gate.set()
    assert await asyncio.gather(*waiting) == [b"evidence"] * MAX_PENDING
