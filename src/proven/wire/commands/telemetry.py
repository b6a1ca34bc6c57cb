"""Logs and metrics of applications, for their owners."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from ._fields import ApplicationName, Base32, CommandRecord, Count, HandlerAddress, Record, Sha256Hex

MAX_LOG_TEXT: Final = 16 * 1024
MAX_LOG_LINES: Final = 500
"""Lines in one answer or event."""
MAX_POINTS: Final = 1500
MAX_VERSIONS: Final = 8
"""Versions of one package that are listed."""
_LogText = Annotated[str, Meta(max_length=MAX_LOG_TEXT)]
LogLevel: TypeAlias = Literal["debug", "log", "info", "warn", "error"]
LogKind: TypeAlias = Literal["console", "error", "kill", "deploy", "dropped", "node"]


class Permission(Record, frozen=True):
    """Somebody who may read lets this management session's identity do so, until `until` (Unix seconds).

    `signature` is over `proven.wire.permissions.Permitted`.
    """

    public_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    until: Count


class ReadLogs(CommandRecord, frozen=True):
    """Read the log of an application (id or name) that this management session's identity owns, or has a
    `permission` for, oldest first. Answered by `ReadLogsResult`.

    `after` is the `next` of an earlier answer; without it, it begins with the oldest line that is kept.
    `since` (Unix milliseconds), `handler` (an address, or the name of an export) and `level` (or more severe)
    leave lines out.
    """

    application: ApplicationName
    after: Count | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LOG_LINES)] = MAX_LOG_LINES
    since: Count | None = None
    handler: HandlerAddress | None = None
    level: LogLevel | None = None
    permission: Permission | None = None


class FollowLogs(CommandRecord, frozen=True):
    """Be sent a `LogEvent` for what is behind `after` in the log of an application that this management
    session's identity owns, or has a `permission` for, and for all that comes, until the connection ends.
    Answered by `Done`; only over a WebSocket. Following an application again replaces what was asked before.
    """

    application: ApplicationName
    after: Count
    handler: HandlerAddress | None = None
    level: LogLevel | None = None
    permission: Permission | None = None


class ReadMetrics(CommandRecord, frozen=True):
    """Ask how the handlers of an application do that this management session's identity owns, or has a
    `permission` for. Answered by `ReadMetricsResult`.

    It is about the last `seconds`; `points` asks for how it was over time too, of one `handler` or of all.
    """

    application: ApplicationName
    seconds: Annotated[int, Meta(ge=60, le=31 * 86_400)] = 3600
    handler: HandlerAddress | None = None
    points: bool = False
    permission: Permission | None = None


class LogLine(Record, frozen=True):
    """One line of an application's log. Lines of an application are numbered 1, 2, 3, …; `at` is Unix
    milliseconds. What it says is the application's own, and may be anything.

    `console`: a handler, or top-level code without one, wrote it. `error`: a call failed, with `code` and the
    handler's own `stack`. `kill`: a call or a process was ended. `deploy`: another version became live.
    `dropped`: in its place, that many lines were left out. `node`: what the node has to say about this log.
    """

    sequence: Count
    at: Count
    kind: LogKind
    level: LogLevel
    text: _LogText
    handler: HandlerAddress | None = None
    package_id: Sha256Hex | None = None
    version: Count | None = None
    code: Annotated[str, Meta(max_length=64)] | None = None
    stack: _LogText | None = None
    dropped: Count = 0


class ReadLogsResult(Record, frozen=True):
    """`next` is where to go on; `more`: there is more there now. `missed` lines were between `after` and the
    first one, and are not kept any more.
    """

    application_id: Base32
    next: Count
    lines: Annotated[tuple[LogLine, ...], Meta(max_length=MAX_LOG_LINES)] = ()
    more: bool = False
    missed: Count = 0


class LogEvent(Record, frozen=True, tag_field="event", tag="log"):
    """What is in an application's log behind `after`, up to `next`. `missed` lines in between were not kept
    long enough for a reader this slow.
    """

    application_id: Base32
    after: Count
    next: Count
    lines: Annotated[tuple[LogLine, ...], Meta(max_length=MAX_LOG_LINES)] = ()
    missed: Count = 0


class Latency(Record, frozen=True):
    """How long calls took, in microseconds."""

    p50: Count
    p90: Count
    p99: Count


class HandlerMetrics(Record, frozen=True):
    """The calls of one handler in one package. `errors` has those that failed by their code. `versions` are
    the latest with that package, any of which a call may have been in; `handler` is `(other)` for those that
    were too many to be told apart.
    """

    handler: HandlerAddress
    calls: Count
    latency: Latency
    package_id: Sha256Hex | None = None
    versions: Annotated[tuple[Count, ...], Meta(max_length=MAX_VERSIONS)] = ()
    errors: dict[str, int] = msgspec.field(default_factory=dict)


class MetricPoint(Record, frozen=True):
    """The calls that ended in one stretch of time, which begins at the Unix millisecond `at`."""

    at: Count
    calls: Count
    failed: Count
    latency: Latency


class ProcessMetrics(Record, frozen=True):
    """The process that runs one package of the application now."""

    package_id: Sha256Hex
    memory_bytes: Count
    cpu_ms: Count
    in_flight: Count
    queued: Count


class ReadMetricsResult(Record, frozen=True):
    """`since` and `until` are Unix milliseconds; `step` is how many seconds a point is long. Stretches of
    time without calls have no point.
    """

    application_id: Base32
    since: Count
    until: Count
    step: Count
    handlers: tuple[HandlerMetrics, ...] = ()
    points: Annotated[tuple[MetricPoint, ...], Meta(max_length=MAX_POINTS)] = ()
    processes: tuple[ProcessMetrics, ...] = ()
