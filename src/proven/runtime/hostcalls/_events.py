"""Publishing an application's events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final, Protocol

from proven.runtime.host import CallContext, HostFunction
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.values import UNDEFINED

from ._arguments import take, text

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
MAX_PAYLOAD: Final = 256 * 1024


class EventSink(Protocol):
    """Takes the events that applications publish."""

    async def publish(self, application_id: ApplicationId, event: str, payload: bytes) -> None:
        """Accept one event; `payload` is one encoded value. Returns once the event cannot be lost."""
        ...


class Events:
    """Hands events to the sink, as of the application that published them."""

    def __init__(self, sink: EventSink | None) -> None:
        self._sink = sink

    def functions(self) -> dict[str, HostFunction]:
        return {"events.publish": self._publish}

    async def _publish(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        name, payload = take(arguments, 2)
        if not _NAME.fullmatch(text(name, "an event name")):
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "an event name is 1 to 128 letters, digits and . _ : / -"
            )
        encoded = values.encode(payload)
        if len(encoded) > MAX_PAYLOAD:
            raise ProvenError(ErrorCode.TOO_LARGE, f"an event carries at most {MAX_PAYLOAD} bytes")
        if self._sink is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "this node delivers no events")
        await self._sink.publish(context.application_id, name, encoded)
        return UNDEFINED
