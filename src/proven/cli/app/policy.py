"""`proven app policy`: who may change an application, and after what notice."""

from __future__ import annotations

from typing import Any

import click

from proven.cli._output import confirm, json_option
from proven.cli._policies import read_policy
from proven.wire.applications import Immutable, SetUpgradePolicy

from ._options import APP, YES, sign_and_tell, signing_options


@click.command()
@APP
@click.argument("words", nargs=-1, required=True)
@click.option("--guardian", "guardians", multiple=True, metavar="KEY", help="Who can veto. Repeatable.")
@YES
@signing_options
@json_option
def policy(
    application: str,
    words: tuple[str, ...],
    guardians: tuple[str, ...],
    yes: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Set who may change APP, and after what notice.

    \b
    WORDS is one of:
      owner                           the owner, at once
      immutable                       nobody, ever (asks first; --yes says so beforehand)
      timelock 7d                     the owner; announced 7 days before (60s to 365d)
      multisig 2 of KEY KEY KEY       two of these keys together, at once
      timelock 7d multisig 2 of KEY…  both

    A policy changes only by its own rule: to shorten a delay, you wait for the delay. Guardians can veto what
    is announced, and do nothing else. A KEY is what `proven key show FILE` prints.

    \b
    Examples:
      proven app policy todo timelock 7d --guardian 5c8e… --key owner.key
      proven app policy todo multisig 2 of 1f0a… 5c8e… 93d2… --key owner.key
      proven app policy todo immutable --key owner.key
    """
    wanted = read_policy(words, guardians)
    if isinstance(wanted, Immutable):
        question = f"Nobody, you included, can change {application} or this policy ever again. Do it?"
        confirm(question, yes)
    sign_and_tell(application, SetUpgradePolicy(policy=wanted), as_json, options)
