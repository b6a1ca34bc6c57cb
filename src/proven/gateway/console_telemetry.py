"""The console's view of an application's log and metrics."""

from __future__ import annotations

from proven.gateway import console_records as records
from proven.gateway.app_telemetry import AppTelemetry
from proven.gateway.console_storage import Query, number_of
from proven.telemetry import LEVELS, Wanted
from proven.wire.commands import Latency, LogLine
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId


class TelemetryView:
    """What the addresses `metrics` and `log` of an application answer."""

    def __init__(self, telemetry: AppTelemetry) -> None:
        self._telemetry = telemetry

    async def metrics(
        self, application_id: ApplicationId, seconds: int, handler: str | None
    ) -> records.Metrics:
        found = await self._telemetry.measured(application_id, seconds, handler=handler, points=True)
        step = found.step * 1000
        points = {point.at: point for point in found.points}
        none = records.Latency(p50=0, p90=0, p99=0)
        return records.Metrics(
            since=found.since,
            until=found.until,
            step_seconds=found.step,
            handlers=[
                records.HandlerMetrics(
                    handler=each.handler,
                    package_id=each.package_id,
                    versions=list(each.versions),
                    calls=each.calls,
                    errors=each.errors,
                    latency=_latency(each.latency),
                )
                for each in found.handlers
            ],
            points=[
                records.MetricPoint(at=at, calls=0, failed=0, latency=none)
                if (point := points.get(at)) is None
                else records.MetricPoint(
                    at=at, calls=point.calls, failed=point.failed, latency=_latency(point.latency)
                )
                for at in range(found.since, found.until + 1, step)
            ],
        )

    async def log(self, application_id: ApplicationId, query: Query) -> records.Log:
        level = next((each for each in LEVELS if each == query.get("level")), None)
        if level is None and "level" in query:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"a level is one of {', '.join(LEVELS)}")
        page = await self._telemetry.logs.read(
            application_id,
            number_of(query, "after", 0) if "after" in query else None,
            since=number_of(query, "since", 0),
            wanted=Wanted(query.get("handler"), level),
        )
        return records.Log(
            lines=[_line(line) for line in page.lines], next=page.next, more=page.more, missed=page.missed
        )


def _latency(latency: Latency) -> records.Latency:
    return records.Latency(p50=latency.p50, p90=latency.p90, p99=latency.p99)


def _line(line: LogLine) -> records.LogLine:
    return records.LogLine(
        sequence=line.sequence,
        at=line.at,
        kind=line.kind,
        level=line.level,
        text=line.text,
        handler=line.handler,
        package_id=line.package_id,
        code=line.code,
        stack=line.stack,
        dropped=line.dropped,
    )
