"""What `proven dev` makes of a save: a new version, or a reason why the old one stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proven.client import Client
from proven.wire.errors import ProvenError
from support.dev import PATIENCE, DevNode, dev_node, dev_process

MODULE = """
import { run } from '@proven-network/handler';
import { getApplicationStore } from '@proven-network/kv';

const store = getApplicationStore();

export const version = run(() => 'VERSION');
export const slow = run(async (ms: number) => {
  await store.set('slow', 'running');
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'VERSION';
});
export const held = run(async () => {
  await store.set('held', 'running');
  while ((await store.get('held')) === 'running') await new Promise((resolve) => setTimeout(resolve, 10));
  return 'VERSION';
});
export const isHeld = run(async () => (await store.get('held')) === 'running');
export const release = run(async () => store.set('held', 'released'));
"""


class App:
    """A folder whose only module is saved anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.module = folder / "src" / "app.ts"
        self.module.parent.mkdir(parents=True)
        (folder / "package.json").write_text('{"name": "saved"}')
        self.save("one")

    def save(self, version: str, *, more: str = "") -> None:
        self.module.write_text(MODULE.replace("VERSION", version) + more)


@pytest.fixture
def app(tmp_path: Path) -> App:
    return App(tmp_path / "app")


@pytest.fixture
async def node(app: App, tmp_path: Path) -> AsyncIterator[DevNode]:
    async with dev_node(app.folder, tmp_path / "node") as running:
        yield running


@pytest.fixture
async def client(node: DevNode) -> AsyncIterator[Client]:
    async with await node.connect() as connected:
        yield connected


async def test_after_a_save_new_calls_get_the_new_version_and_old_ones_finish_on_theirs(
    app: App, node: DevNode, client: Client
) -> None:
    old = asyncio.create_task(client.call("held"))
    while not await client.call("isHeld"):
        pass
    app.save("two")
    deployed = await node.next("deployed")
    assert deployed["package_id"] != node.started["package_id"]
    assert deployed["version"] == node.started["version"] + 1
    assert await client.call("version") == "two"
    assert not old.done()
    await client.call("release")
    assert await old == "one"


async def test_a_save_while_the_node_starts_is_not_missed(app: App, tmp_path: Path) -> None:
    async with dev_process(app.folder, tmp_path / "node") as node:
        async with asyncio.timeout(PATIENCE):
            while not (node.data_dir / "root.key").exists():
                await asyncio.sleep(0.001)
        app.save("two")
        await node.next("deployed")
        async with await node.connect() as client:
            assert await client.call("version") == "two"


async def test_no_call_fails_while_versions_change(app: App, node: DevNode, client: Client) -> None:
    seen: list[str] = []
    saving = asyncio.create_task(_save_three_times(app, node))
    while not saving.done():
        seen.append(await client.call("version"))
    await saving
    seen.append(await client.call("version"))
    versions = ["one", "v0", "v1", "v2"]
    assert list(dict.fromkeys(seen)) == versions
    assert seen == sorted(seen, key=versions.index)


async def test_a_save_of_what_is_no_part_of_the_package_deploys_nothing(
    app: App, node: DevNode, client: Client
) -> None:
    """Such as what a bundler keeps beside the front end, while it serves it."""
    for number in range(5):
        for path in ("notes.txt", "web/.vite/cache.json"):
            (app.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (app.folder / path).write_text(str(number))
        for _ in range(100):
            await client.call("version")
    app.save("two")
    await node.next("deployed")
    packages = [event["package_id"] for event in node.events if event["event"] == "deployed"]
    assert len(packages) == 1
    assert await client.call("version") == "two"


async def _save_three_times(app: App, node: DevNode) -> None:
    for number in range(3):
        app.save(f"v{number}")
        await node.next("deployed")


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ("export const broken = run(() => {;\n", "syntax"),
        ("import { gone } from './gone.ts';\nexport const kept = gone;\n", "import-unresolved"),
        ("export const odd = run();\n", "handler-arguments"),
    ],
)
async def test_a_save_with_a_mistake_keeps_the_old_version_and_says_where_it_is(
    app: App, node: DevNode, client: Client, mistake: str, rule: str
) -> None:
    app.save("broken", more=mistake)
    error = (await node.next("not_deployed"))["error"]
    assert error["code"] == "BUILD_ERROR"
    problems = error["details"]["problems"]
    assert rule in [problem["rule"] for problem in problems]
    line = MODULE.count("\n") + 1
    assert any((problem["file"], problem["line"]) == ("src/app.ts", line) for problem in problems)
    assert f"src/app.ts:{line}:" in error["message"]
    assert await client.call("version") == "one"

    app.save("mended")
    await node.next("deployed")
    assert await client.call("version") == "mended"


async def test_a_save_that_throws_when_loaded_keeps_the_old_version_and_says_where(
    app: App, node: DevNode, client: Client
) -> None:
    app.save("broken", more="throw new TypeError('not today');\n")
    error = (await node.next("not_deployed"))["error"]
    assert error["code"] == "HANDLER_ERROR"
    assert "not today" in error["message"]
    assert f"src/app.ts:{MODULE.count(chr(10)) + 1}:" in error["details"]["stack"]
    assert await client.call("version") == "one"


async def test_a_save_that_never_finishes_loading_keeps_the_old_version(app: App, tmp_path: Path) -> None:
    quick = {"PROVEN_RUNTIME_LOAD_TIMEOUT": "5"}
    async with (
        dev_node(app.folder, tmp_path / "node", environment=quick) as node,
        await node.connect() as client,
    ):
        app.save("stuck", more="while (true);\n")
        assert (await node.next("not_deployed"))["error"]["code"] == "HANDLER_TIMEOUT"
        assert await client.call("version") == "one"
        app.save("mended")
        await node.next("deployed")
        assert await client.call("version") == "mended"


async def test_an_edited_migration_is_refused_and_the_data_stays(app: App, node: DevNode) -> None:
    more = """
import { getApplicationDb } from '@proven-network/sql';
const db = getApplicationDb().migrate('CREATE TABLE notes (text TEXT)');
export const note = run((text: string) => db.execute(`INSERT INTO notes VALUES ('noted')`));
export const notes = run(async () => (await db.query('SELECT text FROM notes')).map(({ text }) => text));
"""
    app.save("two", more=more)
    await node.next("deployed")
    async with await node.connect() as client:
        await client.call("note")
        app.save("three", more=more.replace("notes (text TEXT)", "notes (text TEXT NOT NULL)"))
        event = await node.next("deployed", "not_deployed")
        if event["event"] == "deployed":
            refused = await _code_of(client, "notes")
            assert refused == "MIGRATION_CHANGED"
        else:
            assert event["error"]["code"] == "MIGRATION_CHANGED"
        app.save("four", more=more)
        await node.next("deployed")
        assert await client.call("notes") == ["noted"]


async def _code_of(client: Client, handler: str) -> str:
    with pytest.raises(ProvenError) as caught:
        await client.call(handler)
    return caught.value.code.value


async def test_what_the_node_stores_in_the_folder_deploys_nothing(app: App, tmp_path: Path) -> None:
    inside = ["--data-dir", str(app.folder / "data")]
    async with (
        dev_node(app.folder, tmp_path / "node", options=inside) as node,
        await node.connect() as client,
    ):
        for _ in range(10):
            await client.call("slow", 20)
        app.save("two")
        assert (await node.next("deployed"))["package_id"] != node.started["package_id"]
        assert await client.call("version") == "two"


async def test_a_file_that_is_not_part_of_the_app_deploys_nothing(app: App, node: DevNode) -> None:
    for ignored in (".git/HEAD", "node_modules/x/index.js", ".proven/note.ts"):
        path = app.folder / ignored
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("export {};")
    app.save("two")
    assert (await node.next("deployed", "not_deployed"))["version"] == 2
