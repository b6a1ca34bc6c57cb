"""Pages ask the log of a real node about the application that answers, in a real browser, and are lied to."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import BrowserContext

from proven.apps import Application
from proven.attestation import DevelopmentAttestor
from proven.node.config import GatewaySettings, NodeConfig
from proven.node.local import LocalNode, local_node
from proven.packages import build
from proven.runtime import RuntimeConfig
from proven.wire import merkle
from proven.wire.applications import (
    Body,
    Command,
    CreateApplication,
    Immutable,
    OwnerKey,
    SetUpgradePolicy,
    Timelock,
    decode_envelope,
    sign,
)
from proven.wire.ids import application_id
from proven.wire.log_entries import Submitted, decode_entry, encode_entry
from proven.wire.log_key import LOG_LABEL, AttestedKey, default_name, user_data
from proven.wire.notes import Checkpoint, Note, NoteSigner
from proven.wire.tiles import Tile, encode_entries
from support.node import APPS, UNHURRIED_SESSIONS
from support.relays import Meddler
from support.sdk_page import SdkPage, new_page, page_server

pytestmark = pytest.mark.asyncio(loop_scope="module")
shared = pytest_asyncio.fixture(scope="module", loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

LOG = "/.well-known/proven/log/"
MALLORY = OwnerKey.from_seed(b"m" * 32)


class Backend:
    """A node with two applications; what is called is the second, whose entries do not begin the log."""

    def __init__(self, node: LocalNode, application: Application) -> None:
        self.node = node
        self.application = application

    @property
    def url(self) -> str:
        return self.node.url.replace("127.0.0.1", "localhost")

    @property
    def signer(self) -> NoteSigner:
        """Whoever made the node can have it sign anything."""
        return self.node._log._signer

    async def leaves(self) -> list[bytes]:
        log = self.node._log
        await log.reach(self.node._applications.root()[0])
        return list(await log.entries(0, log.checkpoint.size))

    async def change(self, command: Command, name: str = "counterpart") -> None:
        """What the owner of the applications signs."""
        record = self.node._applications.find(name)
        await self.node._applications.submit_as(
            self.node._owner, record.id, command, revision=record.revision
        )


@asynccontextmanager
async def running(directory: Path, *, behind: float = 0.0) -> AsyncIterator[Backend]:
    """`behind` is by how many seconds the clock is that dates entries of the log."""
    config = NodeConfig(
        data_dir=directory,
        gateway=GatewaySettings(port=0, shutdown_grace=0.1),
        sessions=UNHURRIED_SESSIONS,
        runtime=RuntimeConfig(pool_size=1),
    )
    async with local_node(config) as node:
        node._applications._clock = lambda: time.time() - behind
        package = build(APPS / "counterpart")
        await node.deploy(package, name="neighbour")
        yield Backend(node, await node.deploy(package))


@shared
async def backend(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Backend]:
    async with running(tmp_path_factory.mktemp("node") / "data") as started:
        yield started


@own
async def other_backend(tmp_path: Path) -> AsyncIterator[Backend]:
    """One whose applications a test may change."""
    async with running(tmp_path / "data") as started:
        yield started


@shared
async def site() -> AsyncIterator[str]:
    async with page_server() as url:
        yield url


@own
async def page(context: BrowserContext, site: str, backend: Backend) -> SdkPage:
    return await new_page(context, site, backend.url)


Answer = Callable[[web.Request], Awaitable[bytes]]


class Relay(Meddler):
    """Carries everything to the node, but answers itself for the paths below the log's in `instead`."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.instead: dict[str, Answer] = {}

    async def _meddle(self, request: web.Request) -> web.StreamResponse:
        for path, answer in self.instead.items():
            if request.path.startswith(LOG + path):
                anyone = {"access-control-allow-origin": "*"}
                return web.Response(body=await answer(request), headers=anyone)
        return await super()._meddle(request)

    def show(self, shown: Shown) -> None:
        self.instead |= {
            "checkpoint": shown.checkpoint,
            "tile/entries/": shown.bundle,
            "application/": shown.listed,
            "consistency": shown.consistency,
        }


class Shown:
    """A log of these leaves, whatever the node's own has, in which entries `own` are the application's."""

    def __init__(self, signer: NoteSigner, leaves: Sequence[bytes], own: Sequence[int] = ()) -> None:
        self.signer = signer
        self.leaves = list(leaves)
        self.own = own
        self.alter_proof: Callable[[list[bytes]], list[bytes]] = lambda proof: proof
        frontier = merkle.Frontier()
        self.hashes: dict[tuple[int, int], bytes] = {}
        for leaf in self.leaves:
            for height, index, value in frontier.append(merkle.leaf_hash(leaf)):
                self.hashes[height, index] = value
        self.root = frontier.root()

    def subtree(self, height: int, index: int) -> bytes:
        return self.hashes[height, index]

    async def checkpoint(self, request: web.Request) -> bytes:
        text = Checkpoint(self.signer.key.name, len(self.leaves), self.root).text()
        return Note(text, (self.signer.sign(text),)).encode().encode()

    async def bundle(self, request: web.Request) -> bytes:
        tile = Tile.parse(request.path.removeprefix(f"{LOG}tile/"))
        first = tile.index * 256
        return encode_entries(self.leaves[first : first + tile.width])

    async def listed(self, request: web.Request) -> bytes:
        size = len(self.leaves)
        entries = [
            {
                "index": index,
                "leaf": base64.b64encode(self.leaves[index]).decode(),
                "hashes": in_base64(self.alter_proof([*merkle.prove_inclusion(index, size, self.subtree)])),
            }
            for index in self.own
        ]
        return msgspec.json.encode({"entries": entries, "more": False})

    async def consistency(self, request: web.Request) -> bytes:
        old, new = int(request.query["old"]), int(request.query["new"])
        return msgspec.json.encode({"hashes": in_base64(merkle.prove_consistency(old, new, self.subtree))})


def in_base64(hashes: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


@own
async def relay(backend: Backend) -> AsyncIterator[Relay]:
    async with Relay(backend.url).running() as running:
        assert isinstance(running, Relay)
        yield running


REQUIRED = {"development": True, "log": "required"}


async def refused(page: SdkPage, rule: str = "log") -> str:
    """Why the answer to a call is refused."""
    found = await page.call("add", 2, 3)
    assert found.get("code") == "EVIDENCE_INVALID", found
    assert found["details"]["rule"] == rule
    assert found["details"]["carriedOut"]
    return str(found["message"])


async def attestation(page: SdkPage) -> dict[str, Any]:
    found: dict[str, Any] = await page.run("return sdk.attestation();")
    return found


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_the_log_confirms_the_package_that_answers(
    page: SdkPage, backend: Backend, transport: str
) -> None:
    await page.make(policy=REQUIRED | {"package": [backend.application.package_id]}, transport=transport)
    assert await page.call("add", 2, 3) == {"value": 5}
    report = await attestation(page)
    log = report["log"]
    record = backend.node._applications.find("counterpart")
    assert (log["packageId"], log["logIndex"], log["version"]) == (record.package_id, record.log_index, 1)
    assert log["owner"] == record.owner.hex()
    assert (log["upgradePolicy"], log["delay"], log["pending"], log["complete"]) == ("owner", 0, None, True)
    assert log["origin"] == backend.signer.key.name
    assert "Its owner can change it at any moment." in report["summary"]
    said = next(sentence for sentence in report["summary"] if "The public log says the same" in sentence)
    assert "version 1 of counterpart" in said


async def test_one_confirmation_is_enough_for_many_calls(page: SdkPage) -> None:
    await page.make(policy=REQUIRED)
    for number in range(5):
        assert await page.call("add", number, 1) == {"value": number + 1}
    assert len([url for url in page.requests if url.endswith("log/checkpoint")]) == 1


async def test_the_log_is_not_asked_unless_a_page_wants_to_know(page: SdkPage) -> None:
    await page.make()
    assert await page.call("add", 2, 3) == {"value": 5}
    assert not [url for url in page.requests if "/log" in url]
    assert (await attestation(page))["log"]["version"] == 1
    assert [url for url in page.requests if url.endswith("/sdk/log.js")]


async def test_a_page_that_is_loaded_again_remembers_what_it_saw(page: SdkPage) -> None:
    await page.make()
    first = await attestation(page)
    assert first["log"]["seenBefore"] is None
    assert any("the first time that this browser sees the log" in each for each in first["summary"])
    await page.reload()
    await page.make()
    again = await attestation(page)
    assert again["log"]["seenBefore"]["size"] == first["log"]["size"]
    assert any("It continues the log that this browser saw on" in each for each in again["summary"])


async def test_another_package_than_the_pinned_ones_is_refused(page: SdkPage) -> None:
    await page.make(policy={"development": True, "package": ["ab" * 32]})
    assert "none of those that the policy names" in await refused(page, "package")


async def test_an_application_that_changes_without_notice_is_refused(page: SdkPage) -> None:
    await page.make(policy={"development": True, "minDelay": 3600})
    why = await refused(page, "upgrade_policy")
    assert "Its owner can change it at any moment. This page requires 1 hour of notice." in why
    assert (await page.outcome("sdk.attestation()"))["details"]["rule"] == "upgrade_policy"


@pytest.mark.parametrize(
    "policy",
    [
        {"package": ["x"]},
        {"minDelay": -1},
        {"minDelay": 0.5},
        {"log": "sometimes"},
        {"log": "when-asked", "minDelay": 60},
    ],
    ids=str,
)
async def test_a_policy_that_could_not_be_meant_is_refused(page: SdkPage, policy: dict[str, Any]) -> None:
    assert (
        await page.outcome("(async () => new ProvenSDK({ application: 'x', policy: argument }))()", policy)
    )["code"] == "BAD_REQUEST"


async def test_changes_of_the_rules_are_seen_and_logs_continue(
    context: BrowserContext, site: str, other_backend: Backend
) -> None:
    page = await new_page(context, site, other_backend.url)
    await page.make()
    before = await attestation(page)
    await other_backend.change(SetUpgradePolicy(policy=Timelock(delay=3600)))
    await page.make(policy={"development": True, "minDelay": 3600})
    assert await page.call("add", 2, 3) == {"value": 5}
    await other_backend.change(SetUpgradePolicy(policy=Immutable()))
    report = await attestation(page)
    assert report["log"]["seenBefore"]["size"] > before["log"]["size"]
    assert report["log"]["delay"] == 3600
    assert report["log"]["pending"]["logIndex"] == report["log"]["size"] - 1
    assert "Its owner can change it, 1 hour after announcing it in the log." in report["summary"]
    assert "Nobody can ever change it." in report["summary"][-1]
    await page.make(policy={"development": True, "minDelay": 3601})
    assert "requires 1 hour 1 second" in await refused(page, "upgrade_policy")


async def test_an_altered_entry_is_refused(page: SdkPage, backend: Backend, relay: Relay) -> None:
    leaves = await backend.leaves()
    honest = Shown(backend.signer, leaves)
    altered = Shown(backend.signer, [leaf[:-1] + bytes([leaf[-1] ^ 1]) for leaf in leaves])
    relay.instead = {"checkpoint": honest.checkpoint, "tile/entries/": altered.bundle}
    await page.make(gateway=relay.url, policy=REQUIRED)
    assert "their root is another" in await refused(page)
    short = Shown(backend.signer, leaves[:-1])
    relay.instead = {"checkpoint": honest.checkpoint, "tile/entries/": short.bundle}
    assert "were given as the whole log" in await refused(page)


async def test_a_long_log_is_read_by_proofs_and_altered_ones_are_refused(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    leaves = await backend.leaves()
    size = len(leaves)
    long = Shown(
        backend.signer, [*leaves, *(b"filler %d" % number for number in range(1100))], range(2, size)
    )
    relay.show(long)
    await page.make(gateway=relay.url, policy=REQUIRED)
    assert await page.call("add", 2, 3) == {"value": 5}
    report = await attestation(page)
    assert (report["log"]["complete"], report["log"]["size"]) == (False, size + 1100)
    assert "left out is the word of the node" in report["summary"][-1]

    longer = Shown(backend.signer, [*long.leaves, b"one more"], range(2, size))
    relay.show(longer)
    assert (await attestation(page))["log"]["seenBefore"]["size"] == size + 1100

    longer.alter_proof = lambda proof: [proof[0][::-1], *proof[1:]]
    await page.make(gateway=relay.url, policy=REQUIRED)
    assert "entry 2 is not shown to be in the log" in await refused(page)

    forked = Shown(backend.signer, [b"another", *longer.leaves[1:], b"two more"], range(2, size))
    relay.show(forked)
    assert f"it had {size + 1101} entries with the root {longer.root.hex()[:16]}…" in await refused(page)


async def test_a_forked_log_is_an_error_that_says_what_was_seen_and_when(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    await page.make(gateway=relay.url, policy=REQUIRED)
    assert await page.call("add", 2, 3) == {"value": 5}
    seen = (await attestation(page))["log"]

    leaves = await backend.leaves()
    relay.show(Shown(backend.signer, [created_by(MALLORY, backend.signer.key.name), *leaves[1:]]))
    await page.reload()
    await page.make(gateway=relay.url, policy=REQUIRED)
    found = await page.call("add", 2, 3)
    assert found["code"] == "EVIDENCE_INVALID"
    assert "the log was forked: on " in found["message"]
    assert f"it had {seen['size']} entries with the root {seen['root'][:16]}…" in found["message"]
    assert found["details"]["seenSize"] == seen["size"]
    assert found["details"]["seenAt"].startswith("20")
    assert "value" not in found
    assert (await page.outcome("sdk.attestation()"))["code"] == "EVIDENCE_INVALID"

    relay.instead = {}
    assert await page.call("add", 2, 3) == {"value": 5}


def created_by(owner: OwnerKey, origin: str) -> bytes:
    application = application_id(owner.public_key, b"x")
    command = CreateApplication(name="another", nonce=b"x")
    body = Body(origin=origin, application_id=application, revision=0, command=command)
    return encode_entry(Submitted(at=int(time.time() * 1000), command=decode_envelope(sign(body, owner))))


async def test_a_log_that_was_rolled_back_is_an_error_that_says_what_was_seen_and_when(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    await page.make(gateway=relay.url)
    leaves = await backend.leaves()
    relay.show(Shown(backend.signer, [*leaves, created_by(MALLORY, backend.signer.key.name)]))
    assert (await attestation(page))["log"]["size"] == len(leaves) + 1
    relay.instead = {}
    await page.make(gateway=relay.url, policy=REQUIRED)
    why = await refused(page)
    assert f"the log was rolled back: it had {len(leaves) + 1} entries on 20" in why
    assert why.endswith(f"now it is shown with {len(leaves)}")


async def test_an_entry_of_another_application_is_refused(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    leaves = await backend.leaves()
    relay.show(Shown(backend.signer, [*leaves[2:4], *leaves[:2], *leaves[4:]]))
    await page.make(gateway=relay.url, policy=REQUIRED)
    neighbour = backend.node._applications.find("neighbour").id
    assert f"entry 3, which the answer names, is about the application {neighbour}" in await refused(page)


async def test_an_entry_that_its_owner_did_not_sign_is_refused(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    leaves = await backend.leaves()
    relay.show(Shown(backend.signer, [*leaves[:3], forged(leaves[3]), *leaves[4:]]))
    await page.make(gateway=relay.url, policy=REQUIRED)
    assert "entry 3 breaks the upgrade policy: only its owner can change" in await refused(page)


def forged(leaf: bytes) -> bytes:
    """The same command, signed by somebody else."""
    entry = decode_entry(leaf)
    assert isinstance(entry, Submitted)
    return encode_entry(Submitted(at=entry.at, command=decode_envelope(sign(entry.command.body, MALLORY))))


async def test_a_log_key_that_this_node_does_not_attest_is_refused(
    page: SdkPage, backend: Backend, relay: Relay, tmp_path: Path
) -> None:
    await page.make(gateway=relay.url, policy=REQUIRED)
    forger = Ed25519PrivateKey.generate()
    name = default_name(forger.public_key().public_bytes_raw())
    signer = NoteSigner(name, forger)
    relay.show(Shown(signer, await backend.leaves()))
    for attestor, public_key, why in [
        (DevelopmentAttestor(tmp_path / "other"), signer.key.public_key, "attested by another node"),
        (backend.node._attestor, backend.signer.key.public_key, "not about the public key"),
        (backend.node._attestor, None, "not about the nonce"),
    ]:
        relay.instead["key"] = attested_key(attestor, signer, public_key)
        assert why in await refused(page)
    relay.instead = {"checkpoint": Shown(signer, await backend.leaves()).checkpoint}
    assert "the checkpoint is not one of the attested key" in await refused(page)


def attested_key(attestor: DevelopmentAttestor, signer: NoteSigner, public_key: bytes | None) -> Answer:
    """The signer's key with evidence about `public_key`; None for its own, for another nonce."""

    async def answer(request: web.Request) -> bytes:
        asked = request.query["nonce"]
        nonce = base64.urlsafe_b64decode(asked + "=" * (-len(asked) % 4))
        text = signer.key.verifier_key()
        evidence = await attestor.attest(
            nonce=nonce if public_key is not None else bytes(32),
            public_key=public_key or signer.key.public_key,
            user_data=user_data(LOG_LABEL, text),
        )
        return AttestedKey(text, evidence).encode()

    return answer


async def test_a_log_that_cannot_be_read_is_said_or_refused(page: SdkPage, relay: Relay) -> None:
    async def nothing(request: web.Request) -> bytes:
        raise web.HTTPServiceUnavailable(headers={"access-control-allow-origin": "*"})

    relay.instead = {"checkpoint": nothing}
    await page.make(gateway=relay.url)
    assert await page.call("add", 2, 3) == {"value": 5}
    report = await attestation(page)
    assert report["log"] is None
    assert "What the public log says about it is not known" in report["summary"][-1]
    await page.make(gateway=relay.url, policy=REQUIRED)
    found = await page.call("add", 2, 3)
    assert (found["code"], found["details"]["carriedOut"]) == ("UNAVAILABLE", True)
    assert (await page.outcome("sdk.attestation()"))["code"] == "UNAVAILABLE"
