"""Feeds of one application: announced, cancelled, vetoed and activated changes, for whoever follows it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

from proven.apps import ApplicationRecord
from proven.gateway.explorer import _formats
from proven.gateway.explorer._text import visible
from proven.gateway.explorer._timeline import Outcome, Timeline, UpgradeEvent
from proven.wire import words
from proven.wire.applications import SetUpgradePolicy

JSON_FEED: Final = "https://jsonfeed.org/version/1.1"
_TITLES: Final = {
    Outcome.ANNOUNCED: "Announced",
    Outcome.CANCELLED: "Cancelled",
    Outcome.VETOED: "Vetoed",
    Outcome.ACTIVATED: "In force",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed; its id names the log and the entry, so it is the same wherever it is read."""

    id: str
    title: str
    text: str
    url: str
    at: int


@dataclass(frozen=True, slots=True)
class Feed:
    """`updated` is the time of the last change, or of the creation where there is none (Unix
    milliseconds).
    """

    id: str
    title: str
    home: str
    atom: str
    json: str
    updated: int
    items: list[Item]


def feed_of(record: ApplicationRecord, timeline: Timeline, log_origin: str, site: str) -> Feed:
    """The feed as read at `site`, the origin under which the node was asked. The latest item is first."""
    home = f"{site}/explorer/applications/{record.id}"
    items = [
        Item(
            id=_urn(f"{log_origin}/entry/{event.log_index}"),
            title=f"{record.name}: {_TITLES[event.outcome]}: {_title(event)}",
            text=_text(event, log_origin),
            url=f"{site}/explorer/log/{event.log_index}",
            at=event.at,
        )
        for event in reversed(timeline.events)
    ]
    return Feed(
        id=_urn(f"{log_origin}/application/{record.id}"),
        title=f"Changes of {record.name}",
        home=home,
        atom=f"{home}/feed.atom",
        json=f"{home}/feed.json",
        updated=items[0].at if items else record.created_at,
        items=items,
    )


def json_feed(feed: Feed) -> dict[str, Any]:
    """The feed as JSON Feed 1.1. Authors are optional there, and applications have none but keys."""
    return {
        "version": JSON_FEED,
        "title": visible(feed.title),
        "home_page_url": feed.home,
        "feed_url": feed.json,
        "description": "Announced, cancelled, vetoed and activated changes, as the log has them.",
        "items": [
            {
                "id": item.id,
                "url": item.url,
                "title": visible(item.title),
                "content_text": "\n".join(map(visible, item.text.split("\n"))),
                "date_published": _formats.timestamp(item.at),
            }
            for item in feed.items
        ],
    }


def _title(event: UpgradeEvent) -> str:
    if isinstance(event.change, SetUpgradePolicy):
        return "another policy"
    return words.command(event.change)


def _text(event: UpgradeEvent, log_origin: str) -> str:
    lines = [f"{words.command(event.change)}."]
    if isinstance(event.change, SetUpgradePolicy):
        guardians = words.guardians(event.change.policy)
        lines += [guardians] if guardians else []
    if event.activates_at is not None:
        lines.append(f"It takes effect at {words.moment(event.activates_at)} or later.")
    if event.announced != event.log_index:
        lines.append(f"It was announced by entry {event.announced}.")
    if event.signers:
        lines.append(f"Signed by {', '.join(key.hex() for key in event.signers)}.")
    lines.append(f"Entry {event.log_index} of the log {log_origin}.")
    return "\n".join(lines)


def _urn(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"https://{name}").urn
