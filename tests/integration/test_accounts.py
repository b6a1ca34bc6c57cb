"""Accounts on a whole node: linked over the wire, seen by handlers."""

from __future__ import annotations

import pytest

from proven.apps import Application
from proven.client import Client, connect
from proven.wire.commands import (
    AccountKind,
    AccountSummary,
    BeginLink,
    Done,
    FinishLink,
    LinkChallenge,
    ListAccounts,
    ListAccountsResult,
    UnlinkAccount,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from support.account_linking import ADDRESS, KINDS, PROVE
from support.node import Node

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def open_page(node: Node, application: Application, seed: bytes | None) -> Client:
    return await connect(
        node.url, application=application.id, verifier=node.verifier, identity=seed, origin=node.url
    )


async def link(client: Client, kind: AccountKind) -> AccountSummary:
    challenge = await client._ask(BeginLink(kind=kind), LinkChallenge)
    return await client._ask(
        FinishLink(challenge=challenge.challenge, proof=PROVE[kind](challenge)), AccountSummary
    )


async def test_handlers_see_the_accounts_of_the_caller(node: Node, application: Application) -> None:
    seed = new_seed()
    async with (
        await open_page(node, application, seed) as page,
        await open_page(node, application, seed) as tab,
        await open_page(node, application, new_seed()) as stranger,
        await open_page(node, application, None) as nobody,
    ):
        for client in (page, tab, stranger, nobody):
            assert await client.call("accounts") == []
        for kind in KINDS:
            await link(page, kind)
        linked = [ADDRESS[kind] for kind in KINDS]
        for client in (page, tab):
            assert await client.call("accounts") == linked
            assert list((await client.whoami()).accounts) == linked
            listed = await client._ask(ListAccounts(), ListAccountsResult)
            assert [account.address for account in listed.accounts] == linked
        for client in (stranger, nobody):
            assert await client.call("accounts") == []
        await tab._ask(UnlinkAccount(address=linked[0]), Done)
        assert await page.call("accounts") == linked[1:]
        await page.anonymize()
        assert await page.call("accounts") == []
    async with await open_page(node, application, seed) as later:
        assert await later.call("accounts") == linked[1:]


async def test_another_application_does_not_see_them(node: Node, application: Application) -> None:
    seed = new_seed()
    other = await node.deploy("people", name="other-accounts")
    async with (
        await open_page(node, application, seed) as here,
        await open_page(node, other, seed) as there,
    ):
        await link(here, "ethereum")
        assert await there.call("accounts") == []


async def test_who_is_nobody_cannot_begin(node: Node, application: Application) -> None:
    async with await open_page(node, application, None) as nobody:
        with pytest.raises(ProvenError) as error:
            await link(nobody, "radix")
        assert error.value.code is ErrorCode.NO_IDENTITY
