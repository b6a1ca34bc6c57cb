"""From nothing to a checked, hashed package, without a network."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from proven.packages import Package, build

Proven = Callable[..., Result]


@pytest.fixture
def hello(proven: Proven, tmp_path: Path) -> Path:
    assert proven("init", "hello").exit_code == 0
    return tmp_path / "hello"


def own_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and ".proven" not in path.parts]


def test_a_new_app_has_handlers_and_no_problems(proven: Proven, hello: Path) -> None:
    assert [handler.address for handler in build(hello).manifest.handlers] == [
        "src/hello.ts#greet",
        "src/hello.ts#visitsOf",
    ]
    result = proven("check", "hello")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "__name__" not in "".join(path.read_text() for path in own_files(hello))


def test_editors_find_the_types_without_installing_anything(hello: Path) -> None:
    paths = json.loads((hello / "tsconfig.json").read_text())["compilerOptions"]["paths"]
    ((pattern, (target,)),) = paths.items()
    assert pattern == "@proven-network/*"
    for module in ("crypto", "events", "files", "handler", "kv", "rpc", "session", "sql"):
        assert "export" in (hello / target.replace("*", module)).read_text()
    assert ".proven/" in (hello / ".gitignore").read_text().splitlines()


def test_the_next_steps_are_printed(proven: Proven) -> None:
    output = proven("init", "work/hello-2").output
    assert "proven dev work/hello-2" in output
    assert "proven call hello-2 greet" in output


def test_nothing_is_overwritten(proven: Proven, hello: Path) -> None:
    before = {path: path.read_bytes() for path in hello.rglob("*") if path.is_file()}
    result = proven("init", "hello")
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert {path: path.read_bytes() for path in hello.rglob("*") if path.is_file()} == before
    Path("file").write_text("mine")
    assert proven("init", "file").exit_code == 1
    assert Path("file").read_text() == "mine"


def test_an_empty_folder_may_become_an_app(proven: Proven) -> None:
    Path("empty").mkdir()
    assert proven("init", "empty").exit_code == 0


@pytest.mark.parametrize("name", ["Hello", "héllo", "a b", ".hidden", "a" * 64])
def test_names_that_could_not_name_an_app_are_refused(proven: Proven, name: str) -> None:
    result = proven("init", name)
    assert result.exit_code == 1
    assert "cannot name an app" in result.stderr
    assert not Path(name).exists()


def test_a_new_app_can_have_a_page_that_needs_no_build(proven: Proven) -> None:
    output = proven("init", "paged", "--web").output
    assert "proven dev paged --open" in output
    built = build(Path("paged"))
    served = {asset.path for asset in built.manifest.assets}
    assert {"index.html", "app.js", "style.css", "proven/index.js"} <= served
    sources = {name: built.assets[name].decode() for name in served if name.endswith(".js")}
    for name, source in sources.items():
        for imported in re.findall(r"""from ["'](\.[^"']+)["']""", source):
            assert (Path(name).parent / imported).as_posix() in served
    assert "application: 'paged'" in sources["app.js"]
    assert proven("check", "paged").exit_code == 0
    assert "__name__" not in "".join(path.read_text() for path in own_files(Path("paged")))


def test_check_finds_wrong_types_with_their_place(proven: Proven, hello: Path) -> None:
    source = hello / "src" / "hello.ts"
    source.write_text(source.read_text() + "export const wrong: number = 'text';\nDeno.exit();\n")
    lines = len(source.read_text().splitlines())
    result = proven("check", "hello")
    assert result.exit_code == 1
    assert (
        f"src/hello.ts:{lines - 1}:14: Type 'string' is not assignable to type 'number'. [TS2322]"
        in result.stdout
    )
    assert f"src/hello.ts:{lines}:1: Cannot find name 'Deno'." in result.stdout
    assert "2 problems" in result.stderr


def test_check_finds_broken_rules_and_wrong_types_at_once(proven: Proven, hello: Path) -> None:
    source = hello / "src" / "hello.ts"
    source.write_text(source.read_text() + "export let more = run(() => 1);\nconst n: number = '';\n")
    result = proven("check", "hello", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert [problem["rule"] for problem in report["problems"]] == ["handler-not-const", "TS2322"]
    assert {problem["file"] for problem in report["problems"]} == {"src/hello.ts"}


def test_check_says_once_what_is_wrong_with_an_import(proven: Proven, hello: Path) -> None:
    source = (hello / "src/hello.ts").read_text()
    wrong = 'import fs from "fs";\nimport at from "./nowhere";\n'
    (hello / "src/hello.ts").write_text(f"{wrong}{source}\nexport const all = [fs, at];\n")
    lines = proven("check", "hello").stdout.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["src/hello.ts:1:1", "src/hello.ts:2:1"]


def test_check_knows_the_arguments_of_the_app_api(proven: Proven, hello: Path) -> None:
    (hello / "src" / "more.ts").write_text(
        "import { runOnHttp } from '@proven-network/handler';\n"
        "import { getApplicationStore } from '@proven-network/kv';\n"
        "export const page = runOnHttp({ path: '/x/:id' }, (r) => r.pathParameters.name);\n"
        "void getApplicationStore('a').set('b', 1);\n"
    )
    output = proven("check", "hello").stdout
    assert "src/more.ts:3:75: Property 'name' does not exist on type '{ id: string; }'. [TS2339]" in output
    assert "src/more.ts:4:40: Argument of type 'number' is not assignable" in output


def test_check_follows_imports_of_types_and_javascript(proven: Proven, hello: Path) -> None:
    (hello / "src" / "types.ts").write_text("export interface T { x: number }")
    (hello / "src" / "old.js").write_text("export const old = (a) => a;")
    (hello / "src" / "more.ts").write_text(
        "import { run } from '@proven-network/handler';\n"
        "import { T } from './types';\nimport { old } from './old.js';\n"
        "export const f = run((t: T): string => (old(t.x), t.x));\n"
    )
    assert proven("check", "hello").stdout.count("src/more.ts:4:") == 1


def test_check_of_a_folder_that_was_checked_before_sees_changes(proven: Proven, hello: Path) -> None:
    assert proven("check", "hello").exit_code == 0
    (hello / "src" / "b.ts").write_text("export const b: number = '';")
    with (hello / "src" / "hello.ts").open("a") as file:
        file.write("import { b } from './b';\nvoid b;\n")
    assert "src/b.ts:1:14" in proven("check", "hello").stdout
    (hello / "src" / "b.ts").unlink()
    assert "import-unresolved" in proven("check", "hello").stdout


def test_check_writes_only_its_own_folder(proven: Proven, hello: Path) -> None:
    before = {path for path in hello.rglob("*") if ".proven" not in path.parts}
    (hello / ".proven" / "types" / "kv" / "index.d.ts").unlink()
    proven("check", "hello")
    assert {path for path in hello.rglob("*") if ".proven" not in path.parts} == before
    assert (hello / ".proven" / "types" / "kv" / "index.d.ts").exists()


def test_checking_leaves_the_package_id_alone(proven: Proven, hello: Path) -> None:
    before = build(hello).id
    proven("check", "hello")
    assert build(hello).id == before


def test_the_hash_is_explained(proven: Proven, hello: Path) -> None:
    output = proven("package", "hash", "hello").output
    assert output.startswith(f"{build(hello).id}  hello\n")
    digest = hashlib.sha256((hello / "src" / "hello.ts").read_bytes()).hexdigest()
    assert f"{digest}  src/hello.ts" in output
    assert "src/hello.ts#visitsOf  http method=GET path=/visits/:name" in output


def test_the_hash_can_be_computed_by_hand(proven: Proven, hello: Path) -> None:
    printed = proven("package", "hash", "--manifest", "hello").stdout_bytes
    assert hashlib.sha256(printed).hexdigest() == build(hello).id


def test_the_hash_of_the_folder_one_is_in_needs_no_argument(
    proven: Proven, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hello)
    record = json.loads(proven("package", "hash", "--json").stdout)
    assert record["id"] == build(hello).id
    assert record["manifest"]["name"] == "hello"


def test_a_built_package_can_be_shown_and_is_checked(proven: Proven, hello: Path) -> None:
    assert proven("package", "build", "hello", "-o", "x.package").exit_code == 0
    assert Package.from_archive(Path("x.package").read_bytes()) == build(hello)
    assert proven("package", "show", "x.package").output == proven("package", "hash", "hello").output
    data = bytearray(Path("x.package").read_bytes())
    data[-1] ^= 1
    Path("x.package").write_bytes(data)
    result = proven("package", "show", "x.package")
    assert result.exit_code == 1
    assert "is not the file that the manifest names" in result.stderr


def test_a_build_error_is_printed_line_by_line(proven: Proven, hello: Path) -> None:
    (hello / "src" / "b.ts").write_text(
        "import { run } from '@proven-network/handler';\nrun(() => 1);\nrun(run);\n"
    )
    result = proven("package", "hash", "hello")
    assert result.exit_code == 1
    assert "src/b.ts:2:1: " in result.stderr
    assert "[handler-escapes]" in result.stderr
    assert "docs/build-errors.md" in result.stderr
    error = json.loads(proven("package", "hash", "hello", "--json").stdout)["error"]
    assert error["code"] == "BUILD_ERROR"
    assert {problem["file"] for problem in error["details"]["problems"]} == {"src/b.ts"}


def test_a_place_that_cannot_be_written_is_named(proven: Proven) -> None:
    Path("file").write_text("")
    result = proven("init", "file/hello")
    assert result.exit_code == 1
    assert "cannot write file/hello: Not a directory" in result.stderr


def test_front_end_files_are_part_of_what_is_explained(proven: Proven, hello: Path) -> None:
    described = json.loads((hello / "package.json").read_text())
    section = {"assets": "dist", "fallback": "index.html"}
    (hello / "package.json").write_text(json.dumps({**described, "proven": section}))
    missing = proven("package", "hash", "hello")
    assert missing.exit_code == 1
    assert "run `npm run build` first" in missing.stderr
    (hello / "dist").mkdir()
    (hello / "dist" / "index.html").write_text("<!doctype html>")
    line = f"  {hashlib.sha256(b'<!doctype html>').hexdigest()}  index.html (15 bytes)  fallback"
    assert line in proven("package", "hash", "hello").stdout.splitlines()
    assert proven("package", "build", "hello", "-o", "hello.package").exit_code == 0
    assert line in proven("package", "show", "hello.package").stdout.splitlines()


def test_a_folder_is_shown_as_its_package_is(proven: Proven) -> None:
    proven("init", "hello")
    proven("package", "build", "hello")
    of_folder, of_file = proven("package", "show", "hello"), proven("package", "show", "hello.package")
    assert (of_folder.exit_code, of_folder.output) == (0, of_file.output)
    assert "Handlers:" in of_folder.output
    missing = proven("package", "show", "gone")
    assert missing.exit_code == 1
    assert "gone is no folder, no package file" in missing.stderr
