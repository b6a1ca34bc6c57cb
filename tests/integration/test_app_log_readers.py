"""Who reads the log and the metrics of an application: whoever the log names as able to change it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.client import Client, connect
from proven.wire.applications import (
    Body,
    Command,
    Multisig,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    sign,
)
from proven.wire.commands import IdentifyResult, LogLine
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId
from support.node import Node, running_node

KEYS = {name: Ed25519PrivateKey.generate() for name in ("owner", "a", "b", "c", "guardian", "stranger")}
SIGNERS = tuple(sorted(KEYS[name].public_key().public_bytes_raw() for name in "abc"))


@dataclass
class App:
    """An application without a version, which says one line."""

    node: Node
    id: ApplicationId

    async def submit(self, command: Command, *names: str) -> None:
        applications = self.node.local._applications
        record = applications.find(self.id)
        body = Body(
            origin=applications.origin, application_id=self.id, revision=record.revision, command=command
        )
        await applications.submit(sign(body, *(OwnerKey(KEYS[name]) for name in names)))

    def say(self, text: str) -> None:
        line = LogLine(sequence=0, at=int(time.time() * 1000), kind="console", level="info", text=text)
        self.node.local._telemetry.logs.append(self.id, line)

    def manager(self, name: str) -> contextlib.AbstractAsyncContextManager[Client]:
        return manager(self.node, IdentityKey(KEYS[name], None))

    async def readers(self) -> set[str]:
        """Which of the keys can read the log; all agree about the metrics."""
        reading = set()
        for name in KEYS:
            async with self.manager(name) as client:
                if await reads(client, self.id):
                    reading.add(name)
        return reading


@contextlib.asynccontextmanager
async def manager(node: Node, key: IdentityKey | None) -> AsyncIterator[Client]:
    async with await connect(node.url, application=None, verifier=node.verifier, identity=key) as client:
        yield client


async def reads(client: Client, application: ApplicationId) -> bool:
    """Whether a client is told anything; if not, it is `FORBIDDEN` for everything."""
    refusals = []
    for follow in (False, True):
        async with contextlib.aclosing(client.logs(application, follow=follow)) as lines:
            try:
                async with asyncio.timeout(60):
                    await anext(lines)
            except ProvenError as error:
                refusals.append(error.code)
    try:
        await client.metrics(application)
    except ProvenError as error:
        refusals.append(error.code)
    assert refusals in ([], [ErrorCode.FORBIDDEN] * 3)
    return not refusals


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running_node(tmp_path / "node") as node:
        yield node


@pytest.fixture
async def app(node: Node) -> App:
    record = await node.local._applications.create(OwnerKey(KEYS["owner"]), "told", b"nonce")
    made = App(node, record.id)
    made.say("a secret")
    return made


async def test_the_owner_alone_reads_until_others_can_change_it(app: App) -> None:
    assert await app.readers() == {"owner"}
    guardian = KEYS["guardian"].public_key().public_bytes_raw()
    await app.submit(SetUpgradePolicy(policy=Timelock(delay=60, guardians=(guardian,))), "owner")
    assert await app.readers() == {"owner"}


async def test_each_signer_of_a_policy_reads_and_no_guardian(node: Node) -> None:
    guardian = KEYS["guardian"].public_key().public_bytes_raw()
    policy = TimelockMultisig(delay=60, threshold=2, keys=SIGNERS, guardians=(guardian,))
    record = await node.local._applications.create(OwnerKey(KEYS["owner"]), "shared", b"nonce", policy=policy)
    app = App(node, record.id)
    app.say("a secret")
    assert await app.readers() == {"owner", "a", "b", "c"}


async def test_who_was_announced_as_a_signer_reads_when_the_policy_is_in_force(app: App) -> None:
    await app.submit(SetUpgradePolicy(policy=Timelock(delay=60)), "owner")
    await app.submit(SetUpgradePolicy(policy=Multisig(threshold=1, keys=SIGNERS)), "owner")
    assert app.node.local._applications.find(app.id).pending is not None
    assert await app.readers() == {"owner"}


async def test_former_owners_and_signers_read_nothing_more(app: App) -> None:
    stranger = KEYS["stranger"].public_key().public_bytes_raw()
    await app.submit(SetUpgradePolicy(policy=Multisig(threshold=2, keys=SIGNERS)), "owner")
    assert await app.readers() == {"owner", "a", "b", "c"}
    await app.submit(TransferOwnership(to=stranger), "a", "b")
    assert await app.readers() == {"stranger", "a", "b", "c"}
    fewer = tuple(key for key in SIGNERS if key != KEYS["c"].public_key().public_bytes_raw())
    await app.submit(SetUpgradePolicy(policy=Multisig(threshold=2, keys=fewer)), "a", "b")
    assert await app.readers() == {"stranger", "a", "b"}


async def test_a_signer_who_follows_is_cut_off_when_the_policy_drops_them(app: App) -> None:
    await app.submit(SetUpgradePolicy(policy=Multisig(threshold=2, keys=SIGNERS)), "owner")
    fewer = tuple(key for key in SIGNERS if key != KEYS["c"].public_key().public_bytes_raw())
    async with app.manager("c") as client, contextlib.aclosing(client.logs(app.id, follow=True)) as lines:
        async with asyncio.timeout(60):
            first = await anext(lines)
        assert isinstance(first, LogLine)
        assert first.text == "a secret"
        following = asyncio.ensure_future(anext(lines))
        app.say("while a signer")
        async with asyncio.timeout(60):
            second = await following
        assert isinstance(second, LogLine)
        assert second.text == "while a signer"
        await app.submit(SetUpgradePolicy(policy=Multisig(threshold=2, keys=fewer)), "a", "b")
        following = asyncio.ensure_future(anext(lines))
        app.say("not for c")
        with pytest.raises(ProvenError) as refused:
            async with asyncio.timeout(60):
                await following
        assert refused.value.code is ErrorCode.FORBIDDEN


async def test_who_somebody_is_holds_for_one_session_on_one_node(app: App, tmp_path: Path) -> None:
    """A proof that the owner made is replayed: in another session, on another network's node, for an app."""
    owner = IdentityKey(KEYS["owner"], None)
    async with running_node(tmp_path / "other") as other, manager(other, owner) as elsewhere:
        there = owner.identify((await elsewhere._connection.live()).channel.transcript)
    async with app.manager("owner") as theirs:
        here = owner.identify((await theirs._connection.live()).channel.transcript)
        assert await reads(theirs, app.id)
    inside = IdentityKey(KEYS["owner"], app.id)
    for stolen in (there, here):
        async with manager(app.node, None) as thief:
            session = await thief._connection.live()
            with pytest.raises(ProvenError) as refused:
                await thief._connection.answered(session, stolen, IdentifyResult)
            assert refused.value.code is ErrorCode.UNAUTHENTICATED
    async with manager(app.node, None) as thief:
        session = await thief._connection.live()
        for_an_app = inside.identify(session.channel.transcript)
        with pytest.raises(ProvenError) as refused:
            await thief._connection.answered(session, for_an_app, IdentifyResult)
        assert refused.value.code is ErrorCode.UNAUTHENTICATED
