"""How much work something is, whatever else the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable


def least_seconds(work: Callable[[], object], times: int = 5) -> float:
    """The least processor time that `work` took of this thread. Compare it with that of other work."""

    def seconds() -> float:
        begun = time.thread_time()
        work()
        return time.thread_time() - begun

    return min(seconds() for _ in range(times))
