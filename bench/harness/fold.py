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


async def measure(entries: int, verified: int) -> Sample:
    """Seconds for the log of `entries`, and microseconds and bytes for each of them. `verified` is how many
    are read as a stranger reads them, who checks every signature.
    """
    sample = {"verified": _verify(verified)}
    async with engine_with(entries) as engine:
        await engine.objects.delete(SNAPSHOTS, SNAPSHOT)
        before = pss_mb(os.getpid())
        applications = Applications(engine.logs, engine.objects, origin=ORIGIN)
        sample["fold"], sample["fold_cpu"] = await _start(applications, entries)
        sample["memory"] = (pss_mb(os.getpid()) - before) * 1e6 / entries
        wall = time.perf_counter()
        await applications.stop()
        sample["snapshot"] = time.perf_counter() - wall
        snapshot = await engine.objects.info(SNAPSHOTS, SNAPSHOT)
        assert snapshot is not None
        sample["snapshot_bytes"] = snapshot.size / entries
        resumed = Applications(engine.logs, engine.objects, origin=ORIGIN)
        sample["resume"], _ = await _start(resumed, entries)
        await resumed.stop()
    return sample


async def _start(applications: Applications, entries: int) -> tuple[float, float]:
    """Seconds until a node's applications are there, by the clock and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    await applications.start()
    taken = time.perf_counter() - wall, time.process_time() - cpu
    assert applications.root()[0] == entries
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
