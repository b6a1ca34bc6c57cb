"""`proven dev --allow-origin`: pages of that origin may use the app, also after a restart without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proven.client import connect
from proven.wire.errors import ErrorCode, ProvenError
from support.dev import DevNode, copied, dev_node, dev_process
from support.node import APPS

PAGE = "https://staging.example"


async def may_use(node: DevNode, origin: str) -> bool:
    try:
        client = await connect(
            node.url, application=node.started["application_id"], verifier=node.verifier, origin=origin
        )
    except ProvenError as error:
        if error.code is not ErrorCode.ORIGIN_DENIED:
            raise
        return False
    async with client:
        return await client.call("ping") == "pong"


async def test_an_allowed_origin_stays_allowed(tmp_path: Path) -> None:
    app, scratch = copied(APPS / "attacker", tmp_path / "app"), tmp_path / "node"
    options = ["--allow-origin", "https://Staging.example:443/", "--allow-origin", "http://10.0.0.1:8080"]
    async with dev_node(app, scratch, options=options) as node:
        assert await may_use(node, PAGE)
        assert await may_use(node, "http://10.0.0.1:8080")
        assert await may_use(node, "http://localhost:5173")
        assert not await may_use(node, "https://evil.example")
        node.interrupt()
        await node.ended()
    for again in (options, []):
        async with dev_node(app, scratch, options=again) as node:
            assert await may_use(node, PAGE)


@pytest.mark.parametrize("origin", ["staging.example", "https://*.example", "https://a.example/path"])
async def test_what_is_no_origin_is_said_before_anything_starts(tmp_path: Path, origin: str) -> None:
    app = copied(APPS / "attacker", tmp_path / "app")
    async with dev_process(app, tmp_path / "node", options=["--allow-origin", origin]) as node:
        assert await node.ended() == 2
        assert "--allow-origin" in node.stderr
