"""`proven app show` and `list`: what the log says about applications."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from proven.cli._output import COMMAND, json_option, print_json, printable
from proven.cli.key import public_key

from ._options import APP, Place, node_options


@click.command()
@APP
@node_options
@json_option
def show(application: str, as_json: bool, **options: Any) -> None:
    """Print what the log says about APP: its owner, version, policy, and what is announced.

    \b
    Examples:
      proven app show todo
      proven app show todo --json --node https://node.example --pcr0 3b1f…
    """
    from ._showing import lines_of, read_one, to_record

    log, failures = asyncio.run(read_one(application, Place.of(application, options)))
    record = log.find(application)
    if as_json:
        print_json(to_record(log, record, failures))
    else:
        for name, value in lines_of(log, record, failures):
            click.echo(printable(f"{name:<12} {value}"))


@click.command("list")
@click.option("--owner", metavar="KEY", help="Only those that the holder of this public key owns.")
@node_options
@json_option
def list_command(owner: str | None, as_json: bool, **options: Any) -> None:
    """Print all applications of the network, from the whole log.

    \b
    Examples:
      proven app list
      proven app list --owner $(proven key show owner.key)
    """
    from ._showing import read_all, to_record

    wanted = None if owner is None else public_key(owner)
    log = asyncio.run(read_all(Place.of(None, options)))
    found = [record for record in log.all() if wanted in (None, record.owner)]
    if as_json:
        print_json([to_record(log, record, {}) for record in found])
        return
    for record in found:
        version = f"version {record.version}" if record.version else "no version"
        pending = ", a change is announced" if record.pending else ""
        archived = ", archived" if record.archived else ""
        click.echo(printable(f"{record.id}  {record.name:<24} {version}{pending}{archived}"))
    if not found:
        click.echo(f"There is none; `{COMMAND} app create NAME --key FILE` makes one.", err=True)
