"""`proven app cancel` and `veto`: what is announced does not come into force."""

from __future__ import annotations

from typing import Any

import click

from proven.cli._output import json_option
from proven.wire.applications import CancelUpgrade, Veto

from ._options import APP, sign_and_tell, signing_options


@click.command()
@APP
@signing_options
@json_option
def cancel(application: str, as_json: bool, **options: Any) -> None:
    """Take back the announced change of APP, by the keys that could announce it.

    \b
    Example:
      proven app cancel todo --key owner.key
    """
    sign_and_tell(application, CancelUpgrade(), as_json, options)


@click.command()
@APP
@signing_options
@json_option
def veto(application: str, as_json: bool, **options: Any) -> None:
    """Refuse the announced change of APP, by the key of one of its guardians.

    \b
    Example:
      proven app veto todo --key guardian.key
    """
    sign_and_tell(application, Veto(), as_json, options)
