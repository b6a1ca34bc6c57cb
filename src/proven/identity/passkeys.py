"""Passkeys: how a person proves, on any of their devices, which account is theirs."""

from __future__ import annotations

import base64
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proven.engine import Registers
from proven.wire.commands import (
    AuthenticationResult,
    BeginAuthentication,
    BeginRegistration,
    Ceremony,
    Command,
    Done,
    FinishAuthentication,
    FinishRegistration,
    ListPasskeys,
    ListPasskeysResult,
    PasskeySummary,
    RemovePasskey,
    Result,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import IdentityId

from . import _account, _webauthn
from ._account import Account, Passkey
from ._ceremonies import Authentication, Begun, Ceremonies, Registration
from ._rate import RatePerSource, network_of
from ._session import Session
from ._webauthn import RelyingParty
from .sessions import Sessions

_log: Final = logging.getLogger("proven.identity")

ACCOUNTS: Final = "identity-accounts"
"""Bucket: account id → account record."""
PASSKEYS: Final = "identity-passkeys"
"""Bucket: SHA-256 of a passkey's id → account id."""

_MAX_ATTEMPTS: Final = 8

Performers = Mapping[type[Command], Callable[[Session, Any], Awaitable[Result]]]


@dataclass(frozen=True, slots=True)
class PasskeyLimits:
    """Durations are in seconds, rates per second. New accounts are counted by where they come from."""

    per_account: int = 10
    ceremony_seconds: float = 300
    ceremonies_per_session: int = 4
    ceremonies_per_source: int = 1000
    ceremonies: int = 10_000
    account_rate_per_source: float = 0.2
    account_burst_per_source: int = 50


class Passkeys:
    """The ceremonies of a node and what they leave behind. Rules, for every command:

    1. It is given in a management session. A ceremony is run only for pages of the relying party's origins.
    2. A ceremony ends when it is finished, whatever comes of it, and is worth something only in the session
       that began it (see `Ceremonies`).
    3. A passkey is added only to the account that the session has identified as: whoever adds one has the
       root seed already.
    4. Signing in with a passkey identifies nobody. It gives out the wrapped seed, which only that passkey's
       PRF opens; `Identify` follows.
    5. A passkey that is not known and one that does not sign what it should are refused alike.
    6. Accounts change by compare-and-set. The index from passkey to account is written before the account
       and removed after it; what only the index knows of is not a passkey, and is taken over by who makes it
       one. It is written once more, by compare-and-set, after the account: of several that finish one
       passkey at once, one gets it, and the others take it back out of their accounts.
    7. Removing a passkey ends every other management session of the account.
    """

    def __init__(
        self,
        registers: Registers,
        sessions: Sessions,
        party: RelyingParty,
        *,
        limits: PasskeyLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registers = registers
        self._sessions = sessions
        self._party = party
        self._limits = limits = limits or PasskeyLimits()
        self._clock = clock
        self._ceremonies = Ceremonies(
            seconds=limits.ceremony_seconds,
            per_session=limits.ceremonies_per_session,
            per_source=limits.ceremonies_per_source,
            limit=limits.ceremonies,
            clock=clock,
        )
        self._new_accounts = RatePerSource(
            limits.account_rate_per_source, limits.account_burst_per_source, clock
        )

    def performers(self) -> Performers:
        """What carries out each command about passkeys."""
        return {
            BeginRegistration: self.begin_registration,
            FinishRegistration: self.finish_registration,
            BeginAuthentication: self.begin_authentication,
            FinishAuthentication: self.finish_authentication,
            ListPasskeys: self.list,
            RemovePasskey: self.remove,
        }

    async def begin_registration(self, session: Session, command: BeginRegistration) -> Ceremony:
        """Raises `NO_IDENTITY`, `BAD_REQUEST` for the label, `QUOTA_EXCEEDED`, `OVERLOADED`."""
        self._require_page(session)
        identity = _identity_of(session)
        if not command.label.isprintable() or not command.label.strip():
            raise ProvenError(ErrorCode.BAD_REQUEST, "a passkey's name is text that can be shown")
        account = await self._read(identity)
        _account.check_room(account, self._limits.per_account)
        if account is None or not account.passkeys:
            self._admit_new_account(session)
        begun = self._begin(session, Registration(identity, command.label))
        known = account.passkeys if account is not None else ()
        options = _webauthn.creation_options(
            self._party,
            identity,
            command.label,
            begun.challenge,
            [(passkey.id, passkey.transports) for passkey in known],
            seconds=self._limits.ceremony_seconds,
        )
        return self._answer(begun, options)

    async def finish_registration(self, session: Session, command: FinishRegistration) -> PasskeySummary:
        """Raises what `verify_registration` does; `NOT_FOUND` for a ceremony that has ended, `CONFLICT` for a
        passkey that is known already, `QUOTA_EXCEEDED`, `OVERLOADED`.
        """
        self._require_page(session)
        begun = self._ceremonies.take(command.ceremony, session.id)
        purpose = begun.purpose
        if not isinstance(purpose, Registration):
            raise _other_purpose()
        if _identity_of(session) != purpose.account:
            raise ProvenError(ErrorCode.FORBIDDEN, "the ceremony was begun for another account")
        made = _webauthn.verify_registration(self._party, command.response, begun.challenge)
        now = self._now()
        passkey = _account.new_passkey(made, purpose.label, command.wrapped_seed, now)
        await self._claim(passkey.id, purpose.account)
        await self._change(
            purpose.account,
            lambda account: _account.with_passkey(
                account, purpose.account, passkey, self._limits.per_account
            ),
        )
        await self._confirm(passkey, purpose.account)
        _log.info(
            "passkey added", extra={"account": purpose.account, "prf": passkey.wrapped_seed is not None}
        )
        return _summary(passkey)

    async def begin_authentication(self, session: Session, command: BeginAuthentication) -> Ceremony:
        """Raises `OVERLOADED`."""
        self._require_page(session)
        begun = self._begin(session, Authentication())
        options = _webauthn.request_options(
            self._party, begun.challenge, seconds=self._limits.ceremony_seconds
        )
        return self._answer(begun, options)

    async def finish_authentication(
        self, session: Session, command: FinishAuthentication
    ) -> AuthenticationResult:
        """Raises `NOT_FOUND` for a ceremony that has ended, `BAD_REQUEST`, `ORIGIN_DENIED`, `UNAUTHENTICATED`
        (rule 5), `FORBIDDEN` for a passkey that may have been copied.
        """
        self._require_page(session)
        begun = self._ceremonies.take(command.ceremony, session.id)
        if not isinstance(begun.purpose, Authentication):
            raise _other_purpose()
        assertion = _webauthn.read_assertion(self._party, command.response)
        account = await self._owner(assertion.passkey)
        passkey = account.find(assertion.passkey) if account is not None else None
        if account is None or passkey is None or assertion.user_handle != _webauthn.user_handle(account.id):
            raise _webauthn.not_proven()
        use = _webauthn.verify_assertion(self._party, assertion, begun.challenge, passkey.public_key)

        def used(account: Account | None) -> Account:
            if account is None or account.find(passkey.id) is None:
                raise _webauthn.not_proven()
            return _account.with_use(account, passkey.id, use, self._now())

        await self._change(account.id, used)
        _log.info("passkey used", extra={"account": account.id})
        return AuthenticationResult(
            account=account.id, passkey=_text(passkey.id), wrapped_seed=passkey.wrapped_seed
        )

    async def list(self, session: Session, command: ListPasskeys) -> ListPasskeysResult:
        """Raises `NO_IDENTITY`. An account that nobody has made has none."""
        account = await self._read(_managed(session))
        passkeys = account.passkeys if account is not None else ()
        return ListPasskeysResult(passkeys=tuple(map(_summary, passkeys)))

    async def remove(self, session: Session, command: RemovePasskey) -> Done:
        """Raises `NO_IDENTITY`, `NOT_FOUND`, `CONFLICT` (see `_account.without_passkey`)."""
        identity = _managed(session)
        passkey = _bytes(command.passkey)
        await self._change(identity, lambda account: _account.without_passkey(account, passkey))
        ended = await self._sessions.revoke_others(session)
        await self._release(passkey, identity)
        _log.info("passkey removed", extra={"account": identity, "sessions": ended})
        return Done()

    def _require_page(self, session: Session) -> None:
        _require_management(session)
        if session.origin not in self._party.origins():
            raise ProvenError(
                ErrorCode.ORIGIN_DENIED, "passkeys are used on the node's own sign-in page, and nowhere else"
            )

    def _admit_new_account(self, session: Session) -> None:
        wait = self._new_accounts.take(network_of(session.source))
        if wait:
            raise ProvenError(
                ErrorCode.OVERLOADED, "too many accounts are being made; try again later", retry_after=wait
            )

    def _begin(self, session: Session, purpose: Registration | Authentication) -> Begun:
        return self._ceremonies.begin(
            session.id, network_of(session.source), purpose, _webauthn.CHALLENGE_BYTES
        )

    def _answer(self, begun: Begun, options: str) -> Ceremony:
        return Ceremony(ceremony=begun.id, options=options, expires_in=int(self._limits.ceremony_seconds))

    def _now(self) -> int:
        return int(self._clock() * 1000)

    async def _read(self, account: IdentityId) -> Account | None:
        entry = await self._registers.get(ACCOUNTS, account)
        return None if entry is None or entry.value is None else _account.decode(entry.value)

    async def _owner(self, passkey: bytes) -> Account | None:
        """The account that the index names for a passkey; it need not have it."""
        entry = await self._registers.get(PASSKEYS, _key(passkey))
        if entry is None or entry.value is None:
            return None
        return await self._read(IdentityId(entry.value.decode("ascii")))

    async def _claim(self, passkey: bytes, account: IdentityId) -> None:
        """Note whose passkey it is to be. An entry whose account does not have it is taken over."""
        entry = await self._registers.get(PASSKEYS, _key(passkey))
        if entry is not None and entry.value is not None:
            owner = await self._read(IdentityId(entry.value.decode("ascii")))
            if owner is not None and owner.find(passkey) is not None:
                raise _known_already()
        revision = 0 if entry is None else entry.revision
        if not await self._point(passkey, account, revision):
            raise _known_already()

    async def _confirm(self, passkey: Passkey, account: IdentityId) -> None:
        """Make the claim final, so that nobody who read of it before can take it over. Raises `CONFLICT`."""
        for _ in range(_MAX_ATTEMPTS):
            entry = await self._registers.get(PASSKEYS, _key(passkey.id))
            if entry is None or entry.value != account.encode("ascii"):
                break
            if await self._point(passkey.id, account, entry.revision):
                return
        await self._change(account, lambda known: _account.without_attempt(known, account, passkey))
        raise _known_already()

    async def _point(self, passkey: bytes, account: IdentityId, revision: int) -> bool:
        """Write the index's entry unless it has changed; whether it had not."""
        try:
            await self._registers.put(PASSKEYS, _key(passkey), account.encode("ascii"), expected=revision)
        except ProvenError as refused:
            if refused.code is not ErrorCode.CONFLICT:
                raise
            return False
        return True

    async def _release(self, passkey: bytes, account: IdentityId) -> None:
        """Remove the index's entry, unless it is another's by now."""
        entry = await self._registers.get(PASSKEYS, _key(passkey))
        if entry is None or entry.value != account.encode("ascii"):
            return
        try:
            await self._registers.delete(PASSKEYS, _key(passkey), expected=entry.revision)
        except ProvenError as refused:
            if refused.code is not ErrorCode.CONFLICT:
                raise

    async def _change(self, account: IdentityId, change: Callable[[Account | None], Account]) -> Account:
        """Apply `change` to the account as it is when nobody else changes it."""
        for _ in range(_MAX_ATTEMPTS):
            entry = await self._registers.get(ACCOUNTS, account)
            known = None if entry is None or entry.value is None else _account.decode(entry.value)
            changed = change(known)
            try:
                await self._registers.put(
                    ACCOUNTS,
                    account,
                    _account.encode(changed),
                    expected=0 if entry is None else entry.revision,
                )
            except ProvenError as refused:
                if refused.code is not ErrorCode.CONFLICT:
                    raise
            else:
                return changed
        raise ProvenError(ErrorCode.OVERLOADED, "the account changes all the time; try again", retry_after=1)


def _require_management(session: Session) -> None:
    if session.application_id is not None:
        raise ProvenError(ErrorCode.FORBIDDEN, "passkeys are managed in a management session")


def _managed(session: Session) -> IdentityId:
    _require_management(session)
    return _identity_of(session)


def _identity_of(session: Session) -> IdentityId:
    if session.identity is None:
        raise ProvenError(ErrorCode.NO_IDENTITY, "identify on this session first")
    return session.identity


def _known_already() -> ProvenError:
    return ProvenError(ErrorCode.CONFLICT, "this passkey is known already; make another")


def _other_purpose() -> ProvenError:
    return ProvenError(ErrorCode.NOT_FOUND, "this ceremony has ended; begin another")


def _summary(passkey: Passkey) -> PasskeySummary:
    return PasskeySummary(
        id=_text(passkey.id),
        label=passkey.label,
        created_at=passkey.created_at,
        used_at=passkey.used_at,
        holds_seed=passkey.wrapped_seed is not None,
        synced=passkey.synced,
    )


def _key(passkey: bytes) -> str:
    return hashlib.sha256(passkey).hexdigest()


def _text(passkey: bytes) -> str:
    return base64.urlsafe_b64encode(passkey).rstrip(b"=").decode("ascii")


def _bytes(passkey: str) -> bytes:
    """Raises `NOT_FOUND` for what no passkey is called."""
    raw = base64.urlsafe_b64decode(passkey + "=" * (-len(passkey) % 4)) if len(passkey) % 4 != 1 else b""
    if not raw or _text(raw) != passkey:
        raise ProvenError(ErrorCode.NOT_FOUND, "the account has no such passkey")
    return raw
