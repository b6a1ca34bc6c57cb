"""`proven app origin`: which pages may use an application."""

from __future__ import annotations

from typing import Any

import click

from proven.cli._lazy import Group
from proven.cli._output import json_option
from proven.wire.applications import AddAllowedOrigin, RemoveAllowedOrigin
from proven.wire.origins import canonical_origin

from ._options import APP, bad_request, host_text, sign_and_tell, signing_options


@click.group(cls=Group)
def origin() -> None:
    """Say which pages may use an application, by their origin.

    \b
    Examples:
      proven app origin add todo https://todo.example --key owner.key
      proven app origin remove todo https://todo.example --key owner.key
    """


@origin.command("add")
@APP
@click.argument("origin", metavar="ORIGIN")
@signing_options
@json_option
def origin_add(application: str, origin: str, as_json: bool, **options: Any) -> None:
    """Let pages of ORIGIN use APP, such as https://todo.example.

    \b
    Example:
      proven app origin add todo https://todo.example --key owner.key
    """
    sign_and_tell(application, AddAllowedOrigin(origin=_origin(origin)), as_json, options)


@origin.command("remove")
@APP
@click.argument("origin", metavar="ORIGIN")
@signing_options
@json_option
def origin_remove(application: str, origin: str, as_json: bool, **options: Any) -> None:
    """No longer let pages of ORIGIN use APP.

    \b
    Example:
      proven app origin remove todo https://todo.example --key owner.key
    """
    sign_and_tell(application, RemoveAllowedOrigin(origin=_origin(origin)), as_json, options)


def _origin(text: str) -> str:
    try:
        return canonical_origin(host_text(text))
    except ValueError as error:
        raise bad_request(f"{text[:200]!r} is no origin such as https://todo.example: {error}") from None
