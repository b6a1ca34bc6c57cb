"""What was revoked, kept beyond the end of the process: a ticket key outlives it, so tickets do too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proven.engine import Registers
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId

from ._tickets import Tickets

BUCKET: Final = "identity-revocations"
MAX_KEPT: Final = 100_000
_EVERYTHING: Final = "everything"
_LINEAGE: Final = "lineage."
_IDENTITY: Final = "identity."
_MAX_PURGED: Final = 1000


class Revocations:
    """Tells `Tickets` what is revoked, and the engine, which tells the next process. Rules:

    1. A revocation holds in this process at once, and for later ones when the call has returned.
    2. It is kept until the last ticket that it concerns has expired.
    3. When `MAX_KEPT` are kept, the next one refuses every ticket that was issued so far.
    """

    def __init__(
        self,
        tickets: Tickets,
        registers: Registers | None,
        clock: Callable[[], float],
        *,
        ticket_life: float,
        max_kept: int = MAX_KEPT,
    ) -> None:
        """Without `registers`, revocations end with the process. No ticket is good for longer than
        `ticket_life` (seconds).
        """
        self._tickets = tickets
        self._registers = registers
        self._clock = clock
        self._ticket_life = ticket_life
        self._max_kept = max_kept
        self._kept: dict[str, int] = {}

    async def load(self) -> None:
        """Take over what earlier processes kept. Raises `UNAVAILABLE` for what cannot be read."""
        if self._registers is None:
            return
        after = ""
        while entries := await self._registers.entries(BUCKET, after=after):
            for entry in entries:
                if entry.value is not None:
                    self._kept[entry.key] = self._restore(entry.key, entry.value)
            after = entries[-1].key

    async def revoke(self, lineage: bytes, until: int) -> None:
        """See `Tickets.revoke`."""
        self._tickets.revoke(lineage, until)
        await self._keep(_LINEAGE + lineage.hex(), until, None, None)

    async def revoke_identity(self, identity: IdentityId, until: int, *, spared: bytes | None = None) -> None:
        """See `Tickets.revoke_identity`."""
        issued_until = self._now()
        self._tickets.revoke_identity(identity, issued_until, until, spared=spared)
        await self._keep(_IDENTITY + identity, until, issued_until, spared)

    async def purge(self) -> None:
        """Forget what concerns no ticket any more, a bounded part of it at a time."""
        now = self._clock()
        ended = [key for key, until in self._kept.items() if until <= now][:_MAX_PURGED]
        for key in ended:
            if self._registers is not None:
                await self._registers.delete(BUCKET, key)
            del self._kept[key]

    async def _keep(self, key: str, until: int, issued_until: int | None, spared: bytes | None) -> None:
        if self._registers is None:
            return
        if key not in self._kept and len(self._kept) >= self._max_kept:
            key, issued_until, spared = _EVERYTHING, self._now(), None
            until = int(self._clock() + self._ticket_life)
            self._tickets.revoke_everything(issued_until)
        self._kept[key] = max(until, self._kept.get(key, 0))
        await self._registers.put(BUCKET, key, cbor.encode([self._kept[key], issued_until, spared]))

    def _restore(self, key: str, value: bytes) -> int:
        """Tell the tickets, and return until when."""
        try:
            decoded = cbor.decode(value)
        except ProvenError:
            decoded = None
        match decoded:
            case [int(until), None, None] if key.startswith(_LINEAGE):
                self._tickets.revoke(bytes.fromhex(key.removeprefix(_LINEAGE)), until)
            case [int(until), int(issued_until), bytes() | None as spared] if key.startswith(_IDENTITY):
                identity = IdentityId(key.removeprefix(_IDENTITY))
                self._tickets.revoke_identity(identity, issued_until, until, spared=spared)
            case [int(until), int(issued_until), None] if key == _EVERYTHING:
                self._tickets.revoke_everything(issued_until)
            case _:
                raise ProvenError(ErrorCode.UNAVAILABLE, "what was revoked cannot be read")
        return until

    def _now(self) -> int:
        return int(self._clock() * 1000)
