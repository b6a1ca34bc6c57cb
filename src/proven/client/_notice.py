"""When what is in force was announced, and who saw that, in words."""

from __future__ import annotations

from collections.abc import Sequence

from proven.client.log import Live
from proven.client.pins import Pins
from proven.client.report import Link, LinkName, Status
from proven.client.times import Sighting, check_notice, witnessed
from proven.wire.errors import ProvenError
from proven.wire.words import duration, moment


def examine_notice(live: Live, sightings: Sequence[Sighting], pins: Pins, at: float) -> Link:
    """The link `notice` of `verification.examine`, at `at` (Unix seconds). Raises `EVIDENCE_INVALID` if the
    pins ask for more than witnesses say.
    """
    seen = witnessed(live.version.announced_index, sightings)
    holds = 0 < pins.needed_witnesses <= len(seen)
    try:
        check_notice(live.activations, sightings, pins, at)
    except ProvenError:
        if pins.notice_witnessed:
            raise
        holds = False
    against = [_seen(each.witness, each.after, each.by) for each in seen]
    if not against:
        against = ["the node's clock alone: " + _why_no_witness(pins)]
    elif not holds:
        against.append("which is not as long as was promised, or not for every change in force")
    return Link(
        LinkName.NOTICE, Status.HOLDS if holds else Status.UNCHECKED, _announced(live), "; ".join(against)
    )


def _announced(live: Live) -> str:
    version = live.version
    announced, in_force = live.times[version.announced_index], version.at
    if version.announced_index == version.log_index:
        return f"version {version.number} is in force since {moment(in_force)}, at once"
    return (
        f"version {version.number} was announced on {moment(announced)} (entry "
        f"{version.announced_index}) and is in force since {moment(in_force)}, "
        f"{duration((in_force - announced) // 1000)} later"
    )


def _seen(witness: str, after: int | None, by: int) -> str:
    before = "" if after is None else f", and the log without it on {moment(1000 * after)}"
    return f"witnessed by {witness}, which saw it on {moment(1000 * by)}{before}"


def _why_no_witness(pins: Pins) -> str:
    return "no witness is pinned" if not pins.witnesses else "no pinned witness is shown to have seen it"
