"""Token buckets, one for everybody and one for each source."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

Clock = Callable[[], float]

MAX_SOURCES: Final = 10_000
"""Sources remembered. Forgetting the one seen longest ago refills its bucket, no more than that."""


def network_of(address: str) -> str:
    """What of an address its holder cannot change at will: of IPv6 only the first 64 bits."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4 or parsed.ipv4_mapped is not None:
        return address
    return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64))


class TokenBucket:
    """Allows `burst` at once and `rate` per second in the long run."""

    __slots__ = ("_burst", "_clock", "_rate", "_tokens", "_updated")

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._updated = clock()

    def take(self) -> float:
        """0 if allowed now, otherwise the seconds until it will be."""
        now = self._clock()
        elapsed = max(0.0, now - self._updated)
        self._tokens = min(self._burst, self._tokens + elapsed * self._rate)
        self._updated = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self._rate


class RatePerSource:
    """A token bucket for each source, for as many sources as are remembered."""

    def __init__(self, rate: float, burst: int, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def take(self, source: Hashable) -> float:
        """0 if allowed now, otherwise the seconds until it will be."""
        bucket = self._buckets.get(source)
        if bucket is None:
            bucket = self._buckets[source] = TokenBucket(self._rate, self._burst, self._clock)
            if len(self._buckets) > MAX_SOURCES:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(source)
        return bucket.take()
