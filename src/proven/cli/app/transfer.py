"""`proven app transfer`: another owner."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from proven.cli._output import confirm, json_option
from proven.cli.key import public_key
from proven.wire.applications import TransferOwnership, require_key

from ._options import APP, YES, Place, bad_request, sign_and_tell, signing_options


@click.command()
@APP
@click.argument("key")
@YES
@signing_options
@json_option
def transfer(application: str, key: str, yes: bool, as_json: bool, **options: Any) -> None:
    """Make the holder of the public KEY the owner of APP. Where the policy has a delay, so has this.

    \b
    Example:
      proven app transfer todo $(proven key show new-owner.key) --key owner.key
    """
    to = public_key(key)
    try:
        require_key(to)
    except ValueError as error:
        raise bad_request(f"{key} is {error}") from None
    if not yes:
        confirm(asyncio.run(_question(application, to, Place.of(application, options))), yes)
    sign_and_tell(application, TransferOwnership(to=to), as_json, options)


async def _question(application: str, to: bytes, place: Place) -> str:
    from ._telling import before_transfer

    async with place.node() as node:
        record = (await node.read(application)).find(application)
    return f"{before_transfer(record, to)} Do it?"
