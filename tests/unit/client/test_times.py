"""The rules about times believe every honest log, and no log that dates an entry where it was not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from proven.client.pins import Pins, Remembered
from proven.client.times import (
    CLOCK_SKEW,
    Activation,
    Sighting,
    check_not_after,
    check_notice,
    check_order,
    check_sightings,
    check_since,
    notice_grace,
    witnessed,
)
from proven.transparency.history import PRECISION
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import NoteKey, NoteSigner

NOW = 1_700_000_000
DAY = 86_400
KEYS: tuple[NoteKey, ...] = tuple(
    NoteSigner(f"{name}.example", Ed25519PrivateKey.from_private_bytes(name.encode() * 32)).key
    for name in "ab"
)

moments = st.integers(0, 400 * DAY)
logs = st.lists(moments, min_size=1, max_size=12).map(sorted)
looks = st.lists(
    st.tuples(moments, st.integers(-CLOCK_SKEW // 2, CLOCK_SKEW // 2), st.sampled_from("ab")), max_size=6
)


def as_times(log: list[int]) -> dict[int, int]:
    return {index: 1000 * (NOW + seconds) for index, seconds in enumerate(log)}


def seen(log: list[int], look: tuple[int, int, str]) -> Sighting:
    """What a witness sees whose clock is some seconds off."""
    at, off, name = look
    return Sighting(name, NOW + at + off, sum(1 for each in log if each <= at))


def refuses(check: object, *arguments: object) -> bool:
    assert callable(check)
    try:
        check(*arguments)
    except ProvenError as error:
        return error.code is ErrorCode.EVIDENCE_INVALID
    return False


@given(logs, looks)
def test_an_honest_log_is_believed_whoever_looked_and_whenever(
    log: list[int], looked: list[tuple[int, int, str]]
) -> None:
    times, now = as_times(log), datetime.fromtimestamp(NOW + 401 * DAY, UTC)
    check_order(times)
    check_not_after(times, now)
    check_sightings(times, [seen(log, each) for each in looked], now)
    for at, off, _ in looked:
        size = sum(1 for each in log if each <= at)
        known = Remembered(origin="log", verifier_key="", size=size, root="", seen_at=NOW + at + off)
        check_since(times, known)


@given(logs, st.data())
def test_an_entry_dated_before_a_look_at_the_log_without_it_is_refused(
    log: list[int], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(log) - 1))
    size = data.draw(st.integers(0, index))
    late = data.draw(st.integers(1, DAY))
    at = NOW + log[index] + CLOCK_SKEW + late
    times, now = as_times(log), datetime.fromtimestamp(at, UTC)
    assert refuses(check_sightings, times, [Sighting("a", at, size)], now)
    known = Remembered(origin="log", verifier_key="", size=size, root="", seen_at=at)
    assert refuses(check_since, times, known)


@given(logs, st.data())
def test_an_entry_dated_after_a_look_at_it_is_refused(log: list[int], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(log) - 1))
    early = data.draw(st.integers(1, DAY))
    at = NOW + log[index] - CLOCK_SKEW - early
    now = datetime.fromtimestamp(NOW + 401 * DAY, UTC)
    assert refuses(check_sightings, as_times(log), [Sighting("a", at, index + 1)], now)
    assert refuses(check_not_after, as_times(log), datetime.fromtimestamp(at, UTC))


@given(st.lists(moments, min_size=1, max_size=12))
def test_times_that_go_back_are_refused_and_no_others(log: list[int]) -> None:
    assert refuses(check_order, as_times(log)) == (sorted(log) != log)


@given(
    st.integers(60, 365 * DAY),
    st.lists(st.tuples(st.integers(0, 400 * DAY), st.integers(0, 8), st.sampled_from("ab")), max_size=8),
    st.integers(1, 2),
)
def test_a_notice_is_believed_exactly_if_enough_witnesses_saw_it_for_that_long(
    delay: int, looked: list[tuple[int, int, str]], needed: int
) -> None:
    sightings = [Sighting(name, NOW - ago, size) for ago, size, name in looked]
    change = Activation(4, 7, 1000 * (NOW - delay), 1000 * NOW, delay)
    pins = Pins(witnesses=KEYS, min_witnesses=needed, notice_witnessed=True)
    early_enough = {
        each.witness
        for each in sightings
        if each.size > change.announced_index and each.at <= NOW - delay + notice_grace(delay)
    }
    assert refuses(check_notice, [change], sightings, pins, NOW) == (len(early_enough) < needed)


def test_the_moment_in_which_an_entry_became_public_is_between_two_looks() -> None:
    looked = [Sighting("a", NOW, 3), Sighting("a", NOW + 60, 4), Sighting("a", NOW + 90, 9)]
    (found,) = witnessed(3, looked)
    assert (found.witness, found.after, found.by) == ("a", NOW, NOW + 60)
    assert witnessed(9, looked) == ()


@pytest.mark.parametrize("delay", [60, 7 * DAY, 365 * DAY])
def test_a_notice_is_hardly_shorter_than_it_was_promised_to_be(delay: int) -> None:
    assert 2 * delay // PRECISION - 1 <= notice_grace(delay) <= delay / 10
