"""What is announced and not in force yet, and what is so already, in words for owners."""

from __future__ import annotations

from proven.apps import ApplicationRecord, Pending
from proven.client.owner import ReadLog
from proven.wire import words
from proven.wire.applications import (
    Command,
    Deploy,
    RollBack,
    SetUpgradePolicy,
    TransferOwnership,
    guardians_of,
    keys_of,
)

from ._hints import Typed, veto


def lines(record: ApplicationRecord, pending: Pending, now: int) -> list[tuple[str, str]]:
    """The announced change of an application: what, from when, and who can stop it until then. `now` is
    Unix milliseconds.
    """
    announced = f"announced on {words.minute(pending.announced_at)} (entry {pending.log_index})"
    found = [("pending", f"{said(pending.change)}: {announced}")]
    if now < pending.activates_at:
        left = words.duration(max(1, (pending.activates_at - now) // 1000))
        found.append(("in force", f"from {words.minute(pending.activates_at)}, in {left}"))
    else:
        found.append(
            (
                "in force",
                f"not yet, though due since {words.minute(pending.activates_at)}: a node brings it into "
                "force once its version loads and is well",
            )
        )
    found.append(("", f"until then {who_takes_back(record)} can take it back: `{Typed().cancel(record)}`"))
    if guardians_of(record.policy):
        found.append(("", f"until then {_who_vetoes(record)} can veto it: `{veto(record)}`"))
    return found


def who_takes_back(record: ApplicationRecord) -> str:
    keys = keys_of(record.policy)
    if not keys:
        return f"its owner {words.short(record.owner)}"
    threshold = getattr(record.policy, "threshold", len(keys))
    return f"{threshold} of its {len(keys)} keys together"


def said(command: Command) -> str:
    """A command as the beginning of a sentence that goes on."""
    return words.command(command).rstrip(".")


def already(log: ReadLog, record: ApplicationRecord, command: Command) -> str | None:
    """That what a command asks for is so, or is announced, already; None if it would change something."""
    pending = record.pending
    if pending is not None:
        if pending.change != command:
            return None
        return (
            f"that is announced already, in entry {pending.log_index}, and comes into force on "
            f"{words.minute(pending.activates_at)}"
        )
    live = log.live(record.id)
    match command:
        case Deploy(package_id=package) if live is not None and live.package_id == package:
            return f"that package is live already, as version {live.number} (entry {live.log_index})"
        case RollBack(version=version) if live is not None:
            wanted = log.state.package_of(record.id, command) if version < live.number else None
            if wanted == live.package_id:
                return (
                    f"the package of version {version} is live already, as version {live.number} "
                    f"(entry {live.log_index})"
                )
        case SetUpgradePolicy(policy=policy) if policy == record.policy:
            return "that is its policy already"
        case TransferOwnership(to=to) if to == record.owner:
            return "that is its owner already"
        case _:
            pass
    return None


def _who_vetoes(record: ApplicationRecord) -> str:
    guardians = guardians_of(record.policy)
    if len(guardians) == 1:
        return f"the guardian {words.short(guardians[0])}"
    return f"any of the {len(guardians)} guardians"
