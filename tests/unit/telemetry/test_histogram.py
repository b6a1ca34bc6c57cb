"""The histogram against a list of everything that was counted."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proven.telemetry import Histogram
from proven.telemetry.histogram import BUCKETS, MAX_VALUE, bounds_of, bucket_of

values = st.integers(0, MAX_VALUE)
durations = st.lists(st.one_of(values, st.integers(0, 40), st.integers(900, 1100)), max_size=200)


def counted(numbers: list[int]) -> Histogram:
    histogram = Histogram()
    for number in numbers:
        histogram.add(number)
    return histogram


def test_the_buckets_follow_each_other_without_gap_or_overlap() -> None:
    end = 0
    for bucket in range(BUCKETS):
        low, after = bounds_of(bucket)
        assert low == end
        assert bucket_of(low) == bucket_of(after - 1) == bucket
        end = after
    assert end == MAX_VALUE + 1


@given(values)
def test_a_value_is_told_from_others_within_a_sixteenth(value: int) -> None:
    low, end = bounds_of(bucket_of(value))
    assert low <= value < end
    assert abs(counted([value]).percentile(0.5) - value) <= value / 16
    if value < 16:
        assert counted([value]).percentile(0.5) == value


@given(st.integers())
def test_any_number_has_a_bucket(value: int) -> None:
    assert 0 <= bucket_of(value) < BUCKETS


@given(durations.filter(bool), st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0]))
def test_a_percentile_is_that_of_the_nearest_rank(numbers: list[int], share: float) -> None:
    exact = sorted(numbers)[max(1, math.ceil(len(numbers) * share)) - 1]
    assert counted(numbers).percentile(share) == pytest.approx(exact, rel=1 / 16)


@given(durations, durations)
def test_merging_counts_what_both_have_counted(one: list[int], other: list[int]) -> None:
    merged = counted(one)
    merged.merge(counted(other))
    both = counted([*one, *other])
    assert (merged.calls, merged.total, merged.sparse()) == (both.calls, both.total, both.sparse())


@given(durations, st.integers(0, 37))
@example([MAX_VALUE], 36)
def test_what_is_below_a_power_of_two_is_counted_exactly(numbers: list[int], power: int) -> None:
    assert counted(numbers).below(1 << power) == sum(number < 1 << power for number in numbers)


@given(durations)
def test_the_stored_form_is_the_same_histogram(numbers: list[int]) -> None:
    histogram = counted(numbers)
    again = Histogram.of(histogram.sparse(), histogram.total)
    assert (again.calls, again.total, again.sparse()) == (
        len(numbers),
        sum(numbers),
        histogram.sparse(),
    )


@pytest.mark.parametrize("sparse", [[1], [-1, 1], [BUCKETS, 1], [0, 0], [0, -1], [0, 1 << 63]])
def test_what_no_histogram_has_is_refused(sparse: list[int]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Histogram.of(sparse, 0)


def test_it_does_not_grow_with_what_it_counts() -> None:
    histogram = Histogram()
    for value in range(0, MAX_VALUE, MAX_VALUE // 20_000):
        histogram.add(value)
    histogram.add(1 << 200)
    assert len(histogram._counts) == BUCKETS
