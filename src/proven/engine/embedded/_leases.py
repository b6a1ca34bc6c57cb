"""Leases in memory, with tokens from a durable counter.

The embedded backend is one process, so every holder ends with it and a lease never outlives a restart;
tokens do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from proven.engine._names import require_name
from proven.engine.embedded._database import Database, next_value
from proven.engine.interface import Lease, Leases
from proven.wire.errors import ErrorCode, ProvenError

MAX_TTL = 3600.0
"""Seconds. A longer lease would keep everyone else out for longer than anybody wants to wait for a dead
holder.
"""


class EmbeddedLeases(Leases):
    """`Leases` of the embedded backend. `clock` is monotonic seconds."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[str, Lease] = {}

    async def acquire(self, name: str, *, ttl: float) -> Lease:
        require_name(name)
        if not 0 < ttl <= MAX_TTL:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"a lease lasts between 0 and {MAX_TTL:.0f} seconds")
        self._forget_expired()
        if (held := self._held.get(name)) is not None:
            raise ProvenError(
                ErrorCode.CONFLICT, "the lease is taken", retry_after=held.expires_at - self._clock()
            )
        claim = Lease(name, 0, ttl, self._clock() + ttl)
        self._held[name] = claim
        try:
            token = await self._database.write(lambda database: next_value(database, "lease"))
        except BaseException:
            if self._held.get(name) is claim:
                del self._held[name]
            raise
        lease = replace(claim, token=token)
        if self._held.get(name) is not claim:
            raise ProvenError(ErrorCode.CONFLICT, "the lease expired before it was granted", retry_after=0)
        self._held[name] = lease
        return lease

    async def renew(self, lease: Lease) -> Lease:
        self._forget_expired()
        if not self._holds(lease):
            raise ProvenError(ErrorCode.CONFLICT, "the lease was lost")
        renewed = replace(lease, expires_at=self._clock() + lease.ttl)
        self._held[lease.name] = renewed
        return renewed

    async def release(self, lease: Lease) -> None:
        if self._holds(lease):
            del self._held[lease.name]

    def stop(self) -> None:
        self._held.clear()

    def _holds(self, lease: Lease) -> bool:
        held = self._held.get(lease.name)
        return held is not None and held.token == lease.token

    def _forget_expired(self) -> None:
        now = self._clock()
        for name in [name for name, lease in self._held.items() if lease.expires_at <= now]:
            del self._held[name]
