"""What the times of a log's entries can be, and for how long a change was public. No input or output.

An entry's time is the word of the node that wrote it. What speaks against a false one: the entries around it,
the caller's own clock, the evidence's, what was seen of the log before, and witnesses, who say when they saw
how many entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from proven.client.pins import Pins, Remembered
from proven.wire.applications import UPGRADES
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.log_entries import Activated, Submitted, decode_entry
from proven.wire.words import moment

CLOCK_SKEW: Final = 300
"""Seconds that clocks of honest nodes, witnesses and callers may differ."""
SUPERSEDED_GRACE: Final = 15 * 60
"""Seconds for which a replaced version may go on answering: the longest that a call can take."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A witness said at `at` (Unix seconds) that the log had `size` entries, and no more that it knew of."""

    witness: str
    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Activation:
    """A change that came into force after a notice: the indexes of its announcement and of the entry that
    brought it into force, when both say that they are of (Unix milliseconds), and `delay` in seconds.
    """

    announced_index: int
    index: int
    announced_at: int
    at: int
    delay: int


@dataclass(frozen=True, slots=True)
class Witnessed:
    """When a witness first saw an announcement, as far as is shown: it was not there at `after` (None: not
    known), and it was at `by`. Unix seconds.
    """

    witness: str
    after: int | None
    by: int


def check_order(times: Mapping[int, int]) -> None:
    """Times (Unix milliseconds) by index never decrease. Raises `EVIDENCE_INVALID`."""
    latest, before = 0, 0
    for index in sorted(times):
        if times[index] < latest:
            raise _refused(
                f"entry {index} was backdated: it says that it is of {moment(times[index])}, and "
                f"entry {before}, before it, is of {moment(latest)}"
            )
        latest, before = times[index], index


def check_not_after(times: Mapping[int, int], latest: datetime) -> None:
    """No entry is later than `latest`. Raises `EVIDENCE_INVALID`."""
    for index, at in times.items():
        if at / 1000 > latest.timestamp() + CLOCK_SKEW:
            raise _refused(
                f"entry {index} says that it is of {moment(at)}, which is yet to come: the "
                "node's clock or yours is wrong"
            )


def check_since(times: Mapping[int, int], known: Remembered) -> None:
    """Entries that the log did not have when it was seen are not from before that. Raises
    `EVIDENCE_INVALID`.
    """
    for index, at in times.items():
        if index >= known.size and at / 1000 < known.seen_at - CLOCK_SKEW:
            raise _refused(
                f"entry {index} was backdated: it says that it is of {moment(at)}, and the log was "
                f"seen without it on {known.when}"
            )


def check_sightings(times: Mapping[int, int], sightings: Sequence[Sighting], shown_at: datetime) -> None:
    """What a witness saw is not later, and what it had not seen is not earlier, than when it looked. Raises
    `EVIDENCE_INVALID`.
    """
    for each in sightings:
        when = moment(1000 * each.at)
        if each.at > shown_at.timestamp() + CLOCK_SKEW:
            raise _refused(
                f"{each.witness} says that it saw the log on {when}, which is yet to come: its "
                "clock or yours is wrong"
            )
        for index, at in times.items():
            if index < each.size and at / 1000 > each.at + CLOCK_SKEW:
                raise _refused(
                    f"entry {index} was postdated: it says that it is of {moment(at)}, and "
                    f"{each.witness} saw it on {when}"
                )
            if index >= each.size and at / 1000 < each.at - CLOCK_SKEW:
                raise _refused(
                    f"entry {index} was backdated: it says that it is of {moment(at)}, and "
                    f"{each.witness} saw the log without it on {when}"
                )


def witnessed(index: int, sightings: Sequence[Sighting]) -> tuple[Witnessed, ...]:
    """Which witnesses saw the entry, the earliest first."""
    found = []
    for name in dict.fromkeys(each.witness for each in sightings):
        own = [each for each in sightings if each.witness == name]
        seen = [each.at for each in own if each.size > index]
        if seen:
            before = [each.at for each in own if each.size <= index]
            found.append(Witnessed(name, max(before, default=None), min(seen)))
    return tuple(sorted(found, key=lambda each: each.by))


def announcements(entries: Mapping[int, bytes], application: ApplicationId) -> list[int]:
    """The indexes of an application's entries that announced what came into force later, or may yet. Nothing
    is checked: it says what to ask witnesses' cosignatures for.
    """
    found: list[int] = []
    announced: int | None = None
    marker = application.encode()
    for index in sorted(entries):
        if marker not in entries[index]:
            continue
        try:
            entry = decode_entry(entries[index])
        except ProvenError:
            continue
        if entry.application_id != application:
            continue
        if isinstance(entry, Activated) and announced is not None:
            found.append(announced)
            announced = None
        elif isinstance(entry, Submitted) and isinstance(entry.command.body.command, UPGRADES):
            announced = index
    return found if announced is None else [*found, announced]


def notice_grace(delay: int) -> int:
    """Seconds by which a notice may seem shorter than it was: witnesses take a while to look, and nodes keep
    the more exactly when they did, the more recent it is.
    """
    return delay // 16


def check_notice(
    activations: Sequence[Activation], sightings: Sequence[Sighting], pins: Pins, now: float
) -> None:
    """Every change that is in force at `now` (Unix seconds) has been public for as long as was promised:
    enough witnesses saw its announcement that long ago. Raises `EVIDENCE_INVALID`.
    """
    for each in activations:
        seen = witnessed(each.announced_index, sightings)
        enough = now - each.delay + notice_grace(each.delay)
        if sum(1 for found in seen if found.by <= enough) >= pins.needed_witnesses:
            continue
        said = (
            f"the change in entry {each.announced_index} is in force, and says that it was announced on "
            f"{moment(each.announced_at)}"
        )
        if len(seen) < pins.needed_witnesses:
            missing = "no witness" if not seen else f"only {len(seen)} of your witnesses"
            raise _refused(
                f"{said}; {missing} is shown to have seen that, and you require {pins.needed_witnesses}: ask "
                f"the node's operator since when it has these witnesses (log.witnesses)"
            )
        decisive = seen[pins.needed_witnesses - 1]
        raise _refused(
            f"{said}; {decisive.witness} first saw it on {moment(1000 * decisive.by)}, so it has not been "
            f"public for the notice that was promised: wait until "
            f"{moment(1000 * (decisive.by + each.delay))}, or find out what changed"
        )


def _refused(message: str) -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, message)
