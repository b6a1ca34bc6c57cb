"""The handlers on the page about events do what it says of them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from proven.client import Event, Published, Subscription
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from support.node import running_node

PAGE = Path(__file__).parents[2] / "docs" / "events.md"


async def take(subscription: Subscription) -> Event:
    async with asyncio.timeout(60):
        return await anext(subscription)


async def test_the_handlers_of_the_page(tmp_path: Path) -> None:
    (source,) = re.findall(r"^```ts\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (tmp_path / "app" / "src").mkdir(parents=True)
    (tmp_path / "app" / "package.json").write_text('{"name": "example"}')
    (tmp_path / "app" / "src" / "app.ts").write_text(source)
    async with running_node(tmp_path / "data") as node:
        app = await node.deploy(tmp_path / "app")
        seed = new_seed()
        tab, other_tab = await node.connect(app, identity=seed), await node.connect(app, identity=seed)
        friend, anybody = await node.connect(app, identity=new_seed()), await node.connect(app)
        names = ("todos", "nudges", "news")
        async with (
            other_tab.subscribe(*names) as own,
            friend.subscribe(*names) as friends,
            anybody.subscribe(*names) as anonymous,
        ):
            await tab.call("add", "1", "milk")
            await tab.call("nudge", (await friend.whoami()).identity)
            await anybody.call("announce", "hello")
            assert await take(own) == Published("todos", {"id": "1", "title": "milk"})
            assert await take(own) == Published("news", "hello")
            assert await take(friends) == Published("nudges", None)
            assert await take(friends) == Published("news", "hello")
            assert await take(anonymous) == Published("news", "hello")
        with pytest.raises(ProvenError) as refused:
            await anybody.call("add", "2", "bread")
        assert refused.value.code is ErrorCode.UNAUTHENTICATED
