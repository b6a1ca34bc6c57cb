"""`proven metrics`: how the handlers of an application do, for whoever can change it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec

from ._nodes import running_applications
from ._output import json_option, print_json, printable
from ._owner import Node, ago, owner_options, warn_if_unknown

if TYPE_CHECKING:
    from proven.wire.commands import HandlerMetrics, ReadMetricsResult

_HEAD: Final = ("handler", "version", "calls", "failed", "p50", "p90", "p99", "errors")
_LONGEST: Final = 30 * 86_400
_SHORT: Final = 12


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.option(
    "--since", callback=ago, default="1h", metavar="TIME", help="Since when.  [default: 1h; up to 30d]"
)
@click.option("--handler", metavar="NAME", help="Only this handler: its export, or its address.")
@owner_options
@json_option
def metrics(application: str, since: float, handler: str | None, as_json: bool, **where: Any) -> None:
    """Show how often each handler of APPLICATION (a name or an id) was called, how long calls took, and how
    they failed; a row for each package, with the versions that are that package.

    It is for the keys that can change it alone, as `proven logs` is. Counts by the minute are kept for a day
    and by the hour for 30 days; percentiles are exact to 6 percent. With --json, there are points over time
    too.

    \b
    Examples:
      proven metrics todo
      proven metrics todo --since 7d --handler addTodo
      proven metrics todo --since 1d --json --key owner.key
      proven metrics todo --passkey
    """
    seconds = max(60, round(since))
    if seconds > _LONGEST:
        raise click.BadParameter("counts are kept for 30d", param_hint="--since")
    node = Node.named(application, **where)
    found = asyncio.run(_read(node, application, seconds, handler, points=as_json))
    if handler is not None and not found.handlers:
        warn_if_unknown(node.found, application, handler)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    for line in table(found):
        click.echo(line)


async def _read(
    node: Node, application: str, seconds: int, handler: str | None, *, points: bool
) -> ReadMetricsResult:
    async with node.reading(application, "metrics") as reader:
        return await reader.client.metrics(
            reader.application,
            seconds=seconds,
            handler=handler,
            points=points,
            permission=reader.permission,
        )


def table(found: ReadMetricsResult) -> list[str]:
    """The rows for people, and below them the processes that run now."""
    if not found.handlers:
        return ["No calls in that time."]
    rows = [_HEAD, *(_row(each) for each in found.handlers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(
            text.ljust(width) if column in (0, len(_HEAD) - 1) else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    for process in found.processes:
        lines.append(
            f"process of {process.package_id[:_SHORT]}: {process.memory_bytes / 1e6:.1f} MB, "
            f"{process.cpu_ms / 1000:.1f} s CPU, {process.in_flight} calls run, {process.queued} wait"
        )
    return lines


def _row(each: HandlerMetrics) -> tuple[str, ...]:
    version = ", ".join(map(str, each.versions)) or (each.package_id or "–")[:_SHORT]
    codes = ", ".join(f"{code} {count:,}" for code, count in sorted(each.errors.items()))
    return (
        printable(each.handler),
        version,
        f"{each.calls:,}",
        f"{sum(each.errors.values()):,}",
        duration(each.latency.p50),
        duration(each.latency.p90),
        duration(each.latency.p99),
        codes,
    )


def duration(microseconds: int) -> str:
    """A duration as people read it."""
    if microseconds < 1000:
        return f"{microseconds} µs"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.{1 if microseconds < 10_000 else 0}f} ms"
    return f"{microseconds / 1_000_000:.1f} s"
