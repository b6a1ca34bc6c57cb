"""An explorer over real applications, packages, log and HTTP, without anything that runs their code."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.apps import LOG, ApplicationRecord, Applications
from proven.engine.embedded import EmbeddedEngine
from proven.gateway.explorer import Explorer, ExplorerRooms
from proven.gateway.http import Request, Response
from proven.gateway.server import HttpServer
from proven.packages import Package, build
from proven.transparency import TransparencyLog
from proven.wire.applications import Body, Command, Deploy, OwnerKey, Policy, SetUpgradePolicy, sign
from proven.wire.log_key import default_name
from proven.wire.notes import NoteSigner, Signature

ROOT_KEY = bytes(range(32))
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"L" * 32)
ORIGIN = default_name(LOG_KEY.public_key().public_bytes_raw())
WITNESS = NoteSigner("witness.example", Ed25519PrivateKey.from_private_bytes(b"W" * 32))
OWNER, SECOND, GUARDIAN = (OwnerKey.from_seed(seed * 32) for seed in (b"O", b"S", b"G"))
BEGUN = 1_790_000_000.0

HANDLER = "import { run } from '@proven-network/handler';\n"


class Gallery:
    """Applications that tests make and change, and the explorer's pages about them."""

    explorer: Explorer

    def __init__(self, applications: Applications, log: TransparencyLog, folder: Path) -> None:
        self.applications = applications
        self.log = log
        self.now = BEGUN
        self.url = ""
        self.witnessed: list[Signature] = []
        self._folder = folder
        self._http = aiohttp.ClientSession()

    def package(self, files: Mapping[str, str | bytes]) -> Package:
        """A package of these files."""
        folder = self._folder / f"app-{len(list(self._folder.iterdir()))}"
        for path, content in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return build(folder)

    async def keep(self, package: Package) -> None:
        """Store a package that no node would deploy: another node's, say."""
        await self.applications._packages.store(package, beside=(), limit=1 << 40)

    async def create(self, name: str, policy: Policy | None = None) -> ApplicationRecord:
        record = await self.applications.create(OWNER, name, name.encode())
        if policy is not None:
            return await self.submit(record, SetUpgradePolicy(policy=policy))
        return record

    async def submit(
        self, record: ApplicationRecord, command: Command, *keys: OwnerKey, package: Package | None = None
    ) -> ApplicationRecord:
        """Carry out a command, signed by `keys` (the owner, if none is named)."""
        present = self.applications.find(record.id)
        body = Body(origin=ORIGIN, application_id=record.id, revision=present.revision, command=command)
        receipt = await self.applications.submit(sign(body, *(keys or (OWNER,))), package=package)
        await self.log.reach(receipt.log_index + 1)
        return self.applications.find(record.id)

    async def deploy(self, record: ApplicationRecord, package: Package, *keys: OwnerKey) -> ApplicationRecord:
        return await self.submit(record, Deploy(package_id=package.id), *keys, package=package)

    async def activate(self, record: ApplicationRecord) -> ApplicationRecord:
        present = self.applications.find(record.id)
        receipt = await self.applications.activate(record.id, present.revision)
        await self.log.reach(receipt.log_index + 1)
        return receipt.record

    async def get(
        self, path: str, *, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> tuple[bytes, Mapping[str, str]]:
        async with self._http.get(f"{self.url}{path}", headers=headers, allow_redirects=False) as response:
            body = await response.read()
            assert response.status == status, (path, response.status, body[:500])
            return body, response.headers

    async def page(self, path: str, *, status: int = 200) -> str:
        return (await self.get(path, status=status))[0].decode()

    async def json(self, path: str) -> Any:
        return json.loads((await self.get(path))[0])

    async def close(self) -> None:
        await self._http.close()


@asynccontextmanager
async def open_gallery(directory: Path) -> AsyncIterator[Gallery]:
    """A gallery whose data is in `directory`."""
    engine = EmbeddedEngine(directory / "engine.db", ROOT_KEY)
    await engine.start()
    folder = directory / "apps"
    folder.mkdir()
    clock: list[Gallery] = []
    applications = Applications(
        engine.logs, engine.objects, origin=ORIGIN, clock=lambda: clock[0].now if clock else BEGUN
    )
    await applications.start()
    log = TransparencyLog(
        engine.logs,
        engine.registers,
        log=LOG,
        directory=directory / "hashes",
        signer=NoteSigner(ORIGIN, LOG_KEY),
    )
    await log.start()
    gallery = Gallery(applications, log, folder)
    clock.append(gallery)
    gallery.explorer = explorer = Explorer(
        ExplorerRooms(applications, log, lambda: gallery.witnessed, lambda: gallery.now)
    )

    async def answer(request: Request) -> Response:
        return await explorer.answer(request) if explorer.owns(request) else Response(404)

    server = HttpServer(answer)
    host, port = await server.listen("127.0.0.1", 0)
    gallery.url = f"http://{host}:{port}"
    try:
        yield gallery
    finally:
        await gallery.close()
        await server.stop(0.1)
        await log.stop()
        await applications.stop()
        await engine.stop()
