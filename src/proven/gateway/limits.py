"""How much of everything one peer may take. Each number is a default that `GatewayConfig` can replace."""

from __future__ import annotations

from dataclasses import dataclass

from proven.wire.session import MAX_FRAME

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits of the HTTP server. Sizes are bytes, times seconds.

    `body_grace` and `body_rate` bound a slow sender: a body must have arrived after `body_grace` plus one
    second for each `body_rate` bytes received so far. `write_timeout` bounds a slow reader: the time in which
    a full send buffer must have drained to its low-water mark.
    """

    connections: int = 10_000
    request_line: int = 8 * KIB
    header_bytes: int = 32 * KIB
    header_count: int = 100
    pipelined: int = 32
    buffered_body: int = 256 * KIB
    header_timeout: float = 10.0
    body_grace: float = 20.0
    body_rate: int = 1 * KIB
    idle_timeout: float = 75.0
    write_timeout: float = 30.0
    linger: float = 2.0


@dataclass(frozen=True, slots=True)
class WebSocketLimits:
    """Limits of one WebSocket. A peer that answers no ping within `pong_timeout` is gone."""

    message: int = MAX_FRAME
    queued_messages: int = 64
    ping_interval: float = 20.0
    pong_timeout: float = 20.0
    close_timeout: float = 5.0


@dataclass(frozen=True, slots=True)
class EventLimits:
    """Limits of subscriptions. `names` bounds the events that one session subscribes to, `queued` and
    `queued_bytes` what is kept for a connection whose peer is slow to read, `buffer` the events of one
    application that wait to be handed on. What is more than kept or buffered is counted and told.
    """

    names: int = 64
    queued: int = 64
    queued_bytes: int = 512 * KIB
    buffer: int = 1024


@dataclass(frozen=True, slots=True)
class RpcLimits:
    """`in_flight` bounds the calls of one WebSocket, `queued` the HTTP requests that wait for one session.

    `origin_check` is after how many seconds, again and again, a page's WebSocket is closed if its origin was
    removed.
    """

    in_flight: int = 64
    queued: int = 16
    origin_check: float = 15.0
    events: EventLimits = EventLimits()
    websocket: WebSocketLimits = WebSocketLimits()
