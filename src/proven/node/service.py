"""Starting and stopping the parts of a node: in order up, in reverse order down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from proven.wire.errors import ErrorCode, ProvenError

logger = logging.getLogger("proven.node")

HEALTH_DEADLINE = 5.0
"""Seconds that a part of the node has to say that it works."""


@dataclass(frozen=True, slots=True)
class Service:
    """One part of a node, seen from its supervisor.

    `start` returns once the part can be used; `stop` may be called only after it did. `health` raises if the
    part no longer works. The first two are bounded by `deadline` seconds, `health` by `HEALTH_DEADLINE`.
    """

    name: str
    start: Callable[[], Awaitable[object]]
    stop: Callable[[], Awaitable[object]]
    health: Callable[[], Awaitable[object]] | None = None
    deadline: float = 30.0


@asynccontextmanager
async def running(services: Sequence[Service]) -> AsyncIterator[None]:
    """Start `services` one after the other; on the way out stop those that started, last first.

    A failing start stops what had started and is raised as it is; one that takes too long is `UNAVAILABLE`.
    A failing stop is logged and does not
    keep the others from stopping.
    """
    started: list[Service] = []
    try:
        for service in services:
            await _start(service)
            started.append(service)
            logger.debug("service_started", extra={"service": service.name})
        yield
    finally:
        for service in reversed(started):
            try:
                async with asyncio.timeout(service.deadline):
                    await service.stop()
            except Exception:
                logger.exception("service_stop_failed", extra={"service": service.name})
            else:
                logger.debug("service_stopped", extra={"service": service.name})


async def _start(service: Service) -> None:
    try:
        async with asyncio.timeout(service.deadline) as deadline:
            await service.start()
    except TimeoutError:
        if not deadline.expired():
            raise
        message = f"{service.name} did not start within {service.deadline:g} seconds"
        raise ProvenError(ErrorCode.UNAVAILABLE, message) from None


async def unhealthy(services: Sequence[Service]) -> dict[str, str]:
    """The services whose health check fails now, with the reason of each."""
    reasons: dict[str, str] = {}
    for service in services:
        if service.health is None:
            continue
        try:
            async with asyncio.timeout(HEALTH_DEADLINE):
                await service.health()
        except Exception as error:
            reasons[service.name] = f"{type(error).__name__}: {error}"
    return reasons
