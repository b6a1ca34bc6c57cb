"""How far the transparency log goes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ._fields import CommandRecord, Count, Record


class LogHead(CommandRecord, frozen=True):
    """Ask how far the transparency log goes at this moment. Answered by `LogHeadResult`.

    Who fetches the log over a connection that others may alter learns by it whether that is all there is.
    """


class LogHeadResult(Record, frozen=True):
    """The log `origin` has `size` entries under `root`, of which `revision` are about the session's
    application. It is said inside the session, so it is the word of the software that its evidence names.
    """

    origin: Annotated[str, Meta(min_length=1, max_length=256)]
    size: Count
    root: Annotated[bytes, Meta(min_length=32, max_length=32)]
    revision: Count = 0
