"""A command group that imports a sub-command only to run it, so that `proven --help` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from proven.wire.errors import ProvenError

from ._output import of_system, report


class LazyGroup(click.Group):
    """A group whose commands are named by `module:attribute`. Errors with a code end it in one place."""

    def __init__(self, *args: Any, commands: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(commands)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they were given."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        entry = self._lazy.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = entry[0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; say what there is where there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            there_are = ", ".join(self.list_commands(ctx))
            raise click.UsageError(f"{error.message} There are: {there_are}.", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        rows = [(name, text) for name, (_, text) in self._lazy.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the sub-command. An error of ours or of the system is reported and ends it with status 1."""
        try:
            return super().invoke(ctx)
        except ProvenError as error:
            report(error, ctx)
            ctx.exit(1)
        except BrokenPipeError:
            raise
        except OSError as error:
            report(of_system(error), ctx)
            ctx.exit(1)
