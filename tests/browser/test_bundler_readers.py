"""The plugins find the handlers that the node finds: two readers, one of them in TypeScript, agree."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from proven.packages import BuildError, Rule, build

ROOT = Path(__file__).parents[2]
NODE = ROOT / ".venv" / "bin" / "node"
VECTORS = json.loads((ROOT / "tests" / "vectors" / "handlers.json").read_text("utf-8"))
JUDGED_BY_THE_NODE_ALONE: Final = frozenset(
    {
        Rule.OPTIONS_NOT_STATIC,
        Rule.OPTION_UNKNOWN,
        Rule.OPTION_MISSING,
        Rule.OPTION_INVALID,
        Rule.ROUTE_DUPLICATE,
        Rule.HANDLER_EXPORTED_TWICE,
    }
)
Handlers: TypeAlias = list[dict[str, str]]
Files: TypeAlias = dict[str, str]

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="needs Node.js")


@dataclass(frozen=True)
class Reader:
    """The plugins' reader, in a process that answers line by line."""

    process: subprocess.Popen[str]

    def read(self, folder: Path, modules: list[str]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"folder": str(folder), "modules": modules}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    command = [str(NODE), str(ROOT / "tests" / "support" / "bundler" / "read.js")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Reader(process)
        assert process.stdin is not None
        process.stdin.close()


def write(files: Files, description: dict[str, Any] | None = None) -> Path:
    folder = Path(tempfile.mkdtemp()).resolve()
    described = {"name": "app", "type": "module", **(description or {})}
    for path, text in {"package.json": json.dumps(described), **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder


def as_the_node_reads(folder: Path) -> tuple[Handlers, set[Rule]]:
    try:
        manifest = build(folder).manifest
    except BuildError as error:
        return [], {problem.rule for problem in error.problems}
    return [{"address": entry.address, "kind": entry.kind.value} for entry in manifest.handlers], set()


def ordered(handlers: Handlers) -> Handlers:
    return sorted(handlers, key=lambda handler: handler["address"])


@pytest.mark.parametrize("vector", [pytest.param(item, id=item["name"]) for item in VECTORS])
def test_both_readers_read_the_vectors(reader: Reader, vector: dict[str, Any]) -> None:
    folder = write(vector["files"], vector.get("package"))
    modules = sorted(path for path in vector["files"] if path.endswith((".ts", ".mts", ".js", ".mjs")))
    try:
        handlers, rules = as_the_node_reads(folder)
        seen = reader.read(folder, modules)
        assert sorted(rules) == vector.get("refused", [])
        if "refused" in vector:
            assert "refused" in seen
        else:
            assert ordered(handlers) == vector["handlers"]
            assert ordered(seen["handlers"]) == vector["handlers"]
    finally:
        shutil.rmtree(folder)


HANDLER = "@proven-network/handler"
IMPORTS: Final = {
    f"import {{ run }} from '{HANDLER}';": "run",
    f"import {{ run as make }} from '{HANDLER}';": "make",
    f"import * as h from '{HANDLER}';": "h.run",
    f"import * as h from '{HANDLER}'; ": "h['run']",
    f"import type {{ HandlerOptions }} from '{HANDLER}';\nimport {{ run }} from '{HANDLER}';": "run",
    f"import {{ type HandlerOptions, run, runOnHttp as web }} from '{HANDLER}';": "run",
    f"import type {{ AsyncFunction }} from '{HANDLER}';\nconst local = (fn: unknown) => fn;": "local",
    f"import {{ run }} from '{HANDLER}'; ": "runOnEvent",
}
FUNCTIONS = st.sampled_from(
    [
        "() => 1",
        "async (a: string, b?: number) => a",
        "function () { return 1; }",
        "function named(run: number) { return run; }",
        "shared",
        "({ run }: { run: number }) => run",
        "<T,>(x: T) => x",
        "async function* () { yield 1; }",
        "() => { const run = 1; { let h = run; return h; } }",
        "() => { for (const run of [1]) { void run; } try { } catch (run) { void run; } }",
        "class { run() { return 1; } static { const run = 1; void run; } }",
        "'text'",
        "{ run: 1 }",
        "",
        "...rest",
        "() => 1, 2",
    ]
)
VALUES = st.sampled_from(
    [
        "{c}({f})",
        "({c}({f}))",
        "{c}({f}) as unknown",
        "{c}({f})!",
        "<unknown>{c}({f})",
        "{c}({f}) satisfies unknown",
        "(({c}({f}) as any)!)",
        "{c}<() => number>({f})",
        "{c}?.({f})",
        "[{c}({f})]",
        "true ? {c}({f}) : undefined",
        "await {c}({f})",
        "{c}",
        "{c}({c}({f}))",
        "(() => {c}({f}))()",
        "Object.freeze({c}({f}))",
        "(0, {c}({f}))",
        "{c}`text`",
    ]
)
PLACES = st.sampled_from(
    [
        "export const {n} = {v};",
        "const {n} = {v};\nexport {{ {n} }};",
        "const {n} = {v};\nexport {{ {n} as {n}_renamed }};",
        "const {n} = {v};\nconst {n}_alias = {n};\nexport {{ {n}_alias }};",
        "const {n} = {v};\nconst {n}_alias = ({n} as unknown);\nexport {{ {n}_alias, {n} as {n}_too }};",
        "const {n} = {v};\nexport {{ {n} as 'not a name' }};",
        "export const {n} = {v}, {n}_also = {v};",
        "export const {n}: unknown = {v};",
        "const {n} = {v};",
        "const {n} = {v};\nexport type {{ {n} }};",
        "export let {n} = {v};",
        "export var {n} = {v};",
        "let {n};\n{n} = {v};\nexport {{ {n} }};",
        "export const {{ {n} }} = {v};",
        "export const {{ {n} = {v} }} = {{}};",
        "export const [{n}] = [{v}];",
        "{v};",
        "export default {v};",
        "const {n} = {v};\nexport default {n};",
        "const {n} = {v};\nexport default ({n});",
        "{{ const {n} = {v}; }}",
        "if (true) {{ const {n} = {v}; }}",
        "async function {n}() {{ const inner = {v}; return inner; }}",
        "export class {n} {{ async method() {{ return {v}; }} }}",
        "namespace {n} {{ export const inner = () => {{ const x = async () => {v}; return x; }}; }}",
        "for (const {n} = {v}; false; ) {{ }}",
    ]
)
NEUTRAL = st.sampled_from(
    [
        "export const limit{i} = 1;",
        "export function plain{i}(run: number) {{ return run; }}",
        "export type Type{i} = string;",
        "export interface Shape{i} {{ run: string }}",
        "export enum Choice{i} {{ run, other }}",
        "const o{i} = {{ run: 1, h: 2 }};\nvoid o{i}.run;",
        "label{i}: for (;;) {{ break label{i}; }}",
        "export class Plain{i} {{ run = 1; make() {{ return this.run; }} }}",
        "declare const declared{i}: number;\nexport type {{ declared{i} }};",
        "export {{ }};",
        "// run(() => 1) in a comment",
        "const text{i} = 'run(() => 1)';\nexport {{ text{i} }};",
        "export type {{ HandlerOptions as Options{i} }} from '@proven-network/handler';",
        "export * from './other.ts';",
        "export * as other{i} from './other.ts';",
        "export {{ there as from_other{i} }} from './other.ts';",
        "import {{ there as there{i} }} from './other.ts';\nexport {{ there{i} }};",
        "export {{ absent as absent{i} }} from './other.ts';",
    ]
)
OTHERS = st.sampled_from(
    [
        f"import {{ run }} from '{HANDLER}';\nexport const there = run(() => 1);\n",
        f"import {{ runOnSchedule }} from '{HANDLER}';\n"
        "export const there = runOnSchedule({ cron: '0 * * * *' }, () => 1);\n",
        "export const there = 1;\n",
        f"import {{ run }} from '{HANDLER}';\n"
        "const there = run(() => 1);\nexport { there, there as second };\n",
        "export * from './main.ts';\nexport const there = 2;\n",
    ]
)


@st.composite
def modules(draw: st.DrawFn) -> Files:
    imports = draw(st.sampled_from(sorted(IMPORTS)))
    callee = IMPORTS[imports]
    lines = [imports, "const shared = () => 1;", "const rest: never[] = [];"]
    defaults = 0
    for number in range(draw(st.integers(1, 3))):
        place = draw(PLACES)
        defaults += "default" in place
        if defaults > 1 and "default" in place:
            continue
        value = draw(VALUES).replace("{c}", callee).replace("{f}", draw(FUNCTIONS))
        lines.append(
            place.replace("{{", "{").replace("}}", "}").replace("{n}", f"n{number}").replace("{v}", value)
        )
    for number in range(draw(st.integers(0, 3))):
        lines.append(draw(NEUTRAL).format(i=number))
    text = "\n".join(lines) + "\n"
    return {"src/main.ts": text, "src/other.ts": draw(OTHERS)}


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(files=modules())
@example(
    files={"src/main.ts": f"import {{ run }} from '{HANDLER}';\nexport {{ run }};\n", "src/other.ts": ""}
)
def test_both_readers_agree_on_any_module(reader: Reader, files: Files) -> None:
    folder = write(files)
    try:
        handlers, rules = as_the_node_reads(folder)
        seen = reader.read(folder, sorted(files))
    finally:
        shutil.rmtree(folder)
    if not rules:
        assert ordered(seen.get("handlers", [])) == ordered(handlers), (seen, files)
    elif rules - JUDGED_BY_THE_NODE_ALONE - {Rule.NO_HANDLERS}:
        assert "refused" in seen, (sorted(rules), seen, files)
