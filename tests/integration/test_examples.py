"""Each example does what its README says."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import deno
import pytest

from integration.guest_apps import ALICE, APPS, BOB, ROOT, running
from support.published import Recorder

EXAMPLES = ROOT / "examples"
MIB = 1024 * 1024


async def test_todo_keeps_a_list_per_person_and_tells_their_other_tabs(tmp_path: Path) -> None:
    events = Recorder()
    async with running(EXAMPLES / "todo", tmp_path, events=events) as app:
        water = await app.call("todos.addTodo", " Water the plants ", identity=ALICE)
        await app.call("todos.addTodo", "Write to Bob", identity=ALICE)
        await app.call("todos.addTodo", "Bob's own", identity=BOB)
        assert (water["title"], water["done"]) == ("Water the plants", False)
        assert isinstance(water["createdAt"], datetime)

        changed = await app.call("todos.updateTodo", water["id"], {"done": True}, identity=ALICE)
        assert changed == {**water, "done": True}
        titles = [todo["title"] for todo in await app.call("todos.listTodos", identity=ALICE)]
        assert titles == ["Water the plants", "Write to Bob"]
        (found,) = await app.call("todos.listTodos", {"done": False, "search": "write"}, identity=ALICE)
        assert found["title"] == "Write to Bob"
        assert await app.call("todos.todoStats", identity=ALICE) == {"total": 2, "done": 1, "open": 1}

        assert await app.call("todos.markAll", True, identity=ALICE) == 2
        assert await app.call("todos.todoStats", identity=ALICE) == {"total": 2, "done": 2, "open": 0}
        assert await app.call("todos.todoStats", identity=BOB) == {"total": 1, "done": 0, "open": 1}
        assert await app.call("todos.removeTodo", water["id"], identity=BOB) is False
        assert await app.call("todos.removeTodo", water["id"], identity=ALICE) is True

        assert [each.audience for each in events.published] == [ALICE, ALICE, BOB, ALICE, ALICE, ALICE]

        assert await app.code("todos.listTodos") == "NO_IDENTITY"
        assert "needs a title" in (await app.error("todos.addTodo", " ", identity=ALICE)).message
        assert "there is no todo" in (await app.error("todos.updateTodo", "x", {}, identity=ALICE)).message


async def test_guestbook_is_signed_and_read(tmp_path: Path) -> None:
    async with running(EXAMPLES / "guestbook", tmp_path) as app:
        as_json = {"content-type": "application/json"}
        body = json.dumps({"name": "Ada", "message": "<b>Hello</b> & welcome"}).encode()
        signed = await app.request("POST", "/entries", body=body, headers=as_json)
        assert signed.status == 201
        entry = json.loads(await signed.read())
        assert (entry["id"], entry["name"]) == (1, "Ada")

        as_form = {"content-type": "application/x-www-form-urlencoded"}
        form = await app.request("POST", "/entries", body=b"name=Bob&message=Hi+there", headers=as_form)
        assert (form.status, form.headers["location"]) == (303, "./")

        listed = json.loads(await (await app.request("GET", "/entries")).read())
        assert [(entry["name"], entry["message"]) for entry in listed] == [
            ("Bob", "Hi there"),
            ("Ada", "<b>Hello</b> & welcome"),
        ]
        older = json.loads(await (await app.request("GET", "/entries?before=2")).read())
        assert [entry["name"] for entry in older] == ["Ada"]
        assert json.loads(await (await app.request("GET", "/entries/1")).read()) == entry
        assert (await app.request("GET", "/entries/99")).status == 404
        assert (await app.request("GET", "/entries?before=x")).status == 400

        page = await app.request("GET", "/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        html = (await page.read()).decode()
        assert "&lt;b&gt;Hello&lt;/b&gt; &amp; welcome" in html
        assert "<b>Hello" not in html

        for name, message in [("", "x"), ("x", ""), ("x" * 81, "x"), ("x", "x" * 1001)]:
            body = json.dumps({"name": name, "message": message}).encode()
            assert (await app.request("POST", "/entries", body=body, headers=as_json)).status == 400


async def test_files_stores_and_streams_50_megabytes(tmp_path: Path) -> None:
    piece = os.urandom(MIB)
    digest = hashlib.sha256(piece * 50).hexdigest()

    async def content() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield piece

    async with running(EXAMPLES / "files", tmp_path) as app:
        upload = await app.request(
            "PUT", "/files/holiday.mp4", body=content(), headers={"content-type": "video/mp4"}
        )
        assert upload.status == 201
        assert json.loads(await upload.read()) == {"size": 50 * MIB, "sha256": digest}

        download = await app.request("GET", "/files/holiday.mp4")
        assert (download.status, download.headers["content-type"]) == (200, "video/mp4")
        assert download.headers["content-length"] == str(50 * MIB)
        received = hashlib.sha256()
        async for chunk in download.chunks():
            received.update(chunk)
        assert received.hexdigest() == digest

        listed = json.loads(await (await app.request("GET", "/files")).read())
        assert [(file["path"], file["sha256"]) for file in listed] == [("holiday.mp4", digest)]
        assert (await app.request("DELETE", "/files/holiday.mp4")).status == 204
        assert (await app.request("DELETE", "/files/holiday.mp4")).status == 404
        assert (await app.request("GET", "/files/holiday.mp4")).status == 404
        small = await app.request("PUT", "/files/small", body=b"tiny")
        assert small.status == 201
        assert await (await app.request("GET", "/files/small")).read() == b"tiny"


def test_examples_and_test_apps_type_check_against_the_published_types(tmp_path: Path) -> None:
    imports = {
        f"@proven-network/{folder.name}": str(folder / "index.d.ts")
        for folder in (ROOT / "packages").iterdir()
        if (folder / "index.d.ts").exists()
    }
    config = tmp_path / "deno.json"
    config.write_text(json.dumps({"imports": imports, "compilerOptions": {"strict": True}}))
    sources = [str(path) for folder in (EXAMPLES, APPS) for path in sorted(folder.glob("*/src/*.ts"))]
    result = subprocess.run(
        [deno.find_deno_bin(), "check", "--no-remote", "--no-npm", "--config", str(config), *sources],
        capture_output=True,
        text=True,
        env={"DENO_DIR": str(tmp_path / "deno"), "NO_COLOR": "1", "HOME": str(tmp_path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr


HANDLER_PACKAGES = sorted(types.parent for types in (ROOT / "packages").glob("*/index.d.ts"))


@pytest.mark.parametrize("package", HANDLER_PACKAGES, ids=lambda path: path.name)
def test_a_type_package_promises_what_the_runtime_has(package: Path) -> None:
    """Every value that the types declare is exported by the guest's module, and nothing else is."""
    manifest = json.loads((package / "package.json").read_text())
    assert manifest["types"] == "./index.d.ts"
    assert manifest["license"] == "Apache-2.0"
    types = (package / "index.d.ts").read_text()
    declared = set(re.findall(r"^export (?:function|const|class) (\w+)", types, re.MULTILINE))
    module = ROOT / "src/proven/runtime/js/api" / f"{package.name}.js"
    names = "JSON.stringify(Object.keys(create({})))"
    script = f"import create from {json.dumps(module.as_uri())}; console.log({names});"
    result = subprocess.run(
        [deno.find_deno_bin(), "run", "--no-remote", "--no-npm", "--no-config", "-"],
        input=script,
        capture_output=True,
        text=True,
        env={"NO_COLOR": "1"},
        check=True,
    )
    assert set(json.loads(result.stdout)) == declared
