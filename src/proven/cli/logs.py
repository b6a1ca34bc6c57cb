"""`proven logs`: what an application said, and what it says, for whoever can change it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any, Final

import click
import msgspec

from proven.client import MissedLines
from proven.wire.commands import LogLevel, LogLine

from ._nodes import running_applications
from ._output import json_option, print_json_line, printable
from ._owner import Node, ago, owner_options

_LEVELS: Final[tuple[LogLevel, ...]] = ("debug", "log", "info", "warn", "error")
_COLOURS: Final = {"debug": "bright_black", "warn": "yellow", "error": "red"}

Line = LogLine | MissedLines


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--since", callback=ago, metavar="TIME", help="Not before: 10m, 2h, 1d or 2026-01-31T12:00.")
@click.option("--handler", metavar="NAME", help="Only of this handler: its export, or its address.")
@click.option("--level", type=click.Choice(_LEVELS), help="Only this severe, or more.")
@owner_options
@partial(json_option, lines=True)
def logs(
    application: str,
    follow: bool,
    since: float | None,
    handler: str | None,
    level: LogLevel | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Print the log of APPLICATION (a name or an id): console lines, errors with their stacks, deploys, and
    what was ended for taking too long or too much.

    It is for the keys that can change it alone: its owner's, and those that sign together under its policy;
    say with --key which is yours. Without it, the key is that of what `proven dev` deploys on this machine.

    With --follow it goes on, over lost connections and restarts of the node, without printing a line twice;
    where lines are gone, stderr says how many. Control characters are shown as replacement characters; --json
    has everything as it was said.

    \b
    Examples:
      proven logs todo
      proven logs todo --follow --level warn
      proven logs todo --since 10m --handler addTodo
      proven logs todo --since 1d --json | jq 'select(.code == "HANDLER_TIMEOUT")'
      proven logs todo --key keyring:todo
      proven logs todo --node https://example.org --pcr0 3b1f… --key owner.key
    """
    node = Node.named(application, **where)
    show = _print_json if as_json else _Printer()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_read(node, application, follow, since, handler, level, show))


async def _read(
    node: Node,
    application: str,
    follow: bool,
    since: float | None,
    handler: str | None,
    level: LogLevel | None,
    show: Callable[[Line], None],
) -> None:
    moment = None if since is None else int((time.time() - since) * 1000)
    async with node.manage() as client:
        reading = client.logs(application, since=moment, handler=handler, level=level, follow=follow)
        async with contextlib.aclosing(reading) as lines:
            async for line in lines:
                show(line)


def _print_json(line: Line) -> None:
    if isinstance(line, MissedLines):
        print_json_line({"missed": line.count})
    else:
        print_json_line(msgspec.to_builtins(line))


class _Printer:
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
