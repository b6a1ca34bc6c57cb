"""Whatever is in a folder, building it ends in a package or a build error, and always in the same."""

from __future__ import annotations

import contextlib
import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from proven.packages import BuildError, ModuleGraph, Package, Problem, Registry, build, verify
from proven.packages._cron import cron_fault
from proven.packages._lock import LockFile
from proven.packages._resolve import ResolutionError
from proven.packages._tarball import unpack
from proven.wire.origins import canonical_origin

SOURCE = """import * as h from '@proven-network/handler';
import { getApplicationDb, type Sql } from '@proven-network/sql';
import Default, { value as renamed, Type } from './b.js';
const db = getApplicationDb('main').migrate(`CREATE TABLE t (a)`);
const OPTIONS = { timeout: 2 * 1_000, allowedOrigins: ['https://a.example'] } as const;
interface Local { a: Type }
export const list = h.runWithOptions(OPTIONS, async (x: Local): Promise<Sql> => renamed(x)!),
  other = (h.run(function* ({ h }: any) { yield h?.[0] ?? /re[/]x/g; }) as any);
export const page = h.runOnHttp({ path: '/a/:id', method: 'GET', cors: { origins: ['*'] } }, (r) =>
`${r.path}`); export default h.runOnSchedule({ cron: '*/5 * * * *' }, () => { try { throw new Default() }
catch (h) {} }); export { list as all, db }; export type * from './b'; if (typeof list === 'function') {
const later = await import('./b.ts'); void later; }
"""
OTHER = "export type Type = 1;\nexport const value = (x: unknown) => x;\nexport default class D {}\n"
TOKENS = [
    "h", "run", "h.run(", "(", ")", "{", "}", "[", "]", "`", "'", '"', "${", "/*", "*/", "//", "\n", ";", ",",
    ".",
    "?.", "...", "=", "=>", "<", ">", "!", "as", "const", "let", "var", "export", "import", "default", "from",
    "type", "function", "class", "await", "\\", "\\u{", "\0", "é", "😀", "\u2028", "@", "#", "0x",
    "1e999", "-",
    "import(", "export *", "export {", "} from './b'", "require('x')", "export =", "declare", "namespace N {",
    "runOnHttp", "path:", "timeout", "OPTIONS", "migrate", "import x = require('y')", "<any>", "satisfies",
]  # fmt: skip
INSERTED = st.lists(st.sampled_from(TOKENS), max_size=3).map("".join)
EDITS = st.lists(st.tuples(st.integers(0, len(SOURCE)), st.integers(0, 40), INSERTED), max_size=4)
NAMES = st.sampled_from(["a", "b", "c", "d", "sub/a", "sub/b", "sub/index", "index"])


def encoded(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")


def outcome(files: Mapping[str, str | bytes], order: Sequence[str] = ()) -> Package | tuple[Problem, ...]:
    """Build some files, written in some order, with no network."""
    with tempfile.TemporaryDirectory() as folder:
        for path in order or list(files):
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = files[path]
            target.write_bytes(encoded(content))
        try:
            package = build(folder, registry=Registry("http://127.0.0.1:9/", cache=Path(folder, ".cache")))
        except BuildError as error:
            return error.problems
    verify(Package.from_archive(package.to_archive()))
    ModuleGraph.resolve(package)
    return package


def test_the_example_builds() -> None:
    assert isinstance(outcome({"src/a.ts": SOURCE, "src/b.ts": OTHER}), Package)


@given(EDITS)
@example([(0, 0, "{" * 2_000)])
@example([(0, 0, "(" * 2_000)])
@example([(0, 0, "`${" * 1_000)])
@example([(0, 0, "a." * 3_000)])
@example([(len(SOURCE), 0, "const " + "[" * 3_000 + "x" + "]" * 3_000 + " = 1;")])
@example([(len(SOURCE), 0, "".join(f"export const x{n} = x{n + 1};" for n in range(3_000)))])
@example([(len(SOURCE), 0, "export const y = " + "(" * 3_000 + "h.run(() => 1)" + ")" * 3_000)])
@example([(len(SOURCE), 0, "const z = " + "-" * 3_000 + "1; h.runOnHttp(" + "[" * 3_000 + "]" * 3_000)])
def test_edited_sources(edits: list[tuple[int, int, str]]) -> None:
    source = SOURCE
    for position, removed, inserted in edits:
        source = source[:position] + inserted + source[position + removed :]
    outcome({"src/a.ts": source, "src/b.ts": OTHER})


@given(st.lists(st.sampled_from(TOKENS), max_size=30).map(" ".join))
def test_any_tokens(source: str) -> None:
    outcome({"src/a.ts": "import * as h from '@proven-network/handler';\n" + source})


@given(st.binary(max_size=100))
def test_any_bytes(content: bytes) -> None:
    outcome({"src/a.ts": b"import * as h from '@proven-network/handler';\n" + content, "src/b.ts": content})


@given(st.text(max_size=200) | st.binary(max_size=60))
def test_any_package_json_and_lock_file(content: str | bytes) -> None:
    outcome({"src/a.ts": SOURCE + "import 'lib';", "src/b.ts": OTHER, "package-lock.json": content})
    outcome({"src/a.ts": SOURCE, "src/b.ts": OTHER, "package.json": content})


@st.composite
def apps(draw: st.DrawFn) -> dict[str, str]:
    """Modules that import each other at random, some of which declare handlers."""
    files: dict[str, str] = {}
    names = draw(st.lists(NAMES, min_size=1, max_size=8, unique=True))
    for name in names:
        up = "../" if "/" in name else "./"
        imported = draw(st.lists(st.sampled_from(names), max_size=4))
        source = "".join(f"import '{up}{other}';\n" for other in imported)
        if draw(st.booleans()):
            source += "import { run } from '@proven-network/handler';\nexport const x = run(() => 1);\n"
        files[f"src/{name}.{draw(st.sampled_from(['ts', 'js', 'mjs', 'mts']))}"] = source
    if draw(st.booleans()):
        files["package.json"] = '{"name": "app"}'
    return files


@given(apps(), st.randoms(use_true_random=False))
def test_the_outcome_is_the_same_in_any_order(files: dict[str, str], chance: random.Random) -> None:
    order = list(files)
    chance.shuffle(order)
    first = outcome(files)
    old = os.umask(0o077)
    try:
        assert outcome(files, order) == first
    finally:
        os.umask(old)


@given(st.text(max_size=60) | st.lists(st.sampled_from([*"a.:@/[]%1", "https://"])).map("".join))
def test_any_origin(text: str) -> None:
    try:
        origin = canonical_origin(text)
    except ValueError:
        return
    assert canonical_origin(origin) == origin


@given(st.text("0123456789*,-/ monfeb", max_size=30))
def test_any_schedule(text: str) -> None:
    cron_fault(text)


@given(st.binary(max_size=300))
def test_any_tarball_and_lock_file(data: bytes) -> None:
    for read in (unpack, LockFile):
        with contextlib.suppress(ResolutionError):
            read(data)
