"""Command groups that say what there is, and import a sub-command only to run it or to explain it."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import click

from proven.wire.errors import ProvenError

from ._output import of_system, report

_SENTENCE: Final = 1000
"""Characters: more than any first sentence has."""


class Group(click.Group):
    """A group that answers an unknown command with those there are."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; say what there is where there is none of that name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = self._below(ctx, args[0])
            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if close and not meant:
                raise click.UsageError(
                    f"{error.message} Did you mean `{ctx.command_path} {close[0]}`?", ctx
                ) from None
            if not meant:
                raise click.UsageError(
                    f"{error.message} There are: {', '.join(self.list_commands(ctx))}.", ctx
                ) from None
            named = " and ".join(f"`{ctx.command_path} {group} {args[0]}`" for group in meant)
            raise click.UsageError(f"{error.message} There is {named}.", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with the whole first sentence of its help."""
        rows = [
            (name, command.get_short_help_str(_SENTENCE))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _below(self, ctx: click.Context, name: str) -> list[str]:
        """The groups in this one that have a command of that name."""
        commands = {each: self.get_command(ctx, each) for each in self.list_commands(ctx)}
        return [
            each
            for each, command in commands.items()
            if isinstance(command, click.Group) and name in command.list_commands(ctx)
        ]


class LazyGroup(Group):
    """A group whose commands are named by `module:attribute`, and listed in `sections` if there are some.
    Errors with a code end it in one place.
    """

    def __init__(
        self,
        *args: Any,
        commands: Mapping[str, tuple[str, str]],
        sections: Mapping[str, Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(commands)
        self._sections = sections or {"Commands": tuple(commands)}

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        width = max(map(len, self._lazy))
        for section, names in self._sections.items():
            with formatter.section(section):
                formatter.write_dl([(f"{name:<{width}}", self._lazy[name][1]) for name in names])

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
