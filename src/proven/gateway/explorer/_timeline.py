"""What happened to an application's code and to who may change it: announced, cancelled, vetoed, live."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from proven.wire.applications import (
    Archive,
    CancelUpgrade,
    CreateApplication,
    Deploy,
    OwnerDecides,
    Policy,
    RollBack,
    SetUpgradePolicy,
    TransferOwnership,
    Upgrade,
    Veto,
    delay_of,
)
from proven.wire.log_entries import Activated, Entry, Submitted

MAX_EVENTS: Final = 50
MAX_FOLDED: Final = 2_000
"""Entries of one application that are read; for one with more, what was before is not told."""


class Outcome(enum.StrEnum):
    ANNOUNCED = "announced"
    CANCELLED = "cancelled"
    VETOED = "vetoed"
    ACTIVATED = "activated"


@dataclass(frozen=True, slots=True)
class UpgradeEvent:
    """One step of a change. `log_index` and `at` are those of the entry that made it, `announced` is the
    index of the change's own. `activates_at` (Unix milliseconds) is said of announcements, where it is known.
    """

    outcome: Outcome
    change: Upgrade
    log_index: int
    announced: int
    at: int
    signers: tuple[bytes, ...]
    activates_at: int | None = None


@dataclass(slots=True)
class Timeline:
    """The fold of an application's entries, as far as it was read. `policies` are those under which versions
    became live, by the index of the entry that did it; `policy` is None where it is not known.
    """

    policy: Policy | None = field(default_factory=OwnerDecides)
    read: int = 0
    events: deque[UpgradeEvent] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    policies: dict[int, Policy] = field(default_factory=dict)
    _pending: tuple[int, Upgrade] | None = None

    def wanted(self, indexes: Sequence[int]) -> Sequence[int]:
        """Which entries to `add` next, of all that the application has."""
        if len(indexes) - self.read > MAX_FOLDED:
            self.policy, self._pending = None, None
            self.read = len(indexes) - MAX_FOLDED
        return indexes[self.read :]

    def add(self, index: int, entry: Entry) -> None:
        """Take the next entry into account."""
        self.read += 1
        if isinstance(entry, Activated):
            if self._pending is not None:
                announced, change = self._pending
                self._record(Outcome.ACTIVATED, change, index, announced, entry.at, ())
                self._take_effect(change, index)
            self._pending = None
        elif isinstance(entry, Submitted):
            self._command(index, entry)

    def _command(self, index: int, entry: Submitted) -> None:
        command, signers = entry.command.body.command, entry.command.signers
        match command:
            case CreateApplication():
                self.policy = command.policy or OwnerDecides()
            case Deploy() | RollBack() | SetUpgradePolicy() | TransferOwnership():
                self._upgrade(index, entry.at, command, signers)
            case CancelUpgrade() | Veto() | Archive():
                if self._pending is not None:
                    outcome = Outcome.VETOED if isinstance(command, Veto) else Outcome.CANCELLED
                    self._record(outcome, self._pending[1], index, self._pending[0], entry.at, signers)
                self._pending = None

    def _upgrade(self, index: int, at: int, change: Upgrade, signers: tuple[bytes, ...]) -> None:
        delay = None if self.policy is None else delay_of(self.policy)
        if delay == 0:
            self._record(Outcome.ACTIVATED, change, index, index, at, signers)
            self._take_effect(change, index)
            return
        activates_at = None if delay is None else at + delay * 1000
        self._record(Outcome.ANNOUNCED, change, index, index, at, signers, activates_at)
        self._pending = (index, change)

    def _take_effect(self, change: Upgrade, index: int) -> None:
        if isinstance(change, SetUpgradePolicy):
            self.policy = change.policy
        elif isinstance(change, Deploy | RollBack) and self.policy is not None:
            self.policies[index] = self.policy

    def _record(
        self,
        outcome: Outcome,
        change: Upgrade,
        index: int,
        announced: int,
        at: int,
        signers: tuple[bytes, ...],
        activates_at: int | None = None,
    ) -> None:
        self.events.append(UpgradeEvent(outcome, change, index, announced, at, signers, activates_at))
