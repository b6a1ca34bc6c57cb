"""`proven check`: everything that can be known to be wrong with an app without running it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from proven.packages import BuildError, Problem, Registry, build, entry_modules
from proven.packages.typecheck import UNCODED, Diagnostic, type_check
from proven.packages.typescript import write_types
from proven.wire.errors import ErrorCode, ProvenError

from ._output import json_option, print_json, progress

Finding = Problem | Diagnostic


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@json_option
def check(folder: Path, as_json: bool) -> None:
    """Check the types of the app in FOLDER (default: here), and the rules for packages.

    Needs no network, nor npm, except for npm packages that were never fetched before. Ends with status 1 if
    something is wrong.

    \b
    Examples:
      proven check
      proven check examples/todo
      proven check --json | jq '.problems[].file'
    """
    if not folder.is_dir():
        raise ProvenError(
            ErrorCode.NOT_FOUND, f"there is no folder {folder}: create an app with `proven init`"
        )
    findings = find(folder)
    if as_json:
        print_json({"ok": not findings, "problems": [_record(finding) for finding in findings]})
    else:
        for finding in findings:
            click.echo(str(finding))
        if findings:
            count = len(findings)
            click.secho(f"{count} problem{'s' if count > 1 else ''}", fg="red", err=True)
            click.echo("next: fix the lines above; docs/build-errors.md explains each [rule]", err=True)
        else:
            click.secho("No problems found.", fg="green", err=True)
    if findings:
        sys.exit(1)


def find(folder: Path) -> list[Finding]:
    """Every problem of an app: those of the package rules first, then what the compiler says."""
    findings: list[Finding] = []
    with progress("Checking") as update:
        registry = Registry.from_environment(folder, on_fetch=lambda key: update(f"fetching {key}"))
        try:
            modules: Sequence[str] = build(folder, registry=registry).manifest.entries
        except BuildError as error:
            findings.extend(error.problems)
            modules = _entries(folder, registry)
        if modules:
            update("types")
            write_types(folder)
            known = {(each.file, each.line): each.rule for each in findings if isinstance(each, Problem)}
            for finding in type_check(folder, modules, registry):
                if not _repeats(finding, known.get((finding.file, finding.line))):
                    findings.append(finding)
    return findings


def _repeats(finding: Diagnostic, rule: str | None) -> bool:
    """Whether the compiler says of a line what the rules have said of it, which they do more plainly."""
    return rule is not None and (finding.code == UNCODED or rule.startswith("import-"))


def _entries(folder: Path, registry: Registry) -> Sequence[str]:
    try:
        return entry_modules(folder, registry=registry)
    except BuildError:
        return ()


def _record(finding: Finding) -> dict[str, object]:
    record = dataclasses.asdict(finding)
    record["rule"] = str(record.pop("rule", None) or record.pop("code"))
    return record
