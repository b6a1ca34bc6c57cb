"""`proven listen`: the events of an application, as they come, over a session that this side verified."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import click

from ._identities import AS, seed
from ._nodes import find, node_options, running_applications
from ._numbers import Whole
from ._output import json_option


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.argument("events", metavar="[EVENT…]", nargs=-1)
@click.option("--upgrades", is_flag=True, help="Tell of versions too: announced, taken back, answering.")
@AS
@click.option("--count", type=Whole(min=1), help="End after so many events.")
@node_options
@partial(json_option, lines=True)
def listen(
    application: str,
    events: tuple[str, ...],
    upgrades: bool,
    identity: str | None,
    count: int | None,
    as_json: bool,
    **where: Any,
) -> None:
    """Print what APPLICATION (a name or an id) publishes under each EVENT, one line for each.

    A line is what was published, as JSON; with several events, its name comes first. Where events are
    missing, because the connection was slow or lost, stderr says so. It goes on until it is interrupted.
    Nodes are found and verified as by `proven call`.

    With --upgrades, what the node says of the application's versions is printed as it comes, EVENTs or none.

    \b
    Examples:
      proven listen todo todos
      proven listen todo todos orders --as ada --json
      proven listen todo todos --count 1 --node https://example.org --pcr0 3b1f…
      proven listen todo --upgrades
    """
    if not events and not upgrades:
        raise click.UsageError("say which EVENT to listen to, or --upgrades")
    node = find(application, where)
    person = None if identity is None else seed(identity)
    from ._listening import print_event, print_event_json, print_named, run_listen

    show = print_event_json if as_json else print_named if len(events) + upgrades > 1 else print_event
    with node.telling_what_runs():
        asyncio.run(run_listen(node.url, application, events, upgrades, node.verifier, person, count, show))
