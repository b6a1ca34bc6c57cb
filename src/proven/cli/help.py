"""`proven help`: what `--help` says, for who asks the other way round."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("names", metavar="[COMMAND]…", nargs=-1)
@click.pass_context
def help_command(context: click.Context, names: tuple[str, ...]) -> None:
    """Explain COMMAND, as `proven COMMAND --help` does.

    \b
    Examples:
      proven help
      proven help verify
      proven help app deploy
    """
    place = context.find_root()
    for name in names:
        group = place.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"{place.command_path} has no commands.", place)
        _, command, _ = group.resolve_command(place, [name])
        assert command is not None
        place = click.Context(command, info_name=name, parent=place)
    click.echo(place.command.get_help(place))
