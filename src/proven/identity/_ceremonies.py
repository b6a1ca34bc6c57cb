"""Ceremonies that were begun and not finished."""

from __future__ import annotations

import os
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId, SessionId

_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Registration:
    """A passkey is being made for `account`."""

    account: IdentityId
    label: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """Somebody is signing in."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A ceremony of one session; `expires_at` is in seconds on the clock of its `Ceremonies`."""

    id: str
    session: SessionId
    source: str
    challenge: bytes
    purpose: Registration | Authentication
    expires_at: float


class Ceremonies:
    """State of the server that each ceremony needs. Rules:

    1. A ceremony is taken once; taking it ends it, whatever comes of it.
    2. Only the session that began it can take it, until it expires.
    3. A session has at most `per_session`: beginning another ends its oldest.
    4. There are at most `per_source` of one source and `limit` in all: above that `OVERLOADED`, so that
       nobody's ceremony is ended by somebody else, and no source alone keeps others from theirs.
    """

    def __init__(
        self,
        *,
        seconds: float,
        per_session: int,
        per_source: int,
        limit: int,
        clock: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._seconds = seconds
        self._per_session = per_session
        self._per_source = per_source
        self._limit = limit
        self._clock = clock
        self._random = random
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._of_session: dict[SessionId, list[str]] = {}
        self._of_source: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._begun)

    def begin(
        self,
        session: SessionId,
        source: str,
        purpose: Registration | Authentication,
        challenge_bytes: int,
    ) -> Begun:
        """A new ceremony with a challenge of its own. `source` is where the session comes from."""
        self._expire()
        own = self._of_session.get(session, [])
        if len(own) >= self._per_session:
            self._end(own[0])
        if len(self._begun) >= self._limit or self._of_source[source] >= self._per_source:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many people are signing in; try again later", retry_after=10
            )
        begun = Begun(
            self._random(_ID_BYTES).hex(),
            session,
            source,
            self._random(challenge_bytes),
            purpose,
            self._clock() + self._seconds,
        )
        self._begun[begun.id] = begun
        self._of_session.setdefault(session, []).append(begun.id)
        self._of_source[source] += 1
        return begun

    def take(self, ceremony: str, session: SessionId) -> Begun:
        """The ceremony, which has ended by that. Raises `NOT_FOUND`, the same for every reason."""
        self._expire()
        begun = self._begun.get(ceremony)
        if begun is None or begun.session != session:
            raise ProvenError(ErrorCode.NOT_FOUND, "this ceremony has ended; begin another")
        self._end(ceremony)
        return begun

    def _end(self, ceremony: str) -> None:
        begun = self._begun.pop(ceremony)
        self._of_source[begun.source] -= 1
        if not self._of_source[begun.source]:
            del self._of_source[begun.source]
        own = self._of_session[begun.session]
        own.remove(ceremony)
        if not own:
            del self._of_session[begun.session]

    def _expire(self) -> None:
        """They expire in the order in which they began."""
        now = self._clock()
        while self._begun:
            oldest = next(iter(self._begun.values()))
            if oldest.expires_at > now:
                return
            self._end(oldest.id)
