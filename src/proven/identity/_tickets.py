"""Tickets with which a client resumes its session, on this node or on another that has the same key."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from proven.wire import cbor, ids
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId
from proven.wire.session import MAX_TICKET, SessionRequest

KEY_BYTES: Final = 32
_LABEL: Final = b"proven/ticket/v1"
_NONCE_BYTES: Final = 12
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a session takes over from the one it resumes; `expires_at` is in seconds since 1970.

    `lineage` is the id of the first session of the row, in bytes.
    """

    identity: IdentityId | None
    expires_at: int
    lineage: bytes


@dataclass(frozen=True, slots=True)
class _Mark:
    """Times are when tickets were issued (milliseconds) and when none of them is good any more (seconds)."""

    issued_until: int
    spared: bytes | None
    until: int


class Tickets:
    """Issues and redeems tickets. A ticket is AES-256-GCM under the ticket key, and is worth something only

    1. to a node that has the ticket key,
    2. in a handshake with the client key, application and origin of the session it was issued in,
    3. before that session would have expired,
    4. once: its id is remembered until then. When `max_used` ids are remembered nothing is redeemed any
       more, since forgetting one would let it be used again,
    5. while neither its lineage nor, at a later time than its issue, its identity was revoked. When
       `max_used` of either are remembered, every ticket that was issued until then is refused instead.

    Whoever takes a ticket off the wire cannot use it: the keys of the resumed session come from the private
    half of the client key. Between nodes that share a ticket key, rules 4 and 5 hold for each node by
    itself; rule 4 while it runs, rule 5 also after that (`Revocations`).
    """

    def __init__(
        self,
        key: bytes,
        *,
        clock: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
        max_used: int = 100_000,
    ) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a ticket key has {KEY_BYTES} bytes")
        self._aead = AESGCM(key)
        self._clock = clock
        self._random = random
        self._max_used = max_used
        self._used: dict[bytes, int] = {}
        self._revoked: dict[bytes, int] = {}
        self._marks: dict[IdentityId, _Mark] = {}
        self._nothing_until = -1

    def issue(
        self, request: SessionRequest, identity: IdentityId | None, expires_at: float, lineage: bytes
    ) -> bytes:
        """A ticket for the session that `request` opened."""
        contents = cbor.encode(
            [
                self._random(_ID_BYTES),
                request.client_key,
                request.application_id,
                request.origin,
                identity,
                int(expires_at),
                lineage,
                self._now(),
            ]
        )
        nonce = self._random(_NONCE_BYTES)
        ticket = nonce + self._aead.encrypt(nonce, contents, _LABEL)
        if len(ticket) > MAX_TICKET:
            raise ProvenError(ErrorCode.TOO_LARGE, "the session cannot be put into a ticket")
        return ticket

    def redeem(self, request: SessionRequest) -> Resumed:
        """Use up the ticket in `request`. Raises `ProvenError`: `UNAUTHENTICATED`, by rule 4 `OVERLOADED`."""
        if request.resumption is None:
            raise _refused()
        ticket_id, client_key, application_id, origin, identity, expires_at, lineage, issued_at = self._open(
            request.resumption
        )
        if (client_key, application_id, origin) != (
            request.client_key,
            request.application_id,
            request.origin,
        ):
            raise _refused()
        if not isinstance(expires_at, int) or expires_at <= self._clock():
            raise _refused()
        if not isinstance(ticket_id, bytes) or ticket_id in self._used:
            raise _refused()
        if not isinstance(lineage, bytes) or not isinstance(issued_at, int):
            raise _refused()
        known = None if identity is None else ids.parse_identity_id(identity)
        if self._is_revoked(known, lineage, issued_at):
            raise _refused()
        self._remember(ticket_id, expires_at)
        return Resumed(known, expires_at, lineage)

    def revoke(self, lineage: bytes, until: float) -> None:
        """Refuse every ticket of a row of sessions, none of which is good after `until`."""
        self._make_room(len(self._revoked))
        self._revoked[lineage] = int(until)

    def revoke_identity(
        self, identity: IdentityId, issued_until: int, until: float, *, spared: bytes | None = None
    ) -> None:
        """Refuse every ticket that was issued to `identity` until then (Unix milliseconds), but for those of
        one row of sessions. None of them is good after `until`.
        """
        self._make_room(len(self._marks))
        self._marks[identity] = _Mark(issued_until, spared, int(until))

    def revoke_everything(self, issued_until: int) -> None:
        """Refuse every ticket that was issued until then (Unix milliseconds)."""
        self._nothing_until = max(self._nothing_until, issued_until)

    def _is_revoked(self, identity: IdentityId | None, lineage: bytes, issued_at: int) -> bool:
        if lineage in self._revoked or issued_at <= self._nothing_until:
            return True
        mark = None if identity is None else self._marks.get(identity)
        return mark is not None and issued_at <= mark.issued_until and lineage != mark.spared

    def _make_room(self, remembered: int) -> None:
        if remembered < self._max_used:
            return
        now = self._clock()
        self._revoked = {lineage: until for lineage, until in self._revoked.items() if until > now}
        self._marks = {identity: mark for identity, mark in self._marks.items() if mark.until > now}
        if max(len(self._revoked), len(self._marks)) >= self._max_used:
            self.revoke_everything(self._now())
            self._revoked.clear()
            self._marks.clear()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _open(self, ticket: bytes) -> list[cbor.Item]:
        try:
            contents = self._aead.decrypt(ticket[:_NONCE_BYTES], ticket[_NONCE_BYTES:], _LABEL)
        except (InvalidTag, ValueError):
            raise _refused() from None
        fields = cbor.decode(contents)
        if not isinstance(fields, list) or len(fields) != 8:
            raise _refused()
        return fields

    def _remember(self, ticket_id: bytes, expires_at: int) -> None:
        if len(self._used) >= self._max_used:
            now = self._clock()
            self._used = {used: until for used, until in self._used.items() if until > now}
        if len(self._used) >= self._max_used:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many sessions were resumed; open a new one", retry_after=60
            )
        self._used[ticket_id] = expires_at


def _refused() -> ProvenError:
    """The same for every reason, so that a guess teaches nothing."""
    return ProvenError(ErrorCode.UNAUTHENTICATED, "this ticket cannot be used (any more); open a new session")
