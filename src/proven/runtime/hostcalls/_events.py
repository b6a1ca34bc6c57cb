"""Publishing an application's events."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from proven.runtime.host import CallContext, HostFunction
from proven.wire import ids
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.events import EVERYONE, MAX_PAYLOAD, Audience, check_name
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.values import UNDEFINED

from ._arguments import octets, take, text

_MAX_APPLICATIONS: Final = 10_000
"""Applications whose rate is remembered. Forgetting one refills its allowance, no more than that."""


class EventSink(Protocol):
    """Takes the events that applications publish."""

    async def publish(
        self,
        application_id: ApplicationId,
        package_id: PackageId,
        event: str,
        payload: bytes,
        audience: Audience,
    ) -> None:
        """Accept one event of a package; `payload` is one encoded value.

        Returns once it is accepted: it then goes to those of the audience who are subscribed, whatever
        becomes of its publisher, and behind the events of the application that were accepted before it.
        """
        ...


@dataclass(frozen=True, slots=True)
class EventsConfig:
    """What one application may publish: events and bytes of payload per second, and of each what it may save
    up for later. `bytes_burst` has to hold the largest payload.
    """

    rate: float = 100
    burst: int = 200
    bytes_rate: float = 1024 * 1024
    bytes_burst: int = 4 * 1024 * 1024


class Events:
    """Hands events to the sink, as of the application that published them. Its rules, in order:

    1. Name and payload are bounded. The payload is passed on as the guest encoded it.
    2. Nothing is for everybody unless it says so: without an audience, an event is for handlers only.
    3. `caller` is the identity of the invocation; where there is none, nobody is meant.
    4. An application publishes no faster than `EventsConfig` lets it.
    """

    def __init__(
        self,
        sink: EventSink | None,
        config: EventsConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._allowances = _Allowances(config or EventsConfig(), clock)

    def functions(self) -> dict[str, HostFunction]:
        return {"events.publish": self._publish}

    async def _publish(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        name, payload, to = take(arguments, 3)
        event = check_name(text(name, "an event name"))
        encoded = octets(payload, "a payload")
        if not encoded:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a payload is one encoded value")
        if len(encoded) > MAX_PAYLOAD:
            raise ProvenError(ErrorCode.TOO_LARGE, f"an event carries at most {MAX_PAYLOAD} bytes")
        audience = _audience(context, to)
        if self._sink is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "this node delivers no events")
        self._allowances.take(context.application_id, len(encoded))
        await self._sink.publish(context.application_id, context.package_id, event, encoded, audience)
        return UNDEFINED


def _audience(context: CallContext, to: Any) -> Audience:
    if to is UNDEFINED:
        raise ProvenError(
            ErrorCode.UNAVAILABLE,
            "this version runs no handlers on events; say with `to` which subscribers it is for",
        )
    if to == "everyone":
        return EVERYONE
    if to != "caller":
        try:
            return ids.parse_identity_id(to)
        except ProvenError:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "`to` is 'caller', 'everyone' or the id of an identity"
            ) from None
    if context.identity is None:
        raise ProvenError(ErrorCode.NO_IDENTITY, "an event for the caller needs to know who that is")
    return context.identity


class _Allowance:
    __slots__ = ("events", "octets", "updated")

    def __init__(self, config: EventsConfig, now: float) -> None:
        self.events = float(config.burst)
        self.octets = float(config.bytes_burst)
        self.updated = now


class _Allowances:
    """Two token buckets for each application."""

    def __init__(self, config: EventsConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._of: OrderedDict[ApplicationId, _Allowance] = OrderedDict()

    def take(self, application_id: ApplicationId, size: int) -> None:
        """Take one event of `size` bytes; raises `OVERLOADED` with `retry_after` and takes nothing."""
        config, now = self._config, self._clock()
        allowance = self._of.get(application_id)
        if allowance is None:
            allowance = self._of[application_id] = _Allowance(config, now)
            if len(self._of) > _MAX_APPLICATIONS:
                self._of.popitem(last=False)
        self._of.move_to_end(application_id)
        elapsed = max(0.0, now - allowance.updated)
        allowance.events = min(config.burst, allowance.events + elapsed * config.rate)
        allowance.octets = min(config.bytes_burst, allowance.octets + elapsed * config.bytes_rate)
        allowance.updated = now
        wait = max((1 - allowance.events) / config.rate, (size - allowance.octets) / config.bytes_rate)
        if wait > 0:
            raise ProvenError(
                ErrorCode.OVERLOADED, "the application publishes faster than it may", retry_after=wait
            )
        allowance.events -= 1
        allowance.octets -= size
