"""Strangers who send packages of their own to a node, as slowly as it lets them, to keep others from changing
theirs: a veto has to come in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from proven.client.collect import Collector, collecting
from proven.gateway.submissions import PATH
from proven.packages import build
from proven.wire.applications import (
    AddAllowedOrigin,
    Body,
    Command,
    CreateApplication,
    Deploy,
    OwnerKey,
    sign,
)
from proven.wire.ids import application_id
from support.node import Node, running_node

OWNER: Final = OwnerKey.from_seed(b"O" * 32)
STRANGERS: Final = [OwnerKey.from_seed(bytes([number]) * 32) for number in range(1, 7)]
SIZE: Final = 30_000_000
SOON: Final = 60
"""Seconds in which honest commands have to be accepted; each package of a stranger would take 300."""


def envelope(node: Node, key: OwnerKey, command: Command, revision: int) -> bytes:
    made = application_id(key.public_key, b"nonce")
    origin = node.local._applications.origin
    return sign(Body(origin=origin, application_id=made, revision=revision, command=command), key)


async def create(node: Node, collector: Collector, key: OwnerKey, name: str) -> None:
    command = CreateApplication(name=name, nonce=b"nonce")
    await collector.submit(envelope(node, key, command, 0))


@asynccontextmanager
async def sending_slowly(node: Node, key: OwnerKey) -> AsyncIterator[None]:
    """A deploy that would be accepted, whose package begins at once and then comes in drops."""
    signed = envelope(node, key, Deploy(package_id="0a" * 32), 1)
    framed = len(signed).to_bytes(4, "big") + signed
    place = urlsplit(node.url)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    head = f"POST {PATH} HTTP/1.1\r\nhost: {place.netloc}\r\ncontent-length: {SIZE}\r\n\r\n"
    writer.write(head.encode() + framed + bytes(64 * 1024))
    await writer.drain()

    async def drip() -> None:
        with suppress(OSError):
            while not reader.at_eof():
                writer.write(bytes(4096))
                await writer.drain()
                await asyncio.sleep(1)  # the drops are the attack

    dripping = asyncio.create_task(drip())
    try:
        yield
    finally:
        dripping.cancel()
        writer.close()


@pytest.mark.parametrize("strangers", [1, len(STRANGERS)])
async def test_packages_that_arrive_slowly_hold_nobody_else_up(tmp_path: Path, strangers: int) -> None:
    (tmp_path / "app" / "src").mkdir(parents=True)
    source = "import { run } from '@proven-network/handler';\nexport const say = run(() => 'yes');\n"
    (tmp_path / "app" / "src" / "app.ts").write_text(source)
    package = build(tmp_path / "app")
    async with running_node(tmp_path / "node") as node, collecting(node.url, timeout=SOON) as collector:
        await create(node, collector, OWNER, "honest")
        async with AsyncExitStack() as stack:
            for number, key in enumerate(STRANGERS[:strangers]):
                await create(node, collector, key, f"slow{number}")
                for _ in range(5):
                    await stack.enter_async_context(sending_slowly(node, key))
            change = AddAllowedOrigin(origin="https://todo.example")
            async with asyncio.timeout(SOON):
                await collector.submit(envelope(node, OWNER, change, 1))
            deploy = envelope(node, OWNER, Deploy(package_id=package.id), 2)
            async with asyncio.timeout(SOON):
                result = await collector.submit(deploy, package.to_archive())
            assert result.revision == 3
