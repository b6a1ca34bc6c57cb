"""What `proven dev` tells and does about an app with pages."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

import proven
from support.dev import PATIENCE, DevNode, dev_node, dev_process

MODULE = """
import { run, runOnHttp } from '@proven-network/handler';

export const greet = run((name: string, { loud }: { loud?: boolean } = {}, ...more: string[]) =>
  [name, loud, more]);
export const now = run(() => 0);
export const echo = runOnHttp({ path: '/echo/:word', method: 'GET' }, ({ pathParameters }) =>
  new Response(pathParameters.word, { status: 203 }));
export const fail = runOnHttp({ path: '/fail' }, () => { throw new Error('no'); });
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "app.ts").write_text(MODULE)
    (folder / "package.json").write_text('{"name": "paged", "proven": {"assets": "build/dist"}}')
    (folder / "build" / "dist").mkdir(parents=True)
    (folder / "build" / "dist" / "index.html").write_text("one")
    return folder


@pytest.fixture
async def node(app: Path, tmp_path: Path) -> AsyncIterator[DevNode]:
    async with dev_node(app, tmp_path / "node") as running:
        yield running


async def get(node: DevNode, path: str, host: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{node.url}{path}", headers={"host": host}) as response,
    ):
        return response.status, await response.text()


async def test_the_page_and_the_console_are_where_it_says(node: DevNode) -> None:
    port = node.url.rpartition(":")[2]
    assert node.started["page"] == f"http://paged.localhost:{port}/"
    assert node.started["console"] == f"http://localhost:{port}/"
    assert await get(node, "/", f"paged.localhost:{port}") == (200, "one")


async def test_a_save_among_the_front_end_files_deploys(app: Path, node: DevNode) -> None:
    (app / "build" / "dist" / "index.html").write_text("two")
    assert (await node.next("deployed", "not_deployed"))["event"] == "deployed"
    assert await get(node, "/", "paged.localhost") == (200, "two")


async def test_a_folder_that_is_missing_says_what_to_do_and_comes_back(app: Path, node: DevNode) -> None:
    page = app / "build" / "dist" / "index.html"
    page.unlink()
    error = (await node.next("not_deployed"))["error"]
    assert "run `npm run build` first" in error["message"]
    assert await get(node, "/", "paged.localhost") == (200, "one")
    page.write_text("three")
    await node.next("deployed")
    assert await get(node, "/", "paged.localhost") == (200, "three")


async def test_only_what_is_no_part_of_an_app_is_not_watched(tmp_path: Path, app: Path) -> None:
    inside = app.rename(tmp_path / "venv")
    nested = tmp_path / "node_modules" / "app"
    nested.parent.mkdir()
    inside.rename(nested)
    described = {"name": "paged", "proven": {"assets": ".venv/__pycache__"}}
    (nested / "package.json").write_text(json.dumps(described))
    built = nested / ".venv" / "__pycache__" / "index.html"
    built.parent.mkdir(parents=True)
    built.write_text("one")
    async with dev_node(nested, tmp_path / "node") as node:
        (nested / ".git").mkdir()
        (nested / ".git" / "HEAD").write_text("x")
        built.write_text("two")
        assert (await node.next("deployed", "not_deployed"))["version"] == 2
        assert await get(node, "/", "paged.localhost") == (200, "two")


async def test_calls_of_routes_are_shown_with_path_and_status(node: DevNode) -> None:
    assert await get(node, "/echo/a%20b", "paged.localhost") == (203, "a b")
    called = await node.next("called")
    assert called["http"] == {"method": "GET", "path": "/echo/a%20b", "status": 203}
    await get(node, "/fail", "paged.localhost")
    failed = await node.next("called")
    assert (failed["http"]["status"], failed["error"]["code"]) == (500, "HANDLER_ERROR")


async def test_handlers_are_shown_with_what_they_take(node: DevNode) -> None:
    shown = {handler["address"]: handler["parameters"] for handler in node.started["handlers"]}
    assert shown["src/app.ts#now"] == []
    names = [(each["name"], each["optional"], each["rest"]) for each in shown["src/app.ts#greet"]]
    assert names == [("name", False, False), ("{ loud }", True, False), ("more", True, True)]


async def test_the_banner_says_how_to_call_and_where_to_look(app: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        "python",
        *("-m", "proven", "dev", str(app), "--port", "0", "--data-dir", str(tmp_path / "data"), "--no-check"),
        stdout=asyncio.subprocess.PIPE,
        env=_environment(tmp_path),
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            banner = (await process.stdout.readuntil(b"Ctrl-C")).decode()
    finally:
        process.terminate()
        await process.wait()
    assert re.search(r"page +http://paged\.localhost:\d+/\n", banner)
    assert re.search(r"console +http://localhost:\d+/\n", banner)
    assert "call paged greet <name> [{ loud }] [more …]\n" in banner
    assert "call paged now\n" in banner


def _environment(scratch: Path, **more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {
        "PATH": path,
        "PYTHONPATH": str(Path(proven.__file__).parents[1]),
        "XDG_STATE_HOME": str(scratch / "state"),
        **more,
    }


async def test_type_errors_are_told_after_the_deploy_that_has_them(app: Path, tmp_path: Path) -> None:
    async with dev_node(app, tmp_path / "node", check=True) as node:
        assert (await node.next("checked"))["problems"] == []
        module = app / "src" / "app.ts"
        module.write_text(MODULE + "export const wrong: number = 'text';\n")
        assert (await node.next("deployed", "checked"))["event"] == "deployed"
        (problem,) = (await node.next("checked"))["problems"]
        assert (problem["file"], problem["line"], problem["code"]) == (
            "src/app.ts",
            MODULE.count("\n") + 1,
            "TS2322",
        )
        module.write_text(MODULE + "export const right: number = 1;\n")
        assert (await node.next("checked"))["problems"] == []


async def test_a_check_does_not_keep_the_node_from_ending(app: Path, tmp_path: Path) -> None:
    async with dev_process(app, tmp_path / "node", check=True) as node:
        await node.next("started")
        family = node.family()
        node.process.terminate()
        assert await node.ended() == 0
        assert await asyncio.to_thread(family.survivors, PATIENCE) == set()
        assert "Traceback" not in node.stderr


async def test_the_page_can_be_opened_at_once(app: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part\nmv {opened}.part {opened}\n')
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s"}
    async with dev_node(app, tmp_path / "node", options=["--open"], environment=environment) as node:
        async with asyncio.timeout(PATIENCE):
            while not opened.exists():
                await asyncio.sleep(0.01)
        assert opened.read_text().strip() == node.started["page"]
