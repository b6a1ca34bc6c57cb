"""`proven app create`: a name, an owner, a policy."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import click

from proven.cli._output import json_option
from proven.cli._policies import read_policy
from proven.wire.applications import CreateApplication

from ._options import Place, Signing, bad_request, creating_options

_NONCE_BYTES = 16


@click.command()
@click.argument("name")
@click.option("--policy", "policy", metavar="WORDS", help="Its upgrade policy, quoted.  [default: owner]")
@click.option("--guardian", "guardians", multiple=True, metavar="KEY", help="Who can veto. Repeatable.")
@creating_options
@json_option
def create(name: str, policy: str | None, guardians: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Create an application that the holder of the key owns.

    A name is for ever: nobody gets it again, not even when the application was archived. Under a policy with
    a delay the first version waits too; deploy first and set the policy then, if nobody depends on it yet.

    \b
    Examples:
      proven app create todo --key owner.key
      proven app create todo --passkey
      proven app create todo --key owner.key --policy "timelock 7d"
    """
    how = Signing.of(options)
    if len(how.keys) + how.passkey != 1:
        raise bad_request(
            "an application is created by one signature, of its owner: --key or --passkey, once"
        )
    if guardians and policy is None:
        raise bad_request("guardians veto what is announced: add --policy 'timelock 7d'")
    command = CreateApplication(
        name=name,
        nonce=os.urandom(_NONCE_BYTES),
        policy=None if policy is None else read_policy(policy.split(), guardians),
    )
    from . import _sending as sending
    from ._hints import Typed
    from ._telling import tell

    sent = asyncio.run(sending.create(command, how, Place.of(name, options)))
    tell(sent, as_json, Typed.of(options))
    if sent.result is not None and not as_json:
        click.echo(f"Its id is {sent.signed.application_id}.")
        if how.passkey:
            click.echo(
                f"It belongs to {sent.signed.signers[0].hex()}: see that it is the key on your owner page."
            )
