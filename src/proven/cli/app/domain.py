"""`proven app domain`: which domains lead to an application."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from proven.cli._lazy import Group
from proven.cli._output import COMMAND, json_option, print_json, printable
from proven.wire.applications import LinkDomain, UnlinkDomain
from proven.wire.domain_records import record_name, record_value

from ._options import (
    APP,
    Place,
    Signing,
    bad_request,
    host_text,
    node_options,
    sign_and_tell,
    signing_options,
)


@click.group(cls=Group)
def domain() -> None:
    """Have domains of yours lead to an application.

    You claim a domain, and prove that it is yours by a TXT record in its DNS. Nodes look for the record, soon
    and then again and again; as long as a proof holds, the domain leads to the application.

    \b
    Examples:
      proven app domain add todo todo.example --key owner.key
      proven app domain list todo
      proven app domain remove todo todo.example --key owner.key
    """


@domain.command("add")
@APP
@click.argument("domain", metavar="DOMAIN")
@signing_options
@json_option
def domain_add(application: str, domain: str, as_json: bool, **options: Any) -> None:
    """Claim DOMAIN for APP, and print the DNS record that proves it.

    The record names the application and the network: it proves nothing for others. It has to be at that name
    itself, not behind an alias (CNAME), and to stay there: proofs expire and are renewed.

    \b
    Example:
      proven app domain add todo todo.example --key owner.key
    """
    from ._hints import Typed
    from ._sending import change
    from ._telling import tell

    command = LinkDomain(domain=_domain(domain))
    sent = asyncio.run(change(application, command, Signing.of(options), Place.of(application, options)))
    body = sent.signed.body
    name = record_name(command.domain)
    value = record_value(sent.signed.application_id, body.origin)
    sent.more |= {"record_name": name, "record_type": "TXT", "record_value": value}
    tell(sent, as_json, Typed.of(options))
    if as_json:
        return
    click.echo(f"To prove that it is yours, create this record in the DNS of {command.domain}, and keep it:")
    for line in (f"  name   {name}", "  type   TXT", f"  value  {value}"):
        click.echo(printable(line))
    click.echo(
        f"next: `dig +short TXT {name}` shows whether it is there, `{COMMAND} app domain list {application}` "
        "what the node found",
        err=True,
    )


@domain.command("remove")
@APP
@click.argument("domain", metavar="DOMAIN")
@signing_options
@json_option
def domain_remove(application: str, domain: str, as_json: bool, **options: Any) -> None:
    """Give DOMAIN up. It stops leading to APP at once, and another application can have it.

    \b
    Example:
      proven app domain remove todo todo.example --key owner.key
    """
    sign_and_tell(application, UnlinkDomain(domain=_domain(domain)), as_json, options)


@domain.command("list")
@APP
@node_options
@json_option
def domain_list(application: str, as_json: bool, **options: Any) -> None:
    """Print the domains that APP claims: until when each is proved, by the log, and why it is not, by the
    word of the node.

    \b
    Examples:
      proven app domain list todo
      proven app domain list todo --json
    """
    from ._showing import domain_record, domain_words, read_one

    log, failures = asyncio.run(read_one(application, Place.of(application, options)))
    record = log.find(application)
    if as_json:
        print_json([domain_record(each, failures) for each in record.domains])
        return
    for each in record.domains:
        click.echo(printable(f"{each.name:<32} {domain_words(each, failures)}"))
        if each.proved_until is None:
            value = record_value(record.id, log.origin)
            click.echo(printable(f"{'':<32} needs: {record_name(each.name)} TXT {value}"))
    if not record.domains:
        click.echo(f"There is none; `{COMMAND} app domain add` claims one.", err=True)


def _domain(text: str) -> str:
    if not text.isascii():
        raise bad_request(f"write {text[:200]} in its ASCII form (xn--…), as browsers send it")
    return host_text(text).lower().removesuffix(".")
