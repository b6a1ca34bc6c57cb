"""The benchmark's command line, started by `run.py`.

Installs the peers, takes every comparison in interleaved rounds, prints the table, and after a complete run
writes `RESULTS.md` and `results.svg` next to this file.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

import click
import uvloop

from comparisons import COMPARISONS
from harness import chart, report
from harness.figures import results
from harness.machine import Machine, describe
from harness.peers import BENCH, install_workerd
from harness.rounds import Comparison, take

QUIET = 0.5
NAMES = [comparison.name for comparison in COMPARISONS]


@click.command(name="run.py")
@click.option(
    "--only", multiple=True, type=click.Choice(NAMES), help="Take only this comparison (repeatable)."
)
@click.option(
    "--rounds", default=7, show_default=True, type=click.IntRange(min=1), help="Interleaved rounds."
)
@click.option("--json", "as_json", is_flag=True, help="Print every sample as JSON instead of the table.")
def main(only: tuple[str, ...], rounds: int, as_json: bool) -> None:
    """Measure the node against its peers on this machine."""
    logging.basicConfig(level=logging.ERROR)
    say("peers: installing what is not there yet")
    machine = describe(install_workerd())
    if machine.load > QUIET:
        say(f"this machine is busy (load average {machine.load:.1f}): expect noise")
    chosen = [comparison for comparison in COMPARISONS if not only or comparison.name in only]
    sections = [measure(comparison, rounds) for comparison in chosen]
    click.echo(json.dumps(report.record(sections, machine), indent=2) if as_json else report.table(sections))
    if not only:
        write(sections, machine, rounds)
    if any(section.missing for section in sections):
        sys.exit(1)


def measure(comparison: Comparison, count: int) -> report.Section:
    """One comparison; one that cannot be taken is reported as missing and does not stop the others."""
    try:
        rounds = uvloop.run(take(comparison, count, say))
    except Exception as error:
        logging.getLogger("bench").exception("comparison failed")
        reason = f"{type(error).__name__}: {error}"
        return report.Section(comparison.name, comparison.title, (), (), comparison.note, missing=reason)
    return report.Section(
        comparison.name,
        comparison.title,
        tuple(results(comparison.figures, rounds)),
        report.steps(comparison.ladder, rounds),
        comparison.note,
    )


def write(sections: list[report.Section], machine: Machine, rounds: int) -> None:
    drawing = BENCH / "results.svg"
    drawing.write_text(chart.draw([result for section in sections for result in section.results]))
    text = report.document(
        sections, machine, taken_on=datetime.now(UTC).date(), rounds=rounds, chart=drawing.name
    )
    (BENCH / "RESULTS.md").write_text(text)


def say(message: str) -> None:
    click.echo(f"· {message}", err=True)


if __name__ == "__main__":
    main(prog_name="bench/run.py")
