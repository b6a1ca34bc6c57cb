"""kill -9 of a node while an owner sends it packages: what it acknowledged is live, with all of its files,
and of what it was doing nothing is left by half.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from proven.client import connect
from proven.packages import Package, build
from proven.wire.applications import Body, Command, CreateApplication, Deploy, OwnerKey, sign
from proven.wire.ids import PackageId, application_id
from support.dev import DevNode, copied, dev_node
from support.node import APPS

OWNER = OwnerKey.from_seed(b"O" * 32)
NONCE = b"fault"
APP = application_id(OWNER.public_key, NONCE)
ROUNDS = 12
CHUNK = 16 * 1024
QUICK = {"PROVEN_RUNTIME_POOL_SIZE": "1"}

SOURCE = """
import {{ run, runOnHealthCheck }} from '@proven-network/handler';
import {{ getApplicationDb, sql }} from '@proven-network/sql';
const db = getApplicationDb('main').migrate('CREATE TABLE visits (version INTEGER)');
export const visit = run(async () => {{
  await db.execute(sql('INSERT INTO visits VALUES (:version)', {{ version: {number} }}));
  return {number};
}});
export const health = runOnHealthCheck({{}}, async () => {{
  await db.execute('INSERT INTO visits VALUES (-1)');
}});
export const health_failures = run(async () =>
  (await db.query('SELECT version FROM visits WHERE version < 0')).length);
"""


@dataclass(frozen=True, slots=True)
class Sent:
    number: int
    package: Package


class Owner:
    """What an owner sent, and what a node acknowledged: the numbers of versions, each its own package."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self.sent: list[Sent] = []
        self.acknowledged: dict[PackageId, int] = {}

    def next(self) -> Sent:
        """Another version, of a few hundred kilobytes."""
        number = len(self.sent) + 1
        for name in ("src", "dist"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "package.json").write_text('{"proven": {"assets": "dist"}}')
        (self._folder / "src" / "app.ts").write_text(SOURCE.format(number=number))
        (self._folder / "dist" / "page.bin").write_bytes(self._chance.randbytes(300_000))
        sent = Sent(number, build(self._folder))
        self.sent.append(sent)
        return sent

    async def send_until_killed(self, node: DevNode) -> None:
        """Send versions; kill the node at a chosen place in one of them."""
        async with aiohttp.ClientSession() as http:
            if not self.sent:
                await self._post(http, node, CreateApplication(name="fault", nonce=NONCE), b"", 0)
            for _ in range(self._chance.randrange(2)):
                await self._deploy(http, node, lambda place: None)
            chosen = self._chance.choice(["upload", "sent", "acknowledged", "carried out"])
            fraction = self._chance.random()

            def at(place: float) -> None:
                if place >= {"upload": fraction, "sent": 1}.get(chosen, 2):
                    node.kill()

            with_answer = asyncio.create_task(self._deploy(http, node, at))
            if chosen == "carried out":
                loaded = asyncio.create_task(self._until_loading(node))
                await asyncio.wait([with_answer, loaded], return_when=asyncio.FIRST_COMPLETED)
                loaded.cancel()
                node.kill()
            await asyncio.gather(with_answer, return_exceptions=True)
            node.kill()
        await node.ended()

    async def _until_loading(self, node: DevNode) -> None:
        """Until the node keeps something of a health check that runs."""
        scratch = node.data_dir / "scratch"
        while not any(scratch.iterdir()):
            await asyncio.sleep(0)

    async def _deploy(self, http: aiohttp.ClientSession, node: DevNode, at: Callable[[float], None]) -> None:
        sent = self.next()
        revision = await self._revision(http, node)
        command = Deploy(package_id=sent.package.id)
        await self._post(http, node, command, sent.package.to_archive(), revision, at)
        self.acknowledged[sent.package.id] = sent.number

    async def _revision(self, http: aiohttp.ClientSession, node: DevNode) -> int:
        async with http.get(f"{node.url}/explorer/applications/{APP}.json") as response:
            assert response.status == 200, await response.text()
            return int((await response.json())["revision"])

    async def _post(
        self,
        http: aiohttp.ClientSession,
        node: DevNode,
        command: Command,
        archive: bytes,
        revision: int,
        at: Callable[[float], None] = lambda place: None,
    ) -> None:
        async with http.get(f"{node.url}/.well-known/proven/log/checkpoint") as response:
            origin = (await response.text()).splitlines()[0]
        body = Body(origin=origin, application_id=APP, revision=revision, command=command)
        envelope = sign(body, OWNER)
        content = len(envelope).to_bytes(4, "big") + envelope + archive

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(content), CHUNK):
                at(start / len(content))
                yield content[start : start + CHUNK]
            at(1)

        async with http.post(f"{node.url}/.well-known/proven/commands", data=chunks()) as response:
            assert response.status == 200, await response.text()


async def check(node: DevNode, owner: Owner) -> None:
    """Hold what the node has against what it may have."""
    assert list((node.data_dir / "scratch").iterdir()) == []
    by_id = {each.package.id: each for each in owner.sent}
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{node.url}/explorer/applications/{APP}.json") as response:
            page = await response.json()
        versions = [each["package_id"] for each in page["versions"]["items"]]
        assert set(owner.acknowledged) <= set(versions) <= set(by_id)
        numbers = sorted(by_id[package_id].number for package_id in versions)
        assert [by_id[each].number for each in reversed(versions)] == numbers, "in the order of sending"
        if not versions:
            return
        live = by_id[page["package_id"]]
        async with http.get(f"{node.url}/app/{APP}/http/page.bin") as response:
            assert await response.read() == live.package.assets["page.bin"]
    async with await connect(node.url, application=APP, verifier=node.verifier) as client:
        result = await client.execute("src/app.ts#visit", b"\x80")
        assert result.package_id == live.package.id
        assert await client.call("src/app.ts#visit") == live.number
        assert await client.call("src/app.ts#health_failures") == 0, "a health check left something"


@pytest.mark.timeout(600)
async def test_a_version_that_was_acknowledged_over_http_survives_kill_9(tmp_path: Path) -> None:
    folder = copied(APPS / "herald", tmp_path / "herald")
    owner = Owner(tmp_path / "app", 20_260_611)
    for _ in range(ROUNDS):
        async with dev_node(folder, tmp_path / "node", options=["--no-watch"], environment=QUICK) as node:
            if owner.sent:
                await check(node, owner)
            await owner.send_until_killed(node)
    async with dev_node(folder, tmp_path / "node", options=["--no-watch"], environment=QUICK) as node:
        await check(node, owner)
    assert 0 < len(owner.acknowledged) < len(owner.sent), "some were killed before, some after"
