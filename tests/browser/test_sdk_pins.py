"""What a page insists on is about more than answers: the end of the log, witnesses, errors and events."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.async_api import BrowserContext

from browser.test_sdk_log import REQUIRED, Backend, Relay, Shown, attestation, refused, running
from proven.gateway import Publisher
from proven.wire import values
from proven.wire.applications import SetUpgradePolicy, Timelock
from proven.wire.commands import ApplicationError
from proven.wire.events import EVERYONE
from proven.wire.ids import PackageId
from proven.wire.log_entries import decode_entry
from proven.wire.notes import Checkpoint, Note, NoteSigner
from support.dishonest import root_of
from support.sdk_page import SdkPage, new_page, page_server

pytestmark = pytest.mark.asyncio(loop_scope="module")
own = pytest_asyncio.fixture(loop_scope="module")

WITNESS = NoteSigner("witness.example", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
ELSEWHERE = PackageId("0" * 64)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[str]:
    async with page_server() as url:
        yield url


@own
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with running(tmp_path / "data") as started:
        yield started


@own
async def relay(backend: Backend) -> AsyncIterator[Relay]:
    async with Relay(backend.url).running() as started:
        assert isinstance(started, Relay)
        yield started


@own
async def page(context: BrowserContext, site: str, relay: Relay) -> SdkPage:
    return await new_page(context, site, relay.url)


async def test_the_newest_entries_cannot_be_kept_from_a_browser_that_never_saw_them(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    await backend.change(SetUpgradePolicy(policy=Timelock(delay=3600)))
    await backend.change(SetUpgradePolicy(policy=Timelock(delay=60)))
    leaves = await backend.leaves()
    relay.show(Shown(backend.signer, leaves[:-1]))
    await page.make(policy=REQUIRED)
    why = await refused(page)
    assert f"it has {len(leaves) - 1} entries, and the node says in the session that there are" in why
    assert (await page.outcome("sdk.attestation()"))["code"] == "EVIDENCE_INVALID"
    relay.instead = {}
    assert await page.call("add", 2, 3) == {"value": 5}
    assert (await attestation(page))["log"]["pending"]["logIndex"] == len(leaves) - 1


async def test_an_entry_cannot_be_left_out_of_a_long_log(
    page: SdkPage, backend: Backend, relay: Relay
) -> None:
    await backend.change(SetUpgradePolicy(policy=Timelock(delay=3600)))
    leaves = await backend.leaves()
    filled = [*leaves, *(b"filler %d" % number for number in range(1100))]
    relay.show(Shown(backend.signer, filled, range(2, len(leaves) - 1)))
    await page.make(policy=REQUIRED)
    assert "entries were left out: 2 are shown, and the node says in the session" in await refused(page)


def cosigned(shown: Shown, at: int) -> Any:
    async def answer(request: web.Request) -> bytes:
        note = Note.parse(await shown.checkpoint(request))
        return Note(note.text, (*note.signatures, WITNESS.cosign(note.text, at))).encode().encode()

    return answer


async def test_a_page_requires_its_witnesses(page: SdkPage, backend: Backend, relay: Relay) -> None:
    policy = {"development": True, "witnesses": [WITNESS.key.verifier_key(cosigner=True)]}
    await page.make(policy=policy)
    assert "0 of the 1 witnesses that this page requires cosigned the checkpoint" in await refused(page)
    leaves = await backend.leaves()
    at = decode_entry(leaves[-1]).at // 1000
    relay.instead = {"checkpoint": cosigned(Shown(backend.signer, leaves), at)}
    assert await page.call("add", 2, 3) == {"value": 5}
    report = await attestation(page)
    assert [each["witness"] for each in report["log"]["witnessed"]] == ["witness.example"]
    assert any("witness.example saw it in the log on 20" in each for each in report["summary"])
    relay.instead = {"checkpoint": cosigned(Shown(backend.signer, leaves), at - 3600)}
    await page.make(policy=policy)
    assert "was postdated: it says that it is of" in await refused(page)


async def test_a_page_requires_that_a_notice_was_witnessed(
    context: BrowserContext, site: str, tmp_path: Path
) -> None:
    """As the node's clock has it, the change was announced an hour before it came into force."""
    async with running(tmp_path / "node", behind=7200) as backend, Relay(backend.url).running() as relay:
        assert isinstance(relay, Relay)
        await backend.change(SetUpgradePolicy(policy=Timelock(delay=3600)))
        await backend.change(SetUpgradePolicy(policy=Timelock(delay=60)))
        announced = len(await backend.leaves()) - 1
        applications = backend.node._applications
        applications._clock = lambda: time.time() - 1800
        record = applications.find("counterpart")
        await applications.activate(record.id, record.revision)

        leaves = await backend.leaves()
        shown = Shown(backend.signer, leaves)
        relay.instead = {"checkpoint": cosigned(shown, int(time.time()))}
        page = await new_page(context, site, relay.url)
        policy = {"development": True, "witnesses": [WITNESS.key.verifier_key()]}
        await page.make(policy=policy)
        assert await page.call("add", 2, 3) == {"value": 5}
        await page.make(policy=policy | {"noticeWitnessed": True})
        why = await refused(page, "notice")
        assert f"the change in entry {announced} is in force, and says that it was announced on 20" in why
        assert "witness.example first saw it on" in why

        async def seen(request: web.Request) -> bytes:
            text = Checkpoint(backend.signer.key.name, announced + 1, root_of(leaves[: announced + 1])).text()
            note = Note(text, (WITNESS.cosign(text, int(time.time()) - 7150),))
            return msgspec.json.encode({"notes": [note.encode()]})

        relay.instead["cosigned"] = seen
        assert await page.call("add", 2, 3) == {"value": 5}


@pytest.mark.parametrize(
    "policy",
    [
        {"minWitnesses": 1},
        {"noticeWitnessed": True},
        {"witnesses": ["w"], "minWitnesses": 2},
        {"witnesses": ["w", "w"]},
        {"witnesses": ["w"], "log": "when-asked"},
        {"witnesses": ["w"], "minWitnesses": 0, "noticeWitnessed": True},
    ],
    ids=str,
)
async def test_a_policy_that_could_not_be_meant_is_refused(page: SdkPage, policy: dict[str, Any]) -> None:
    made = "(async () => new ProvenSDK({ application: 'x', policy: argument }))()"
    assert (await page.outcome(made, policy))["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("by", ["log", "package"])
async def test_errors_are_held_to_the_policy_as_answers_are(
    page: SdkPage, backend: Backend, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    pinned = {"development": True, "package": [backend.application.package_id]}
    await page.make(policy=REQUIRED if by == "log" else pinned)
    assert (await page.call("fail", "as it is"))["code"] == "HANDLER_ERROR"
    assert (await page.call("absent"))["code"] == "NOT_FOUND"

    named = "proven.gateway.commands.ApplicationError"
    monkeypatch.setattr(named, lambda error, package, entry: ApplicationError(error, ELSEWHERE, entry))
    found = await page.call("fail", "a lie")
    assert found["code"] == "EVIDENCE_INVALID", found
    assert "the call was carried out, but its error is refused" in found["message"]
    monkeypatch.setattr(named, lambda error, package, entry: error)
    found = await page.call("fail", "a lie")
    assert found["code"] == "EVIDENCE_INVALID", found
    assert "does not say which package it is of" in found["message"]
    await page.make()
    assert (await page.call("fail", "not pinned"))["code"] == "HANDLER_ERROR"


@pytest.mark.parametrize("by", ["log", "package"])
async def test_events_are_held_to_the_policy_as_answers_are(page: SdkPage, backend: Backend, by: str) -> None:
    app, messages = backend.application, backend.node._engine.messages
    pinned = {"development": True, "package": [app.package_id]}
    await page.make(policy=REQUIRED if by == "log" else pinned)
    await page.run(
        "globalThis.seen = []; const onRefused = ({ code, message }) => seen.push([code, message]);"
        "await sdk.subscribe('news', (payload) => seen.push(payload), { onRefused });"
    )
    for package, entry, said in (
        (app.package_id, app.log_index, "one"),
        (ELSEWHERE, app.log_index, "two"),
        (app.package_id, None, "three"),
        (app.package_id, app.log_index, "four"),
    ):
        sink = Publisher(messages, lambda application, package, entry=entry: entry)  # type: ignore[misc]
        await sink.publish(app.id, package, "news", values.encode(said), EVERYONE)
    await page.run("await until(() => seen.length === 4)")
    first, second, third, fourth = await page.run("return seen")
    assert (first, fourth) == ("one", "four")
    assert second[0] == third[0] == "EVIDENCE_INVALID"
    assert "an event is refused" in second[1]
    assert "does not say which package it is of" in third[1]
