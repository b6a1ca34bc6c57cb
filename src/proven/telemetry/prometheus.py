"""Metrics as Prometheus reads them (text exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from proven.telemetry.metrics import Cell, Series
from proven.wire.ids import ApplicationId

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = tuple(1 << power for power in range(8, 27))
"""Microseconds, powers of two: the buckets of histograms end there, so counts are exact."""
_SHORT: Final = 12


@dataclass(frozen=True, slots=True)
class ProcessGauges:
    """What one process of an application uses now."""

    application_id: ApplicationId
    package_id: str
    memory_bytes: int
    cpu_seconds: float
    in_flight: int
    queued: int


def render(
    totals: Iterable[tuple[ApplicationId, Series, Cell]],
    processes: Iterable[ProcessGauges],
    name_of: Callable[[ApplicationId], str],
) -> str:
    """One scrape. Names are an application's own; they are escaped, and as many as `totals` has."""
    counted = [(_labels(name_of(app), series), cell) for app, series, cell in totals]
    gauges = [(_process(name_of(each.application_id), each), each) for each in processes]
    lines = [
        *_head("proven_handler_calls_total", "counter", "Calls that ended."),
        *(f"proven_handler_calls_total{{{labels}}} {cell.calls}" for labels, cell in counted),
        *_head("proven_handler_errors_total", "counter", "Calls that failed, by code."),
        *(
            f'proven_handler_errors_total{{{labels},code="{_escaped(code)}"}} {count}'
            for labels, cell in counted
            for code, count in sorted(cell.errors.items())
        ),
        *_head("proven_handler_duration_seconds", "histogram", "How long calls took."),
        *(line for labels, cell in counted for line in _histogram(labels, cell)),
        *_gauge(
            "proven_process_memory_bytes", "Private memory of a process.", gauges, lambda g: g.memory_bytes
        ),
        *_gauge("proven_process_in_flight", "Calls that run.", gauges, lambda g: g.in_flight),
        *_gauge("proven_process_queued", "Calls that wait.", gauges, lambda g: g.queued),
        *_head("proven_process_cpu_seconds_total", "counter", "CPU time of a process."),
        *(f"proven_process_cpu_seconds_total{{{labels}}} {each.cpu_seconds:.3f}" for labels, each in gauges),
    ]
    return "\n".join([*lines, ""])


def _head(name: str, kind: str, about: str) -> list[str]:
    return [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]


def _gauge(
    name: str,
    about: str,
    gauges: Sequence[tuple[str, ProcessGauges]],
    value: Callable[[ProcessGauges], int],
) -> list[str]:
    return [*_head(name, "gauge", about), *(f"{name}{{{labels}}} {value(each)}" for labels, each in gauges)]


def _histogram(labels: str, cell: Cell) -> list[str]:
    name = "proven_handler_duration_seconds"
    return [
        *(
            f'{name}_bucket{{{labels},le="{bound / 1_000_000:.6g}"}} {cell.latency.below(bound)}'
            for bound in _BOUNDS
        ),
        f'{name}_bucket{{{labels},le="+Inf"}} {cell.calls}',
        f"{name}_sum{{{labels}}} {cell.latency.total / 1_000_000:.6f}",
        f"{name}_count{{{labels}}} {cell.calls}",
    ]


def _labels(application: str, series: Series) -> str:
    return (
        f'application="{_escaped(application)}",handler="{_escaped(series.handler)}",'
        f'package="{series.package_id[:_SHORT]}"'
    )


def _process(application: str, each: ProcessGauges) -> str:
    return f'application="{_escaped(application)}",package="{each.package_id[:_SHORT]}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
