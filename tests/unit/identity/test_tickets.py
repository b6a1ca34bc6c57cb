"""The memory of used tickets is bounded, and a full one fails closed."""

from __future__ import annotations

import dataclasses

import pytest

from proven.identity._tickets import Tickets
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.session import SessionRequest

REQUEST = SessionRequest(nonce=b"n" * 32, client_key=b"k" * 32)


def redeem(tickets: Tickets, expires_at: float) -> None:
    ticket = tickets.issue(REQUEST, None, expires_at)
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
    ticket = Tickets(b"t" * 32, clock=lambda: 0.0).issue(REQUEST, None, 1000)
    assert REQUEST.client_key not in ticket
