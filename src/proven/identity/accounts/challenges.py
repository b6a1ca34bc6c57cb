"""Challenges by which accounts are linked: what is signed, and that each is used once."""

from __future__ import annotations

import os
import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from proven.wire.commands import AccountKind, LinkChallenge
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

from . import _uri
from .radix import CHALLENGE_BYTES
from .siwe import SiweMessage

LIFETIME: Final = 5 * 60.0
MAX_CHALLENGES: Final = 10_000
MAX_CHALLENGES_PER_SOURCE: Final = 1_000
MAX_CHALLENGES_PER_IDENTITY: Final = 8

ADDRESS: Final = "{address}"
CHAIN_ID: Final = "{chain_id}"

_ORIGIN: Final = re.compile(r"(https?)://([^/?#@{}\s]+)")
_NAME: Final = re.compile(r"[A-Za-z0-9._ -]{1,64}")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to link an account: an identity, in an application, on a page."""

    identity: IdentityId
    application_id: ApplicationId
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """One that was given out. Times are seconds since 1970."""

    value: bytes
    kind: AccountKind
    asker: Asker
    application: str
    """The name of the application, for people."""
    issued_at: float
    expires_at: float
    source: str = ""
    """The network it was asked from."""

    def ethereum_message(self, address: str, chain_id: str) -> SiweMessage:
        """What an Ethereum wallet signs: every field is decided here but address and chain."""
        scheme, _, domain = self.asker.origin.partition("://")
        return SiweMessage(
            scheme=scheme if scheme != "https" else None,
            domain=domain,
            address=address,
            statement=f"Link this Ethereum account to {self.application}.",
            uri=self.asker.origin,
            chain_id=chain_id,
            nonce=self.value.hex(),
            issued_at=_written(self.issued_at),
            expiration_time=_written(self.expires_at),
            resources=(f"urn:proven:application:{self.asker.application_id}",),
        )

    def bitcoin_message(self, address: str) -> str:
        """What a Bitcoin wallet signs."""
        return "\n".join(
            (
                f"{self.asker.origin} wants to link a Bitcoin account:",
                address,
                "",
                f"Link this Bitcoin account to {self.application}.",
                "",
                f"Application: urn:proven:application:{self.asker.application_id}",
                f"Nonce: {self.value.hex()}",
                f"Issued At: {_written(self.issued_at)}",
                f"Expiration Time: {_written(self.expires_at)}",
            )
        )

    def to_wire(self) -> LinkChallenge:
        """What the page gets."""
        message = None
        if self.kind == "ethereum":
            message = self.ethereum_message(ADDRESS, CHAIN_ID).to_text()
        elif self.kind == "bitcoin":
            message = self.bitcoin_message(ADDRESS)
        return LinkChallenge(
            challenge=self.value.hex(),
            origin=self.asker.origin,
            expires_in=int(self.expires_at - self.issued_at),
            message=message,
        )


class Challenges:
    """The challenges that are out. Each

    1. is 32 random bytes, and gone with the first proof for it, good or not;
    2. lives for `LIFETIME`;
    3. works for the identity, application, origin and kind that it was given out for, and for no other;
    4. is one of `MAX_CHALLENGES_PER_IDENTITY`: a further one takes the place of that identity's oldest;
    5. is one of `max_per_source` and of `max_challenges`: above that there are none to be had (`OVERLOADED`),
       so that nobody loses theirs to somebody who asks for many, and no source alone keeps others from one.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
        max_challenges: int = MAX_CHALLENGES,
        max_per_source: int = MAX_CHALLENGES_PER_SOURCE,
    ) -> None:
        self._clock = clock
        self._random = random
        self._max_challenges = max_challenges
        self._max_per_source = max_per_source
        self._challenges: OrderedDict[bytes, Challenge] = OrderedDict()
        self._of: dict[tuple[ApplicationId, IdentityId], list[bytes]] = {}
        self._of_source: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._challenges)

    def begin(self, kind: AccountKind, asker: Asker, application: str, source: str = "") -> Challenge:
        """A new challenge, asked for from the network `source`.

        Raises `ProvenError`: `BAD_REQUEST` for an origin of no web page, `OVERLOADED` by rule 5.
        """
        match = _ORIGIN.fullmatch(asker.origin)
        if match is None or not _uri.is_authority(match[2]):
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "accounts are linked on a page with an http or https origin"
            )
        if _NAME.fullmatch(application) is None:
            application = f"application {asker.application_id}"
        self._expire()
        mine = self._of.get((asker.application_id, asker.identity), [])
        if len(mine) >= MAX_CHALLENGES_PER_IDENTITY:
            self._forget(self._challenges[mine[0]])
        full = len(self._challenges) >= self._max_challenges
        if full or self._of_source[source] >= self._max_per_source:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many accounts are being linked; try again later", retry_after=30
            )
        now = int(self._clock() * 1000) / 1000
        challenge = Challenge(
            self._random(CHALLENGE_BYTES), kind, asker, application, now, now + LIFETIME, source
        )
        self._challenges[challenge.value] = challenge
        self._of.setdefault((asker.application_id, asker.identity), []).append(challenge.value)
        self._of_source[source] += 1
        return challenge

    def take(self, value: bytes, asker: Asker) -> Challenge:
        """Use up the challenge. Raises `ProvenError` (`UNAUTHENTICATED`), always for the same reason."""
        self._expire()
        challenge = self._challenges.get(value)
        if challenge is None or challenge.asker != asker:
            raise ProvenError(
                ErrorCode.UNAUTHENTICATED,
                "there is no such challenge for this identity and page (any more); ask for another",
            )
        self._forget(challenge)
        return challenge

    def _expire(self) -> None:
        """All live equally long, so the first that has not expired ends the search."""
        now = self._clock()
        while self._challenges:
            oldest = next(iter(self._challenges.values()))
            if oldest.expires_at > now:
                return
            self._forget(oldest)

    def _forget(self, challenge: Challenge) -> None:
        del self._challenges[challenge.value]
        self._of_source[challenge.source] -= 1
        if not self._of_source[challenge.source]:
            del self._of_source[challenge.source]
        owner = (challenge.asker.application_id, challenge.asker.identity)
        self._of[owner].remove(challenge.value)
        if not self._of[owner]:
            del self._of[owner]


def _written(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
