"""`proven app`: what owners do with their applications, by commands that they sign."""

from __future__ import annotations

from typing import Final

import click

from proven.cli._lazy import LazyGroup

COMMANDS: Final = {
    "create": ("proven.cli.app.create:create", "Create an application that the holder of the key owns."),
    "deploy": ("proven.cli.app.deploy:deploy", "Make a package the next version: of a folder, or a file."),
    "rollback": (
        "proven.cli.app.deploy:rollback",
        "Make the package of an earlier version the next version.",
    ),
    "policy": ("proven.cli.app.policy:policy", "Set who may change it, and after what notice."),
    "cancel": ("proven.cli.app.announced:cancel", "Take back the announced change."),
    "veto": ("proven.cli.app.announced:veto", "Refuse the announced change, as a guardian."),
    "transfer": ("proven.cli.app.transfer:transfer", "Make the holder of a public key the owner."),
    "origin": ("proven.cli.app.origin:origin", "Say which pages may use an application, by their origin."),
    "domain": ("proven.cli.app.domain:domain", "Have domains of yours lead to an application."),
    "archive": ("proven.cli.app.archive:archive", "End an application for good."),
    "sign": ("proven.cli.app.signed:sign_command", "Show what a signed command says, and add a signature."),
    "send": ("proven.cli.app.signed:send", "Hand in a signed command."),
    "show": ("proven.cli.app.show:show", "Print what the log says about an application."),
    "list": ("proven.cli.app.show:list_command", "Print all applications of the network."),
}
"""Name, `module:attribute` of the command, and its line in `proven app --help`."""


@click.group(cls=LazyGroup, commands=COMMANDS)
def app() -> None:
    """Create, change and hand over your applications, by commands that you sign.

    A command is signed here, by a key of `proven key new`, or in your browser, by a passkey. It becomes an
    entry of the network's public log; the node never sees the key. Before anything is signed, the log is read
    and verified: its key is attested, its entries follow the rules, and it continues what this machine saw
    before. A command is for the application as it is then. If somebody is faster, it is refused, and what
    happened meanwhile is shown.

    \b
    Examples: a first application
      proven key new owner.key
      proven app create todo --key owner.key
      proven app deploy todo ./todo --key owner.key
      proven app policy todo timelock 7d --key owner.key
      proven app show todo

    \b
    Examples: by passkey, on the owner page of the node
      proven app create todo --passkey
      proven app deploy todo ./todo --passkey

    \b
    Examples: several keys, at several machines
      proven app deploy todo ./todo --key a.key --save upgrade.command
      proven app sign upgrade.command --key b.key
      proven app sign upgrade.command --passkey
      proven app send upgrade.command --package ./todo

    A key is in a file, or in the keyring of your desktop session (`--key keyring:NAME`): `proven key --help`.
    """
