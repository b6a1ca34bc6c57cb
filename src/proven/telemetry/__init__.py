"""What applications say and how they do: a log and metrics of each, for whoever owns it.

`LogStore` and `Metrics` take without waiting and keep what they have in the engine, within bounds. Below them
are cores that know no clock and no disk: `Ring`, `Histogram`, `Timeline`, and the rules in `lines`.
"""

from proven.telemetry.counters import HOUR, MINUTE, Measured, Metrics
from proven.telemetry.histogram import Histogram
from proven.telemetry.limits import LogLimits, MetricLimits, TelemetryConfig
from proven.telemetry.lines import LEVELS, Wanted, bounded
from proven.telemetry.logs import LogStore, Page
from proven.telemetry.metrics import OTHER, Budget, Cell, Series, Timeline
from proven.telemetry.prometheus import CONTENT_TYPE, ProcessGauges, render
from proven.telemetry.ring import Ring, Slice

__all__ = [
    "CONTENT_TYPE",
    "HOUR",
    "LEVELS",
    "MINUTE",
    "OTHER",
    "Budget",
    "Cell",
    "Histogram",
    "LogLimits",
    "LogStore",
    "Measured",
    "MetricLimits",
    "Metrics",
    "Page",
    "ProcessGauges",
    "Ring",
    "Series",
    "Slice",
    "TelemetryConfig",
    "Timeline",
    "Wanted",
    "bounded",
    "render",
]
