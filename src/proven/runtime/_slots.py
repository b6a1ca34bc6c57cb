"""Who may have a process: a bounded number of them, shared fairly between applications."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Protocol

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId


class Tenant(Protocol):
    """Whoever holds a slot."""

    @property
    def application_id(self) -> ApplicationId:
        """Whose it is."""

    @property
    def idle(self) -> bool:
        """Whether nothing runs or waits in it, so that its slot can be taken at once."""

    def evict(self) -> None:
        """Give the slot back now (`release`)."""

    def give_way(self) -> None:
        """Start nothing new, and give the slot back when what runs has ended."""


class Slots:
    """A fixed number of slots.

    1. A free slot is given at once.
    2. Otherwise the tenant that has been idle longest is evicted for it.
    3. Otherwise the newcomer waits. Waiting applications take turns, however many versions each has waiting,
       and the tenant that has held its slot longest, for `slice_` seconds at least, is asked to give way.
    4. Nobody waits longer than `timeout`: `OVERLOADED`.
    """

    def __init__(
        self, count: int, *, slice_: float, timeout: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free = count
        self._slice = slice_
        self._timeout = timeout
        self._clock = clock
        self._tenants: OrderedDict[Tenant, float] = OrderedDict()
        """Least recently used first, with the time since when each has its slot."""
        self._leaving: set[Tenant] = set()
        self._waiting: OrderedDict[ApplicationId, deque[asyncio.Future[None]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return sum(len(queue) for queue in self._waiting.values())

    async def acquire(self, tenant: Tenant) -> None:
        """Get a slot for `tenant`."""
        if self._free == 0 and not self._waiting:
            self._evict_idle()
        if self._free > 0 and not self._waiting:
            self._free -= 1
        else:
            await self._wait(tenant.application_id)
        self._tenants[tenant] = self._clock()

    def used(self, tenant: Tenant) -> None:
        """Note that `tenant` is in use."""
        if tenant in self._tenants:
            self._tenants.move_to_end(tenant)

    def became_idle(self) -> None:
        """Somebody has become idle: if others wait, the slot is theirs."""
        if self._waiting:
            self._evict_idle()

    def release(self, tenant: Tenant) -> None:
        """Take back the slot of `tenant`, if it has one."""
        if self._tenants.pop(tenant, None) is not None:
            self._leaving.discard(tenant)
            self._hand_on()

    def tick(self) -> None:
        """Ask tenants to give way while others wait."""
        wanted = self.waiting - len(self._leaving)
        if wanted <= 0:
            return
        now = self._clock()
        held = sorted(self._tenants.items(), key=lambda item: item[1])
        for tenant, since in held:
            if wanted <= 0 or now - since < self._slice:
                return
            if tenant not in self._leaving:
                self._leaving.add(tenant)
                wanted -= 1
                tenant.give_way()

    def _evict_idle(self) -> None:
        for tenant in self._tenants:
            if tenant.idle:
                tenant.evict()
                return

    async def _wait(self, application_id: ApplicationId) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(application_id, deque()).append(turn)
        try:
            async with asyncio.timeout(self._timeout):
                await turn
        except BaseException as error:
            self._forget(application_id, turn)
            if turn.done() and not turn.cancelled():
                self._hand_on()
            if isinstance(error, TimeoutError):
                raise ProvenError(
                    ErrorCode.OVERLOADED, "every process of this node is busy", retry_after=1.0
                ) from None
            raise

    def _forget(self, application_id: ApplicationId, turn: asyncio.Future[None]) -> None:
        queue = self._waiting.get(application_id)
        if queue is not None and turn in queue:
            queue.remove(turn)
            if not queue:
                del self._waiting[application_id]

    def _hand_on(self) -> None:
        """A slot has become free: it goes to the application whose turn it is."""
        while self._waiting:
            application_id, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[application_id] = queue
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
