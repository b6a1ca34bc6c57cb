"""Printing what an application publishes, as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import click
import msgspec

from proven.attestation import Verifier
from proven.client import Carrier, Event, Missed, Published, VersionNotice, connect
from proven.wire.words import moment

from ._output import print_json_line
from ._values import to_json

T = TypeVar("T")


async def run_listen(
    url: str,
    application: str,
    events: tuple[str, ...],
    upgrades: bool,
    verifier: Verifier,
    identity: bytes | None,
    count: int | None,
    show: Callable[[Event | VersionNotice], None],
) -> None:
    """Hand each event to `show`, until there were `count` of them."""
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


def print_event_json(event: Event | VersionNotice) -> None:
    if isinstance(event, VersionNotice):
        print_json_line({"upgrade": msgspec.to_builtins(event)})
    elif isinstance(event, Missed):
        print_json_line({"missed": event.count})
    else:
        print_json_line({"event": event.name, "payload": to_json(event.payload)})


def print_event(event: Event | VersionNotice) -> None:
    if isinstance(event, VersionNotice):
        click.echo(_in_words(event))
    elif isinstance(event, Missed):
        _tell_missed(event)
    else:
        click.echo(_line(event.payload))


def print_named(event: Event | VersionNotice) -> None:
    if isinstance(event, Published):
        click.echo(f"{event.name} {_line(event.payload)}")
    else:
        print_event(event)


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
