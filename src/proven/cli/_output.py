"""What commands print: results to stdout (for programs with `--json`), everything else to stderr."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import click

from proven.wire.errors import ErrorCode, ProvenError

F = TypeVar("F", bound=Callable[..., Any])
_JSON: Final = "proven.json"
_SLOW_SECONDS: Final = 0.5
_STEERING: Final = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

COMMAND: Final = shlex.quote(os.environ.get("_PROVEN_AS") or "proven")
"""How this command line is called here: `./proven` in a checkout."""


def as_typed_here(text: str) -> str:
    """A text in which commands are as they are to be typed here."""
    return text.replace("`proven ", f"`{COMMAND} ")


NEXT_STEPS: Final[dict[ErrorCode, str]] = {
    ErrorCode.BUILD_ERROR: "fix the lines above and run it again; docs/build-errors.md explains each [rule]",
    ErrorCode.OVERLOADED: "try again in a moment",
    ErrorCode.NO_IDENTITY: "identify with `proven call --as NAME …`",
    ErrorCode.STORAGE_FULL: "free disk space under the data directory",
}
"""What to do about an error, where its message does not say."""


def json_option(command: F, *, lines: bool = False) -> F:
    """Give a command `--json`. Its errors are then JSON too, `{"error": {…}}` on stdout.

    With `lines`, what it prints is an object per line.
    """

    def remember(context: click.Context, _: click.Parameter, value: bool) -> bool:
        if value:
            context.find_root().meta[_JSON] = print_json_line if lines else print_json
        return value

    described = "one JSON object per line" if lines else "one JSON document"
    option = click.option(
        "--json",
        "as_json",
        is_flag=True,
        is_eager=True,
        callback=remember,
        help=f"Print {described}, for programs.",
    )
    return option(command)


def print_json(value: object) -> None:
    """Print a result for programs."""
    click.echo(_escaped(json.dumps(value, ensure_ascii=False, indent=2)))


def print_json_line(value: object) -> None:
    """Print one of many results for programs."""
    click.echo(_escaped(json.dumps(value, ensure_ascii=False, default=str)))


def _escaped(document: str) -> str:
    """The same JSON document, in which nothing steers a terminal or turns text around."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def printable(text: str) -> str:
    """Text without control characters, with which an app could rewrite the terminal it is shown in."""
    return "".join(
        char if char.isprintable() or char == "\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def indented(text: str, spaces: int) -> str:
    """Text from elsewhere with every line further to the right."""
    return "\n".join(" " * spaces + printable(line) for line in text.splitlines())


def report(error: ProvenError, context: click.Context) -> None:
    """Print an error and what to do about it."""
    if as_json := context.find_root().meta.get(_JSON):
        as_json({"error": error.to_record()})
        return
    *before, last = failure_lines(error)
    for line in before:
        click.echo(as_typed_here(printable(line)), err=True)
    click.secho(as_typed_here(printable(last)), fg="red", err=True)
    if step := NEXT_STEPS.get(error.code):
        click.echo(as_typed_here(f"next: {step}"), err=True)


def confirm(question: str, yes: bool) -> None:
    """Go on only if somebody at a terminal agrees, or did with `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"nobody is at a terminal to be asked {question!r}: say --yes to do it without being asked",
        )
    click.confirm(question, abort=True, err=True)


def of_system(error: OSError) -> ProvenError:
    """What the system refused, as an error for people: which file it is about, and why."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            code = ErrorCode.STORAGE_FULL
        case errno.EACCES | errno.EPERM | errno.EROFS:
            code = ErrorCode.FORBIDDEN
        case _:
            code = ErrorCode.UNAVAILABLE
    named = error.filename if isinstance(error.filename, str | bytes | os.PathLike) else None
    where = "" if named is None else f"{os.fsdecode(named)}: "
    return ProvenError(code, f"{where}{error.strerror or error}")


def failure_lines(error: ProvenError) -> list[str]:
    """An error as lines of text: the summary last, before it what is wrong with an app or where it threw.

    Whatever somebody else may have written is indented, so that it does not pass for what commands say.
    """
    problems = getattr(error, "problems", None)
    if not problems:
        stack = str((error.details or {}).get("stack", "")).splitlines()
        message = error.message
        if "\n" in message and message in "\n".join(stack):
            message = "it threw what is shown above"
        first, *rest = f"error: {message}".splitlines()
        return [*(f"  {line}" for line in stack if len(stack) > 1), first, *(f"  {line}" for line in rest)]
    count = len(problems)
    summary = f"error: {count} problem{'s' if count > 1 else ''} in the app"
    return [*(str(problem) for problem in problems), summary]


@contextlib.contextmanager
def shown_while(what: str) -> Iterator[None]:
    """Say at a terminal, on stderr, what is going on until the block ends."""
    if not _shows_progress():
        yield
        return
    click.echo(f"{what} …", err=True, nl=False)
    try:
        yield
    finally:
        _rewrite("")


@contextlib.contextmanager
def progress(what: str, clock: Callable[[], float] = time.monotonic) -> Iterator[Callable[[str], None]]:
    """Tell somebody at a terminal what is going on, on stderr, once it has taken half a second.

    Yields a function to say what is being done right now. Where stderr is no terminal, nothing is printed.
    """
    started, shown = clock(), False
    terminal = _shows_progress()

    def update(detail: str) -> None:
        nonlocal shown
        if terminal and clock() - started > _SLOW_SECONDS:
            shown = True
            _rewrite(f"{what} … {detail}")

    try:
        yield update
    finally:
        if shown:
            _rewrite("")


def _shows_progress() -> bool:
    """Whether stderr is a terminal on which a line can be written anew."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _rewrite(line: str) -> None:
    """Write the line at which the terminal is anew; that is no colour, so it is not left out as one."""
    click.echo(f"\r\033[K{line}", err=True, nl=False, color=True)
