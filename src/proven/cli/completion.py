"""`proven completion`: the script that makes a shell complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

_WHERE = {
    "bash": "~/.local/share/bash-completion/completions/proven",
    "zsh": "a folder of $fpath, as _proven",
    "fish": "~/.config/fish/completions/proven.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    Examples:
      proven completion bash > ~/.local/share/bash-completion/completions/proven
      proven completion zsh > "${fpath[1]}/_proven"
      proven completion fish > ~/.config/fish/completions/proven.fish
    """
    form = get_completion_class(shell)
    assert form is not None
    script = form(context.find_root().command, {}, "proven", "_PROVEN_COMPLETE")
    click.echo(ShellComplete.source(script))
