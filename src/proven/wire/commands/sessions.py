"""Who a session acts as, how long it lasts, and which others act as the same."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from proven.wire.session import MAX_TICKET

from ._fields import Base32, CommandRecord, Count, Hex128, Record


class WhoAmI(CommandRecord, frozen=True):
    """Ask what the server knows about this session. Answered by `WhoAmIResult`."""


class WhoAmIResult(Record, frozen=True):
    """`expires_in` is in seconds; using the session may not extend it."""

    session_id: Hex128
    expires_in: Count
    application_id: Base32 | None = None
    identity: Base32 | None = None
    accounts: tuple[str, ...] = ()
    origin: str | None = None


class Identify(CommandRecord, frozen=True):
    """Act as the holder of an Ed25519 key from now on. Answered by `IdentifyResult`.

    `signature` is over `proven.wire.identity.identify_message`.
    """

    public_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


class IdentifyResult(Record, frozen=True):
    identity: Base32


class Anonymize(CommandRecord, frozen=True):
    """Act as nobody from now on. Answered by `Done`."""


class IssueTicket(CommandRecord, frozen=True):
    """Ask for a ticket to resume this session with. Answered by `IssueTicketResult`."""


class IssueTicketResult(Record, frozen=True):
    """`expires_in` is in seconds. A ticket works once, and only with the key of the session it came from."""

    ticket: Annotated[bytes, Meta(min_length=1, max_length=MAX_TICKET)]
    expires_in: Count


class ListSessions(CommandRecord, frozen=True):
    """List the sessions that act as this session's identity. Answered by `ListSessionsResult`."""


class SessionSummary(Record, frozen=True):
    """Times are Unix milliseconds. `current`: the session that asks."""

    session_id: Hex128
    opened_at: Count
    used_at: Count
    origin: str | None = None
    current: bool = False


class ListSessionsResult(Record, frozen=True):
    sessions: tuple[SessionSummary, ...] = ()


class RevokeSession(CommandRecord, frozen=True):
    """End a session that acts as this session's identity. Answered by `Done`."""

    session_id: Hex128
