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
_CLOSE_TIMEOUT = 10.0


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
        self._swept: set[str] = set()
        self._closed = False

    @property
    def open_connections(self) -> int:
        """SQLite connections open now."""
        return sum(scope.open_connections for scope in self._open.values())

    async def acquire(self, scope: Scope) -> OpenScope:
        """The open scope, which stays so until `release`."""
        while True:
            if self._closed:
                raise ProvenError(ErrorCode.UNAVAILABLE, "the store is closed")
            opened = self._open.get(scope)
            change = self._changing.get(scope)
            if opened is not None and change is None and not opened.broken:
                self._open.move_to_end(scope)
                opened.leases += 1
                return opened
            if change is None:
                change = self._start(scope, self._replace(scope))
            try:
                async with asyncio.timeout(self.services.config.max_write_wait):
                    await asyncio.shield(change)
            except TimeoutError:
                raise ProvenError(
                    ErrorCode.UNAVAILABLE, "the scope can't be opened now", retry_after=1.0
                ) from None

    def release(self, scope: OpenScope) -> None:
        """End one use of a scope."""
        scope.leases -= 1
        if scope.idle is not None and not scope.leases:
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
        task = asyncio.get_running_loop().create_task(change)
        self._changing[scope] = task

        def changed(task: asyncio.Task[None]) -> None:
            self._changing.pop(scope, None)
            if not task.cancelled():
                task.exception()  # whoever waits for the scope gets it too

        task.add_done_callback(changed)
        return task

    async def _replace(self, scope: Scope) -> None:
        """Open a scope, after closing what is left of it if it is broken."""
        if scope in self._open:
            await self._shut(scope)
        await self._make_room()
        usage = await self.usage(scope.application_id)
        keys = self._keys.scope(scope)
        opened = OpenScope(scope, self._application(scope.application_id), keys, usage, self.services)
        sweep = keys.name not in self._swept
        try:
            if not opened.is_new():
                await finish(self.services.io.submit(functools.partial(opened.recover, sweep=sweep)))
        except Exception as error:
            await finish(self.services.io.submit(functools.partial(opened.close, final=False)))
            raise opened.translate(error) from error
        self._swept.add(keys.name)
        self._open[scope] = opened

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

    async def _make_room(self) -> None:
        """Close idle scopes, the longest unused first, until another one fits; ahead of need if possible."""
        limit = self.services.config.max_open_connections - _SCOPE_CONNECTIONS
        surplus = self.open_connections - limit * 7 // 8
        for scope, opened in list(self._open.items()):
            if surplus <= 0:
                break
            if scope not in self._changing:
                surplus -= opened.open_connections
                if not opened.leases:
                    self._start(scope, self._shut(scope))
        while self._connections_with_pending() > limit:
            closing = [change for scope, change in self._changing.items() if scope in self._open]
            if not closing:
                raise ProvenError(ErrorCode.OVERLOADED, "too many scopes are in use at once", retry_after=1.0)
            await asyncio.wait(closing, return_when=asyncio.FIRST_COMPLETED)

    def _connections_with_pending(self) -> int:
        opening = sum(scope not in self._open for scope in self._changing)
        return self.open_connections + (opening - 1) * _SCOPE_CONNECTIONS

    def _application(self, application_id: ApplicationId) -> Path:
        return self._directory / "apps" / self._keys.application_directory(application_id)
