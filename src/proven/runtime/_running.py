"""An invocation while it runs, and the host calls it makes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from proven.packages import HandlerEntry
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId, PackageId

from ._streams import IncomingStream, StreamOwner
from .host import CallContext, ConsoleRecord
from .invocation import Invocation

_log = logging.getLogger("proven.runtime")


class Running:
    """What the node holds for one invocation (or, as number 0, for top-level code) until it ends."""

    __slots__ = (
        "_context",
        "application_id",
        "console",
        "deadline",
        "future",
        "handler",
        "id",
        "invocation",
        "package_id",
        "registrations",
        "response",
        "streams",
        "tasks",
        "timeout",
    )

    def __init__(
        self,
        id_: int,
        application_id: ApplicationId,
        package_id: PackageId,
        handler: HandlerEntry | None,
        invocation: Invocation | None,
        future: asyncio.Future[Any],
        timeout: float,
        deadline: float,
    ) -> None:
        self.id = id_
        self.application_id = application_id
        self.package_id = package_id
        self.handler = handler
        self.invocation = invocation
        self.future = future
        self.timeout = timeout
        self.deadline = deadline
        self.console: Callable[[ConsoleRecord], None] | None = invocation.on_console if invocation else None
        self.registrations: dict[str, list[Any]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.streams: StreamOwner | None = None
        self.response: IncomingStream | None = None
        self._context: CallContext | None = None

    @property
    def context(self) -> CallContext:
        """What its host calls share; made when the first one comes."""
        if self._context is None:
            invocation = self.invocation
            self._context = CallContext(
                application_id=self.application_id,
                package_id=self.package_id,
                invocation=self.id,
                handler=self.handler,
                identity=invocation.identity if invocation else None,
                accounts=invocation.accounts if invocation else (),
                origin=invocation.origin if invocation else None,
                registrations=self.registrations,
            )
        return self._context

    def own_streams(self) -> StreamOwner:
        """Where its streams are kept."""
        if self.streams is None:
            self.streams = StreamOwner()
        return self.streams

    def fail(self, error: ProvenError) -> None:
        """Report `error` to the caller, or to whoever reads the response body, unless there is a result."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # nobody needs to be left who asks
        elif self.response is not None:
            self.response.finish(error)

    def release(self) -> asyncio.Task[None] | None:
        """End all that is pending. Returns the task that runs what was left with `on_end`, if any."""
        for task in self.tasks:
            task.cancel()
        if self.streams is not None:
            self.streams.close(keep=self.response)
        if self._context is None or not self._context._endings:
            return None
        return asyncio.get_running_loop().create_task(_run_endings(self._context, list(self.tasks)))


async def _run_endings(context: CallContext, calls: list[asyncio.Task[None]]) -> None:
    if calls:
        await asyncio.wait(calls)
    while context._endings:
        try:
            await context._endings.pop()()
        except Exception:
            _log.exception("ending_failed", extra={"application": context.application_id})
