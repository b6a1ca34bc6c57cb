"""Who reads the log and the metrics of an application: whoever the log names as able to change it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.client import Client, MissedLines, connect
from proven.wire import cbor
from proven.wire.applications import (
    Archive,
    Body,
    Command,
    Multisig,
    OwnerKey,
    SetUpgradePolicy,
    SignedCommand,
    Timelock,
    TimelockMultisig,
    TransferOwnership,
    sign,
)
from proven.wire.commands import (
    Done,
    FollowLogs,
    Identify,
    IdentifyResult,
    LogLine,
    Permission,
    ReadLogs,
    ReadLogsResult,
    ReadMetrics,
    ReadMetricsResult,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId
from proven.wire.permissions import LONGEST, Permitted, Readable
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


def permitted(
    app: App, what: Readable, reader: IdentityKey, *, by: str = "owner", until: int = 600, **change: str
) -> Permission:
    """What the holder of a key signs to let `reader` read, for so many seconds."""
    ends = int(time.time()) + until
    fields = {"origin": app.node.local._applications.origin, "application_id": app.id, "what": what}
    message = Permitted(**{**fields, "reader": reader.identity, **change}, until=ends).encode()  # type: ignore[arg-type]
    key = OwnerKey(KEYS[by])
    return Permission(public_key=key.public_key, signature=key.sign(message), until=ends)


def program() -> IdentityKey:
    return IdentityKey(Ed25519PrivateKey.generate(), None)


async def tries(app: App, client: Client, permission: Permission | None) -> list[ErrorCode | None]:
    """What becomes of reading the log, following it, and asking for metrics; None where it is told."""
    outcomes: list[ErrorCode | None] = []
    for follow in (False, True):
        command = (
            FollowLogs(application=app.id, after=0, permission=permission)
            if follow
            else ReadLogs(application=app.id, permission=permission)
        )
        outcomes.append(await outcome(client, command))
    outcomes.append(await outcome(client, ReadMetrics(application=app.id, permission=permission)))
    return outcomes


async def outcome(client: Client, command: FollowLogs | ReadLogs | ReadMetrics) -> ErrorCode | None:
    kind = {FollowLogs: Done, ReadLogs: ReadLogsResult, ReadMetrics: ReadMetricsResult}[type(command)]
    try:
        await client._connection.ask(command, kind)
    except ProvenError as error:
        return error.code
    return None


NO = ErrorCode.UNAUTHENTICATED


async def pushed(app: App, lines: AsyncIterator[LogLine | MissedLines]) -> None:
    """Read what was there, and one line that is sent for being followed."""
    await anext(lines)
    following = asyncio.ensure_future(anext(lines))
    app.say("pushed")
    line = await following
    assert isinstance(line, LogLine)
    assert line.text == "pushed"


async def test_a_program_reads_what_the_owner_lets_it_read_and_nothing_else(app: App) -> None:
    key = program()
    async with manager(app.node, key) as client:
        assert await tries(app, client, permitted(app, "logs", key)) == [None, None, NO]
        assert await tries(app, client, permitted(app, "metrics", key)) == [NO, NO, None]
        assert await tries(app, client, None) == [ErrorCode.FORBIDDEN] * 3
        found = client.logs("told", permission=permitted(app, "logs", key))
        async with contextlib.aclosing(found) as lines:
            assert (await anext(lines)).text == "a secret"  # type: ignore[union-attr]


async def test_permissions_of_those_who_may_not_read_are_good_for_nothing(app: App) -> None:
    key = program()
    guardian = KEYS["guardian"].public_key().public_bytes_raw()
    await app.submit(SetUpgradePolicy(policy=Timelock(delay=60, guardians=(guardian,))), "owner")
    async with manager(app.node, key) as client:
        for name in ("stranger", "guardian", "a"):
            assert (await tries(app, client, permitted(app, "logs", key, by=name)))[0] is ErrorCode.FORBIDDEN


async def test_each_signer_lets_others_read_for_as_long_as_they_are_one(app: App) -> None:
    await app.submit(SetUpgradePolicy(policy=Multisig(threshold=2, keys=SIGNERS)), "owner")
    key = program()
    given = permitted(app, "logs", key, by="c")
    async with manager(app.node, key) as client:
        following = client.logs(app.id, follow=True, permission=given)
        async with asyncio.timeout(60), contextlib.aclosing(following) as lines:
            await pushed(app, lines)
            fewer = tuple(each for each in SIGNERS if each != given.public_key)
            await app.submit(SetUpgradePolicy(policy=Multisig(threshold=2, keys=fewer)), "a", "b")
            app.say("not for c's program")
            with pytest.raises(ProvenError) as refused:
                await anext(lines)
        assert refused.value.code is ErrorCode.FORBIDDEN


async def test_a_permission_is_for_one_key_application_and_network(app: App) -> None:
    other = await app.node.local._applications.create(OwnerKey(KEYS["owner"]), "other", b"another")
    key, thief = program(), program()
    stolen = permitted(app, "logs", key)
    async with manager(app.node, thief) as client:
        assert await tries(app, client, stolen) == [NO] * 3
        async with manager(app.node, None) as nobody:
            assert await tries(app, nobody, stolen) == [NO] * 3
    async with manager(app.node, key) as client:
        assert await tries(App(app.node, other.id), client, stolen) == [NO] * 3
        assert await tries(app, client, permitted(app, "logs", key, origin="other.example/log")) == [NO] * 3
        assert await tries(app, client, permitted(app, "logs", key, application_id=other.id)) == [NO] * 3
        longer = msgspec.structs.replace(stolen, until=stolen.until + 60)
        assert await tries(app, client, longer) == [NO] * 3


async def test_a_permission_ends_while_it_is_used(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    key = program()
    given = permitted(app, "logs", key)
    async with manager(app.node, key) as client:
        following = client.logs(app.id, follow=True, permission=given)
        async with asyncio.timeout(60), contextlib.aclosing(following) as lines:
            await pushed(app, lines)
            monkeypatch.setattr(app.node.local._telemetry, "_clock", lambda: float(given.until))
            app.say("too late")
            with pytest.raises(ProvenError) as refused:
                await anext(lines)
        assert refused.value.code is NO
        assert await tries(app, client, given) == [NO] * 3


async def test_no_permission_lasts_longer_than_a_session(app: App) -> None:
    key = program()
    async with manager(app.node, key) as client:
        assert (await tries(app, client, permitted(app, "logs", key, until=LONGEST)))[0] is None
        assert await tries(app, client, permitted(app, "logs", key, until=LONGEST + 3600)) == [NO] * 3
        assert await tries(app, client, permitted(app, "logs", key, until=0)) == [NO] * 3


async def test_commands_and_permissions_are_not_taken_for_each_other(app: App) -> None:
    key = program()
    applications = app.node.local._applications
    given = permitted(app, "logs", key)
    body = Body(
        origin=applications.origin,
        application_id=app.id,
        revision=applications.find(app.id).revision,
        command=Archive(),
    )
    command = msgspec.structs.replace(given, signature=OwnerKey(KEYS["owner"]).sign(body.encode()))
    async with manager(app.node, key) as client:
        assert await tries(app, client, command) == [NO] * 3
    forged = SignedCommand(body=body, raw=body.encode(), signatures=((given.public_key, given.signature),))
    with pytest.raises(ProvenError) as refused:
        await applications.submit(forged.encode())
    assert refused.value.code is NO
    message = Permitted(applications.origin, app.id, "logs", key.identity, given.until).encode()
    as_command = cbor.encode({"body": message, "signatures": [(given.public_key, given.signature)]})
    with pytest.raises(ProvenError) as refused:
        await applications.submit(as_command)
    assert refused.value.code is ErrorCode.BAD_REQUEST
    async with manager(app.node, None) as thief:
        session = await thief._connection.live()
        proof = Identify(public_key=given.public_key, signature=given.signature)
        with pytest.raises(ProvenError) as refused:
            await thief._connection.answered(session, proof, IdentifyResult)
        assert refused.value.code is NO
    assert not applications.find(app.id).archived
