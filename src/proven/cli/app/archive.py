"""`proven app archive`: the end of an application."""

from __future__ import annotations

from typing import Any

import click

from proven.cli._output import confirm, json_option
from proven.wire.applications import Archive

from ._options import APP, YES, sign_and_tell, signing_options


@click.command()
@APP
@YES
@signing_options
@json_option
def archive(application: str, yes: bool, as_json: bool, **options: Any) -> None:
    """End APP for good. It answers no more, and nobody ever gets its name.

    \b
    Example:
      proven app archive todo --key owner.key
    """
    confirm(f"{application} ends for good, and nobody ever gets its name. Do it?", yes)
    sign_and_tell(application, Archive(), as_json, options)
