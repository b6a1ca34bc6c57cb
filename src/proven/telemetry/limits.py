"""How much is kept of what applications say and do."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class LogLimits:
    """Bounds of the log of one application, and of all together.

    `lines`, `bytes` (as stored) and `age` (seconds) bound what is kept; `total_bytes` bounds all logs of the
    node, each gets an equal share of it at most. `rate` and `burst` bound how many lines a second are taken,
    `byte_rate` and `byte_burst` how much text: what comes faster is counted and left out.
    """

    lines: int = 50_000
    bytes: int = 8 * MIB
    age: float = 7 * 86_400.0
    total_bytes: int = 256 * MIB
    rate: float = 500.0
    burst: int = 2000
    byte_rate: int = 256 * KIB
    byte_burst: int = MIB


@dataclass(frozen=True, slots=True)
class MetricLimits:
    """Bounds of metrics: `minutes_kept` and `hours_kept` are seconds for which counts per minute and per hour
    are kept. `series` bounds the handlers, times versions, of one application that are told apart at a time,
    `total_series` those of the node; calls of any more are counted together.
    """

    minutes_kept: float = 86_400.0
    hours_kept: float = 30 * 86_400.0
    series: int = 128
    total_series: int = 2000


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """What is kept of the logs and metrics of applications."""

    logs: LogLimits = LogLimits()
    metrics: MetricLimits = MetricLimits()
