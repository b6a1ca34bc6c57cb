"""`proven app sign` and `send`: commands that several keys sign, at several machines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from proven.cli._output import confirm, json_option, print_json
from proven.cli.key import KEY, KEY_FILE
from proven.wire import words
from proven.wire.applications import CreateApplication, Deploy

from ._options import YES, Place, bad_request, node_options


@click.command("sign")
@click.argument("file", type=KEY_FILE)
@click.option("--key", "keys", multiple=True, type=KEY, metavar="KEY", help="Sign by this. Repeatable.")
@click.option("--passkey", is_flag=True, help="Sign by your passkey, on the owner page of the node.")
@YES
@node_options
@json_option
def sign_command(
    file: Path, keys: tuple[str, ...], passkey: bool, yes: bool, as_json: bool, **options: Any
) -> None:
    """Show what the signed command in FILE says, and with --key or --passkey add a signature to it.

    Needs no network but for --passkey, which opens the owner page of a node: that shows the same words, and
    what the log says of the application, and asks. Where a node runs on this machine or --node names one, it
    is asked whether your signature counts, and one that does not is refused. What you sign is what is shown:
    for a package, `proven package hash FOLDER` tells whether it is the one that you think it is.

    \b
    Examples:
      proven app sign upgrade.command
      proven app sign upgrade.command --key b.key
      proven app sign upgrade.command --passkey
    """
    from ._cosigning import cosign
    from ._files import read_signed
    from ._hints import Typed
    from ._sending import Sent
    from ._telling import describe, to_record

    signed = read_signed(file)
    if not as_json or passkey or (keys and not yes):
        for line in describe(signed):
            click.echo(line, err=as_json)
    if not keys and not passkey:
        if as_json:
            print_json(to_record(Sent(signed, "")))
        return
    if keys:
        confirm("Sign this?", yes)
    page = Place.of(signed.application_id, options) if passkey else None
    made = cosign(file, signed, keys, page, options)
    for key in made.known:
        click.echo(f"{key.hex()} signed already.", err=as_json)
    if as_json:
        print_json(to_record(Sent(made.signed, "")))
    elif made.added:
        count = words.plural(len(made.signed.signatures), "signature")
        click.echo(f"Signed: {file} has {count} now.")
    if made.added:
        send = Typed.of({**options, "keys": ()}).send(file, signed.body.command)
        click.echo(f"next: `{send}`, once there are enough", err=True)


@click.command()
@click.argument("file", type=KEY_FILE)
@click.option("--package", "package", metavar="FOLDER|FILE", help="The package that a deployment is of.")
@node_options
@json_option
def send(file: Path, package: str | None, as_json: bool, **options: Any) -> None:
    """Hand in the signed command in FILE. Anybody can: what counts is who signed.

    \b
    Examples:
      proven app send upgrade.command --package ./todo
      proven app send policy.command --node https://node.example --pcr0 3b1f…
    """
    from . import _sending as sending
    from ._files import read_signed
    from ._hints import Typed
    from ._telling import tell

    signed = read_signed(file)
    command, content = signed.body.command, b""
    if package is not None:
        from proven.cli.package import _package_of

        built = _package_of(package, options["timeout"])
        if not isinstance(command, Deploy):
            raise bad_request(f"{file} deploys nothing: leave out --package")
        if built.id != command.package_id:
            raise bad_request(f"{package} is the package {built.id}, and {file} deploys {command.package_id}")
        content = built.to_archive()
    name = command.name if isinstance(command, CreateApplication) else signed.application_id
    place = Place.of(name, options)

    async def hand_in() -> sending.Sent:
        async with place.node() as node:
            return await sending.hand_in(node, signed, name, content, file)

    sent = asyncio.run(hand_in())
    if sent.log is not None:
        sent.name = sent.log.find(signed.application_id).name
    tell(sent, as_json, Typed.of(options, package))
