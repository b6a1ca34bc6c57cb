"""Fold a log of applications in a process of its own, as a node does when it starts; prints what it took."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from itertools import islice

from harness.application_log import ORIGIN, engine_with, leaves
from harness.figures import Sample
from harness.processes import pss_mb
from proven.apps import Applications, State
from proven.apps._replica import SNAPSHOT, SNAPSHOTS
from proven.engine.embedded import EmbeddedEngine


async def measure(entries: int, verified: int) -> Sample:
    """Seconds for the log of `entries`, and microseconds and bytes for each of them. `verified` is how many
    are read as a stranger reads them, who checks every signature.
    """
    sample = {"verified": _verify(verified)}
    async with engine_with(entries) as engine:
        await engine.objects.delete(SNAPSHOTS, SNAPSHOT)
        before = pss_mb(os.getpid())
        folded = await _start(engine, entries)
        sample |= {"fold": folded[0], "fold_cpu": folded[1]}
        sample["memory"] = (pss_mb(os.getpid()) - before) * 1e6 / entries
        snapshot = await engine.objects.info(SNAPSHOTS, SNAPSHOT)
        assert snapshot is not None
        sample["snapshot"] = snapshot.size / entries
        sample["resume"], _ = await _start(engine, entries)
    return sample


async def _start(engine: EmbeddedEngine, entries: int) -> tuple[float, float]:
    """Seconds until a node's applications are there, by the clock and of the processor."""
    applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
    wall, cpu = time.perf_counter(), time.process_time()
    await applications.start()
    taken = time.perf_counter() - wall, time.process_time() - cpu
    assert applications.root()[0] == entries
    await applications.stop()
    return taken


def _verify(count: int) -> float:
    state = State(ORIGIN)
    log = list(islice(leaves(), count))
    begin = time.process_time()
    for leaf in log:
        state.append(leaf)
    return (time.process_time() - begin) / count * 1e6


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]), int(sys.argv[2])))))
