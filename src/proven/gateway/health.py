"""Whether the node works, as `/.well-known/proven/health` says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from proven.gateway.http import Response, json_response

FRESH: Final = 1.0
"""Seconds that a finding is good for. Anybody may ask; the services are not asked more often than that."""

HealthCheck = Callable[[], Awaitable[Collection[str]]]
"""The names of the services that do not work now."""


class Health:
    """Asks the services on behalf of everybody who wants to know. Why one fails is for the log."""

    def __init__(self, check: HealthCheck, clock: Callable[[], float] = time.monotonic) -> None:
        self._check = check
        self._clock = clock
        self._asking = asyncio.Lock()
        self._failing: tuple[str, ...] = ()
        self._good_until = float("-inf")

    async def answer(self) -> Response:
        """200 while every service works, else 503 with the names of those that do not."""
        async with self._asking:
            if self._clock() >= self._good_until:
                self._failing = tuple(sorted(await self._check()))
                self._good_until = self._clock() + FRESH
            failing = self._failing
        headers = [(b"cache-control", b"no-store")]
        if not failing:
            return json_response({"status": "ok"}, headers=headers)
        return json_response({"status": "unavailable", "services": failing}, status=503, headers=headers)
