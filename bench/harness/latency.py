"""Time an asynchronous operation: one at a time, or several in flight."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

Operation = Callable[[], Awaitable[object]]


async def sequential(operation: Operation, count: int) -> list[float]:
    """Seconds that each of `count` operations took, one after the other."""
    clock = time.perf_counter
    taken: list[float] = []
    for _ in range(count):
        begin = clock()
        await operation()
        taken.append(clock() - begin)
    return taken


async def median_us(operation: Operation, count: int) -> float:
    """The median of `count` operations, in microseconds, after a tenth as many to warm up."""
    await sequential(operation, max(1, count // 10))
    return statistics.median(await sequential(operation, count)) * 1e6


async def per_second(operation: Operation, *, in_flight: int, count: int) -> float:
    """Operations per second with `in_flight` of them running at any time, after a short warm-up."""
    await _drain(operation, in_flight, max(in_flight, count // 10))
    begin = time.perf_counter()
    await _drain(operation, in_flight, count)
    return count / (time.perf_counter() - begin)


async def _drain(operation: Operation, in_flight: int, count: int) -> None:
    left = count

    async def worker() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await operation()

    async with asyncio.TaskGroup() as workers:
        for _ in range(in_flight):
            workers.create_task(worker())
