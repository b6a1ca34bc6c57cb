"""`proven app deploy` and `rollback`: which package is the next version."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from proven.cli._output import json_option
from proven.wire.applications import Deploy, RollBack

from ._options import APP, Place, Signing, sign_and_tell, signing_options


@click.command()
@APP
@click.argument("package", metavar="[FOLDER|FILE]", default=".")
@signing_options
@json_option
def deploy(application: str, package: str, as_json: bool, **options: Any) -> None:
    """Make a package the next version: a FOLDER (default: here), built as `proven package build` does, or a
    package FILE.

    Where the policy has a delay, the version is announced and comes into force when the delay is over; the
    present one answers until then.

    \b
    Examples:
      proven app deploy todo ./todo --key owner.key
      proven app deploy todo todo.package --key a.key --key b.key
      proven app deploy todo ./todo --passkey
    """
    from proven.cli.package import _package_of

    from ._hints import Typed
    from ._sending import change_unless_so
    from ._telling import tell

    how, place = Signing.of(options), Place.of(application, options)
    built = _package_of(package, options["timeout"])
    command = Deploy(package_id=built.id)
    sent = asyncio.run(change_unless_so(application, command, how, place, built))
    tell(sent, as_json, Typed.of(options, package))


@click.command()
@APP
@click.argument("version", type=click.IntRange(min=1))
@signing_options
@json_option
def rollback(application: str, version: int, as_json: bool, **options: Any) -> None:
    """Make the package of an earlier VERSION the next version. Where the policy has a delay, so has this.

    \b
    Example:
      proven app rollback todo 3 --key owner.key
    """
    sign_and_tell(application, RollBack(version=version), as_json, options)
