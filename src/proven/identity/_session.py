"""One session: who it acts as, and the channel that it is sealed in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from proven.wire.commands import Identify
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import verify_identify
from proven.wire.ids import ApplicationId, IdentityId, SessionId
from proven.wire.session import SealedChannel, SessionRequest

from ._tickets import Resumed


class Session:
    """One established session, as its server sees it."""

    def __init__(
        self,
        channel: SealedChannel,
        request: SessionRequest,
        expires_at: float,
        resumed: Resumed | None = None,
        *,
        opened_at: float = 0.0,
        source: str = "",
    ) -> None:
        """Times are in seconds since 1970; `source` is the address that opened it."""
        self._channel = channel
        self.request: Final = request
        self.expires_at: Final = min(expires_at, resumed.expires_at) if resumed else expires_at
        self.lineage: Final = resumed.lineage if resumed else bytes.fromhex(channel.session_id)
        """The id of the session that this one resumes, directly or by way of others, or else its own."""
        self.opened_at: Final = opened_at
        self.source: Final = source
        self.closed: Final = asyncio.Event()
        """Set when the session has ended, for whoever holds a connection open for it."""
        self._identity = resumed.identity if resumed else None
        self._accounts: tuple[int, tuple[str, ...]] | None = None

    @property
    def id(self) -> SessionId:
        return self._channel.session_id

    @property
    def application_id(self) -> ApplicationId | None:
        """The application it is for; None in a management session."""
        return self.request.application_id

    @property
    def origin(self) -> str | None:
        """Where the client says it runs. Only a browser keeps a client from making this up."""
        return self.request.origin

    @property
    def identity(self) -> IdentityId | None:
        """Who has proven to be calling; None while anonymous."""
        return self._identity

    @property
    def accounts(self) -> tuple[str, ...] | None:
        """Addresses of the accounts linked to the identity; None while they have not been looked up."""
        return None if self._accounts is None else self._accounts[1]

    def remember_accounts(self, identity: IdentityId, revision: int, addresses: tuple[str, ...]) -> None:
        """Note the accounts of `identity` as of a revision, unless the session acts as another by now or
        knows of a later state.
        """
        if self._identity == identity and (self._accounts is None or self._accounts[0] <= revision):
            self._accounts = (revision, addresses)

    def identify(self, command: Identify) -> IdentityId:
        """Act as the key holder from now on. Raises `ProvenError` (`UNAUTHENTICATED`), changing nothing."""
        identity = verify_identify(command, self.application_id, self._channel.transcript)
        if identity is None:
            raise ProvenError(
                ErrorCode.UNAUTHENTICATED, "the signature is not one by this key over this session"
            )
        self._identity = identity
        self._accounts = None
        return identity

    def anonymize(self) -> None:
        """Act as nobody from now on."""
        self._identity = None
        self._accounts = None

    def seal(self, plaintext: bytes) -> bytes:
        """See `SealedChannel.seal`."""
        return self._channel.seal(plaintext)

    def open(self, frame: bytes) -> tuple[int, bytes]:
        """See `SealedChannel.open`."""
        return self._channel.open(frame)

    def end(self) -> None:
        """Nothing can be sealed or opened any more. `Sessions` decides when."""
        self._channel.close()
        self.closed.set()


@dataclass(frozen=True, slots=True)
class Received:
    """A frame that was opened; its answer names `sequence`."""

    session: Session
    sequence: int
    plaintext: bytes
