"""Modules of every format load as the resolution map says, and nothing else does."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from proven.wire.errors import ProvenError
from unit.runtime.harness import HEAD, load, load_unchecked, running

pytestmark = pytest.mark.asyncio

HANDLER = "@proven-network/handler"


async def test_modules_import_each_other_also_in_circles() -> None:
    files = {
        "src/app.ts": HEAD
        + """import { b, callA } from "./b.ts"; import data from "./data.json" with { type: "json" };
        export function a() { return "a"; }
        const lazy = async () => (await import("./lazy.ts")).lazy;
        export const all = run(async () => [a(), b(), callA(), data, await lazy(), import.meta.url]);
        """,
        "src/b.ts": """import { a } from "./app.ts";
        export const b = () => "b";
        export const callA = () => a();
        """,
        "src/lazy.ts": "export const lazy = 'lazy';",
        "src/data.json": '{"x": [1, null]}',
    }
    async with running() as runtime:
        app = await load(runtime, files)
        assert await app.call("all") == ["a", "b", "a", {"x": [1, None]}, "lazy", "file:///src/app.ts"]


async def test_common_js_modules_load_with_named_and_default_exports() -> None:
    modules = {
        "src/app.ts": (
            "esm",
            """import { run } from "@proven-network/handler";
            import whole, { named, getter } from "cjs"; import interop from "babel"; import fn from "fn";
            const { env, json, again } = whole;
            export const tryAll = run(() => [whole.named, named, getter, interop, fn(2), env, json.a, again]);
            """,
        ),
        "npm/cjs@1.0.0/index.js": (
            "cjs",
            """'use strict';
            exports.named = 'named';
            Object.defineProperty(exports, 'getter', { enumerable: true, get: () => 'got' });
            exports.env = process.env.NODE_ENV;
            exports.json = require('./data.json');
            exports.again = require('./other') === require('./other') && require('./other').back === exports;
            """,
        ),
        "npm/cjs@1.0.0/other.js": ("cjs", "exports.back = require('./index');"),
        "npm/cjs@1.0.0/data.json": ("json", '{"a": 1}'),
        "npm/babel@1.0.0/index.js": (
            "cjs",
            "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'inner';",
        ),
        "npm/fn@1.0.0/index.js": ("cjs", "module.exports = function (x) { return x * 2; };"),
    }
    links = {
        "src/app.ts": {
            HANDLER: HANDLER,
            "cjs": "npm/cjs@1.0.0/index.js",
            "babel": "npm/babel@1.0.0/index.js",
            "fn": "npm/fn@1.0.0/index.js",
        },
        "npm/cjs@1.0.0/index.js": {
            "./data.json": "npm/cjs@1.0.0/data.json",
            "./other": "npm/cjs@1.0.0/other.js",
        },
        "npm/cjs@1.0.0/other.js": {"./index": "npm/cjs@1.0.0/index.js"},
    }
    async with running() as runtime:
        app = await load_unchecked(runtime, modules, links)
        assert await app.call("tryAll") == ["named", "named", "got", "inner", 4, "production", 1, True]


@pytest.mark.parametrize(
    ("format_", "source", "message"),
    [
        ("esm", "export const x = ;", "src/bad.js"),
        ("cjs", "module.exports = (", "Unexpected token"),
        ("json", "{", "src/bad.js"),
        ("esm", "import 'missing';", "not part of the package"),
        ("cjs", "require('fs');", "not part of the package"),
        ("cjs", "require('node:fs');", "not part of the package"),
        ("esm", "import { nothing } from '@proven-network/kv';", "nothing"),
        ("esm", "import 'elsewhere';", "there is no module"),
    ],
)
async def test_what_cannot_be_loaded_says_why(format_: str, source: str, message: str) -> None:
    modules = {
        "src/app.ts": (
            "esm",
            HEAD + 'import "./bad"; export const tryAll = run(() => 1);',
        ),
        "src/bad.js": (format_, source),
    }
    links = {
        "src/app.ts": {HANDLER: HANDLER, "./bad": "src/bad.js"},
        "src/bad.js": {"@proven-network/kv": "@proven-network/kv", "elsewhere": "src/elsewhere.js"},
    }
    async with running() as runtime:
        with pytest.raises(ProvenError) as caught:
            await load_unchecked(runtime, modules, links)
        assert message in f"{caught.value.message} {caught.value.details}"


@pytest.mark.parametrize(
    ("export", "message"),
    [
        ("const tryAll = () => 1;", "is not a handler"),
        ("const tryAll = undefined;", "is not a handler"),
        ("const other = run(() => 1);", "is not a handler"),
        ('const tryAll = runOnHttp({ path: "/" }, () => 1);', "is a handler of kind http, not rpc"),
    ],
)
async def test_a_listed_handler_must_exist_and_be_of_its_kind(export: str, message: str) -> None:
    modules = {"src/app.ts": ("esm", f"{HEAD}export {export}")}
    async with running() as runtime:
        with pytest.raises(ProvenError, match=message):
            await load_unchecked(runtime, modules, {"src/app.ts": {HANDLER: HANDLER}})


async def test_patterns_of_popular_libraries_survive_the_frozen_realm() -> None:
    source = (Path(__file__).parent / "apps" / "libraries.ts").read_text()
    async with running() as runtime:
        app = await load(runtime, {"src/app.ts": source})
        assert await app.call("all") == ["[1]", True, "legacy!", "bag", "mine", True, 1, 0, "undefined"]


async def test_a_package_that_does_not_load_is_reported_to_the_one_who_loads_it_alone() -> None:
    stray: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: stray.append(context))
    async with running() as runtime:
        with pytest.raises(ProvenError, match="does not load"):
            await load(runtime, "throw new Error('no'); export const a = run(() => 1);")
    gc.collect()
    assert stray == []
