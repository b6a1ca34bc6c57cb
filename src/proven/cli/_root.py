"""What holds for every command: how it may print, and how it ends when somebody interrupts it."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from proven._loading import INTERRUPTED

from ._lazy import LazyGroup


class Root(LazyGroup):
    """The command itself.

    1. Nothing is coloured where `NO_COLOR` is set to anything (no-color.org), nor at a dumb terminal.
    2. Ctrl-C ends any command without a word, with status 130.
    """

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Begin a command; those below it print as this one may."""
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            extra["color"] = False
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the sub-command. Ctrl-C at a question is an interruption like any other."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _interrupted(ctx)
        except click.Abort as aborted:
            if not isinstance(aborted.__context__, KeyboardInterrupt):
                raise
            _interrupted(ctx)


def _interrupted(ctx: click.Context) -> None:
    if sys.stderr.isatty():
        click.echo(err=True)  # what comes next does not begin behind the terminal's ^C
    ctx.exit(INTERRUPTED)
