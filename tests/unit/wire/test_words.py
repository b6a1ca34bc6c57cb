"""Policies and times in plain words."""

from __future__ import annotations

import pytest

from proven.wire import words
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
    ("policy", "said"),
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
def test_a_policy_is_one_sentence(policy: Policy, said: str) -> None:
    assert words.policy(policy) == said


def test_guardians_are_said_where_they_are() -> None:
    assert words.guardians(Timelock(delay=DAY)) is None
    assert (words.guardians(Timelock(delay=DAY, guardians=KEYS[:1])) or "").startswith("A guardian can veto")
    assert (words.guardians(Timelock(delay=DAY, guardians=KEYS)) or "").startswith(
        "Any of 3 guardians can veto"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (DAY + 59, "1 day"),
        (8 * DAY + 3600, "8 days 1 hour"),
        (365 * DAY, "365 days"),
    ],
)
def test_a_duration_is_its_two_largest_units(seconds: int, said: str) -> None:
    assert words.duration(seconds) == said


def test_moments() -> None:
    at = 1_795_421_642_999
    assert words.moment(at) == "2026-11-23 08:14:02 UTC"
    assert words.minute(at) == "2026-11-23 08:14 UTC"
