"""Durations counted in buckets of fixed bounds: what it holds does not grow with what it counts."""

from __future__ import annotations

import math
from array import array
from typing import Final

_STEPS: Final = 8
"""Buckets for each power of two; a power of two itself."""
_STEP_BITS: Final = 3
MAX_VALUE: Final = (1 << 36) - 1
"""Microseconds; a little over 19 hours. What is longer counts as this."""


def bucket_of(value: int) -> int:
    """The bucket that counts `value` microseconds."""
    if value < _STEPS:
        return max(value, 0)
    if value > MAX_VALUE:
        value = MAX_VALUE
    shift = value.bit_length() - _STEP_BITS - 1
    return (shift << _STEP_BITS) + (value >> shift)


def bounds_of(bucket: int) -> tuple[int, int]:
    """The least value that a bucket counts, and the least one that it does not."""
    if bucket < _STEPS:
        return bucket, bucket + 1
    shift = (bucket >> _STEP_BITS) - 1
    low = ((bucket & (_STEPS - 1)) + _STEPS) << shift
    return low, low + (1 << shift)


BUCKETS: Final = bucket_of(MAX_VALUE) + 1


class Histogram:
    """How many durations there were of each size (as HdrHistogram does it: linear steps within powers of
    two).

    1. A value up to `MAX_VALUE` is told from others within 1/16 of itself; values below 16 are exact.
    2. It never has more than `BUCKETS` counters, and fewer if all values are small.
    3. Merging histograms counts what both have counted.
    """

    __slots__ = ("_counts", "calls", "total")

    def __init__(self) -> None:
        self.calls = 0
        self.total = 0
        """The sum of all values, in microseconds."""
        self._counts = array("Q")

    def add(self, value: int) -> None:
        """Count one duration, in microseconds."""
        self.count(bucket_of(value), value)

    def count(self, bucket: int, value: int) -> None:
        """Count `value`, of which the bucket is known already."""
        self.calls += 1
        self.total += value
        try:
            self._counts[bucket] += 1
        except IndexError:
            self._counts.frombytes(bytes(8 * (bucket + 1 - len(self._counts))))
            self._counts[bucket] += 1

    def merge(self, other: Histogram) -> None:
        """Count everything that `other` has counted too."""
        self.calls += other.calls
        self.total += other.total
        if len(other._counts) > len(self._counts):
            self._counts.frombytes(bytes(8 * (len(other._counts) - len(self._counts))))
        for bucket, count in enumerate(other._counts):
            if count:
                self._counts[bucket] += count

    def percentile(self, share: float) -> int:
        """The value that a `share` of all values does not exceed (nearest rank); 0 if there are none."""
        wanted = max(1, math.ceil(self.calls * share))
        for bucket, count in enumerate(self._counts):
            wanted -= count
            if wanted <= 0:
                low, end = bounds_of(bucket)
                return (low + end - 1) // 2
        return 0

    def below(self, limit: int) -> int:
        """How many values were less than `limit`, which is a power of two."""
        return self.calls if limit > MAX_VALUE else sum(self._counts[: bucket_of(limit)])

    def sparse(self) -> list[int]:
        """The counters that are not 0, as bucket, count, bucket, count, …"""
        return [number for bucket, count in enumerate(self._counts) if count for number in (bucket, count)]

    @classmethod
    def of(cls, sparse: list[int], total: int) -> Histogram:
        """What `sparse` described. Raises `ValueError` for what no histogram has."""
        made = cls()
        pairs = list(zip(sparse[::2], sparse[1::2], strict=True))
        if any(not (0 <= bucket < BUCKETS and 0 < count < 1 << 63) for bucket, count in pairs):
            raise ValueError("not a histogram")
        made._counts.frombytes(bytes(8 * (1 + max((bucket for bucket, _ in pairs), default=-1))))
        for bucket, count in pairs:
            made._counts[bucket] += count
        made.calls = sum(made._counts)
        made.total = total
        return made
