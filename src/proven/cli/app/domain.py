"""`proven app domain`: claims of domains."""

from __future__ import annotations

from typing import Any

import click

from proven.cli._output import json_option
from proven.wire.applications import LinkDomain, UnlinkDomain

from ._options import APP, host_text, signing_options
from ._telling import sign_and_tell


@click.group()
def domain() -> None:
    """Claim a domain for an application. A claim leads nowhere before a node has recorded a proof of it.

    \b
    Examples:
      proven app domain link todo todo.example --key owner.key
      proven app domain unlink todo todo.example --key owner.key
    """


@domain.command("link")
@APP
@click.argument("domain", metavar="DOMAIN")
@signing_options
@json_option
def domain_link(application: str, domain: str, as_json: bool, **options: Any) -> None:
    """Claim DOMAIN for APP. Nodes of this version look for no proof, so none is recorded yet.

    \b
    Example:
      proven app domain link todo todo.example --key owner.key
    """
    sign_and_tell(application, LinkDomain(domain=host_text(domain).lower()), as_json, options)


@domain.command("unlink")
@APP
@click.argument("domain", metavar="DOMAIN")
@signing_options
@json_option
def domain_unlink(application: str, domain: str, as_json: bool, **options: Any) -> None:
    """Give up the claim of DOMAIN.

    \b
    Example:
      proven app domain unlink todo todo.example --key owner.key
    """
    sign_and_tell(application, UnlinkDomain(domain=host_text(domain).lower()), as_json, options)
