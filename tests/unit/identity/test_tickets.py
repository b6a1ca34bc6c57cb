"""The memory of used tickets is bounded, and a full one fails closed."""

from __future__ import annotations

import dataclasses

import pytest

from proven.identity._tickets import Tickets
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId
from proven.wire.session import SessionRequest
from support.clock import Clock

LINEAGE, OTHER = bytes(16), b"o" * 16
ALICE, BOB = IdentityId("a" * 32), IdentityId("b" * 32)
REQUEST = SessionRequest(nonce=b"n" * 32, client_key=b"k" * 32)


def redeem(tickets: Tickets, expires_at: float) -> None:
    ticket = tickets.issue(REQUEST, None, expires_at, LINEAGE)
    tickets.redeem(dataclasses.replace(REQUEST, resumption=ticket))


def test_a_full_memory_redeems_nothing_until_entries_expire() -> None:
    now = 1000.0
    tickets = Tickets(b"t" * 32, clock=lambda: now, max_used=3)
    for _ in range(3):
        redeem(tickets, expires_at=2000)
    with pytest.raises(ProvenError) as caught:
        redeem(tickets, expires_at=9000)
    assert caught.value.code is ErrorCode.OVERLOADED
    now = 2000.0
    redeem(tickets, expires_at=9000)


def test_a_ticket_is_never_plain() -> None:
    ticket = Tickets(b"t" * 32, clock=lambda: 0.0).issue(REQUEST, None, 1000, LINEAGE)
    assert REQUEST.client_key not in ticket


def is_good(tickets: Tickets, ticket: bytes) -> bool:
    try:
        tickets.redeem(dataclasses.replace(REQUEST, resumption=ticket))
    except ProvenError as error:
        if error.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return False
    return True


def test_a_revoked_row_of_sessions_is_not_resumed_and_others_are() -> None:
    tickets = Tickets(b"t" * 32, clock=Clock(1000.0))
    revoked, other = (tickets.issue(REQUEST, ALICE, 2000, lineage) for lineage in (LINEAGE, OTHER))
    tickets.revoke(LINEAGE, 2000)
    later = tickets.issue(REQUEST, ALICE, 2000, LINEAGE)
    assert [is_good(tickets, each) for each in (revoked, later, other)] == [False, False, True]


def test_a_revoked_identity_resumes_nothing_from_before_but_what_is_spared() -> None:
    clock = Clock(1000.0)
    tickets = Tickets(b"t" * 32, clock=clock)
    before, spared = (tickets.issue(REQUEST, ALICE, 2000, lineage) for lineage in (OTHER, LINEAGE))
    bobs = tickets.issue(REQUEST, BOB, 2000, OTHER)
    tickets.revoke_identity(ALICE, 1_000_000, 2000, spared=LINEAGE)
    clock.now += 1
    after = tickets.issue(REQUEST, ALICE, 2000, OTHER)
    assert [is_good(tickets, each) for each in (before, spared, bobs, after)] == [False, True, True, True]


def test_when_too_much_is_revoked_to_remember_everything_from_before_is() -> None:
    clock = Clock(1000.0)
    tickets = Tickets(b"t" * 32, clock=clock, max_used=2)
    innocent = tickets.issue(REQUEST, BOB, 2000, OTHER)
    revoked = tickets.issue(REQUEST, ALICE, 2000, LINEAGE)
    for lineage in (LINEAGE, bytes([1]) * 16, bytes([2]) * 16):
        tickets.revoke(lineage, 2000)
    clock.now += 1
    later = tickets.issue(REQUEST, BOB, 2000, OTHER)
    assert [is_good(tickets, each) for each in (innocent, revoked, later)] == [False, False, True]


def test_what_is_revoked_is_forgotten_once_its_tickets_have_expired() -> None:
    clock = Clock(1000.0)
    tickets = Tickets(b"t" * 32, clock=clock, max_used=2)
    tickets.revoke(LINEAGE, 1500)
    tickets.revoke_identity(ALICE, 1_000_000, 1500)
    clock.now = 1600
    kept = tickets.issue(REQUEST, BOB, 2000, OTHER)
    for lineage in (b"1" * 16, b"2" * 16):
        tickets.revoke(lineage, 2000)
    assert is_good(tickets, kept)
