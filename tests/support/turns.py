"""How long an event loop keeps everybody waiting, in processor time: a busy machine is not its fault."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def turns() -> Iterator[list[float]]:
    """The processor seconds of each turn of the running loop, as they come. Whatever becomes ready in a turn,
    be it a call of a neighbour, has its own in the next, and so waits for this one and no other.
    """
    loop: Any = asyncio.get_running_loop()
    found: list[float] = []
    once = loop._run_once

    def timed() -> None:
        begun = time.thread_time()
        once()
        found.append(time.thread_time() - begun)

    loop._run_once = timed
    try:
        yield found
    finally:
        del loop._run_once
