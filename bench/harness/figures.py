"""A number that the project promises, and what the rounds say about it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

Sample = Mapping[str, float]
"""What one contender measured in one round, by metric."""

Round = Mapping[str, Sample]
"""The samples of one round, by contender."""


class Of(StrEnum):
    """What a target bounds: our own value, or our value over the peer's of the same round."""

    VALUE = "value"
    RATIO = "ratio"


class Bound(StrEnum):
    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Target:
    of: Of
    bound: Bound
    limit: float

    def met_by(self, value: float) -> bool:
        return value <= self.limit if self.bound is Bound.AT_MOST else value >= self.limit

    def share(self, value: float) -> float:
        """How much of what the target allows `value` uses: 1 is exactly on target, more falls short."""
        return value / self.limit if self.bound is Bound.AT_MOST else self.limit / value


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value is found in a round."""

    contender: str
    metric: str

    def read(self, taken: Round) -> float:
        return taken[self.contender][self.metric]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number: ours, the peer it is held against in the same rounds, and the target, if it has one."""

    key: str
    title: str
    unit: str
    ours: Source
    peer: Source
    peer_title: str
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of where the time goes: a part measured by itself in the same rounds."""

    title: str
    source: Source
    unit: str = "µs"


@dataclass(frozen=True, slots=True)
class Result:
    """A figure with its values, one of each kind per round."""

    figure: Figure
    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def value(self) -> float:
        return statistics.median(self.ours)

    @property
    def peer_value(self) -> float:
        return statistics.median(self.peer)

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours over the peer's, round by round: what disturbs the machine disturbs both halves of a pair."""
        return tuple(ours / peer for ours, peer in zip(self.ours, self.peer, strict=True))

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def judged(self) -> float:
        """The number that the target bounds."""
        target = self.figure.target
        return self.ratio if target is not None and target.of is Of.RATIO else self.value

    @property
    def passed(self) -> bool | None:
        """Whether the target is met; `None` without one."""
        return None if self.figure.target is None else self.figure.target.met_by(self.judged)


def results(figures: Sequence[Figure], rounds: Sequence[Round]) -> list[Result]:
    """Read every figure from the rounds.

    Raises `KeyError` if a contender did not report a metric that a figure needs.
    """
    return [
        Result(
            figure,
            tuple(figure.ours.read(taken) for taken in rounds),
            tuple(figure.peer.read(taken) for taken in rounds),
        )
        for figure in figures
    ]


def at_most(limit: float, of: Of = Of.VALUE) -> Target:
    return Target(of, Bound.AT_MOST, limit)


def at_least(limit: float, of: Of = Of.VALUE) -> Target:
    return Target(of, Bound.AT_LEAST, limit)
