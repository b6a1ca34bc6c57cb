"""The `proven` command. Each sub-command is a module that is imported only when it is used.

To add one, add a line to `COMMANDS`.
"""

from __future__ import annotations

from typing import Final

import click

from proven import __version__

from ._root import Root

COMMANDS: Final = {
    "init": ("proven.cli.init:init", "Write a new app."),
    "dev": ("proven.cli.dev:dev", "Run an app here; every save is live."),
    "call": ("proven.cli.call:call", "Call a handler over a verified, sealed session."),
    "verify": ("proven.cli.verify:verify", "Say which code answered, who can change it, and prove it."),
    "listen": ("proven.cli.listen:listen", "Print an app's events as they come."),
    "logs": ("proven.cli.logs:logs", "Print an app's log, and follow it."),
    "metrics": ("proven.cli.metrics:metrics", "Show how often and how fast an app's handlers are called."),
    "check": ("proven.cli.check:check", "Find mistakes in an app before it runs."),
    "package": ("proven.cli.package:package", "Build packages and say why their ids are what they are."),
    "app": ("proven.cli.app:app", "Create, change and hand over your applications."),
    "key": ("proven.cli.key:key", "Make the key by which an owner signs."),
    "help": ("proven.cli.help:help_command", "Explain a command."),
    "completion": ("proven.cli.completion:completion", "Print the shell's completion script."),
}
"""Name, `module:attribute` of the command, and its line in `proven --help`."""
_SECTIONS: Final = {
    "Make an app": ("init", "dev", "check", "package"),
    "Use and verify one": ("call", "listen", "verify"),
    "Own one": ("app", "key", "logs", "metrics"),
    "This command line": ("help", "completion"),
}


@click.group(
    cls=Root,
    commands=COMMANDS,
    sections=_SECTIONS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", message="proven %(version)s")
def main() -> None:
    """Run TypeScript backends that nobody can tamper with, and that anyone can check.

    \b
    A first app:
      proven init hello          write an app into ./hello
      proven dev hello           run it here; every save is live
    and in another terminal:
      proven call hello          say what can be called
      proven call hello greet '"Ada"'
      proven verify hello        say which code answered, and who can change it

    `proven COMMAND --help` explains a command, with examples.
    """
