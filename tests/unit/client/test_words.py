from __future__ import annotations

import pytest

from proven.apps import ApplicationRecord, Pending
from proven.client._words import pending_change, who_may_change
from proven.wire.applications import (
    Deploy,
    Immutable,
    Multisig,
    OwnerDecides,
    OwnerKey,
    Policy,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    Upgrade,
)
from proven.wire.ids import ApplicationId

KEYS = tuple(sorted(OwnerKey.from_seed(bytes([number]) * 32).public_key for number in range(1, 4)))
OWNER = KEYS[0]
DAY = 24 * 3600


def record(policy: Policy, *, archived: bool = False) -> ApplicationRecord:
    application = ApplicationId("a" * 32)
    return ApplicationRecord(application, OWNER, "bank", 0, 0, policy=policy, archived=archived)


def start(key: bytes) -> str:
    return f"{key.hex()[:12]}…"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (Immutable(), "nobody, ever: it is immutable"),
        (OwnerDecides(), f"its owner {start(OWNER)} alone, at any time and without notice"),
        (Timelock(delay=7 * DAY), f"its owner {start(OWNER)}, 7 days after announcing it in the log"),
        (
            Timelock(delay=DAY, guardians=KEYS[1:2]),
            f"its owner {start(OWNER)}, 1 day after announcing it in the log; the guardian {start(KEYS[1])} "
            "can veto until then",
        ),
        (
            Multisig(threshold=2, keys=KEYS),
            f"2 of 3 keys ({', '.join(map(start, KEYS))}) together, at any time and without notice",
        ),
        (
            TimelockMultisig(delay=90 * 60, threshold=1, keys=KEYS[:1], guardians=KEYS[1:]),
            f"1 of 1 keys ({start(OWNER)}) together, 1 hour 30 minutes after announcing it in the log; "
            "any of 2 guardians can veto until then",
        ),
    ],
)
def test_a_policy_in_words(policy: Policy, said: str) -> None:
    assert who_may_change(record(policy)) == said


def test_an_archived_application_is_changed_by_nobody() -> None:
    assert who_may_change(record(OwnerDecides(), archived=True)) == "nobody: it was archived"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Deploy(package_id="ab" * 32), "the package abababababab…"),
        (RollBack(version=3), "a return to version 3"),
        (TransferOwnership(to=KEYS[1]), f"another owner: {start(KEYS[1])}"),
        (SetUpgradePolicy(policy=Immutable()), "another policy: it can then be changed by nobody, ever"),
    ],
)
def test_a_pending_change_in_words(change: Upgrade, said: str) -> None:
    pending = Pending(change, 7, 1_800_000_000_000, 1_800_000_000_000 + DAY * 1000)
    described = pending_change(pending, OWNER)
    assert described.startswith("announced on 2027-01-15 08:00 UTC, from 2027-01-16 08:00 UTC: ")
    assert said in described
