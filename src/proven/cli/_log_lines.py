"""Lines of an application's log, as `proven logs` prints them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import click
import msgspec

from proven.client import MissedLines
from proven.wire.commands import LogLine

from ._output import print_json_line, printable

_COLOURS: Final = {"debug": "bright_black", "warn": "yellow", "error": "red"}

Line = LogLine | MissedLines


def print_line_json(line: Line) -> None:
    if isinstance(line, MissedLines):
        print_json_line({"missed": line.count})
    else:
        print_json_line(msgspec.to_builtins(line))


class Printer:
    """For people: a line of the log is one of the terminal, or several that are aligned."""

    def __init__(self) -> None:
        self._today = date.today()  # noqa: DTZ011

    def __call__(self, line: Line) -> None:
        if isinstance(line, MissedLines):
            lines = "line is" if line.count == 1 else "lines are"
            click.echo(f"{line.count:,} {lines} missing here", err=True)
            return
        moment = datetime.fromtimestamp(line.at / 1000)  # noqa: DTZ006
        when = moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03}"
        if moment.date() != self._today:
            when = f"{moment.date().isoformat()} {when}"
        source = _source(line)
        code = "" if line.code is None else f"{line.code}: "
        for text in _texts(line, code):
            shown = click.style(printable(text), fg=_COLOURS.get(line.level))
            click.echo(f"{click.style(when, fg='bright_black')}  {line.level:<5}  {source} │ {shown}")


def _source(line: LogLine) -> str:
    if line.handler is None:
        return "top level" if line.kind == "console" else "node"
    return printable(line.handler.partition("#")[2] or line.handler)


def _texts(line: LogLine, code: str) -> list[str]:
    stack = [] if line.stack is None else line.stack.splitlines()
    if stack and line.text.splitlines()[:1] and line.text.splitlines()[0] in stack[0]:
        return [f"{code}{stack[0]}", *stack[1:]]
    return [*(f"{code}{line.text}".splitlines() or [""]), *stack]
