"""What applications publish."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from ._fields import CommandRecord, Count, Record, Sha256Hex
from .calls import ValueBytes

MAX_EVENT_NAME: Final = 128
_EventName = Annotated[str, Meta(min_length=1, max_length=MAX_EVENT_NAME)]


class Subscribe(CommandRecord, frozen=True):
    """Be sent what the application publishes under `event`, over this connection, until it ends or
    `Unsubscribe`. Answered by `Done`; only over a WebSocket. Subscribing twice is once.
    """

    event: _EventName


class Unsubscribe(CommandRecord, frozen=True):
    """Be sent `event` no more. Answered by `Done`, whether it was subscribed to or not."""

    event: _EventName


class PublishedEvent(Record, frozen=True, tag_field="event", tag="published"):
    """Something the application published for this session; `payload` holds one `values` encoding.
    `package_id` is the code that published it, and `log_index` the entry of the transparency log that made
    it live last; both are absent if no node knows that any more.
    """

    name: _EventName
    payload: ValueBytes
    package_id: Sha256Hex | None = None
    log_index: Count | None = None


class MissedEvents(Record, frozen=True, tag_field="event", tag="missed"):
    """This many events were not sent, because the client was slow to read: it should look again at what it
    shows.
    """

    count: Count
