"""Say what was measured: a table for the terminal, a document for the repository, JSON for programs."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from harness.figures import Bound, Of, Result, Round, Rung
from harness.machine import Machine


@dataclass(frozen=True, slots=True)
class Step:
    """A rung with its median over the rounds."""

    title: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Section:
    """One comparison as it came out; `missing` says why it could not be taken."""

    name: str
    title: str
    results: tuple[Result, ...]
    steps: tuple[Step, ...]
    note: str
    missing: str | None = None


def steps(ladder: Sequence[Rung], rounds: Sequence[Round]) -> tuple[Step, ...]:
    return tuple(
        Step(rung.title, statistics.median(rung.source.read(taken) for taken in rounds), rung.unit)
        for rung in ladder
    )


def quantity(value: float, unit: str) -> str:
    """A value with three significant digits and its unit."""
    if unit.endswith("/s"):
        return f"{value:,.0f}{unit}".replace(",", " ")
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:.{digits}f} {unit}".rstrip()


def target(result: Result) -> str:
    wanted = result.figure.target
    if wanted is None:
        return "–"
    sign = "≤" if wanted.bound is Bound.AT_MOST else "≥"
    return (
        f"{sign} {wanted.limit:g}×"
        if wanted.of is Of.RATIO
        else f"{sign} {quantity(wanted.limit, result.figure.unit)}"
    )


def verdict(result: Result) -> str:
    return {True: "pass", False: "FALLS SHORT", None: "–"}[result.passed]


def ratio(result: Result) -> str:
    """The median of the ratios and the range that the rounds spanned."""
    return f"{result.ratio:.2f}× ({min(result.ratios):.2f}–{max(result.ratios):.2f})"


def rows(result: Result) -> list[str]:
    figure = result.figure
    return [
        figure.title,
        quantity(result.value, figure.unit),
        f"{figure.peer_title}: {quantity(result.peer_value, figure.unit)}",
        ratio(result),
        target(result),
        verdict(result),
    ]


HEADINGS = ["figure", "ours", "peer", "ours / peer", "target", "verdict"]


def table(sections: Sequence[Section]) -> str:
    """All figures for a terminal, columns aligned."""
    lines = [HEADINGS, *(rows(result) for section in sections for result in section.results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    lines.insert(1, ["-" * width for width in widths])
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    text += [f"{section.name}: not measured: {section.missing}" for section in sections if section.missing]
    return "\n".join(text)


def document(
    sections: Sequence[Section], machine: Machine, *, taken_on: date, rounds: int, chart: str
) -> str:
    """`RESULTS.md`."""
    lines = [
        "# Results",
        "",
        f"Written by `bench/run.py` on {taken_on.isoformat()}: {rounds} interleaved rounds per comparison.",
        "Values are medians; a ratio is the median of the rounds' own ratios, with their range.",
        "",
        *(f"- {line}" for line in machine.lines()),
        "",
        f"![How much of each target is used]({chart})",
        "",
    ]
    for section in sections:
        lines += [f"## {section.title}", ""]
        if section.missing:
            lines += [f"Not measured: {section.missing}", ""]
            continue
        lines += [_markdown_row(HEADINGS), _markdown_row(["---"] * len(HEADINGS))]
        lines += [_markdown_row(rows(result)) for result in section.results]
        lines.append("")
        if section.steps:
            lines += ["Where the time goes, each part measured by itself in the same rounds:", ""]
            lines += ["| part | median |", "| --- | --- |"]
            lines += [_markdown_row([step.title, quantity(step.value, step.unit)]) for step in section.steps]
            lines.append("")
        if section.note:
            lines += [section.note, ""]
    return "\n".join(lines)


def record(sections: Sequence[Section], machine: Machine) -> Mapping[str, object]:
    """Everything, every round included, for `--json`."""
    return {
        "machine": machine.lines(),
        "comparisons": [
            {
                "name": section.name,
                "missing": section.missing,
                "figures": [
                    {
                        "key": result.figure.key,
                        "unit": result.figure.unit,
                        "ours": result.ours,
                        "peer": result.peer,
                        "peer_title": result.figure.peer_title,
                        "ratio": result.ratio,
                        "target": target(result),
                        "passed": result.passed,
                    }
                    for result in section.results
                ],
                "steps": [
                    {"title": step.title, "value": step.value, "unit": step.unit} for step in section.steps
                ],
            }
            for section in sections
        ],
    }


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
