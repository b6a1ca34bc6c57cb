"""`proven app transfer`: another owner."""

from __future__ import annotations

from typing import Any

import click

from proven.cli._output import confirm, json_option
from proven.cli.key import public_key
from proven.wire.applications import TransferOwnership, require_key

from ._options import APP, YES, bad_request, sign_and_tell, signing_options


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
    confirm(f"Only who holds the key {key} can give {application} back. Do it?", yes)
    sign_and_tell(application, TransferOwnership(to=to), as_json, options)
