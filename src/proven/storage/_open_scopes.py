"""The scopes that are open: few enough for the file descriptors, the least recently used leaving first."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from pathlib import Path

from proven.storage._keys import KeyRing
from proven.storage._open_scope import OpenScope
from proven.storage._quota import ApplicationUsage
from proven.storage._services import Services
from proven.storage._threads import finish
from proven.storage.scope import Scope
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

_log = logging.getLogger("proven.storage")

_SCOPE_CONNECTIONS = 3
_SPARE_CONNECTIONS = 16
_CLOSE_TIMEOUT = 10.0
_OPEN_TIMEOUT = 30.0
"""Opening a scope takes what the disk takes; there is no write before it to wait for."""


class OpenScopes:
    """Opens scopes, counts who uses them and closes what nobody uses.

    A scope is in one of three states: open, being opened, or being closed; whoever asks for it in the
    last two waits and looks again, so no file is ever opened twice.
    """

    def __init__(self, directory: Path, keys: KeyRing, services: Services) -> None:
        self.services = services
        self._directory = directory
        self._keys = keys
        self._open: OrderedDict[Scope, OpenScope] = OrderedDict()
        self._changing: dict[Scope, asyncio.Task[None]] = {}
        self._usage: dict[ApplicationId, ApplicationUsage] = {}
        self._limit = services.config.max_open_connections
        self._connections = 0
        self._reserved = 0
        self._freed = asyncio.Event()
        self._closed = False

    def peek(self, scope: Scope) -> OpenScope | None:
        """The scope if it is open, for use before the next await only."""
        opened = self._open.get(scope)
        if opened is None or opened.broken or self._closed or scope in self._changing:
            return None
        self._open.move_to_end(scope)
        return opened

    async def acquire(self, scope: Scope) -> OpenScope:
        """The open scope, which stays so until `release`."""
        while True:
            if self._closed:
                raise ProvenError(ErrorCode.UNAVAILABLE, "the store is closed")
            opened = self.peek(scope)
            if opened is not None:
                self.retain(opened)
                return opened
            change = self._changing.get(scope) or self._start(scope, self._replace(scope))
            try:
                async with asyncio.timeout(_OPEN_TIMEOUT):
                    await asyncio.shield(change)
            except TimeoutError:
                raise ProvenError(
                    ErrorCode.UNAVAILABLE, "the scope can't be opened now", retry_after=1.0
                ) from None

    def retain(self, scope: OpenScope) -> None:
        """Use a scope, that somebody uses, once more."""
        scope.leases += 1
        self._count(scope)

    def release(self, scope: OpenScope) -> None:
        """End one use of a scope."""
        scope.leases -= 1
        self._count(scope)
        if not scope.leases:
            self._freed.set()
            if scope.idle is not None:
                scope.idle.set()

    async def usage(self, application_id: ApplicationId) -> ApplicationUsage:
        """What an application occupies."""
        usage = self._usage.get(application_id)
        if usage is None:
            limit = self.services.config.application_quota
            measure = functools.partial(ApplicationUsage.measure, self._application(application_id), limit)
            measured = await finish(self.services.io.submit(measure))
            usage = self._usage.setdefault(application_id, measured)
        return usage

    async def close(self) -> None:
        """Close every scope, each when its users are done."""
        self._closed = True
        if self._changing:
            await asyncio.wait(list(self._changing.values()), timeout=_CLOSE_TIMEOUT)
        closing = [
            self._start(scope, self._shut(scope)) for scope in self._open if scope not in self._changing
        ]
        if closing:
            await asyncio.wait(closing, timeout=_CLOSE_TIMEOUT)
        if self._open:
            _log.error("scopes_still_in_use", extra={"count": len(self._open)})

    def _start(self, scope: Scope, change: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Begin a change; it is over, for whoever looks, in the very step in which its task ends."""

        async def run() -> None:
            try:
                await change
            finally:
                del self._changing[scope]

        task = self._changing[scope] = asyncio.get_running_loop().create_task(run())
        task.add_done_callback(_heard)
        return task

    async def _replace(self, scope: Scope) -> None:
        """Open a scope, after closing what is left of it if it is broken."""
        if scope in self._open:
            await self._shut(scope)
        await self._make_room()
        try:
            opened = await self._recover(scope)
            self._open[scope] = opened
            self._count(opened)
        finally:
            self._reserved -= _SCOPE_CONNECTIONS

    async def _recover(self, scope: Scope) -> OpenScope:
        usage = await self.usage(scope.application_id)
        keys = self._keys.scope(scope)
        opened = OpenScope(scope, self._application(scope.application_id), keys, usage, self.services)
        try:
            if not opened.is_new():
                await finish(self.services.io.submit(opened.recover))
        except Exception as error:
            await finish(self.services.io.submit(functools.partial(opened.close, final=False)))
            raise opened.translate(error) from error
        if self.services.catalogue is not None:
            await finish(self.services.io.submit(functools.partial(self.services.catalogue.note, scope)))
        return opened

    async def _shut(self, scope: Scope) -> None:
        """Close a scope once nobody uses it."""
        opened = self._open[scope]
        if opened.leases:
            opened.idle = asyncio.Event()
            await opened.idle.wait()
        try:
            await finish(self.services.io.submit(functools.partial(opened.close, final=self._closed)))
        except Exception as error:
            _log.error("scope_close_failed", exc_info=error)
        finally:
            self._open.pop(scope, None)
            self._connections -= opened.counted_connections
            self._freed.set()

    async def _make_room(self) -> None:
        """Reserve connections for another scope, waiting for idle ones to close."""
        try:
            async with asyncio.timeout(self.services.config.max_write_wait):
                while self._connections + self._reserved + _SCOPE_CONNECTIONS > self._limit:
                    self._freed.clear()
                    self._evict(self._limit - self._reserved - _SCOPE_CONNECTIONS)
                    await self._freed.wait()
        except TimeoutError:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many scopes are in use at once", retry_after=1.0
            ) from None
        self._reserved += _SCOPE_CONNECTIONS

    def _evict(self, target: int) -> None:
        """Begin to close idle scopes, the longest unused first, so that `target` connections are left."""
        surplus = self._connections - target
        for scope, opened in self._open.items():
            if surplus <= 0:
                break
            if scope in self._changing:
                surplus -= opened.counted_connections
            elif not opened.leases:
                surplus -= opened.counted_connections
                self._start(scope, self._shut(scope))

    def _count(self, scope: OpenScope) -> None:
        """Count the connections of a scope, those that whoever uses it may need included."""
        connections = scope.open_connections
        if scope.leases:
            connections = max(connections, _SCOPE_CONNECTIONS)
        if connections != scope.counted_connections:
            self._connections += connections - scope.counted_connections
            scope.counted_connections = connections
            if self._connections > self._limit:
                self._evict(self._limit - _SPARE_CONNECTIONS)

    def _application(self, application_id: ApplicationId) -> Path:
        return self._directory / "apps" / self._keys.application_directory(application_id)


def _heard(task: asyncio.Task[None]) -> None:
    """Whoever waits for the scope gets the task's exception; nobody may be waiting."""
    if not task.cancelled():
        task.exception()
