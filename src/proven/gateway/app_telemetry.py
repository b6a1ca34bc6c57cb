"""Logs and metrics of applications at the edge: what goes into them, and who may read them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import UTC, datetime
from typing import Final, Protocol

from proven.apps import ApplicationRecord, Blocked, Change, Version
from proven.gateway.commands import Performer
from proven.gateway.handlers import Call
from proven.identity import Session
from proven.runtime import ConsoleRecord, ProcessEnd, RuntimeReport
from proven.telemetry import LogStore, Measured, Metrics, ProcessGauges, Series, Wanted, bounded, render
from proven.telemetry.metrics import Cell
from proven.wire import ids
from proven.wire.applications import keys_of
from proven.wire.commands import (
    MAX_POINTS,
    MAX_VERSIONS,
    Command,
    FollowLogs,
    HandlerMetrics,
    Latency,
    LogEvent,
    LogLine,
    MetricPoint,
    Permission,
    ProcessMetrics,
    ReadLogs,
    ReadLogsResult,
    ReadMetrics,
    ReadMetricsResult,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.permissions import Permitted, Readable

_log = logging.getLogger("proven.gateway")

_KILLED: Final = (ErrorCode.HANDLER_TIMEOUT, ErrorCode.HANDLER_MEMORY)
_ENDED: Final = {
    "timeout": "the process was ended: a call went on after its time",
    "memory": "the process was ended: it used more memory than it may",
    "runaway": "the process was ended: it went on computing after its calls",
    "protocol": "the process was ended: it broke the protocol",
    "crashed": "the process ended unexpectedly",
}


class Applications(Protocol):
    """What is needed of `proven.apps.Applications`."""

    @property
    def origin(self) -> str: ...
    def find(self, id_or_name: str) -> ApplicationRecord: ...
    def versions(self, application: ApplicationId) -> Sequence[Version]: ...
    def list(self, *, owner: bytes | None = None) -> Sequence[ApplicationRecord]: ...
    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[Change]]: ...


class AppTelemetry:
    """Writes and reads the logs and metrics of applications. Who may read:

    1. Management sessions alone: no application's code or page has one.
    2. Only by a key that the application's entries in the log name as its owner's, or as one of those that
       sign together under its policy, at the moment in which lines are handed out. Guardians read nothing.
       A session that follows and is somebody else by then, or not live any more, gets nothing more.
    3. Or by a key that one of those lets read this very application's logs, or metrics, in this network,
       until a time that is not over (`Permitted`), and for as long as they may read it themselves.
    4. Whoever asks without an identity is `UNAUTHENTICATED`, somebody else `FORBIDDEN`.

    Who calls is in neither: an application that is to know that logs it itself.
    """

    def __init__(
        self,
        logs: LogStore,
        metrics: Metrics,
        applications: Applications,
        *,
        is_live: Callable[[Session], bool],
        runtime_report: Callable[[], RuntimeReport],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.logs = logs
        self.metrics = metrics
        self._applications = applications
        self._is_live = is_live
        self._runtime_report = runtime_report
        self._clock = clock
        self._watching: asyncio.Task[None] | None = None
        self._versions: dict[ApplicationId, int] = {}

    async def start(self) -> None:
        """Begin to note deploys."""
        self._versions = {record.id: record.version for record in self._applications.list()}
        self._watching = asyncio.create_task(self._watch(), name="deploy-log")

    async def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None

    async def health(self) -> None:
        """Raises if deploys are not noted any more."""
        if self._watching is None or self._watching.done():
            raise ProvenError(ErrorCode.UNAVAILABLE, "deploys do not get into logs any more")

    # What is noted. None of it waits or fails.

    def called(self, call: Call) -> None:
        """Count a finished call, and log why it failed if that is the handler's own doing."""
        error = call.error
        code = None if error is None else error.code.value
        self.metrics.count(call.application_id, call.handler, call.package_id, call.seconds, code)
        if error is None:
            return
        stack = (error.details or {}).get("stack")
        killed = error.code in _KILLED
        if not killed and not isinstance(stack, str) and error.code is not ErrorCode.HANDLER_ERROR:
            return
        self.logs.append(
            call.application_id,
            LogLine(
                sequence=0,
                at=self._now(),
                kind="kill" if killed else "error",
                level="error",
                text=bounded(error.message),
                handler=call.handler,
                package_id=call.package_id,
                code=error.code.value,
                stack=bounded(stack) if isinstance(stack, str) else None,
            ),
        )

    def console(self, record: ConsoleRecord) -> None:
        """Log a line that a handler, or top-level code, wrote."""
        self.logs.append(
            record.application_id,
            LogLine(
                sequence=0,
                at=self._now(),
                kind="dropped" if record.dropped else "console",
                level=record.level.value,
                text=bounded(record.text),
                handler=record.handler,
                package_id=record.package_id,
                dropped=max(0, record.dropped),
            ),
        )

    def ended(self, end: ProcessEnd) -> None:
        """Log that a process was ended."""
        self.logs.append(
            end.application_id,
            LogLine(
                sequence=0,
                at=self._now(),
                kind="kill",
                level="error",
                text=_ENDED.get(end.reason, "the process was ended"),
                package_id=end.package_id,
            ),
        )

    def blocked(self, record: ApplicationRecord, blocked: Blocked) -> None:
        """Log why a change that is due is not in force."""
        again = datetime.fromtimestamp(blocked.retry_at / 1000, UTC).isoformat(timespec="seconds")
        stack = (blocked.reason.details or {}).get("stack")
        self.logs.append(
            record.id,
            LogLine(
                sequence=0,
                at=self._now(),
                kind="deploy",
                level="error",
                text=bounded(
                    f"the change announced in entry {blocked.log_index} is due and not in force; "
                    f"it is tried again at {again}: {blocked.reason.message}"
                ),
                code=blocked.reason.code.value,
                stack=bounded(stack) if isinstance(stack, str) else None,
            ),
        )

    async def _watch(self) -> None:
        async with self._applications.watch() as changes:
            async for change in changes:
                self._changed(change.record)

    def _changed(self, record: ApplicationRecord) -> None:
        if record.version == self._versions.get(record.id, 0):
            return
        self._versions[record.id] = record.version
        self.logs.append(
            record.id,
            LogLine(
                sequence=0,
                at=self._now(),
                kind="deploy",
                level="info",
                text=f"version {record.version} is live",
                package_id=record.package_id,
                version=record.version,
            ),
        )

    # What is read.

    def performers(self) -> Mapping[type[Command], Performer]:
        """What carries out the commands, by their type."""
        return {ReadLogs: self._read_logs, ReadMetrics: self._read_metrics}

    def follow(
        self, session: Session, command: FollowLogs
    ) -> tuple[ApplicationId, AsyncGenerator[LogEvent, None]]:
        """Events for `command`, to be closed by whoever takes them. Raises as the rules say, now or later."""
        application_id = self._require_reader(session, command.application, "logs", command.permission).id
        return application_id, self._follow(session, application_id, command)

    async def _follow(
        self, session: Session, application_id: ApplicationId, command: FollowLogs
    ) -> AsyncGenerator[LogEvent, None]:
        place = command.after
        wanted = Wanted(command.handler, command.level)
        async with aclosing(self.logs.follow(application_id, place, wanted=wanted)) as pages:
            async for page in pages:
                self._require_reader(session, application_id, "logs", command.permission)
                yield LogEvent(
                    application_id=application_id,
                    after=place,
                    next=page.next,
                    lines=tuple(page.lines),
                    missed=page.missed,
                )
                place = page.next

    async def _read_logs(self, session: Session, command: ReadLogs) -> ReadLogsResult:
        application_id = self._require_reader(session, command.application, "logs", command.permission).id
        page = await self.logs.read(
            application_id,
            command.after,
            since=command.since or 0,
            wanted=Wanted(command.handler, command.level),
            limit=command.limit,
        )
        return ReadLogsResult(
            application_id=application_id,
            next=page.next,
            lines=tuple(page.lines),
            more=page.more,
            missed=page.missed,
        )

    async def _read_metrics(self, session: Session, command: ReadMetrics) -> ReadMetricsResult:
        application_id = self._require_reader(session, command.application, "metrics", command.permission).id
        return await self.measured(
            application_id, command.seconds, handler=command.handler, points=command.points
        )

    async def measured(
        self, application_id: ApplicationId, seconds: int, *, handler: str | None, points: bool
    ) -> ReadMetricsResult:
        """How the handlers of an application did lately; for whoever may know."""
        found = await self.metrics.read(application_id, seconds, handler=handler)
        numbers: dict[str, list[int]] = {}
        for each in self._applications.versions(application_id):
            numbers.setdefault(each.package_id, []).append(each.number)
        return ReadMetricsResult(
            application_id=application_id,
            since=found.since * 1000,
            until=found.until * 1000,
            step=found.step,
            handlers=tuple(
                _handler(series, cell, numbers)
                for series, cell in sorted(found.handlers.items())
                if handler is None or series.names(handler)
            ),
            points=_points(found)[-MAX_POINTS:] if points else (),
            processes=tuple(
                ProcessMetrics(
                    package_id=process.package_id,
                    memory_bytes=process.memory_bytes,
                    cpu_ms=round(process.cpu_seconds * 1000),
                    in_flight=process.in_flight,
                    queued=process.queued,
                )
                for process in self._runtime_report().processes
                if process.application_id == application_id
            ),
        )

    def prometheus(self) -> str:
        """Everything, of all applications, as Prometheus reads it; for the operator."""
        gauges = [
            ProcessGauges(
                process.application_id,
                process.package_id,
                process.memory_bytes,
                process.cpu_seconds,
                process.in_flight,
                process.queued,
            )
            for process in self._runtime_report().processes
        ]
        return render(self.metrics.totals(), gauges, lambda each: self._applications.find(each).name)

    def _require_reader(
        self, session: Session, application: str, what: Readable, permission: Permission | None
    ) -> ApplicationRecord:
        if session.application_id is not None:
            raise ProvenError(ErrorCode.FORBIDDEN, "only a management session reads logs and metrics")
        if not self._is_live(session):
            raise ProvenError(ErrorCode.SESSION_CLOSED, "the session has ended")
        reader = session.identity
        if reader is None:
            raise ProvenError(ErrorCode.UNAUTHENTICATED, "identify as the owner of the application first")
        record = self._applications.find(application)
        if permission is not None:
            permitted = Permitted(self._applications.origin, record.id, what, reader, permission.until)
            reader = permitted.require(permission, self._clock())
        if all(reader != ids.identity_id(key) for key in (record.owner, *keys_of(record.policy))):
            raise ProvenError(
                ErrorCode.FORBIDDEN, "logs and metrics are for the owner and the signers of the application"
            )
        return record

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _handler(series: Series, cell: Cell, numbers: Mapping[str, Sequence[int]]) -> HandlerMetrics:
    return HandlerMetrics(
        handler=series.handler,
        package_id=series.package_id or None,
        versions=tuple(numbers.get(series.package_id, ())[-MAX_VERSIONS:]),
        calls=cell.calls,
        errors=dict(cell.errors),
        latency=_latency(cell),
    )


def _points(found: Measured) -> tuple[MetricPoint, ...]:
    return tuple(
        MetricPoint(at=at * 1000, calls=cell.calls, failed=cell.failed, latency=_latency(cell))
        for at, cell in sorted(found.points.items())
    )


def _latency(cell: Cell) -> Latency:
    percentile = cell.latency.percentile
    return Latency(p50=percentile(0.5), p90=percentile(0.9), p99=percentile(0.99))
