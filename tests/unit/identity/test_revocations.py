"""What a node was told to revoke stays revoked when it starts again, while a ticket would be good."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.engine.embedded import EmbeddedEngine
from proven.identity._revocations import BUCKET, Revocations
from proven.identity._tickets import Tickets
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId
from proven.wire.session import SessionRequest
from support.clock import Clock
from support.sealed import running_engine

REQUEST = SessionRequest(nonce=b"n" * 32, client_key=b"k" * 32)
ALICE, BOB = IdentityId("a" * 32), IdentityId("b" * 32)
MINE, STOLEN, OTHER = b"m" * 16, b"s" * 16, b"o" * 16


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    async with running_engine(tmp_path) as engine:
        yield engine


class Process:
    """A node's process: what it remembers goes with it, its ticket key and registers do not."""

    def __init__(self, engine: EmbeddedEngine, clock: Clock, max_kept: int = 100) -> None:
        self.tickets = Tickets(b"t" * 32, clock=clock)
        self.revocations = Revocations(
            self.tickets, engine.registers, clock, ticket_life=1000, max_kept=max_kept
        )

    def issue(self, identity: IdentityId, lineage: bytes) -> bytes:
        return self.tickets.issue(REQUEST, identity, 2000, lineage)

    def is_good(self, ticket: bytes) -> bool:
        try:
            self.tickets.redeem(dataclasses.replace(REQUEST, resumption=ticket))
        except ProvenError:
            return False
        return True


async def kept(engine: EmbeddedEngine) -> list[str]:
    return [entry.key for entry in await engine.registers.entries(BUCKET)]


async def test_revocations_outlive_the_process(engine: EmbeddedEngine) -> None:
    clock = Clock(1000.0)
    process = Process(engine, clock)
    stolen, mine, others, bobs = (
        process.issue(ALICE, STOLEN),
        process.issue(BOB, MINE),
        process.issue(BOB, OTHER),
        process.issue(ALICE, OTHER),
    )
    await process.revocations.revoke(STOLEN, 2000)
    await process.revocations.revoke_identity(BOB, 2000, spared=MINE)
    clock.now += 1
    again = Process(engine, clock)
    await again.revocations.load()
    assert [again.is_good(each) for each in (stolen, mine, others, bobs)] == [False, True, False, True]
    assert again.is_good(again.issue(BOB, OTHER))


async def test_they_are_forgotten_once_no_ticket_needs_them(engine: EmbeddedEngine) -> None:
    clock = Clock(1000.0)
    process = Process(engine, clock)
    await process.revocations.revoke(STOLEN, 1500)
    await process.revocations.revoke_identity(BOB, 1600)
    clock.now = 1500
    await process.revocations.purge()
    assert await kept(engine) == [f"identity.{BOB}"]
    again = Process(engine, clock)
    await again.revocations.load()
    clock.now = 1600
    await again.revocations.purge()
    assert await kept(engine) == []


async def test_when_too_many_are_kept_every_ticket_from_before_is_refused_for_good(
    engine: EmbeddedEngine,
) -> None:
    clock = Clock(1000.0)
    process = Process(engine, clock, max_kept=2)
    innocent = process.issue(BOB, OTHER)
    for index in range(4):
        await process.revocations.revoke(bytes([index]) * 16, 1100)
    assert len(await kept(engine)) == 3
    clock.now = 1200
    await process.revocations.purge()
    again = Process(engine, clock)
    await again.revocations.load()
    assert not again.is_good(innocent)
    assert again.is_good(again.issue(BOB, OTHER))


@pytest.mark.parametrize(("key", "value"), [("lineage.00", b"garbage"), ("other.00", b"\x83\x01\xf6\xf6")])
async def test_what_cannot_be_read_stops_the_start(engine: EmbeddedEngine, key: str, value: bytes) -> None:
    await engine.registers.put(BUCKET, key, value)
    with pytest.raises(ProvenError) as refused:
        await Process(engine, Clock(1000.0)).revocations.load()
    assert refused.value.code is ErrorCode.UNAVAILABLE
