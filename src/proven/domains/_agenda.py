"""Which claim of a domain is looked up when. No clock, no input or output."""

from __future__ import annotations

import enum
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from proven.apps import Domain
from proven.wire.ids import ApplicationId


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a claim is not proved. `code` is stable, `message` is for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Looking:
    """How the search for a proof of one claim goes. Times are Unix milliseconds; `next_at` is None if it is
    not looked up any more. `failure` is that of the last attempt, if it failed.
    """

    attempts: int
    next_at: int | None
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Pace:
    """In milliseconds: a failure is followed by an attempt after `first_retry`, then by ones twice as far
    apart each, up to `last_retry`; the claims of one application are looked up `apart`, and not two at once.
    What should not happen at the same moment everywhere is shifted by up to `jitter` of its time, and new
    claims by up to `soon`.
    """

    first_retry: int = 10_000
    last_retry: int = 6 * 3600 * 1000
    apart: int = 1_000
    soon: int = 500
    jitter: float = 0.2


class Step(enum.Enum):
    LOOK_UP = enum.auto()
    LAPSE = enum.auto()


@dataclass(frozen=True, slots=True)
class Claim:
    application: ApplicationId
    domain: str


class _Item:
    """`ticket` is that of its only valid place in a queue."""

    __slots__ = ("attempts", "busy", "claim", "due", "failure", "proved_until", "ticket")

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.proved_until: int | None = None
        self.attempts = 0
        self.due: int | None = None
        self.failure: Failure | None = None
        self.busy = False
        self.ticket = 0


_Place = tuple[tuple[int, ...], int, _Item]


class Agenda:
    """The claims of all applications. Rules:

    1. A new claim is looked up soon. One that failed is tried again at growing intervals, for ever.
    2. A proof is renewed from the middle of its `lifetime` on, and lapses when it has expired.
    3. While another application's proof of the domain holds, a claim is not looked up; it is again as soon
       as that proof ends.
    4. Renewals go before claims, and what failed seldom before what failed often: whoever makes many claims
       that fail delays others who do, and nobody who has proved theirs.
    5. Of one application one claim is looked up at a time, and with a pause in between.
    6. What is `reserved` is never looked up.
    """

    def __init__(
        self, *, lifetime: int, reserved: Callable[[str], bool], random: Random, pace: Pace | None = None
    ) -> None:
        self._lifetime = lifetime
        self._reserved = reserved
        self._random = random
        self._pace = pace or Pace()
        self._items: dict[ApplicationId, dict[str, _Item]] = {}
        self._claimants: dict[str, dict[ApplicationId, _Item]] = {}
        self._waiting: list[_Place] = []
        self._ready: list[_Place] = []
        self._tickets = count(1)
        self._next_of: dict[ApplicationId, int] = {}
        self._busy: set[ApplicationId] = set()

    def put(self, application: ApplicationId, domains: Sequence[Domain], now: int) -> None:
        """What an application claims from now on, and what of it is proved."""
        known = self._items.get(application, {})
        for gone in known.keys() - {each.name for each in domains}:
            item = known.pop(gone)
            item.ticket = 0
            claimants = self._claimants[gone]
            del claimants[application]
            if not claimants:
                del self._claimants[gone]
            if item.proved_until is not None:
                self._wake(gone, now)
        for domain in domains:
            self._put(application, known, domain, now)
        if known:
            self._items[application] = known
        else:
            self._items.pop(application, None)
            self._next_of.pop(application, None)

    def take(self, now: int) -> tuple[Step, Claim] | None:
        """What is to be done now. Each claim is given out once before it is `done`."""
        while self._waiting and self._waiting[0][0][0] <= now:
            _, ticket, item = heapq.heappop(self._waiting)
            if ticket == item.ticket:
                urgency = (item.proved_until is None, item.attempts, item.due or 0)
                heapq.heappush(self._ready, (tuple(map(int, urgency)), ticket, item))
        while self._ready:
            _, ticket, item = heapq.heappop(self._ready)
            if ticket != item.ticket:
                continue
            if item.proved_until is not None and item.proved_until <= now:
                return self._give(Step.LAPSE, item)
            holder = self._holder(item.claim)
            if holder is not None:
                item.failure = Failure("taken", "another application has proved that the domain is its own")
                self._schedule(item, max(now, holder) + self._up_to(self._pace.soon) + 1)
            elif (at := self._turn(item.claim.application, now)) > now:
                self._schedule(item, at)
            else:
                self._busy.add(item.claim.application)
                self._next_of[item.claim.application] = now + self._pace.apart
                return self._give(Step.LOOK_UP, item)
        return None

    def done(self, claim: Claim, now: int, failure: Failure | None = None) -> None:
        """An attempt that was given out ended. What it changed in the log comes by `put`."""
        self._busy.discard(claim.application)
        item = self._items.get(claim.application, {}).get(claim.domain)
        if item is None or not item.busy:
            return
        item.busy = False
        item.failure = failure
        if failure is None:
            item.attempts = 0
            self._plan(item, now)
            return
        interval = min(self._pace.first_retry * 2 ** min(item.attempts, 40), self._pace.last_retry)
        item.attempts += 1
        retry = now + self._jittered(interval)
        expires = item.proved_until or 0
        self._schedule(item, min(retry, expires) if expires > now else retry)

    def next_at(self) -> int | None:
        """When there is something to do (Unix milliseconds), as far as is known now."""
        while self._waiting and self._waiting[0][1] != self._waiting[0][2].ticket:
            heapq.heappop(self._waiting)
        return self._waiting[0][0][0] if self._waiting else None

    def looking(self, application: ApplicationId, domain: str) -> Looking | None:
        """How it goes with a claim, None for one that is not known."""
        item = self._items.get(application, {}).get(domain)
        return None if item is None else Looking(item.attempts, item.due, item.failure)

    def _put(self, application: ApplicationId, known: dict[str, _Item], domain: Domain, now: int) -> None:
        item = known.get(domain.name)
        if item is None:
            item = known[domain.name] = _Item(Claim(application, domain.name))
            self._claimants.setdefault(domain.name, {})[application] = item
        elif item.proved_until == domain.proved_until:
            return
        lapsed = item.proved_until is not None and domain.proved_until is None
        item.proved_until = domain.proved_until
        if lapsed:
            self._wake(domain.name, now)
        if not item.busy:
            self._plan(item, now)

    def _plan(self, item: _Item, now: int) -> None:
        """When a claim is looked up whose last attempt, if any, did not fail."""
        reserved = self._reserved(item.claim.domain)
        if item.proved_until is not None:
            half = self._lifetime // 2
            renewal = item.proved_until - half - self._up_to(int(half * self._pace.jitter))
            self._schedule(item, item.proved_until if reserved else max(now, renewal))
        elif reserved:
            item.failure = Failure("reserved", "the domain is this node's own, or below one of its own")
            item.due, item.ticket = None, 0
        else:
            self._schedule(item, now + self._up_to(self._pace.soon))

    def _turn(self, application: ApplicationId, now: int) -> int:
        """When a claim of the application may be looked up."""
        at = self._next_of.get(application, 0)
        return max(at, now + self._pace.apart) if application in self._busy else at

    def _holder(self, claim: Claim) -> int | None:
        """Until when another application's proof holds, if there is one."""
        for application, item in self._claimants[claim.domain].items():
            if application != claim.application and item.proved_until is not None:
                return item.proved_until
        return None

    def _wake(self, domain: str, now: int) -> None:
        for item in self._claimants.get(domain, {}).values():
            if item.proved_until is None and item.due is not None and not item.busy:
                self._schedule(item, now + self._up_to(self._pace.soon))

    def _give(self, step: Step, item: _Item) -> tuple[Step, Claim]:
        item.busy = True
        item.ticket = 0
        return step, item.claim

    def _schedule(self, item: _Item, at: int) -> None:
        item.due = at
        item.ticket = next(self._tickets)
        heapq.heappush(self._waiting, ((at,), item.ticket, item))

    def _jittered(self, interval: int) -> int:
        return max(1, int(interval * (1 + self._random.uniform(-self._pace.jitter, self._pace.jitter))))

    def _up_to(self, most: int) -> int:
        return self._random.randrange(most + 1)
