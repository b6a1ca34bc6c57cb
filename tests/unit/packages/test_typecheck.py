"""The type checker sees the app as it is built: npm packages as locked, with their own types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from proven.packages import Registry
from proven.packages.typecheck import Diagnostic, type_check
from proven.packages.typescript import type_declarations
from unit.packages.npm import Npm, serving

App = Callable[[Mapping[str, str]], Path]
SOURCE = "import { size } from 'lib';\nexport const n: string = size('x');\n"
TYPES = "import type { Unit } from 'units';\nexport function size(text: string): Unit;\n"


@pytest.fixture
def npm() -> Iterator[Npm]:
    with serving() as npm:
        npm.publish("lib", "1.0.0", {"index.js": "", "index.d.ts": TYPES}, type="module", types="index.d.ts")
        npm.publish("units", "1.0.0", {"index.d.ts": "export type Unit = number;"}, types="index.d.ts")
        yield npm


def test_dependencies_bring_their_types(app: App, npm: Npm, tmp_path: Path) -> None:
    folder = app({"src/a.ts": SOURCE, "package-lock.json": npm.lock_file})
    registry = Registry(npm.url, cache=tmp_path / "cache")
    message = "Type 'number' is not assignable to type 'string'."
    expected = [Diagnostic("src/a.ts", 2, 14, "TS2322", message)]
    assert type_check(folder, ["src/a.ts"], registry) == expected
    fetched = len(npm.requests)
    assert type_check(folder, ["src/a.ts"], registry) == expected
    assert len(npm.requests) == fetched


def test_what_npm_installed_is_used_where_it_is(app: App, offline: Registry) -> None:
    lib = {
        "node_modules/lib/package.json": '{"name": "lib", "version": "1.0.0", "types": "index.d.ts"}',
        "node_modules/lib/index.d.ts": "export function size(text: string): string;",
    }
    folder = app({"package.json": '{"dependencies": {"lib": "*"}}', "src/a.ts": SOURCE, **lib})
    assert type_check(folder, ["src/a.ts"], offline) == []


@pytest.mark.parametrize("specifier", ["fs", "fs/promises", "node:fs", "node:fs/promises", "node:test"])
def test_modules_of_node_do_not_keep_the_compiler_from_checking_the_rest(
    app: App, offline: Registry, specifier: str
) -> None:
    source = f"import fs, {{ open }} from '{specifier}';\nfs.at; open();\nexport const q: number = 'x';\n"
    (finding,) = type_check(app({"src/a.ts": source}), ["src/a.ts"], offline)
    assert (finding.file, finding.line, finding.code) == ("src/a.ts", 3, "TS2322")


def test_an_npm_package_may_be_called_like_a_module_of_node(app: App, npm: Npm, tmp_path: Path) -> None:
    npm.publish("events", "1.0.0", {"index.js": "", "index.d.ts": TYPES}, type="module", types="index.d.ts")
    manifest = '{"type": "module", "dependencies": {"events": "1.0.0"}}'
    source = SOURCE.replace("lib", "events")
    folder = app({"package.json": manifest, "src/a.ts": source, "package-lock.json": npm.lock_file})
    (finding,) = type_check(folder, ["src/a.ts"], Registry(npm.url, cache=tmp_path / "cache"))
    assert (finding.line, finding.code) == (2, "TS2322")


def test_a_dependency_that_cannot_be_had_is_a_finding(app: App, npm: Npm, offline: Registry) -> None:
    folder = app({"src/a.ts": SOURCE, "package-lock.json": npm.lock_file})
    (finding,) = type_check(folder, ["src/a.ts"], offline)
    assert (finding.file, finding.code) == ("package-lock.json", "dependency-fetch")


def test_a_lock_file_cannot_place_packages_outside(app: App, npm: Npm, tmp_path: Path) -> None:
    npm.publish("evil", "1.0.0", {"index.js": ""}, at="../../node_modules/evil")
    folder = app({"src/a.ts": SOURCE, "package-lock.json": npm.lock_file})
    (finding,) = type_check(folder, ["src/a.ts"], Registry(npm.url, cache=tmp_path / "cache"))
    assert finding.code == "lock-invalid"
    assert not list(tmp_path.rglob("evil"))


def test_syntax_that_the_compiler_cannot_read_has_a_place(app: App, offline: Registry) -> None:
    folder = app({"src/a.ts": "export const x = 1;\nconst = 2;\n"})
    (finding,) = type_check(folder, ["src/a.ts"], offline)
    assert (finding.file, finding.line) == ("src/a.ts", 2)


def test_types_of_the_app_api_are_complete_and_sound(app: App, offline: Registry) -> None:
    imports = "".join(f"import * as {name} from '@proven-network/{name}';\n" for name in type_declarations())
    used = ", ".join(type_declarations())
    folder = app({"src/a.ts": f"{imports}export const all = [{used}];\n"})
    assert type_check(folder, ["src/a.ts"], offline) == []
