"""Linking accounts: challenges given out, proofs judged, records kept, sessions told."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec

from proven.engine import Registers
from proven.identity._rate import network_of
from proven.identity._session import Session
from proven.identity.sessions import Sessions
from proven.wire.commands import (
    AccountKind,
    AccountSummary,
    BeginLink,
    Command,
    Done,
    FinishLink,
    LinkChallenge,
    ListAccounts,
    ListAccountsResult,
    Result,
    UnlinkAccount,
    WhoAmI,
    WhoAmIResult,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, IdentityId

from . import bitcoin, ethereum, radix, siwe
from ._errors import malformed, refused, unsupported
from .challenges import Asker, Challenge, Challenges
from .ports import ContractSignatures, RadixLedger
from .records import LinkRecords, Links

CHAIN_TIMEOUT: Final = 10.0
"""Seconds that a view of a chain has to answer in."""

_Proof = TypeVar("_Proof")
_Answer = TypeVar("_Answer")
_Perform = Callable[[Session, Any], Awaitable[Result]]


class LinkedAccounts:
    """The accounts of people on chains. What holds for every link:

    1. Only an application session with an identity begins or finishes one, and only for itself.
    2. A proof answers a challenge of this node (see `Challenges`): same kind, identity, application, origin.
    3. What was signed is, as a whole, what this node asked to have signed.
    4. The address is one that the key which signed controls, by the rules of its chain; where only the chain
       can say and this node cannot ask it, the proof is refused (`UNAVAILABLE`).

    A link says that the holder of the identity controlled the account at `linked_at`, no more.
    """

    def __init__(
        self,
        registers: Registers,
        sessions: Sessions,
        application_name: Callable[[ApplicationId], str],
        *,
        ledger: RadixLedger | None = None,
        contracts: ContractSignatures | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`application_name` says what to call an application before people. `clock` is Unix seconds."""
        self._records = LinkRecords(registers)
        self._sessions = sessions
        self._application_name = application_name
        self._ledger = ledger
        self._contracts = contracts
        self._clock = clock
        self._challenges = Challenges(clock=clock, random=random)

    def performers(self) -> dict[type[Command], _Perform]:
        """What carries out the commands of this room."""
        return {
            BeginLink: self.begin,
            FinishLink: self.finish,
            UnlinkAccount: self.unlink,
            ListAccounts: self.list_accounts,
            WhoAmI: self.who_am_i,
        }

    async def addresses(self, session: Session) -> tuple[str, ...]:
        """The addresses linked to whom the session acts as now. Asks the engine once for each identity."""
        identity, application_id = session.identity, session.application_id
        if identity is None or application_id is None:
            return ()
        if session.accounts is not None:
            return session.accounts
        links = await self._records.read(application_id, identity)
        session.remember_accounts(identity, links.revision, links.addresses)
        return links.addresses

    async def who_am_i(self, session: Session, command: WhoAmI) -> WhoAmIResult:
        """Both are of one identity: nothing is awaited before `addresses` has looked which it is."""
        known = self._sessions.who_am_i(session)
        return msgspec.structs.replace(known, accounts=await self.addresses(session))

    async def begin(self, session: Session, command: BeginLink) -> LinkChallenge:
        asker = _asker(session)
        name = self._application_name(asker.application_id)
        source = network_of(session.source)
        return self._challenges.begin(command.kind, asker, name, source).to_wire()

    async def finish(self, session: Session, command: FinishLink) -> AccountSummary:
        asker = _asker(session)
        challenge = self._challenges.take(bytes.fromhex(command.challenge), asker)
        judge = {"radix": self._radix, "ethereum": self._ethereum, "bitcoin": self._bitcoin}[challenge.kind]
        address = await judge(challenge, command.proof)
        linked = AccountSummary(address=address, kind=challenge.kind, linked_at=int(self._clock() * 1000))
        links, summary = await self._records.add(asker.application_id, asker.identity, linked)
        self._tell(asker.application_id, asker.identity, links)
        return summary

    async def unlink(self, session: Session, command: UnlinkAccount) -> Done:
        application_id, identity = _person(session)
        links = await self._records.remove(application_id, identity, command.address)
        self._tell(application_id, identity, links)
        return Done()

    async def list_accounts(self, session: Session, command: ListAccounts) -> ListAccountsResult:
        application_id, identity = _person(session)
        links = await self._records.read(application_id, identity)
        return ListAccountsResult(accounts=links.accounts)

    def _tell(self, application_id: ApplicationId, identity: IdentityId, links: Links) -> None:
        for session in self._sessions.acting_as(identity, application_id):
            session.remember_accounts(identity, links.revision, links.addresses)

    async def _radix(self, challenge: Challenge, text: str) -> str:
        proof = _read(text, radix.RadixProof, challenge.kind)
        signer = radix.verify(proof, challenge=challenge.value, origin=challenge.asker.origin)
        keys = await _asked(self._ledger.owner_keys(signer.address)) if self._ledger else None
        radix.check_ownership(signer, keys, ledger=self._ledger is not None)
        return signer.address

    async def _ethereum(self, challenge: Challenge, text: str) -> str:
        proof = _read(text, ethereum.EthereumProof, challenge.kind)
        try:
            message = siwe.parse(proof.message)
        except ValueError as error:
            raise malformed(f"not a message as EIP-4361 has it: {error}") from None
        wanted = challenge.ethereum_message(message.address, str(int(message.chain_id)))
        if message != wanted or proof.message != wanted.to_text():
            others = ", ".join(message.differences(wanted))
            raise refused(f"the message is not the one to sign: {others} differ from what was asked")
        digest = ethereum.personal_hash(proof.message)
        signature = bytes.fromhex(proof.signature[2:])
        if ethereum.recover_address(digest, signature) == message.address:
            return message.address
        return await self._contract(message, digest, signature)

    async def _contract(self, message: siwe.SiweMessage, digest: bytes, signature: bytes) -> str:
        """A contract is another on each chain, so its address says the chain too (CAIP-10)."""
        if self._contracts is None:
            if ethereum.may_be_by_key(signature):
                raise refused(
                    f"the signature is not one by the key of {message.address}; if that is a contract's, "
                    "this node cannot ask it (EIP-1271): link an account with a key"
                )
            raise unsupported(
                f"{message.address} did not sign with a key, and this node cannot ask contracts (EIP-1271): "
                "link an account with a key, or use a node that follows the chain"
            )
        chain_id = int(message.chain_id)
        valid = self._contracts.is_valid_signature(chain_id, message.address, digest, signature)
        if not await _asked(valid):
            raise refused(f"neither the key nor a contract of {message.address} made this signature")
        return f"eip155:{chain_id}:{message.address}"

    async def _bitcoin(self, challenge: Challenge, text: str) -> str:
        proof = _read(text, bitcoin.BitcoinProof, challenge.kind)
        address = bitcoin.parse_address(proof.address)
        bitcoin.verify(address, challenge.bitcoin_message(address.text), proof.signature)
        return address.text


def _person(session: Session) -> tuple[ApplicationId, IdentityId]:
    if session.application_id is None:
        raise ProvenError(ErrorCode.FORBIDDEN, "accounts are linked in a session of an application")
    if session.identity is None:
        raise ProvenError(ErrorCode.NO_IDENTITY, "accounts are linked to an identity: identify first")
    return session.application_id, session.identity


def _asker(session: Session) -> Asker:
    application_id, identity = _person(session)
    if session.origin is None:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, "accounts are linked on a page: open the session with its origin"
        )
    return Asker(identity, application_id, session.origin)


def _read(text: str, kind: type[_Proof], name: AccountKind) -> _Proof:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise malformed(f"not a proof of kind {name}: {error}") from None


async def _asked(answer: Awaitable[_Answer]) -> _Answer:
    try:
        async with asyncio.timeout(CHAIN_TIMEOUT):
            return await answer
    except TimeoutError:
        raise unsupported("the chain did not answer in time; try again later") from None
