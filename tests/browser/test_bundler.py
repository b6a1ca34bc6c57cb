"""What front ends get of the handler modules that they import: functions that call, and nothing else."""

from __future__ import annotations

import asyncio
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.async_api import BrowserContext, expect

from support.dev import dev_node
from support.node import running_node

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv" / "bin" / "node"
SUPPORT = ROOT / "tests" / "support" / "bundler"
BUNDLERS: Final = ("vite", "rollup", "webpack", "esbuild")

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="needs Node.js")

TODOS = """\
// PLANTED comment of the module
import { run, runWithOptions, runOnHttp, runOnSchedule } from '@proven-network/handler';
import { getApplicationStore } from '@proven-network/kv';
import { price } from './planted-import.ts';

const key = 'PLANTED constant';
export const LIMIT = 424242; // PLANTED
export const PLANTED_name = () => key + price;
export interface Todo { title: string; at: Date; count: bigint; tags: Set<string> }
const store = getApplicationStore('PLANTED store');

/** PLANTED documentation */
export const addTodo = run(async (title: string): Promise<Todo> => {
  await store.set('title', title);
  if (title === 'PLANTED') throw new Error('PLANTED error');
  return { title, at: new Date(0), count: BigInt(LIMIT), tags: new Set(['a']) };
});
export const total = run((a: number, b: number) => a + b);
export const renamed = runWithOptions({ timeout: 1000 }, () => 'PLANTED result'.length);
export default run(() => 'default');
const local = run(() => 'local');
export { local as shown };
export const page = runOnHttp({ path: '/PLANTED' }, () => 'PLANTED body');
export const nightly = runOnSchedule({ cron: '0 0 * * *' }, () => 'PLANTED');
"""

MAIN = """\
import { ProvenSDK } from '@proven-network/sdk';
import anything, { addTodo, total, shown as exported } from '../src/todos.ts';
import * as all from '../src/todos.ts';
import { total as again } from './barrel.js';

new ProvenSDK(window.node);
const later = await import('../src/todos.ts');
const todo = await addTodo('milk');
window.results = [
  todo.title, todo.at.getTime(), String(todo.count), [...todo.tags],
  await total(1, 2), await again(3, 4), await anything(),
  await exported(), await all.renamed(), await later.total(5, 6),
];
document.title = 'done';
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "app"
    write(
        folder,
        {
            "package.json": '{"name": "planted", "type": "module"}',
            "src/todos.ts": TODOS,
            "src/planted-import.ts": "export const price = 'PLANTED helper'.length;\n",
            "web/barrel.js": "export * from '../src/todos.ts';\n",
            "web/main.js": MAIN,
        },
    )
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


def run_build(bundler: str, folder: Path, entry: str, *options: str) -> subprocess.CompletedProcess[str]:
    output = folder / "out" / bundler
    command: list[str | Path] = [
        NODE,
        SUPPORT / "build.js",
        bundler,
        folder,
        folder / entry,
        output,
        *options,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def build(bundler: str, folder: Path, entry: str = "web/main.js", *options: str) -> Path:
    done = run_build(bundler, folder, entry, *options)
    assert done.returncode == 0, done.stderr
    return folder / "out" / bundler


def refusal(bundler: str, folder: Path, source: str, name: str = "web/bad.js") -> str:
    """What a build says that has to fail. Nothing of the server may be in what it leaves behind either."""
    write(folder, {name: source})
    done = run_build(bundler, folder, name)
    assert done.returncode != 0, "it was built"
    assert planted(folder / "out") == []
    return done.stderr


def planted(output: Path) -> list[str]:
    """Every output, source maps included, with something of the server in it."""
    words = ["PLANTED", "planted-import", "424242", "UExBTlRFR"]
    words += ["@proven-network/kv", "@proven-network/handler"]
    written = [path for path in output.rglob("*") if path.is_file()]
    return [f"{path}: {word}" for path in written for word in words if word.encode() in path.read_bytes()]


@pytest.mark.parametrize("bundler", BUNDLERS)
def test_nothing_of_a_handler_module_but_addresses_is_in_the_bundle(bundler: str, app: Path) -> None:
    output = build(bundler, app)
    assert planted(output) == []
    text = "".join(path.read_text() for path in output.rglob("*.js"))
    for address in ("src/todos.ts#addTodo", "src/todos.ts#total", "src/todos.ts#shown"):
        assert address in text
    assert "src/todos.ts#page" not in text


REFUSED: Final = {
    "constant": (
        "\nimport { LIMIT } from '../src/todos.ts';\nconsole.log(LIMIT);\n",
        "2:10",
        "'LIMIT' of src/todos.ts is no handler",
    ),
    "http": (
        "import { page as p } from '../src/todos.ts';\nconsole.log(p);\n",
        "1:10",
        "runs on HTTP requests",
    ),
    "schedule": ("export { nightly } from '../src/todos.ts';\n", "1:10", "runs on a schedule"),
    "member": ("import * as t from '../src/todos.ts';\n\nconsole.log(t.LIMIT);\n", "3:13", "'LIMIT'"),
    "absent": (
        "import { nothing } from '../src/todos.ts';\nnothing();\n",
        "1:10",
        "exports no 'nothing'; front-end code can call addTodo",
    ),
    "server package": (
        "import { getApplicationStore } from '@proven-network/kv';\ngetApplicationStore('x');\n",
        "1:1",
        "only exists inside the node",
    ),
    "handler package": (
        "import { run } from '@proven-network/handler';\nexport const x = run(() => 1);\n",
        "1:1",
        "entry module",
    ),
    "query": ("import text from '../src/todos.ts?raw';\nconsole.log(text);\n", "1:", ""),
    "not static": ("import { a } from '../src/dynamic.ts';\na();\n", "", "src/dynamic.ts:2:"),
    "not an entry": ("import { a } from '../lib/outside.ts';\na();\n", "", "lib/outside.ts:1:1"),
    "no syntax": ("import { a } from '../src/broken.ts';\na();\n", "", "src/broken.ts:3:"),
}


@pytest.mark.parametrize("bundler", BUNDLERS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_called_is_refused_with_its_place(bundler: str, case: str, app: Path) -> None:
    source, place, message = REFUSED[case]
    handler = "import { run } from '@proven-network/handler';\n"
    write(
        app,
        {
            "src/dynamic.ts": handler + "export let a = run(() => 'PLANTED');\n",
            "lib/outside.ts": handler + "export const a = run(() => 'PLANTED');\n",
            "src/broken.ts": handler + "\nexport const a = run(() => 'PLANTED';\n",
        },
    )
    said = refusal(bundler, app, source)
    assert message in said
    if place and not (case == "query" and bundler in ("rollup", "esbuild", "webpack")):
        assert f"web/bad.js:{place}" in said


URLS: Final = {
    "vite": [
        "console.log(new URL('../src/todos.ts', import.meta.url));\n",
        "import text from '../src/todos.ts?raw';\nconsole.log(text);\n",
        "import text from '../src/todos.ts?url&inline';\nconsole.log(text);\n",
        "import text from '/src/todos.ts?raw';\nconsole.log(text);\n",
        "console.log(import.meta.glob('../src/*.ts', { query: '?raw', eager: true }));\n",
        "import W from '../src/todos.ts?worker';\nnew W();\n",
        "new Worker(new URL('../src/todos.ts', import.meta.url), { type: 'module' });\n",
    ],
    "webpack": [
        "console.log(new URL('../src/todos.ts', import.meta.url));\n",
        "new Worker(new URL('../src/todos.ts', import.meta.url));\n",
        "import text from '!!raw-loader!../src/todos.ts';\nconsole.log(text);\n",
        "import text from '../src/todos.ts' with { type: 'text' };\nconsole.log(text);\n",
    ],
    "esbuild": ["import text from '../src/todos.ts' with { type: 'text' };\nconsole.log(text);\n"],
}


@pytest.mark.parametrize(
    ("bundler", "source"),
    [
        pytest.param(name, source, id=f"{name}-{n}")
        for name, items in URLS.items()
        for n, source in enumerate(items)
    ],
)
def test_no_way_around_the_stub_carries_the_source(bundler: str, source: str, app: Path) -> None:
    write(app, {"web/bad.js": source})
    done = run_build(bundler, app, "web/bad.js")
    assert planted(app / "out") == []
    assert done.returncode != 0 or "with {" in source


def test_a_worker_of_the_page_gets_stubs_too(app: Path) -> None:
    write(
        app,
        {
            "web/main.js": "new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });\n",
            "web/worker.js": "import { total } from '../src/todos.ts';\ntotal(1, 2);\n",
        },
    )
    output = build("vite", app)
    assert planted(output) == []
    assert any("src/todos.ts#total" in path.read_text() for path in output.rglob("*.js"))


@pytest.mark.parametrize("bundler", BUNDLERS)
def test_a_backend_in_another_package_is_found_through_links(bundler: str, app: Path, tmp_path: Path) -> None:
    page = tmp_path.resolve() / "page"
    write(
        page,
        {
            "package.json": '{"name": "page", "type": "module"}',
            "main.js": "import { total } from 'planted/src/todos.ts';\ntotal(1, 2);\n",
        },
    )
    modules = page / "node_modules"
    modules.mkdir()
    (modules / "planted").symlink_to(app)
    (modules / "@proven-network").symlink_to(ROOT / "node_modules" / "@proven-network")
    output = build(bundler, page, "main.js")
    assert planted(output) == []
    assert "src/todos.ts#total" in (output / "main.js").read_text()


@pytest.mark.parametrize("bundler", BUNDLERS)
def test_entries_that_the_package_states_are_the_handler_modules(bundler: str, app: Path) -> None:
    write(
        app,
        {
            "package.json": json.dumps({"name": "planted", "proven": {"entries": ["api/index.ts"]}}),
            "api/index.ts": "export const PLANTED = 1;\nexport { total, LIMIT } from '../src/todos.ts';\n",
            "web/main.js": "import { total } from '../api/index.ts';\ntotal(1, 2);\n",
        },
    )
    output = build(bundler, app)
    assert planted(output) == []
    assert "api/index.ts#total" in (output / "main.js").read_text()
    assert 'add "src/todos.ts" to' in refusal(
        bundler, app, "import { total } from '../src/todos.ts';\ntotal();\n"
    )


UPSTREAM: Final = {
    "package.json": '{"name": "rollup-notes", "type": "module"}',
    "src/types.ts": "export interface Note { id: string; text: string }\n"
    "export interface Filter { search?: string }\n",
    "src/note-handlers.ts": """\
import { run } from '@proven-network/handler';
import { Note, Filter } from './types';
import { getCurrentIdentity } from '@proven-network/session';
import { getApplicationStore, StringStore } from '@proven-network/kv';

const store: StringStore = getApplicationStore('PLANTED');
export const formatId = (id: string): string => `PLANTED-${id}`;
export const MAX_NOTES = 424242;

export const createNote = run(async (text: string): Promise<Note> => {
  if (!getCurrentIdentity()) throw new Error('PLANTED');
  const note = { id: formatId('1'), text };
  await store.set(note.id, JSON.stringify(note));
  return note;
});
export const getNotes = run(async (filter?: Filter) => [filter?.search ?? 'PLANTED']);
""",
    "src/app.ts": "import { createNote, getNotes } from './note-handlers';\n"
    "export const start = async () => [await createNote('x'), await getNotes({ search: 'y' })];\n",
    "src/index.ts": "export * from './note-handlers';\nexport * from './types';\nexport * from './app';\n",
}
"""An app in the style of the upstream project's example for Rollup, written for this test."""


@pytest.mark.parametrize("bundler", ["vite", "rollup", "esbuild"])
def test_the_front_end_of_an_upstream_app_is_built_as_it_is(bundler: str, tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "notes"
    write(folder, {**UPSTREAM, "main.ts": "import { start } from './src/index';\nstart();\n"})
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    output = build(bundler, folder, "main.ts")
    assert planted(output) == []
    assert "src/note-handlers.ts#createNote" in (output / "main.js").read_text()


def test_the_options_say_where_the_app_is_and_which_modules_are_meant(app: Path) -> None:
    write(app, {"web/main.js": "import { total } from '../src/todos.ts';\ntotal(1, 2);\n"})
    outer = json.dumps({"name": "outer", "proven": {"entries": ["app/src/todos.ts"]}})
    write(app.parent, {"package.json": outer})
    output = build("rollup", app, "web/main.js", "--root", str(app.parent))
    assert "app/src/todos.ts#total" in (output / "main.js").read_text()
    done = run_build("rollup", app, "web/main.js", "--include", "^src/other")
    assert "the `include` of the Proven plugin leaves out" in done.stderr
    done = run_build("rollup", app, "web/main.js", "--root", str(app / "nowhere"))
    assert "is not a folder" in done.stderr


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("localhost", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("bundler", BUNDLERS)
async def test_a_built_page_calls_the_node(
    bundler: str, app: Path, context: BrowserContext, tmp_path: Path
) -> None:
    if bundler == "webpack":  # which writes scripts unless told otherwise, and a script cannot wait
        main = MAIN.replace("new ProvenSDK", "(async () => {\nnew ProvenSDK") + "})();\n"
        write(app, {"web/main.js": main})
    output = await asyncio.to_thread(build, bundler, app)
    async with running_node(tmp_path / "node") as node:
        deployed = await node.deploy(app)
        root = node.local.development_root.public_bytes(Encoding.PEM).decode()
        options = {"gateway": node.url, "application": deployed.id, "policy": {"development": {"root": root}}}
        script = (
            f"<script>window.node = {json.dumps(options)}</script><script type=module src=main.js></script>"
        )
        (output / "page.html").write_text(f"<!doctype html><title>page</title>{script}")
        with served(output) as address:
            page = await context.new_page()
            await page.goto(f"{address}/page.html")
            await expect(page).to_have_title("done")
            results = await page.evaluate("window.results")
    assert results == ["milk", 0, "424242", ["a"], 3, 7, "default", "local", 14, 11]


HTML = '<!doctype html><title>page</title><p id="said"></p><script type="module" src="./main.ts"></script>'
DEV_MAIN = """\
import { ProvenSDK } from '@proven-network/sdk';
import { local } from '@proven-network/bundler/local';
import { greet } from '../src/hello.ts';

performance.mark('loaded');
new ProvenSDK({ application: 'hello', ...local });
const greeting = await greet('Ada');
document.querySelector('#said')!.textContent = greeting.toUpperCase();
"""
HELLO = """\
import { run } from '@proven-network/handler';
const secret = 'PLANTED';
export const greet = run((name: string) => `hello ${name}`);
export const length = run(() => secret.length);
export const LIMIT = 1;
"""


@asynccontextmanager
async def dev_server(root: Path, state: Path) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        NODE,
        SUPPORT / "dev.js",
        root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            address = (await process.stdout.readline()).decode().strip()
        yield address
    finally:
        process.stdin.close()
        await process.wait()


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "hello"
    write(
        folder,
        {
            "package.json": '{"name": "hello", "type": "module"}',
            "src/hello.ts": HELLO,
            "web/main.ts": DEV_MAIN,
            "web/index.html": HTML,
        },
    )
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


async def test_in_development_the_page_finds_the_node_and_follows_what_it_can_call(
    hello: Path, context: BrowserContext, tmp_path: Path
) -> None:
    async with (
        dev_node(hello, tmp_path / "node") as node,
        dev_server(hello / "web", node._state) as address,
    ):
        page = await context.new_page()
        bodies: list[str] = []
        page.on("response", lambda response: bodies.append(response.url))
        await page.goto(address)
        await expect(page.locator("#said")).to_have_text("HELLO ADA", timeout=60_000)
        assert not [url for url in bodies if url.endswith("hello.ts")]

        await page.evaluate("window.kept = true")
        write(hello, {"src/hello.ts": HELLO.replace("hello $", "goodbye $")})
        await node.next("deployed")
        assert await page.evaluate("window.kept"), "a change that the node deploys reloads no page"

        write(
            hello,
            {"src/hello.ts": HELLO.replace("hello $", "goodbye $") + "export const more = run(() => 2);\n"},
        )
        await expect(page.locator("#said")).to_have_text("GOODBYE ADA", timeout=60_000)

        overlay = page.locator("vite-error-overlay")
        write(
            hello,
            {"web/main.ts": DEV_MAIN.replace("{ greet }", "{ greet, LIMIT }") + "console.log(LIMIT);\n"},
        )
        await expect(overlay).to_contain_text("'LIMIT' of src/hello.ts is no handler", timeout=60_000)
        await expect(overlay).to_contain_text("main.ts:3:17")
        write(
            hello,
            {"src/hello.ts": HELLO.replace("export const LIMIT = 1;", "export const LIMIT = run(() => 1);")},
        )
        await expect(overlay).to_have_count(0, timeout=60_000)
        await expect(page.locator("#said")).to_contain_text(" ADA", timeout=60_000)


@pytest.mark.parametrize(
    "query", ["", "?raw", "?url", "?import&raw", "?raw&t=1", "?worker_file&type=module", "?inline"]
)
async def test_the_development_server_gives_no_source_away(
    hello: Path, context: BrowserContext, tmp_path: Path, query: str
) -> None:
    async with dev_server(hello / "web", tmp_path) as address:
        page = await context.new_page()
        await page.goto(f"{address}@vite/client")
        text = await page.evaluate(
            "(url) => fetch(url).then((answer) => answer.text())", f"/@fs{hello}/src/hello.ts{query}"
        )
    assert "PLANTED" not in text
    assert "UExBTlRFR" not in text


TYPES = """\
import { addTodo, total, renamed, type Todo } from '../src/todos.ts';

export const todo: Promise<Todo> = addTodo('milk');
export const sum: Promise<number> = total(1, 2);
export const length: Promise<number> = renamed();
// @ts-expect-error a title is a string
addTodo(1);
// @ts-expect-error a title is needed
addTodo();
// @ts-expect-error what a page gets is a promise, also of a handler that is synchronous
total(1, 2) + 1;
// @ts-expect-error it takes two numbers
total(1, '2');
// @ts-expect-error a todo has no such field
(await addTodo('milk')).colour;
total(1, 2).then((value) => value.toFixed());
"""


def test_the_types_of_stubs_are_those_of_the_handlers(app: Path) -> None:
    handlers = {
        "src/more.ts": """\
import { run, runWithOptions } from '@proven-network/handler';

export const generic = run(async <T,>(value: T): Promise<T> => value);
export const same: Promise<'x'> = generic('x' as const);
export const either = run((a: boolean) => (a ? Promise.resolve('x') : 1));
export const settled: Promise<string | number> = either(true);
export const fails = runWithOptions({ timeout: 5 }, (): never => { throw new Error('x'); });
export const failed: Promise<never> = fails();
export const nothing = run(() => {});
export const done: Promise<void> = nothing();
export const loose = run((value: any): any => value);
export const any: string = loose(1);
"""
    }
    config = json.dumps({"extends": str(ROOT / "tsconfig.base.json"), "include": ["src", "web"]})
    write(app, {"web/types.ts": TYPES, "tsconfig.json": config, **handlers})
    command: list[str | Path] = [
        NODE,
        ROOT / "node_modules" / "typescript" / "bin" / "tsc",
        "--noEmit",
        "-p",
        app,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_front_end_of_the_documentation_is_built(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "front-end.md").read_text("utf-8")
    module, html, main, config = re.findall(r"^```(?:ts|html|js)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    folder = tmp_path.resolve() / "todos"
    files = {"src/todos.ts": module, "web/index.html": html, "web/main.js": main, "vite.config.js": config}
    write(folder, {"package.json": '{"name": "todos", "type": "module"}', **files})
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    vite = ROOT / "node_modules" / "vite" / "bin" / "vite.js"
    subprocess.run([NODE, vite, "build"], cwd=folder, check=True, timeout=120)
    text = "".join(path.read_text() for path in (folder / "dist").rglob("*.js"))
    assert "src/todos.ts#addTodo" in text
    assert "randomUUID" not in text.split("src/todos.ts#addTodo")[1][:200]
    assert "@proven-network/kv" not in text


def test_what_is_published_is_what_the_sources_build(tmp_path: Path) -> None:
    package = ROOT / "packages" / "bundler"
    copy = tmp_path / "packages" / "bundler"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("dist", "node_modules"))
    shutil.copy(ROOT / "tsconfig.base.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    subprocess.run([NODE, "build.js"], cwd=copy, check=True, timeout=120)
    built = {path.name: path.read_bytes() for path in (copy / "dist").iterdir()}
    assert built == {path.name: path.read_bytes() for path in (package / "dist").iterdir()}
