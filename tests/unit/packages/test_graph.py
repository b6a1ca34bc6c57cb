"""The graph of a package: the same from a folder and from the package, and types are gone from what runs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import deno
import msgspec
import pytest

from proven.packages import ModuleFormat, ModuleGraph, Package, verify
from proven.wire.errors import ProvenError

RUN = "import { run } from '@proven-network/handler';\nexport const x = run(() => 1);\n"
PackageOf = Callable[[Mapping[str, str]], Package]


SEVERAL = {
    "src/a.ts": RUN
    + "import { b, type T } from './b.js';\nimport { U } from './c';\nexport const t: T & U = b;",
    "src/b.ts": "import { x } from './a.ts';\nexport type T = number; export const b = () => x;",
    "src/c.mts": "export interface U {}\nimport d from './d.json';\nexport default d;",
    "src/d.json": "{}",
}


def running(package: Package, path: str = "src/a.ts") -> str:
    return ModuleGraph.resolve(package).source(path).decode()


def test_the_graph_says_where_each_import_leads_and_how_each_module_is_loaded(package_of: PackageOf) -> None:
    graph = ModuleGraph.resolve(
        package_of(
            {
                "src/a.ts": RUN + "import { b } from './b.js';\nexport * from './c';\n"
                "export const later = () => [b, import('./d.mjs'), import(`./e.json`)];",
                "src/b.ts": "export const b = 1;",
                "src/c/index.js": "export * as kv from '@proven-network/kv';",
                "src/d.mjs": "",
                "src/e.json": "{}",
            }
        )
    )
    assert {path: (module.format, dict(module.imports)) for path, module in graph.modules.items()} == {
        "src/a.ts": (
            ModuleFormat.ESM,
            {
                "@proven-network/handler": "@proven-network/handler",
                "./b.js": "src/b.ts",
                "./c": "src/c/index.js",
                "./d.mjs": "src/d.mjs",
                "./e.json": "src/e.json",
            },
        ),
        "src/b.ts": (ModuleFormat.ESM, {}),
        "src/c/index.js": (ModuleFormat.ESM, {"@proven-network/kv": "@proven-network/kv"}),
        "src/d.mjs": (ModuleFormat.ESM, {}),
        "src/e.json": (ModuleFormat.JSON, {}),
    }


def test_imports_in_comments_and_strings_are_none(package_of: PackageOf) -> None:
    source = RUN + "// import './x'\n/* import('./y') */\nconst s = \"import './z'\", t = `import('./q')`;"
    assert list(ModuleGraph.resolve(package_of({"src/a.ts": source})).modules) == ["src/a.ts"]


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("import { T } from './t'; const x: T = 1;", "const x: T = 1;"),
        ("import { T, v } from './t'; const x: T = v;", "import { v } from './t'; const x: T = v;"),
        ("import { v, T } from './t'; const x: T = v;", "import { v, } from './t'; const x: T = v;"),
        ("import { a as T } from './t'; const x: T = 1;", "const x: T = 1;"),
        ("import { type T, v } from './t'; const x: T = v;", "import { v } from './t'; const x: T = v;"),
        ("import type { T } from './t'; const x: T = 1;", "import type { T } from './t'; const x: T = 1;"),
        ("import D, { T } from './d'; const x: T = D;", "import D, { } from './d'; const x: T = D;"),
        ("import D, { v } from './d'; const x: D = v;", "import { v } from './d'; const x: D = v;"),
        ("import D, * as n from './d'; const x: n.T = D;", "import D from './d'; const x: n.T = D;"),
        ("import * as n from './t'; let x: n.T;", "let x: n.T;"),
        ("import { v } from './t'; let x: typeof v;", "let x: typeof v;"),
        ("import { v } from './t'; let x = { v };", "import { v } from './t'; let x = { v };"),
        ("import { v } from './t'; export { v };", "import { v } from './t'; export { v };"),
        ("import { T } from './t'; export { T };", "import { } from './t'; export { };"),
        ("import { T } from './t'; export { T as U };", "import { } from './t'; export { };"),
        ("import I from './i'; export { I };", "import './i'; export { };"),
        ("export { T } from './t';", "export { } from './t';"),
        ("export { T, v } from './t';", "export { v } from './t';"),
        ("export { T } from './again';", "export { } from './again';"),
        ("export { U } from './again';", "export { } from './again';"),
        ("interface L {} const l = 1; export { L, l };", "interface L {} const l = 1; export { l };"),
        ("export type { T } from './t';", "export type { T } from './t';"),
        ("import './t';", "import './t';"),
        ("import {} from './t';", "import {} from './t';"),
        ("import { v } from './t'; v = v as T;", "import { v } from './t'; v = v as T;"),
        ("import { C } from './t'; class D extends C {}", "import { C } from './t'; class D extends C {}"),
        ("import { T } from './t'; class D implements T {}", "class D implements T {}"),
        ("import { T } from './t'; f<T>(1); function f<X>(x: X) {}", "f<T>(1); function f<X>(x: X) {}"),
    ],
)
def test_names_that_are_only_types_are_not_imported(package_of: PackageOf, source: str, left: str) -> None:
    package = package_of(
        {
            "src/a.ts": RUN + source,
            "src/t.ts": "export interface T {}\nexport type a = 1;\nexport class C {}\nexport let v: T = 1;",
            "src/d.ts": "export type T = 1;\nexport const v = 1;\nexport default class D {}",
            "src/i.ts": "interface I {}\nexport default I;",
            "src/again.ts": "export * from './t';\nimport { T as Q } from './t';\nexport { Q as U };",
        }
    )
    assert " ".join(running(package).removeprefix(RUN).split()) == left


def test_blanking_keeps_lengths_and_lines(package_of: PackageOf) -> None:
    source = "import {\n  T, // ünïcödé\r\n  v,\n} from './t';\nconst x: T = v;"
    package = package_of({"src/a.ts": RUN + source, "src/t.ts": "export type T = 1;\nexport const v = 1;"})
    before, after = package.files["src/a.ts"], ModuleGraph.resolve(package).source("src/a.ts")
    assert len(before) == len(after)
    assert [i for i, byte in enumerate(before) if byte in b"\r\n"] == [
        i for i, byte in enumerate(after) if byte in b"\r\n"
    ]


def test_unused_imports_of_javascript_stay(package_of: PackageOf) -> None:
    package = package_of(
        {
            "src/a.ts": RUN + "import './b.js';",
            "src/b.js": "import { c } from './c.js';",
            "src/c.js": "export let c;",
        }
    )
    assert running(package, "src/b.js") == "import { c } from './c.js';"
    assert "src/c.js" in package.files


def test_modules_that_only_hold_types_are_not_loaded(package_of: PackageOf) -> None:
    package = package_of(
        {
            "src/a.ts": RUN + "import { T } from './types';\nimport type { U } from './more';\nlet x: T | U;",
            "src/types.ts": "import './effects';\nexport type T = 1;",
            "src/more.ts": "export type U = 1;",
        }
    )
    assert list(package.files) == ["src/a.ts"]


@pytest.mark.parametrize(
    "source",
    [
        "export type * from './t';",
        "export type * as t from './t';",
        "export type *\n from './t';\nexport const y = 1;",
    ],
)
def test_types_reexported_with_a_star_are_no_import(package_of: PackageOf, source: str) -> None:
    package = package_of({"src/a.ts": RUN + source, "src/t.ts": "export type T = 1;"})
    assert list(package.files) == ["src/a.ts"]


def test_what_is_left_runs_once_types_are_stripped(package_of: PackageOf, tmp_path: Path) -> None:
    """With the type stripping that the runtime uses, and a real JavaScript engine."""
    package = package_of(
        {
            "src/a.ts": """import { run } from '@proven-network/handler';
                import Def, { T, v, type U } from './t';
                import * as types from './t';
                interface Local { a: T }
                export { T, Local };
                export { U as V, v as w } from './t';
                const d: Def = { q: v };
                let n: types.T;
                export const x = run((p: Local): U => String(v) as any);
                if (v !== 3 || d.q !== 3) throw new Error('wrong');""",
            "src/t.ts": """export interface T { z: string }
                export type U = string;
                export const v: number = 3;
                interface Def { q: number }
                export default Def;""",
        }
    )
    graph = ModuleGraph.resolve(package)
    (tmp_path / "src").mkdir()
    (tmp_path / "handler.js").write_text("export const run = (fn) => fn;")
    for path in package.files:
        (tmp_path / path).write_bytes(graph.source(path))
    (tmp_path / "main.mjs").write_text(f"""
        import {{ stripTypeScriptTypes }} from 'node:module';
        for (const name of ['a', 't']) {{
          const file = '{tmp_path}/src/' + name;
          const stripped = stripTypeScriptTypes(Deno.readTextFileSync(file + '.ts'));
          const linked = stripped.replaceAll('./t', './t.js').replace('@proven-network', '..');
          Deno.writeTextFileSync(file + '.js', linked.replace('/handler', '/handler.js'));
        }}
        console.log(Object.keys(await import('file://{tmp_path}/src/a.js')).join());
    """)
    done = subprocess.run(
        [deno.find_deno_bin(), "run", "--no-remote", "--no-npm", "-A", str(tmp_path / "main.mjs")],
        capture_output=True,
        env={"DENO_DIR": str(tmp_path / "deno"), "NO_COLOR": "1", "HOME": str(tmp_path)},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.decode().strip()) == (0, "w,x"), done.stderr.decode()


def test_what_verifying_a_package_found_is_its_graph_and_not_worked_out_again(
    package_of: PackageOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = package_of(SEVERAL).to_archive()
    resolved = ModuleGraph.resolve(Package.from_archive(archive))
    package = Package.from_archive(archive)
    verify(package)
    monkeypatch.delattr("proven.packages.graph.explore")
    assert list(ModuleGraph.resolve(package).modules.items()) == list(resolved.modules.items())
    assert any(module.elisions for module in resolved.modules.values())


def test_a_package_that_was_refused_has_no_graph_from_that(package_of: PackageOf) -> None:
    package = package_of(SEVERAL)
    other = msgspec.structs.replace(package.manifest, handlers=package.manifest.handlers[:0])
    refused = Package.create(other, package.files)
    with pytest.raises(ProvenError, match="does not say"):
        verify(refused)
    assert refused.derived.modules is None
