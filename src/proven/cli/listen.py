"""`proven listen`: the events of an application, as they come, over a session that this side verified."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from proven.attestation import Verifier
from proven.client import Carrier, Event, Missed, connect
from proven.node.presence import discover

from ._output import json_option, print_json_line
from .call import _find_node, _running_applications, _seed, _verifier, to_json


@click.command()
@click.argument("application", shell_complete=_running_applications)
@click.argument("events", metavar="EVENT…", nargs=-1, required=True)
@click.option("--as", "identity", metavar="NAME", help="Identify with the key NAME, made the first time.")
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
@click.option(
    "--node", "url", metavar="URL", help="The node.  [default: the one on this machine that runs it]"
)
@click.option(
    "--development-root",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Accept development evidence under this root certificate (PEM).",
)
@click.option("--any-development-node", is_flag=True, help="Accept development evidence of any node.")
@click.option("--pcr0", metavar="HEX", help="Accept evidence of AWS Nitro hardware that runs this image.")
@partial(json_option, lines=True)
def listen(
    application: str,
    events: tuple[str, ...],
    identity: str | None,
    count: int | None,
    url: str | None,
    development_root: Path | None,
    any_development_node: bool,
    pcr0: str | None,
    as_json: bool,
) -> None:
    """Print what APPLICATION (a name or an id) publishes under each EVENT, one line for each.

    A line is what was published, as JSON; with several events, its name comes first. Where events are
    missing, because the connection was slow or lost, stderr says so. It goes on until it is interrupted.
    Nodes are found and verified as by `proven call`.

    \b
    Examples:
      proven listen todo todos
      proven listen todo todos orders --as ada --json
      proven listen todo todos --count 1 --node https://example.org --pcr0 3b1f…
    """
    nodes = discover()
    here = _find_node(nodes, application) if url is None else None
    address = url or (here.url if here else "")
    known = here or next((node for node in nodes if node.url == address.rstrip("/")), None)
    verifier = _verifier(known, development_root, any_development_node, pcr0)
    seed = None if identity is None else _seed(identity)
    show = _print_json if as_json else _print_named if len(events) > 1 else _print
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_listen(address, application, events, verifier, seed, count, show))


async def _listen(
    url: str,
    application: str,
    events: tuple[str, ...],
    verifier: Verifier,
    identity: bytes | None,
    count: int | None,
    show: Callable[[Event], None],
) -> None:
    async with (
        await connect(
            url, application=application, verifier=verifier, identity=identity, carrier=Carrier.WEBSOCKET
        ) as client,
        client.subscribe(*events) as subscription,
    ):
        click.echo(f"Listening to {', '.join(events)} of {application}.", err=True)
        shown = 0
        async for event in subscription:
            show(event)
            shown += not isinstance(event, Missed)
            if shown == count:
                return


def _print_json(event: Event) -> None:
    if isinstance(event, Missed):
        print_json_line({"missed": event.count})
    else:
        print_json_line({"event": event.name, "payload": to_json(event.payload)})


def _print(event: Event) -> None:
    if isinstance(event, Missed):
        _tell_missed(event)
    else:
        click.echo(_line(event.payload))


def _print_named(event: Event) -> None:
    if isinstance(event, Missed):
        _tell_missed(event)
    else:
        click.echo(f"{event.name} {_line(event.payload)}")


def _tell_missed(missed: Missed) -> None:
    what = "the connection was lost: events" if missed.count is None else f"up to {missed.count} events"
    click.echo(f"{what} are missing here", err=True)


def _line(payload: Any) -> str:
    return json.dumps(to_json(payload), ensure_ascii=False)
