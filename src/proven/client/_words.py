"""Who can change an application, and what was announced, in words."""

from __future__ import annotations

from proven.apps import ApplicationRecord, Pending
from proven.wire.applications import (
    Deploy,
    Immutable,
    Multisig,
    OwnerDecides,
    Policy,
    RollBack,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
)
from proven.wire.words import duration, minute, short


def who_may_change(record: ApplicationRecord) -> str:
    """Who can change the code of an application, and after what notice."""
    if record.archived:
        return "nobody: it was archived"
    return _policy(record.policy, record.owner)


def _policy(policy: Policy, owner: bytes) -> str:
    match policy:
        case Immutable():
            return "nobody, ever: it is immutable"
        case OwnerDecides():
            return f"its owner {short(owner)} alone, at any time and without notice"
        case Timelock(delay=delay, guardians=guardians):
            return f"its owner {short(owner)}{_notice(delay, guardians)}"
        case Multisig(threshold=threshold, keys=keys):
            return f"{_keys(threshold, keys)}, at any time and without notice"
        case TimelockMultisig(delay=delay, threshold=threshold, keys=keys, guardians=guardians):
            return f"{_keys(threshold, keys)}{_notice(delay, guardians)}"


def pending_change(pending: Pending, owner: bytes) -> str:
    """What was announced, and when it can come into force."""
    match pending.change:
        case Deploy(package_id=package):
            what = f"the package {short(package)}"
        case RollBack(version=version):
            what = f"a return to version {version}"
        case SetUpgradePolicy(policy=policy):
            what = f"another policy: it can then be changed by {_policy(policy, owner)}"
        case TransferOwnership(to=to):
            what = f"another owner: {short(to)}"
    return f"announced on {minute(pending.announced_at)}, from {minute(pending.activates_at)}: {what}"


def _keys(threshold: int, keys: tuple[bytes, ...]) -> str:
    named = ", ".join(short(key) for key in keys)
    return f"{threshold} of {len(keys)} keys ({named}) together"


def _notice(delay: int, guardians: tuple[bytes, ...]) -> str:
    notice = f", {duration(delay)} after announcing it in the log"
    if not guardians:
        return notice
    if len(guardians) == 1:
        return f"{notice}; the guardian {short(guardians[0])} can veto until then"
    return f"{notice}; any of {len(guardians)} guardians can veto until then"
