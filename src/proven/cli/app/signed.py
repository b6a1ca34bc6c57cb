"""`proven app sign` and `send`: commands that several keys sign, at several machines."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from proven.cli._output import COMMAND, confirm, json_option, print_json
from proven.cli.key import KEY, KEY_FILE, read_key
from proven.wire.applications import CancelUpgrade, CreateApplication, Deploy, Veto
from proven.wire.errors import ErrorCode, ProvenError

from ._options import YES, Place, bad_request, node_options

if TYPE_CHECKING:
    from proven.wire.applications import OwnerKey, SignedCommand


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
    what the log says of the application, and asks. What you sign is what is shown: for a package, `proven
    package hash FOLDER` tells whether it is the one that you think it is.

    \b
    Examples:
      proven app sign upgrade.command
      proven app sign upgrade.command --key b.key
      proven app sign upgrade.command --passkey
    """
    from ._files import read_signed
    from ._sending import Sent
    from ._telling import describe, to_record

    signed = read_signed(file)
    if not as_json or passkey or (keys and not yes):
        for line in describe(signed):
            click.echo(line, err=as_json)
    if keys or passkey:
        signed = _added(
            file, signed, keys, Place.of(signed.application_id, options) if passkey else None, yes
        )
    if as_json:
        print_json(to_record(Sent(signed, "")))
    elif keys or passkey:
        count = len(signed.signatures)
        click.echo(f"Signed: {file} has {count} signature{'' if count == 1 else 's'} now.")
        click.echo(f"next: `{COMMAND} app send {file}`, once there are enough", err=True)


def _added(
    file: Path, shown: SignedCommand, keys: tuple[str, ...], page: Place | None, yes: bool
) -> SignedCommand:
    """Add signatures by the keys, and by a passkey at the node of `page`, to those that are in the file."""
    from ._files import read_signed, rewrite

    by_keys: list[OwnerKey] = []
    if keys:
        confirm("Sign this?", yes)
        by_keys = [read_key(key) for key in keys]
    by_passkey = [] if page is None else [asyncio.run(_signature(shown, page))]
    now = read_signed(file)
    if now.raw != shown.raw:
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"{file} holds another command than the one that was shown, and was left as it is: look at it "
            f"with `{COMMAND} app sign {file}`",
        )
    signed = now.cosigned(*by_keys).with_signatures(*by_passkey)
    rewrite(file, signed.encode())
    return signed


async def _signature(signed: SignedCommand, place: Place) -> tuple[bytes, bytes]:
    """The signature of whoever signs it too, on the owner page. Raises `ProvenError` for a command that no
    log takes any more, before anybody is asked.
    """
    from ._passkey import Wanted, signature

    body = signed.body
    if isinstance(body.command, CreateApplication):
        raise bad_request("an application is created by one signature alone, which this has already: send it")
    async with place.node() as node:
        log = await node.read(signed.application_id)
        if log.origin != body.origin:
            raise ProvenError(
                ErrorCode.CONFLICT,
                f"it is for the log {body.origin}, and that of {place.url} is {log.origin}: name a node of "
                "its network with --node",
            )
        record = log.find(signed.application_id)
    if record.revision != body.revision and not isinstance(body.command, CancelUpgrade | Veto):
        raise ProvenError(
            ErrorCode.CONFLICT,
            f"{record.name} has {record.revision} entries, and who wrote this had seen {body.revision}: no "
            "log takes it, have it written anew",
        )
    return await signature(place.url, Wanted.cosignature(signed))


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
            return await sending.hand_in(node, signed, name, content)

    sent = asyncio.run(hand_in())
    if sent.log is not None:
        sent.name = sent.log.find(signed.application_id).name
    tell(sent, as_json)
