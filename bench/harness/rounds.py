"""Take the samples of a comparison in interleaved rounds."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from harness.figures import Figure, Round, Rung, Sample


class Contender(Protocol):
    """Something to measure, ready and warmed up."""

    @property
    def name(self) -> str: ...

    async def measure(self) -> Sample: ...


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contenders that are measured in the same rounds, and the figures read from them.

    `open` starts all contenders and stops them at its end. `ladder` says where the time of the figures goes,
    `note` what its rungs mean.
    """

    name: str
    title: str
    open: Callable[[], AbstractAsyncContextManager[Sequence[Contender]]]
    figures: tuple[Figure, ...]
    ladder: tuple[Rung, ...] = ()
    note: str = ""


async def take(comparison: Comparison, count: int, say: Callable[[str], None]) -> list[Round]:
    """Measure every contender once per round.

    Every other round runs backwards, so that a machine that drifts one way during a round favours nobody.
    """
    rounds: list[Round] = []
    async with comparison.open() as contenders:
        for index in range(count):
            samples: dict[str, Sample] = {}
            for contender in contenders if index % 2 == 0 else reversed(contenders):
                say(f"{comparison.name}: round {index + 1}/{count}, {contender.name}")
                gc.collect()
                samples[contender.name] = await contender.measure()
            rounds.append(samples)
    return rounds
