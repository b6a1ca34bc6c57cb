"""The sessions of one node: opened, used, expired, evicted, revoked."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from proven.attestation import Attestor
from proven.engine import Registers
from proven.wire.commands import (
    IssueTicketResult,
    ListSessionsResult,
    SessionSummary,
    WhoAmIResult,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId, SessionId
from proven.wire.session import ServerHandshake, session_of_frame

from ._rate import RatePerSource, TokenBucket, network_of
from ._revocations import Revocations
from ._session import Received, Session
from ._tickets import Resumed, Tickets

_log: Final = logging.getLogger("proven.identity")

_SWEEP_INTERVAL: Final = 15.0

MAX_LISTED: Final = 100
"""Sessions that one answer lists: those used last."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Durations are in seconds, rates per second.

    A full registry makes room by closing the session that has been idle longest, provided that it has been
    for `evictable_after`; so nobody loses a session in use to someone who opens many.
    """

    max_sessions: int = 10_000
    idle: float = 15 * 60
    absolute: float = 12 * 60 * 60
    evictable_after: float = 60
    handshake_rate: float = 200
    handshake_burst: int = 400
    handshake_rate_per_source: float = 20
    handshake_burst_per_source: int = 60
    max_pending_handshakes: int = 64
    attestation_timeout: float = 10


class Sessions:
    """The registry. It holds at most `limits.max_sessions`; each ends, whichever comes first,

    1. with its first bad frame (see `SealedChannel`),
    2. when no frame has been received for `limits.idle`,
    3. `limits.absolute` after it was opened; resuming does not extend this,
    4. when it is revoked, or evicted to make room.

    Handshakes cost signatures, so they are limited in rate, for everybody and for each source, and in number
    at a time; above that is `OVERLOADED` with `retry_after`, before any work is done.
    """

    def __init__(
        self,
        attestor: Attestor,
        *,
        limits: SessionLimits | None = None,
        ticket_key: bytes | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
        registers: Registers | None = None,
    ) -> None:
        """Without a `ticket_key` (32 bytes), tickets are good until this process ends. Without `registers`,
        what is revoked is forgotten then.
        """
        self._attestor = attestor
        self._limits = limits = limits or SessionLimits()
        self._clock = clock
        self._random = random
        self._tickets = Tickets(ticket_key or random(32), clock=clock, random=random)
        self._revocations = Revocations(self._tickets, registers, clock, ticket_life=limits.absolute)
        self._rate = TokenBucket(limits.handshake_rate, limits.handshake_burst, clock)
        self._rate_per_source = RatePerSource(
            limits.handshake_rate_per_source, limits.handshake_burst_per_source, clock
        )
        self._pending = 0
        self._used_at: OrderedDict[SessionId, float] = OrderedDict()
        self._sessions: dict[SessionId, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    async def open(
        self, request: bytes, *, application_id: ApplicationId | None, source: str = ""
    ) -> tuple[bytes, Session]:
        """Answer a handshake that came from `source` (an address) for `application_id` (None: management).

        Returns the response to send and the session. Raises `ProvenError`: `OVERLOADED` by one of the
        limits, `BAD_REQUEST`, `TOO_LARGE`, `UNAUTHENTICATED` for a ticket that is not good, `UNAVAILABLE` if
        the platform gives no evidence in time.
        """
        self._admit(source)
        handshake = ServerHandshake(request, random=self._random)
        if handshake.request.application_id != application_id:
            raise ProvenError(ErrorCode.BAD_REQUEST, "the session is asked of another application's address")
        resumed = self._tickets.redeem(handshake.request) if handshake.request.resumption else None
        self._pending += 1
        try:
            evidence = await self._attest(handshake)
        finally:
            self._pending -= 1
        return self._register(handshake, evidence, resumed, source)

    def receive(self, frame: bytes, session: Session | None = None) -> Received:
        """Open a frame of the session that it names or, where the connection belongs to one, of `session`.

        Raises `ProvenError` (`SESSION_CLOSED`). A bad frame ends the session.
        """
        session = session or self.find(session_of_frame(frame))
        self._require_live(session)
        try:
            sequence, plaintext = session.open(frame)
        except ProvenError as error:
            self._remove(session, "bad frame")
            raise error
        self._used_at[session.id] = self._clock()
        self._used_at.move_to_end(session.id)
        return Received(session, sequence, plaintext)

    def find(self, session_id: SessionId) -> Session:
        """Raises `ProvenError` (`SESSION_CLOSED`) for a session that never was or has ended."""
        session = self._sessions.get(session_id)
        if session is None:
            raise _gone()
        self._require_live(session)
        return session

    def is_live(self, session: Session) -> bool:
        """Whether `session` can still be used. One that has expired ends here."""
        try:
            self._require_live(session)
        except ProvenError:
            return False
        return True

    def who_am_i(self, session: Session) -> WhoAmIResult:
        """The answer to `WhoAmI`."""
        return WhoAmIResult(
            session_id=session.id,
            expires_in=max(0, int(session.expires_at - self._clock())),
            application_id=session.application_id,
            identity=session.identity,
            accounts=session.accounts or (),
            origin=session.origin,
        )

    def acting_as(self, identity: IdentityId, application_id: ApplicationId) -> Sequence[Session]:
        """The sessions of one identity with one application."""
        return [
            session
            for session in self._sessions.values()
            if (session.identity, session.application_id) == (identity, application_id)
        ]

    def issue_ticket(self, session: Session) -> IssueTicketResult:
        """The answer to `IssueTicket`: resume with the identity that the session has now."""
        self._require_live(session)
        ticket = self._tickets.issue(session.request, session.identity, session.expires_at, session.lineage)
        return IssueTicketResult(ticket=ticket, expires_in=int(session.expires_at - self._clock()))

    def revoke(self, session_id: SessionId) -> None:
        """End a session now, if there is one of that id."""
        session = self._sessions.get(session_id)
        if session is not None:
            self._remove(session, "revoked")

    def list(self, session: Session) -> ListSessionsResult:
        """The answer to `ListSessions`: the sessions of this one's application that act as its identity, the
        one used last first. Raises `NO_IDENTITY`.
        """
        same = sorted(self._same(session), key=lambda each: self._used_at[each.id], reverse=True)
        return ListSessionsResult(
            sessions=tuple(
                SessionSummary(
                    session_id=each.id,
                    opened_at=int(each.opened_at * 1000),
                    used_at=int(self._used_at[each.id] * 1000),
                    origin=each.origin,
                    current=each is session,
                )
                for each in same[:MAX_LISTED]
            )
        )

    async def revoke_own(self, session: Session, session_id: str) -> None:
        """Carry out `RevokeSession`: end it, and let none of its tickets resume it. Raises `NO_IDENTITY`, and
        `NOT_FOUND` for one that is not of this session's identity, whether there is one of that id or not.
        """
        for each in self._same(session):
            if each.id == session_id:
                self._remove(each, "revoked")
                await self._revocations.revoke(each.lineage, int(each.expires_at) + 1)
                return
        raise ProvenError(ErrorCode.NOT_FOUND, "there is no such session of yours")

    async def revoke_others(self, session: Session) -> int:
        """End every other session of this one's identity, with every ticket; how many there were."""
        others = [each for each in self._same(session) if each is not session]
        for each in others:
            self._remove(each, "revoked")
        if session.identity is not None:
            until = int(self._clock() + self._limits.absolute) + 1
            await self._revocations.revoke_identity(session.identity, until, spared=session.lineage)
        return len(others)

    async def revoke_identity(self, identity: IdentityId) -> int:
        """End every session that acts as `identity`, with every ticket; how many there were."""
        matching = [session for session in self._sessions.values() if session.identity == identity]
        for session in matching:
            self._remove(session, "revoked")
        until = int(self._clock() + self._limits.absolute) + 1
        await self._revocations.revoke_identity(identity, until)
        return len(matching)

    def revoke_all(self) -> None:
        """End every session, as when the node stops."""
        for session in list(self._sessions.values()):
            self._remove(session, "revoked")

    def sweep(self) -> None:
        """End what has expired. It would not be used anyway: this frees memory and connections."""
        for session in [each for each in self._sessions.values() if self._has_expired(each)]:
            self._remove(session, "expired")

    async def load(self) -> None:
        """Take over what was revoked before this process; before any session is opened."""
        await self._revocations.load()

    async def run(self) -> None:
        """Sweep from time to time until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_INTERVAL)
            self.sweep()
            try:
                await self._revocations.purge()
            except ProvenError as error:
                _log.warning("revocations not purged", extra={"code": error.code.value})

    def _same(self, session: Session) -> Sequence[Session]:
        """The live sessions of one person with one application, or with management."""
        if session.identity is None:
            raise ProvenError(ErrorCode.NO_IDENTITY, "identify on this session first")
        return [
            each
            for each in self._sessions.values()
            if (each.identity, each.application_id) == (session.identity, session.application_id)
            and not self._has_expired(each)
        ]

    def _admit(self, source: str) -> None:
        wait = self._rate_per_source.take(network_of(source)) or self._rate.take()
        if wait:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many sessions are being opened; try again later", retry_after=wait
            )
        if self._pending >= self._limits.max_pending_handshakes or not self._make_room():
            raise ProvenError(
                ErrorCode.OVERLOADED, "the node has as many sessions as it can hold", retry_after=5
            )

    def _make_room(self) -> bool:
        if len(self._sessions) + self._pending < self._limits.max_sessions:
            return True
        oldest = next(iter(self._used_at), None)
        if oldest is None or self._clock() - self._used_at[oldest] < self._limits.evictable_after:
            return False
        self._remove(self._sessions[oldest], "evicted")
        return True

    async def _attest(self, handshake: ServerHandshake) -> bytes:
        try:
            async with asyncio.timeout(self._limits.attestation_timeout):
                return await self._attestor.attest(
                    nonce=handshake.nonce,
                    public_key=handshake.server_key,
                    user_data=handshake.transcript,
                )
        except TimeoutError:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "the platform gives no evidence in time", retry_after=5
            ) from None

    def _register(
        self, handshake: ServerHandshake, evidence: bytes, resumed: Resumed | None, source: str
    ) -> tuple[bytes, Session]:
        now = self._clock()
        response, channel = handshake.finish(evidence)
        expires_at = now + self._limits.absolute
        session = Session(channel, handshake.request, expires_at, resumed, opened_at=now, source=source)
        self._sessions[session.id] = session
        self._used_at[session.id] = now
        _log.info("session opened", extra={"session": session.id, "application": session.application_id})
        return response, session

    def _has_expired(self, session: Session) -> bool:
        now = self._clock()
        return now >= session.expires_at or now - self._used_at[session.id] >= self._limits.idle

    def _require_live(self, session: Session) -> None:
        if session.closed.is_set():
            raise _gone()
        if self._has_expired(session):
            self._remove(session, "expired")
            raise _gone()

    def _remove(self, session: Session, reason: str) -> None:
        if self._sessions.pop(session.id, None) is None:
            return
        del self._used_at[session.id]
        session.end()
        _log.info("session closed", extra={"session": session.id, "reason": reason})


def _gone() -> ProvenError:
    return ProvenError(ErrorCode.SESSION_CLOSED, "there is no such session (any more); open another")
