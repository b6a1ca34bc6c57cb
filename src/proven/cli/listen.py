"""`proven listen`: the events of an application, as they come, over a session that this side verified."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import click
import msgspec

from proven.attestation import Verifier
from proven.client import Carrier, Event, Missed, Published, VersionNotice, connect
from proven.wire.words import moment

from ._identities import AS, seed
from ._nodes import find, node_options, running_applications
from ._output import json_option, print_json_line
from .call import to_json

T = TypeVar("T")


@click.command()
@click.argument("application", shell_complete=running_applications)
@click.argument("events", metavar="[EVENT…]", nargs=-1)
@click.option("--upgrades", is_flag=True, help="Tell of versions too: announced, taken back, answering.")
@AS
@click.option("--count", type=click.IntRange(min=1), help="End after so many events.")
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
    show = _print_json if as_json else _print_named if len(events) + upgrades > 1 else _print
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_listen(node.url, application, events, upgrades, node.verifier, person, count, show))


async def _listen(
    url: str,
    application: str,
    events: tuple[str, ...],
    upgrades: bool,
    verifier: Verifier,
    identity: bytes | None,
    count: int | None,
    show: Callable[[Event | VersionNotice], None],
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            await connect(
                url, application=application, verifier=verifier, identity=identity, carrier=Carrier.WEBSOCKET
            )
        )
        sources: list[AsyncIterator[Event | VersionNotice]] = []
        if events:
            sources.append(await stack.enter_async_context(client.subscribe(*events)))
        if upgrades:
            sources.append(await stack.enter_async_context(contextlib.aclosing(client.versions())))
        what = ", ".join((*events, *(["upgrades"] if upgrades else [])))
        click.echo(f"Listening to {what} of {application}.", err=True)
        shown = 0
        async for item in _merged(sources):
            show(item)
            shown += not isinstance(item, Missed)
            if shown == count:
                return


async def _merged(sources: Sequence[AsyncIterator[T]]) -> AsyncIterator[T]:
    """What comes from any of them, until one ends or raises."""
    waiting = {asyncio.ensure_future(anext(source)): source for source in sources}
    try:
        while True:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                source = waiting.pop(task)
                try:
                    item = task.result()
                except StopAsyncIteration:
                    return
                waiting[asyncio.ensure_future(anext(source))] = source
                yield item
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


def _print_json(event: Event | VersionNotice) -> None:
    if isinstance(event, VersionNotice):
        print_json_line({"upgrade": msgspec.to_builtins(event)})
    elif isinstance(event, Missed):
        print_json_line({"missed": event.count})
    else:
        print_json_line({"event": event.name, "payload": to_json(event.payload)})


def _print(event: Event | VersionNotice) -> None:
    if isinstance(event, VersionNotice):
        click.echo(_in_words(event))
    elif isinstance(event, Missed):
        _tell_missed(event)
    else:
        click.echo(_line(event.payload))


def _print_named(event: Event | VersionNotice) -> None:
    if isinstance(event, Published):
        click.echo(f"{event.name} {_line(event.payload)}")
    else:
        _print(event)


def _in_words(notice: VersionNotice) -> str:
    """What the node says of the version, in one line."""
    place = "" if notice.entry is None else f" (entry {notice.entry})"
    answers = "no version answers yet" if notice.package_id is None else f"{notice.package_id} answers"
    match notice.what:
        case "present":
            said = answers
        case "switched":
            said = f"from now on {answers}"
        case "activated":
            said = "the announced change came into force"
        case "announced":
            said = "announced"
        case _:
            said = f"the announced change was {notice.what}"
    if notice.what in ("present", "announced") and (pending := notice.pending) is not None:
        what = "another change" if pending.package_id is None else f"a switch to {pending.package_id}"
        said += f": {what}, on {moment(pending.activates_at)}"
    return f"upgrade: {said}{place}"


def _tell_missed(missed: Missed) -> None:
    what = "the connection was lost: events" if missed.count is None else f"up to {missed.count} events"
    click.echo(f"{what} are missing here", err=True)


def _line(payload: Any) -> str:
    return json.dumps(to_json(payload), ensure_ascii=False)
