"""People who link accounts at a node: real sessions, a real engine, wallets with real keys."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from proven.engine.embedded import EmbeddedEngine
from proven.identity.accounts import ContractSignatures, LinkedAccounts, RadixLedger
from proven.wire.commands import (
    AccountKind,
    AccountSummary,
    BeginLink,
    FinishLink,
    LinkChallenge,
    ListAccounts,
    ListAccountsResult,
    UnlinkAccount,
    WhoAmI,
    WhoAmIResult,
)
from proven.wire.ids import ApplicationId
from proven.wire.session import ClientHandshake
from support.account_vectors import EthereumWallet, RadixWallet, Wallet
from support.clock import Clock
from support.sealed import SEED, Holder, opened, running_engine, sessions_by

APPLICATION, OTHER_APPLICATION = ApplicationId("a" * 32), ApplicationId("b" * 32)
NAMES = {APPLICATION: "todo", OTHER_APPLICATION: "shop"}
PAGE, OTHER_PAGE = "https://todo.example", "https://shop.example"

RADIX, ETHEREUM, BITCOIN = RadixWallet(b"\x01" * 32), EthereumWallet(b"\x02" * 32), Wallet(b"\x03" * 32)
KINDS: tuple[AccountKind, ...] = ("radix", "ethereum", "bitcoin")


def filled(challenge: LinkChallenge, address: str, chain_id: int = 1) -> str:
    """The text to sign, as a page fills it in."""
    assert challenge.message is not None
    return challenge.message.replace("{address}", address).replace("{chain_id}", str(chain_id))


def prove_radix(challenge: LinkChallenge, wallet: RadixWallet = RADIX, *, origin: str | None = None) -> str:
    proof = wallet.prove(bytes.fromhex(challenge.challenge), origin or challenge.origin)
    del proof["origin"]
    return json.dumps(proof)


def prove_ethereum(challenge: LinkChallenge, wallet: EthereumWallet = ETHEREUM, chain_id: int = 1) -> str:
    message = filled(challenge, wallet.address, chain_id)
    return json.dumps({"message": message, "signature": wallet.sign(message)})


def prove_bitcoin(challenge: LinkChallenge, wallet: Wallet = BITCOIN) -> str:
    message = filled(challenge, wallet.address)
    return json.dumps({"address": wallet.address, "signature": wallet.sign(message)})


PROVE = {"radix": prove_radix, "ethereum": prove_ethereum, "bitcoin": prove_bitcoin}
ADDRESS = {"radix": RADIX.address, "ethereum": ETHEREUM.address, "bitcoin": BITCOIN.address}


class Person(Holder):
    async def begin(self, kind: AccountKind) -> LinkChallenge:
        challenge = await self.do(BeginLink(kind=kind))
        assert isinstance(challenge, LinkChallenge)
        return challenge

    async def finish(self, challenge: LinkChallenge, proof: str) -> AccountSummary:
        summary = await self.do(FinishLink(challenge=challenge.challenge, proof=proof))
        assert isinstance(summary, AccountSummary)
        return summary

    async def link(self, kind: AccountKind) -> AccountSummary:
        challenge = await self.begin(kind)
        return await self.finish(challenge, PROVE[kind](challenge))

    async def unlink(self, address: str) -> None:
        await self.do(UnlinkAccount(address=address))

    async def linked(self) -> list[str]:
        result = await self.do(ListAccounts())
        assert isinstance(result, ListAccountsResult)
        return [account.address for account in result.accounts]

    async def who_am_i(self) -> WhoAmIResult:
        result = await self.do(WhoAmI())
        assert isinstance(result, WhoAmIResult)
        return result


class Node:
    def __init__(
        self,
        engine: EmbeddedEngine,
        ledger: RadixLedger | None = None,
        contracts: ContractSignatures | None = None,
    ) -> None:
        self.clock = Clock(1_700_000_000.25)
        self.engine = engine
        self.sessions = sessions_by(self.clock)
        self.accounts = LinkedAccounts(
            engine.registers,
            self.sessions,
            NAMES.__getitem__,
            ledger=ledger,
            contracts=contracts,
            clock=self.clock,
        )

    async def open(
        self,
        seed: bytes | None = SEED,
        *,
        application_id: ApplicationId | None = APPLICATION,
        origin: str | None = PAGE,
        handshake: ClientHandshake | None = None,
    ) -> Person:
        handshake = handshake or ClientHandshake(application_id, origin=origin)
        channel, session = await opened(self.sessions, handshake, application_id)
        person = Person(channel, session, self.accounts.performers())
        if seed is not None:
            person.identify(seed)
        return person


@asynccontextmanager
async def linking_node(
    directory: Path, ledger: RadixLedger | None = None, contracts: ContractSignatures | None = None
) -> AsyncIterator[Node]:
    async with running_engine(directory) as engine:
        yield Node(engine, ledger, contracts)
