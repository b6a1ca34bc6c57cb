"""One version of one application: its program, the process that serves it, and the calls that wait for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from proven.packages import HandlerEntry
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

from ._endings import Ending
from ._guest import Guest
from ._program import Program
from ._running import Running
from ._slots import Slots
from ._thrown import ThrownError
from .config import RuntimeConfig
from .host import ConsoleRecord, ProcessEnd
from .invocation import Invocation

_log = logging.getLogger("proven.runtime")
_FIRST_BACKOFF = 0.1
_LAST_BACKOFF = 5.0


class QueueBudget:
    """How many calls wait in all queues together."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0


class Deployment:
    """Calls go straight to the process while there is room; else they wait, bounded in number and time."""

    def __init__(
        self,
        application_id: ApplicationId,
        package_id: PackageId,
        program: Program,
        config: RuntimeConfig,
        slots: Slots,
        budget: QueueBudget,
        take: Callable[[int], Awaitable[Guest]],
        console: Callable[[ConsoleRecord], None] | None,
        on_end: Callable[[ProcessEnd], None] | None = None,
    ) -> None:
        self.application_id = application_id
        self.package_id = package_id
        self.program = program
        self.guest: Guest | None = None
        self.retiring = False
        self._config = config
        self._slots = slots
        self._budget = budget
        self._take = take
        self._console = console
        self._on_end = on_end
        self._giving_way = False
        self._starting: asyncio.Task[None] | None = None
        self._queue: deque[asyncio.Future[None]] = deque()
        self._drained = asyncio.Event()
        self._failures = 0
        self._blocked_until = 0.0

    @property
    def in_flight(self) -> int:
        return 0 if self.guest is None else len(self.guest.running)

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def idle(self) -> bool:
        return (
            self.guest is not None and not self.guest.running and not self._queue and self._starting is None
        )

    async def start(self) -> None:
        """Have a process with the program loaded. What top-level code throws is raised as `HANDLER_ERROR`."""
        while self.guest is None:
            if self._starting is None or self._starting.done():
                self._starting = asyncio.get_running_loop().create_task(self._start())
                self._starting.add_done_callback(self._started)
            await asyncio.shield(self._starting)

    async def invoke(self, invocation: Invocation, timeout: float) -> tuple[Guest, Running]:
        """Start an invocation as soon as there is room for it; returns where it runs too."""
        entry, number = self.program.handlers[invocation.handler]
        guest = self.guest
        if guest is None or self._queue or not self._has_room(guest):
            guest = await self._wait_for_room()
        self._slots.used(self)
        return guest, guest.invoke(entry, number, invocation, timeout)

    async def _wait_for_room(self) -> Guest:
        if len(self._queue) >= self._config.max_queued_per_application:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many calls of this application are waiting", retry_after=0.5
            )
        if self._budget.used >= self._budget.limit:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many calls are waiting on this node", retry_after=1.0
            )
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._budget.used += 1
        try:
            async with asyncio.timeout(self._config.queue_timeout):
                while True:
                    if self.guest is None:
                        await self.start()
                    guest = self.guest
                    if guest is not None and self._queue[0] is turn and self._has_room(guest):
                        return guest
                    if turn.done():
                        turn = self._renew(turn)
                    await turn
        except TimeoutError:
            raise ProvenError(
                ErrorCode.OVERLOADED, "this application is busy for too long", retry_after=1.0
            ) from None
        finally:
            self._queue.remove(turn)
            self._budget.used -= 1
            self._wake_next()

    def _renew(self, turn: asyncio.Future[None]) -> asyncio.Future[None]:
        fresh: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue[self._queue.index(turn)] = fresh
        return fresh

    def _has_room(self, guest: Guest) -> bool:
        """Whether a call may be sent to `guest`. Not while it owes an answer to a CANCEL: it may be stuck."""
        return (
            not self._giving_way and not guest.cancelled and len(guest.running) < self._config.max_in_flight
        )

    def _wake_next(self) -> None:
        if self._queue and not self._queue[0].done():
            self._queue[0].set_result(None)

    # The process

    async def _start(self) -> None:
        if time.monotonic() < self._blocked_until:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                "the application does not start at the moment",
                retry_after=round(self._blocked_until - time.monotonic(), 3),
            )
        await self._slots.acquire(self)
        try:
            guest = await self._take(self.program.memory_mib)
            try:
                registrations = await self._load(guest)
            except BaseException:
                guest.kill(Ending.RETIRED)
                raise
        except BaseException:
            self._slots.release(self)
            self._failures += 1
            backoff = min(_FIRST_BACKOFF * 2**self._failures, _LAST_BACKOFF)
            self._blocked_until = time.monotonic() + backoff
            raise
        guest.loaded(registrations)
        guest.on_release = self._on_release
        guest.on_end = lambda: self._on_guest_end(guest)
        if not guest.alive:
            self._slots.release(self)
            raise ProvenError(ErrorCode.UNAVAILABLE, "the application's process ended", retry_after=0.1)
        self._failures = 0
        self._giving_way = False
        self.guest = guest

    async def _load(self, guest: Guest) -> dict[str, list[Any]]:
        guest.map_stack = self.program.map_stack
        guest.console = self._console
        try:
            async with asyncio.timeout(self._config.load_timeout):
                raw = await guest.load(self.application_id, self.package_id, self.program.payload)
        except TimeoutError:
            guest.kill(Ending.TIMEOUT)
            raise ProvenError(
                ErrorCode.HANDLER_TIMEOUT, "the top-level code of the package does not end in time"
            ) from None
        except ThrownError as thrown:
            record = thrown.record
            details = {key: record[key] for key in ("name", "stack") if isinstance(record.get(key), str)}
            message = f"the package does not load: {record['message']}"
            raise ProvenError(ErrorCode.HANDLER_ERROR, message, details=details) from None
        registrations: dict[str, list[Any]] = {}
        for item in raw if isinstance(raw, list) else []:
            match item:
                case [str(topic), value]:
                    registrations.setdefault(topic, []).append(value)
        return registrations

    def _started(self, task: asyncio.Task[None]) -> None:
        if self._starting is task:
            self._starting = None
        if not task.cancelled():
            task.exception()
        self._wake_next()

    def _on_release(self) -> None:
        self._wake_next()
        guest = self.guest
        if guest is None or guest.running:
            return
        if self._giving_way:
            self.evict()
        elif not self._queue:
            self._slots.became_idle()
        if self.retiring and not self._queue:
            self._drained.set()

    def _on_guest_end(self, guest: Guest) -> None:
        if self.guest is not guest:
            return
        self.guest = None
        if self._on_end is not None and guest.ending not in (None, Ending.RETIRED):
            self._on_end(ProcessEnd(self.application_id, self.package_id, guest.ending.value))
        self._giving_way = False
        self._slots.release(self)
        self._drained.set()
        self._wake_next()

    def evict(self) -> None:
        """End the process; the next call starts another one."""
        if self.guest is not None:
            self.guest.kill(Ending.RETIRED)

    def give_way(self) -> None:
        """Let what runs end, start nothing new, then end the process."""
        self._giving_way = True
        if self.guest is not None and not self.guest.running:
            self.evict()

    async def retire(self) -> None:
        """Let everything that runs or waits come to its end, then end the process for good."""
        self.retiring = True
        while self.guest is not None and (self.guest.running or self._queue):
            self._drained.clear()
            await self._drained.wait()
        guest = self.guest
        self.evict()
        if guest is not None:
            await guest.gone()

    async def stop(self) -> None:
        """End the process now."""
        self.retiring = True
        starting = self._starting
        if starting is not None:
            starting.cancel()
            await asyncio.wait([starting])
        guest = self.guest
        self.evict()
        if guest is not None:
            await guest.gone()

    def handler(self, address: str) -> HandlerEntry | None:
        found = self.program.handlers.get(address)
        return found[0] if found else None
