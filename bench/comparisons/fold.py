"""A node that reads a year of its log of applications, against a replay that checks nothing."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.application_log import as_events
from harness.figures import Figure, Rung, Sample, Source, at_most
from harness.peers import PEERS
from harness.rounds import Comparison, Contender

ENTRIES, VERIFIED = 1_000_000, 5_000
NODE, REPLAY = "fold", "replay"


@dataclass(frozen=True, slots=True)
class Process:
    """A new Python process that folds and prints what it took."""

    name: str
    arguments: tuple[str, ...]

    async def measure(self) -> Sample:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", *self.arguments, stdout=asyncio.subprocess.PIPE
        )
        printed, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{self.name} failed")
        sample: Sample = json.loads(printed)
        return sample


@asynccontextmanager
async def folds() -> AsyncIterator[Sequence[Contender]]:
    events: Path = await as_events(ENTRIES)
    yield [
        Process(NODE, ("-m", "harness.fold", str(ENTRIES), str(VERIFIED))),
        Process(REPLAY, (str(PEERS / "replay.py"), str(events))),
    ]


COMPARISON = Comparison(
    "fold",
    "A year of the log of applications",
    folds,
    (
        Figure(
            "fold",
            "a log of 10⁶ entries read, checked and folded",
            "s",
            Source(NODE, "fold"),
            Source(REPLAY, "fold"),
            "as many JSON events replayed into SQLite in memory, unchecked",
            at_most(20),
        ),
        Figure(
            "fold-resume",
            "the same from its snapshot",
            "s",
            Source(NODE, "resume"),
            Source(NODE, "fold"),
            "from the first entry",
        ),
    ),
    ladder=(
        Rung("fold of 10⁶ entries, CPU", Source(NODE, "fold_cpu"), "s"),
        Rung("replay of as many events, CPU", Source(REPLAY, "fold_cpu"), "s"),
        Rung("an entry, by a reader who checks its signatures, CPU", Source(NODE, "verified")),
        Rung("memory for each entry", Source(NODE, "memory"), "bytes"),
        Rung("a snapshot written, while the node runs", Source(NODE, "snapshot"), "s"),
        Rung("snapshot for each entry", Source(NODE, "snapshot_bytes"), "bytes"),
    ),
    note=(
        "Of the entries two thirds are deploys; the others create applications, change policies, owners, "
        "origins and domains, announce changes and bring them into force. A fifth is signed by two keys."
    ),
)
