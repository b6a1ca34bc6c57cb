from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from proven.cli import main
from proven.packages import Dependency, Limits, Manifest, Package, build, compare, diff
from proven.packages.diff import MAX_DIFFED_LINES

SOURCE = """\
import { runWithOptions } from '@proven-network/handler';
import { getApplicationDb } from '@proven-network/sql';
const db = getApplicationDb('main');
db.migrate('CREATE TABLE first (id INTEGER)');
export const greet = runWithOptions({ timeout: 1000 }, (name: string) => `Hello, ${name}`);
"""


def package(folder: Path, files: dict[str, str | bytes]) -> Package:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return build(folder)


def app(source: str = SOURCE, **manifest: object) -> dict[str, str | bytes]:
    return {"src/app.ts": source, "package.json": json.dumps({"name": "app", **manifest})}


def test_a_package_is_no_different_from_itself(tmp_path: Path) -> None:
    one = package(tmp_path, app())
    difference = compare(one, one)
    assert difference.empty
    assert (difference.sources, difference.handlers, difference.options, difference.settings) == ((),) * 4


def test_everything_that_decides_what_a_package_does_is_named(tmp_path: Path) -> None:
    assets = {"dist/index.html": "<p>old", "dist/gone.css": "p{}"}
    old = package(tmp_path / "old", {**app(proven={"assets": "dist"}), **assets})
    changed = (
        SOURCE.replace("timeout: 1000", "timeout: 9000, access: 'owner'").replace("Hello", "Bye")
        + "db.migrate('ALTER TABLE first ADD name TEXT');\nexport const more = runWithOptions({}, () => 1);\n"
    )
    settings = {"assets": "dist", "fallback": "index.html", "limits": {"memory": 64}}
    new = package(tmp_path / "new", {**app(changed, proven=settings), "dist/index.html": "<p>newer"})

    difference = compare(old, new)

    assert [(each.sign, each.name) for each in difference.handlers] == [("+", "src/app.ts#more")]
    options = {each.name: (each.before, each.after) for each in difference.options}
    assert options["src/app.ts#greet timeout_ms"] == (1000, 9000)
    assert options["src/app.ts#greet access"] == (None, "owner")
    (migration,) = difference.migrations
    assert migration.name == "application main src/app.ts"
    assert (len(migration.before or ()), len(migration.after or ())) == (1, 2)
    assert {(each.sign, each.name) for each in difference.assets} == {("~", "index.html"), ("-", "gone.css")}
    assert {each.name for each in difference.settings} >= {"fallback", "limits.memory_mib"}
    lines = next(each.lines for each in difference.sources if each.path == "src/app.ts")
    assert lines is not None
    assert any(line.startswith("-") and "Hello" in line for line in lines)
    assert any(line.startswith("+") and "Bye" in line for line in lines)


def test_a_difference_in_line_ends_alone_is_shown(tmp_path: Path) -> None:
    old = package(tmp_path / "old", app())
    new = package(tmp_path / "new", app(SOURCE.replace("\n", "\r\n")))
    lines = next(each.lines for each in compare(old, new).sources if each.path == "src/app.ts")
    assert lines is not None
    assert "0 CRLF" in lines[0]
    assert "5 CRLF" in lines[1]


def test_a_file_too_long_to_compare_is_said_to_differ(tmp_path: Path) -> None:
    long = SOURCE + "//\n" * MAX_DIFFED_LINES
    old, new = package(tmp_path / "old", app()), package(tmp_path / "new", app(long))
    (source,) = compare(old, new).sources
    assert source.lines is None


def test_many_files_are_compared_within_one_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"src/part{number}.ts": "// a\n// b\n// a\n" for number in range(3)}
    source = "".join(f"import '../{name}';\n" for name in files) + SOURCE
    old = package(tmp_path / "old", {**app(source), **files})
    new = package(tmp_path / "new", {**app(source), **dict.fromkeys(files, "// b\n// a\n// b\n")})
    monkeypatch.setattr(diff, "_MAX_STEPS_OF_ALL", 30)
    lengths = [len(each.lines or ()) for each in compare(old, new).sources]
    assert lengths[0] < lengths[-1] == 7


def test_what_imports_of_dependencies_lead_to_is_named() -> None:
    def using(target: str) -> Package:
        dependency = Dependency("one", "1.0.0", "sha512-one", {"two": target})
        manifest = Manifest(1, "app", (), (), {}, (dependency,), (), (), Limits())
        return Package(manifest.package_id, manifest, {})

    (change,) = compare(using("two@1.0.0"), using("two@2.0.0")).requires
    assert (change.sign, change.name) == ("~", "one@1.0.0 imports two")
    assert (change.before, change.after) == ("two@1.0.0", "two@2.0.0")


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b31m", "\u202e", "\u2066"])
def test_sources_cannot_steer_the_terminal_that_shows_them(tmp_path: Path, hostile: str) -> None:
    package(tmp_path / "old", app())
    package(tmp_path / "new", app(SOURCE + f"// {hostile}\n"))
    run = CliRunner().invoke(main, ["package", "diff", str(tmp_path / "old"), str(tmp_path / "new")])
    assert run.exit_code == 0
    assert hostile not in run.stdout
    assert repr(hostile[0])[1:-1] in run.stdout


def test_the_command_compares_folders_with_archives_and_prints_json(tmp_path: Path) -> None:
    old = package(tmp_path / "old", app())
    package(tmp_path / "new", app(SOURCE.replace("Hello", "Bye")))
    archive = tmp_path / "old.package"
    archive.write_bytes(old.to_archive())
    run = CliRunner().invoke(main, ["package", "diff", str(archive), str(tmp_path / "new"), "--json"])
    record = json.loads(run.stdout)
    assert record["before"] == old.id
    assert [source["path"] for source in record["sources"]] == ["src/app.ts"]


def test_what_is_neither_folder_nor_archive_nor_address_is_refused(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["package", "diff", "nothing-here", str(tmp_path)])
    assert run.exit_code == 1
    assert "no folder, no package file" in run.stderr
