"""What every backend's leases promise."""

from __future__ import annotations

import asyncio

import pytest

from proven.engine import Engine, Lease
from proven.wire.errors import ErrorCode, ProvenError


async def acquire_when_free(engine: Engine, name: str) -> Lease:
    """Keep asking, as late as the refusals say, until the lease is granted."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await engine.leases.acquire(name, ttl=0.05)
            except ProvenError as refused:
                if refused.code is not ErrorCode.CONFLICT:
                    raise
                await asyncio.sleep(refused.retry_after or 0)


async def test_a_lease_has_one_holder(engine: Engine) -> None:
    outcomes = await asyncio.gather(
        *(engine.leases.acquire("leader", ttl=60) for _ in range(20)), return_exceptions=True
    )
    assert len([outcome for outcome in outcomes if isinstance(outcome, Lease)]) == 1
    refused = next(outcome for outcome in outcomes if isinstance(outcome, ProvenError))
    assert refused.code is ErrorCode.CONFLICT
    assert refused.retry_after is not None
    assert refused.retry_after > 0
    await engine.leases.acquire("another", ttl=60)


async def test_a_released_lease_can_be_taken_with_a_greater_token(engine: Engine) -> None:
    first = await engine.leases.acquire("leader", ttl=60)
    await engine.leases.release(first)
    second = await engine.leases.acquire("leader", ttl=60)
    assert second.token > first.token


async def test_an_expired_lease_is_lost_to_the_next_with_a_greater_token(engine: Engine) -> None:
    first = await engine.leases.acquire("leader", ttl=0.01)
    second = await acquire_when_free(engine, "leader")
    assert second.token > first.token
    with pytest.raises(ProvenError) as lost:
        await engine.leases.renew(first)
    assert lost.value.code is ErrorCode.CONFLICT


async def test_a_late_release_does_not_take_the_lease_from_the_next_holder(engine: Engine) -> None:
    first = await engine.leases.acquire("leader", ttl=60)
    await engine.leases.release(first)
    await engine.leases.acquire("leader", ttl=60)
    await engine.leases.release(first)
    with pytest.raises(ProvenError):
        await engine.leases.acquire("leader", ttl=60)


async def test_a_renewed_lease_keeps_its_token_and_lasts_longer(engine: Engine) -> None:
    lease = await engine.leases.acquire("leader", ttl=60)
    renewed = await engine.leases.renew(lease)
    assert renewed.token == lease.token
    assert renewed.expires_at >= lease.expires_at


async def test_tokens_keep_growing_over_restarts(opened) -> None:
    async with opened() as engine:
        before = await engine.leases.acquire("leader", ttl=0.01)
    async with opened() as engine:
        after = await acquire_when_free(engine, "leader")
    assert after.token > before.token


@pytest.mark.parametrize("ttl", [0, -1, 1e9, float("nan")])
async def test_a_lease_without_a_sensible_length_is_refused(engine: Engine, ttl: float) -> None:
    with pytest.raises(ProvenError) as refused:
        await engine.leases.acquire("leader", ttl=ttl)
    assert refused.value.code is ErrorCode.BAD_REQUEST
