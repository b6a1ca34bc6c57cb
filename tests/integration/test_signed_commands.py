"""Owners change their applications at a whole node by what they sign, and nobody else does by anything."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from proven.packages import Package, build
from proven.wire import cbor
from proven.wire.applications import (
    MAX_ENVELOPE,
    AddAllowedOrigin,
    Archive,
    Body,
    Command,
    CreateApplication,
    Deploy,
    Multisig,
    OwnerKey,
    Policy,
    SetUpgradePolicy,
    Timelock,
    decode_envelope,
    sign,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, application_id
from support.node import Node

ALICE, BOB, CAROL = (OwnerKey.from_seed(bytes([n]) * 32) for n in range(1, 4))
KEYS = tuple(sorted(key.public_key for key in (ALICE, BOB, CAROL)))


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> list[Package]:
    folder = tmp_path_factory.mktemp("app")
    (folder / "src").mkdir()
    built = []
    for text in ("one", "two", "three"):
        source = f"import {{ run }} from '@proven-network/handler'; export const say = run(() => '{text}');"
        (folder / "src" / "app.ts").write_text(source)
        built.append(build(folder))
    return built


class Owner:
    """Signs for one application and posts what was signed."""

    def __init__(self, node: Node, http: aiohttp.ClientSession, name: str) -> None:
        self.node = node
        self.http = http
        self.name = name
        self.origin = node.local._applications.origin

    @property
    def app(self) -> ApplicationId:
        return application_id(ALICE.public_key, self.name.encode())

    @property
    def revision(self) -> int:
        return self.node.local._applications.find(self.name).revision

    def body(self, command: Command, revision: int | None = None) -> Body:
        revision = self.revision if revision is None else revision
        return Body(origin=self.origin, application_id=self.app, revision=revision, command=command)

    async def create(self, policy: Policy | None = None) -> None:
        command = CreateApplication(name=self.name, nonce=self.name.encode(), policy=policy)
        await self.post(sign(self.body(command, 0), ALICE))

    async def post(self, envelope: bytes, archive: bytes = b"") -> dict[str, object]:
        """Raises what the node answers with."""
        body = len(envelope).to_bytes(4, "big") + envelope + archive
        async with self.http.post(f"{self.node.url}/.well-known/proven/commands", data=body) as response:
            answer = await response.json()
            if response.status != 200:
                raise ProvenError.from_record(answer.get("error", answer))
            return dict(answer)

    async def deploy(self, package: Package, *keys: OwnerKey) -> dict[str, object]:
        envelope = sign(self.body(Deploy(package_id=package.id)), *(keys or (ALICE,)))
        return await self.post(envelope, package.to_archive())

    async def say(self) -> object:
        client = await self.node.connect(await self.node.local._applications.resolve(self.name))
        return await client.call("src/app.ts#say")


@pytest_asyncio.fixture(loop_scope="module")
async def owner(node: Node, request: pytest.FixtureRequest) -> AsyncIterator[Owner]:
    name = f"app-{zlib.crc32(request.node.name.encode())}"
    async with aiohttp.ClientSession() as http:
        yield Owner(node, http, name)


async def test_an_owner_creates_and_deploys_and_everybody_calls(
    owner: Owner, packages: list[Package]
) -> None:
    await owner.create()
    first = await owner.deploy(packages[0])
    assert await owner.say() == "one"
    second = await owner.deploy(packages[1])
    assert await owner.say() == "two"
    assert (first["revision"], second["revision"]) == (2, 3)
    assert owner.node.local._applications.find(owner.name).log_index == second["log_index"]


async def test_a_command_arrives_by_a_management_session_too(owner: Owner) -> None:
    await owner.create()
    client = await owner.node.connect(None)
    envelope = sign(owner.body(AddAllowedOrigin(origin="https://page.example")), ALICE)
    result = await client.submit(envelope)
    assert (result.application_id, result.revision, result.activates_at) == (owner.app, 2, None)
    with pytest.raises(ProvenError) as again:
        await client.submit(envelope)
    assert again.value.code is ErrorCode.CONFLICT


async def test_an_upgrade_under_notice_is_announced_and_the_old_version_answers(
    owner: Owner, packages: list[Package]
) -> None:
    await owner.create()
    await owner.deploy(packages[0])
    await owner.post(sign(owner.body(SetUpgradePolicy(policy=Timelock(delay=3600))), ALICE))
    announced = await owner.deploy(packages[1])
    pending = owner.node.local._applications.find(owner.name).pending
    assert pending is not None
    assert announced["activates_at"] == pending.activates_at == pending.announced_at + 3_600_000
    assert await owner.say() == "one"


def altered(envelope: bytes, **changes: object) -> bytes:
    fields = cbor.decode(envelope)
    assert isinstance(fields, dict)
    return cbor.encode({**fields, **changes})


async def test_what_is_not_properly_signed_or_sized_changes_nothing(
    owner: Owner, packages: list[Package]
) -> None:
    await owner.create(Multisig(threshold=2, keys=KEYS))
    body = owner.body(Archive())
    good = sign(body, ALICE, BOB)
    alices, bobs = decode_envelope(good).signatures
    other_log = msgspec.structs.replace(body, origin="log.example/other")
    other_app = msgspec.structs.replace(body, application_id="a" * 32)
    stranger = OwnerKey.from_seed(bytes(32))
    big = sign(owner.body(CreateApplication(name="x", nonce=bytes(64))), ALICE) + bytes(MAX_ENVELOPE)
    attempts = {
        "unsigned": (altered(good, signatures=[]), ErrorCode.UNAUTHENTICATED),
        "signed by a key twice": (altered(good, signatures=[alices, alices]), ErrorCode.BAD_REQUEST),
        "out of order": (altered(good, signatures=[bobs, alices]), ErrorCode.BAD_REQUEST),
        "signatures swapped": (
            altered(good, signatures=[[alices[0], bobs[1]], [bobs[0], alices[1]]]),
            ErrorCode.UNAUTHENTICATED,
        ),
        "too few": (sign(body, ALICE), ErrorCode.FORBIDDEN),
        "a stranger too": (sign(body, ALICE, BOB, stranger), ErrorCode.NOT_OWNER),
        "another network": (sign(other_log, ALICE, BOB), ErrorCode.BAD_REQUEST),
        "no such application": (sign(other_app, ALICE, BOB), ErrorCode.NOT_FOUND),
        "stale": (sign(owner.body(Archive(), 0), ALICE, BOB), ErrorCode.CONFLICT),
        "from the future": (sign(owner.body(Archive(), 2), ALICE, BOB), ErrorCode.CONFLICT),
        "oversized": (big, ErrorCode.TOO_LARGE),
        "malformed": (good[:-1], ErrorCode.BAD_REQUEST),
        "one more field": (altered(good, more=1), ErrorCode.BAD_REQUEST),
        "empty": (b"", ErrorCode.TOO_LARGE),
    }
    refusals = {}
    for what, (envelope, _) in attempts.items():
        with pytest.raises(ProvenError) as refused:
            await owner.post(envelope)
        refusals[what] = refused.value.code
    assert refusals == {what: code for what, (_, code) in attempts.items()}
    assert owner.revision == 1
    await owner.post(good)
    with pytest.raises(ProvenError) as replayed:
        await owner.post(good)
    assert replayed.value.code is ErrorCode.CONFLICT


async def test_a_package_comes_with_its_command_and_is_the_one_it_names(
    owner: Owner, packages: list[Package]
) -> None:
    await owner.create()
    command = sign(owner.body(Deploy(package_id="0" * 64)), ALICE)
    named = sign(owner.body(Deploy(package_id=packages[2].id)), ALICE)
    attempts = [
        (command, b"", ErrorCode.NOT_FOUND),
        (command, packages[2].to_archive(), ErrorCode.BAD_REQUEST),
        (named, packages[2].to_archive()[:-10], ErrorCode.BAD_REQUEST),
        (named, b"not an archive", ErrorCode.BAD_REQUEST),
    ]
    for envelope, archive, code in attempts:
        with pytest.raises(ProvenError) as refused:
            await owner.post(envelope, archive)
        assert refused.value.code is code
    assert owner.revision == 1


async def test_of_two_that_deploy_at_once_one_wins(owner: Owner, packages: list[Package]) -> None:
    await owner.create()
    outcomes = await asyncio.gather(*(owner.deploy(each) for each in packages), return_exceptions=True)
    errors = [each for each in outcomes if isinstance(each, ProvenError)]
    assert [error.code for error in errors] == [ErrorCode.CONFLICT] * 2
    assert owner.node.local._applications.find(owner.name).version == 1


async def test_an_application_session_takes_no_commands(owner: Owner, packages: list[Package]) -> None:
    await owner.create()
    await owner.deploy(packages[0])
    client = await owner.node.connect(await owner.node.local._applications.resolve(owner.name))
    with pytest.raises(ProvenError) as refused:
        await client.submit(sign(owner.body(Archive()), ALICE))
    assert refused.value.code is ErrorCode.FORBIDDEN
