"""The differences between two packages, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

import click
import msgspec

from proven.packages import Changed, PackageDiff, SourceChange
from proven.packages.manifest import HandlerEntry

_COLOURS: Final = {"+": "green", "-": "red", "~": "yellow", "@": "cyan"}


def print_diff(diff: PackageDiff, *, stat: bool) -> None:
    """Print what is different; `stat` leaves out the lines of the sources."""
    if diff.empty:
        click.echo(f"Both are {diff.before}.")
        return
    click.echo(f"- {diff.before}\n+ {diff.after}")
    _section("Handlers", (_handler(each) for each in diff.handlers))
    _section("Options of handlers", map(_value, diff.options))
    _section("Migrations, by the SHA-256 of their statements", map(_value, diff.migrations))
    _section("npm packages", map(_value, diff.dependencies))
    _section("What imports in npm packages lead to", map(_value, diff.requires))
    _section("Settings", map(_value, diff.settings))
    _section("Front-end files", map(_asset, diff.assets))
    _section("Sources", map(_source, diff.sources))
    if not stat:
        for source in diff.sources:
            _print_source(source)


def diff_record(diff: PackageDiff) -> dict[str, Any]:
    """A diff for programs."""
    return {
        "before": diff.before,
        "after": diff.after,
        "handlers": [_changed(each) for each in diff.handlers],
        "options": [_changed(each) for each in diff.options],
        "migrations": [_changed(each) for each in diff.migrations],
        "dependencies": [_changed(each) for each in diff.dependencies],
        "requires": [_changed(each) for each in diff.requires],
        "settings": [_changed(each) for each in diff.settings],
        "assets": [_changed(each) for each in diff.assets],
        "sources": [
            {"path": each.path, "lines": None if each.lines is None else list(each.lines)}
            for each in diff.sources
        ],
    }


def _visible(text: str) -> str:
    r"""`text` with whatever a terminal obeys or hides shown as `\x1b`: what is compared may be hostile."""
    return "".join(char if char.isprintable() or char == "\t" else _escape(char) for char in text)


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _section(title: str, lines: Iterable[str]) -> None:
    listed: Sequence[str] = list(lines)
    if listed:
        click.echo(f"\n{title}:")
    for line in listed:
        click.secho(f"  {_visible(line)}", fg=_COLOURS.get(line[0]))


def _handler(change: Changed[HandlerEntry]) -> str:
    there = change.after or change.before
    assert there is not None
    return f"{change.sign} {change.name}  {there.kind.value} {_short(msgspec.to_builtins(there.options))}"


def _value(change: Changed[Any]) -> str:
    if change.before is None:
        return f"+ {change.name}: {_short(change.after)}"
    if change.after is None:
        return f"- {change.name}: {_short(change.before)}"
    return f"~ {change.name}: {_short(change.before)} → {_short(change.after)}"


def _asset(change: Changed[tuple[str, int]]) -> str:
    sizes = [f"{each[1]} bytes" for each in (change.before, change.after) if each is not None]
    return f"{change.sign} {change.name} ({' → '.join(sizes)})"


def _source(change: SourceChange) -> str:
    sign = "+" if change.before is None else "-" if change.after is None else "~"
    if change.lines is None:
        return f"{sign} {change.path} (not compared line by line)"
    added = sum(line.startswith("+") for line in change.lines)
    removed = sum(line.startswith("-") for line in change.lines)
    return f"{sign} {change.path} (+{added} −{removed})"


def _print_source(source: SourceChange) -> None:
    if source.lines is None:
        return
    click.secho(f"\n--- {_visible(source.path)}\n+++ {_visible(source.path)}", bold=True)
    for line in source.lines:
        click.secho(_visible(line), fg=_COLOURS.get(line[:1]))


def _changed(change: Changed[Any]) -> dict[str, Any]:
    before, after = msgspec.to_builtins(change.before), msgspec.to_builtins(change.after)
    return {"name": change.name, "before": before, "after": after}


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
