"""Calling handlers."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from proven.wire.session import MAX_SEQUENCE
from proven.wire.values import MAX_BYTES

from ._fields import CommandRecord, Count, HandlerAddress, Record, Sha256Hex

MAX_CONSOLE_TEXT: Final = 64 * 1024
ValueBytes = Annotated[bytes, Meta(min_length=1, max_length=MAX_BYTES)]
Sequence = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]


class Execute(CommandRecord, frozen=True):
    """Call a handler of the session's application. Answered by `ExecuteResult`.

    `args` holds the encoding of the argument array. With `package_id`, the call is refused (`CONFLICT`)
    unless that very package would answer it.
    """

    handler: HandlerAddress
    args: ValueBytes
    package_id: Sha256Hex | None = None


class ExecuteResult(Record, frozen=True):
    """`value` holds the encoding of what the handler returned; `package_id` is the code that did, and
    `log_index` the entry of the transparency log that made it live.
    """

    value: ValueBytes
    package_id: Sha256Hex
    log_index: Count
    duration_us: Count


class ConsoleEvent(Record, frozen=True, tag_field="event", tag="console"):
    """A line that a handler wrote to its console; pushed by development nodes only.

    `request` is the sequence of the call it belongs to, if that was made in this session.
    """

    level: Annotated[str, Meta(max_length=16)]
    text: Annotated[str, Meta(max_length=MAX_CONSOLE_TEXT)]
    handler: HandlerAddress
    request: Sequence | None = None
