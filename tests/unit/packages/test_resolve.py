"""Imports lead where Node.js says, under the conditions of a web-platform sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from proven.packages import Rule
from proven.packages._module import ImportKind
from proven.packages._resolve import ResolutionError, Resolver


class Memory:
    """A tree of paths; `npm/<name>@1.0.0` is what everybody sees as `<name>`."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files

    def exists(self, path: str) -> bool:
        return path in self.files

    def read(self, path: str) -> bytes:
        return self.files[path].encode()

    def dependency(self, package: str, name: str) -> str | None:
        folder = f"npm/{name}@1.0.0"
        return folder if any(path.startswith(folder + "/") for path in self.files) else None


def lead(
    files: Mapping[str, str], specifier: str, importer: str = "src/a.ts", kind: ImportKind = ImportKind.IMPORT
) -> str | Rule:
    try:
        return Resolver(Memory(files)).resolve(specifier, importer, kind)
    except ResolutionError as error:
        return error.rule


def library(*paths: str, **description: Any) -> dict[str, str]:
    files = {f"npm/lib@1.0.0/{path}": "" for path in paths}
    return files | {"npm/lib@1.0.0/package.json": json.dumps({"name": "lib", **description})}


@pytest.mark.parametrize(
    ("files", "specifier", "target"),
    [
        (["src/x.ts"], "./x", "src/x.ts"),
        (["src/x.ts"], "./x.ts", "src/x.ts"),
        (["src/x.ts"], "./x.js", "src/x.ts"),
        (["src/x.js", "src/x.ts"], "./x.js", "src/x.js"),
        (["src/x.js", "src/x.ts"], "./x", "src/x.ts"),
        (["src/x.mts"], "./x.mjs", "src/x.mts"),
        (["src/x/index.ts"], "./x", "src/x/index.ts"),
        (["src/x.ts", "src/x/index.ts"], "./x", "src/x.ts"),
        (["src/x.json"], "./x.json", "src/x.json"),
        (["x.ts"], "../x", "x.ts"),
        (["src/index.ts"], ".", "src/index.ts"),
        (["index.ts"], "..", "index.ts"),
        (["src/a.b.ts"], "./a.b", "src/a.b.ts"),
        (["src/x.ts"], "./x.mjs", Rule.IMPORT_UNRESOLVED),
        (["x.ts"], "../../x", Rule.IMPORT_UNRESOLVED),
        (["src/x.ts"], "x", Rule.IMPORT_UNRESOLVED),
        (["src/x.ts"], "/src/x.ts", Rule.IMPORT_UNSUPPORTED),
        (["src/x.ts"], "file:///src/x.ts", Rule.IMPORT_UNSUPPORTED),
        (["src/x.ts"], "", Rule.IMPORT_UNSUPPORTED),
        (["src/x.ts"], "data:text/javascript,1", Rule.IMPORT_UNSUPPORTED),
        ([], "node:fs", Rule.IMPORT_BUILTIN),
        ([], "fs", Rule.IMPORT_BUILTIN),
        ([], "@proven-network/kv", "@proven-network/kv"),
        ([], "@proven-network/kv/x", Rule.IMPORT_UNRESOLVED),
    ],
)
def test_the_apps_own_imports(files: list[str], specifier: str, target: str | Rule) -> None:
    assert lead(dict.fromkeys(files, ""), specifier) == target


@pytest.mark.parametrize(
    ("description", "files", "specifier", "target"),
    [
        ({}, ["index.js"], "lib", "index.js"),
        ({"main": "m.js"}, ["m.js", "index.js"], "lib", "m.js"),
        ({"main": "./dist"}, ["dist/index.js"], "lib", "dist/index.js"),
        ({"main": "m"}, ["m.js"], "lib", "m.js"),
        ({"main": "gone.js"}, ["index.js"], "lib", "index.js"),
        ({"main": "../x.js"}, ["index.js"], "lib", "index.js"),
        ({"main": "m.js", "browser": "b.js"}, ["m.js", "b.js"], "lib", "b.js"),
        ({"main": "m.js", "browser": {"./m.js": "./b.js"}}, ["m.js", "b.js"], "lib", "b.js"),
        ({}, ["sub/x.js"], "lib/sub/x", "sub/x.js"),
        ({}, ["sub/x.js"], "lib/sub/../x", Rule.IMPORT_UNSUPPORTED),
        ({}, ["x.js"], "lib/node_modules/x", Rule.IMPORT_UNSUPPORTED),
        ({"exports": "./e.js"}, ["e.js", "index.js"], "lib", "e.js"),
        ({"exports": "./e.js"}, ["e.js", "x.js"], "lib/x", Rule.IMPORT_UNRESOLVED),
        ({"exports": {".": "./e.js", "./x": "./y.js"}}, ["e.js", "y.js"], "lib/x", "y.js"),
        ({"exports": {"import": "./i.js", "require": "./r.js"}}, ["i.js", "r.js"], "lib", "i.js"),
        ({"exports": {"require": "./r.js", "default": "./d.js"}}, ["d.js", "r.js"], "lib", "d.js"),
        ({"exports": {"node": "./n.js", "browser": "./b.js"}}, ["n.js", "b.js"], "lib", "b.js"),
        ({"exports": {"deno": "./n.js", "worker": "./w.js"}}, ["n.js", "w.js"], "lib", "w.js"),
        ({"exports": {"proven": "./p.js", "default": "./d.js"}}, ["p.js", "d.js"], "lib", "p.js"),
        ({"exports": {"types": "./t.d.ts", "default": "./d.js"}}, ["d.js"], "lib", "d.js"),
        ({"exports": {"node": {"import": "./n.js"}, "default": "./d.js"}}, ["n.js", "d.js"], "lib", "d.js"),
        ({"exports": {"import": {"node": "./n.js"}, "default": "./d.js"}}, ["n.js", "d.js"], "lib", "d.js"),
        ({"exports": {"import": None, "default": "./d.js"}}, ["d.js"], "lib", Rule.IMPORT_UNRESOLVED),
        ({"exports": {".": ["./bad:x", "./d.js"]}}, ["d.js"], "lib", "d.js"),
        ({"exports": {"./*": "./src/*.js"}}, ["src/a/b.js"], "lib/a/b", "src/a/b.js"),
        ({"exports": {"./*": "./s/*.js", "./in/*": None}}, ["s/in/x.js"], "lib/in/x", Rule.IMPORT_UNRESOLVED),
        ({"exports": {"./a*": "./1.js", "./ab*": "./2.js"}}, ["1.js", "2.js"], "lib/abc", "2.js"),
        ({"exports": {"./*.js": "./src/*.js"}}, ["src/x.js"], "lib/x.js", "src/x.js"),
        ({"exports": {"./*": "./*"}}, ["x.js"], "lib/../x.js", Rule.IMPORT_UNSUPPORTED),
        ({"exports": "../out.js"}, [], "lib", Rule.IMPORT_UNRESOLVED),
        ({"exports": "./../out.js"}, [], "lib", Rule.IMPORT_UNRESOLVED),
        ({"exports": "./node_modules/x.js"}, ["node_modules/x.js"], "lib", Rule.IMPORT_UNRESOLVED),
        ({"exports": "./gone.js"}, ["index.js"], "lib", Rule.IMPORT_UNRESOLVED),
        ({"exports": 5}, ["index.js"], "lib", Rule.IMPORT_UNRESOLVED),
        ({"exports": {"./x/": "./src/"}}, ["src/y.js"], "lib/x/y.js", Rule.IMPORT_UNRESOLVED),
    ],
)  # fmt: skip
def test_imports_of_dependencies(
    description: dict[str, Any], files: list[str], specifier: str, target: str | Rule
) -> None:
    expected = target if isinstance(target, Rule) else f"npm/lib@1.0.0/{target}"
    assert lead(library(*files, **description), specifier) == expected


def test_require_has_its_own_condition() -> None:
    files = library("i.js", "r.js", exports={"import": "./i.js", "require": "./r.js"})
    assert lead(files, "lib", kind=ImportKind.REQUIRE) == "npm/lib@1.0.0/r.js"


def test_names_of_package_json_imports() -> None:
    files = {
        "package.json": json.dumps(
            {
                "imports": {
                    "#x": "./src/x.js",
                    "#lib/*": "lib/*",
                    "#kv": "@proven-network/kv",
                    "#up": "../x.js",
                }
            }
        ),
        "src/x.ts": "",
        **library("y.js"),
    }
    assert lead(files, "#x") == "src/x.ts"
    assert lead(files, "#lib/y") == "npm/lib@1.0.0/y.js"
    assert lead(files, "#kv") == "@proven-network/kv"
    assert lead(files, "#up") is Rule.IMPORT_UNRESOLVED
    assert lead(files, "#gone") is Rule.IMPORT_UNRESOLVED


def test_a_package_can_import_itself_by_name() -> None:
    files = {"package.json": '{"name": "app", "exports": {"./x": "./src/x.ts"}}', "src/x.ts": ""}
    assert lead(files, "app/x") == "src/x.ts"
    files = library("x.js", exports={"./x": "./x.js"})
    assert lead(files, "lib/x", importer="npm/lib@1.0.0/a.js") == "npm/lib@1.0.0/x.js"


def test_a_dependency_cannot_reach_out_of_its_folder() -> None:
    files = {**library("a.js"), "src/secret.ts": "", "npm/other@1.0.0/x.js": ""}
    for specifier in ("../../src/secret.ts", "../other@1.0.0/x.js", "../../../etc/passwd", "..", "#../x"):
        assert lead(files, specifier, importer="npm/lib@1.0.0/a.js") is Rule.IMPORT_UNRESOLVED


def test_nested_conditions_end() -> None:
    exports: Any = "./index.js"
    for _ in range(100):
        exports = {"default": exports}
    assert lead(library("index.js", exports=exports), "lib") is Rule.IMPORT_UNRESOLVED


def test_imports_that_lead_to_each_other_end() -> None:
    files = library("index.js", imports={"#a": "#b", "#b": "#a"})
    assert isinstance(lead(files, "#a", importer="npm/lib@1.0.0/index.js"), Rule)
    files = library("index.js", browser={"x": "y", "y": "x"})
    assert isinstance(lead(files, "x", importer="npm/lib@1.0.0/index.js"), Rule)
