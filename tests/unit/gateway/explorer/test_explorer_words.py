"""Policies and times in plain words."""

from __future__ import annotations

import pytest

from proven.gateway.explorer import _words
from proven.wire.applications import (
    Immutable,
    Multisig,
    OwnerDecides,
    OwnerKey,
    Policy,
    Timelock,
    TimelockMultisig,
)

KEYS = tuple(sorted(OwnerKey.from_seed(bytes([seed]) * 32).public_key for seed in range(3)))
DAY = 86_400


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Immutable(), "Nobody can change this."),
        (OwnerDecides(), "Its owner can change it at any moment."),
        (Timelock(delay=7 * DAY), "Its owner can change it; changes are announced 7 days before."),
        (Timelock(delay=90), "Its owner can change it; changes are announced 1 minute 30 seconds before."),
        (Multisig(threshold=2, keys=KEYS), "2 of 3 key holders together can change it at any moment."),
        (Multisig(threshold=1, keys=KEYS), "Any one of 3 key holders can change it at any moment."),
        (Multisig(threshold=3, keys=KEYS), "All of 3 key holders together can change it at any moment."),
        (Multisig(threshold=1, keys=KEYS[:1]), "The holder of one key can change it at any moment."),
        (
            TimelockMultisig(delay=DAY, threshold=2, keys=KEYS),
            "2 of 3 key holders together can change it; changes are announced 1 day before.",
        ),
    ],
)
def test_a_policy_is_one_sentence(policy: Policy, words: str) -> None:
    assert _words.policy(policy) == words


def test_guardians_are_said_where_they_are() -> None:
    assert _words.guardians(Timelock(delay=DAY)) is None
    assert (_words.guardians(Timelock(delay=DAY, guardians=KEYS[:1])) or "").startswith("A guardian can veto")
    assert (_words.guardians(Timelock(delay=DAY, guardians=KEYS)) or "").startswith(
        "Any of 3 guardians can veto"
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (59, "59 seconds"),
        (3600, "1 hour"),
        (3661, "1 hour 1 minute"),
        (86_400 + 59, "1 day"),
        (7 * DAY - 1, "6 days 23 hours"),
        (365 * DAY, "365 days"),
    ],
)
def test_a_time_that_is_left(seconds: int, words: str) -> None:
    assert _words.duration(seconds) == words


def test_moments() -> None:
    at = 1_795_421_642_999
    assert _words.moment(at) == "2026-11-23 08:14:02 UTC"
    assert _words.timestamp(at) == "2026-11-23T08:14:02Z"
    assert _words.http_date(at) == "Mon, 23 Nov 2026 08:14:02 GMT"
