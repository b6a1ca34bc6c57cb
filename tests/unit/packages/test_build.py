"""What is in a package, and that its id depends on that and on nothing else."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tree_sitter import Node

from proven.packages import BuildError, Package, Registry, Rule, build, limits, verify
from proven.packages._syntax import Source
from proven.wire.errors import ErrorCode, ProvenError
from support.work import least_seconds

Files = Mapping[str, str | bytes]
App = Callable[[Files], Path]
RUN = "import { run } from '@proven-network/handler';\n"
TODO: Files = {
    "package.json": '{ "name": "todo", "scripts": {} }\n',
    "README.md": "no module",
    "src/todo.ts": RUN + "import { id } from './lib/id';\nexport const add = run(() => id());\r\n",
    "src/lib/id.ts": "import table from './table.json';\nexport const id = () => table.next;\n",
    "src/lib/table.json": '{"next": 1}',
    "src/lib/unused.ts": "export const unused = 1;",
    "src/todo.test.ts": RUN + "export const test = run(() => 1);",
    "src/page.tsx": "export const page = <b/>;",
    "node_modules/x/index.js": RUN + "export const x = run(() => 1);",
    ".proven/types/x.d.ts": "",
}


def paths(package: Package) -> list[str]:
    return list(package.files)


def rules(error: BuildError) -> set[Rule]:
    return {problem.rule for problem in error.problems}


def test_only_what_the_entries_reach_is_in_the_package(app: App, offline: Registry) -> None:
    package = build(app(TODO), registry=offline)
    assert paths(package) == ["package.json", "src/lib/id.ts", "src/lib/table.json", "src/todo.ts"]
    assert package.manifest.entries == ("src/todo.ts",)
    assert package.manifest.name == "todo"


def test_sources_are_hashed_as_written(app: App, offline: Registry) -> None:
    package = build(app(TODO), registry=offline)
    for module in package.manifest.modules:
        content = TODO[module.path]
        assert isinstance(content, str)
        assert package.files[module.path] == content.encode()
        assert module.sha256 == hashlib.sha256(content.encode()).hexdigest()


def test_the_id_is_that_of_the_format(app: App, offline: Registry) -> None:
    """Fails when the format changes: then old ids mean something else, and `FORMAT` has to change with it."""
    package = build(app({"a.ts": RUN + "export const a = run(() => 1);\n"}), registry=offline)
    assert package.manifest.to_json() == (
        b'{"dependencies":[],"entries":["a.ts"],"format":1,"handlers":[{"address":"a.ts#a","export":"a",'
        b'"kind":"rpc","module":"a.ts","options":{}}],"limits":{"memory_mib":null,"timeout_ms":null},'
        b'"migrations":[],"modules":[{"path":"a.ts","sha256":"'
        + hashlib.sha256(package.files["a.ts"]).hexdigest().encode()
        + b'","size":78}],"name":"app","requires":{}}'
    )
    assert package.id == hashlib.sha256(package.manifest.to_json()).hexdigest()


def test_the_id_is_the_same_in_any_folder_order_time_mode_and_locale(
    app: App, offline: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(app(TODO), registry=offline)
    other = tmp_path / "elsewhere" / "Ünïcode dir"
    old_mask = os.umask(0o077)
    try:
        for path, content in reversed(TODO.items()):
            target = other / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            os.utime(target, (1, 1))
    finally:
        os.umask(old_mask)
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.chdir(other)
    assert build(".", registry=offline) == first
    assert build(other, registry=Registry(cache=tmp_path / "another-cache")).id == first.id


def test_a_link_to_the_folder_builds_the_same(app: App, offline: Registry, tmp_path: Path) -> None:
    folder = app(TODO)
    (tmp_path / "link").symlink_to(folder)
    assert build(tmp_path / "link", registry=offline) == build(folder, registry=offline)


@pytest.mark.parametrize("path", ["src/todo.ts", "src/lib/id.ts", "src/lib/table.json", "package.json"])
def test_any_byte_of_a_module_changes_the_id(app: App, offline: Registry, path: str) -> None:
    before, content = build(app(TODO), registry=offline), TODO[path]
    assert isinstance(content, str)
    assert build(app({**TODO, path: content + " "}), registry=offline).id != before.id


@pytest.mark.parametrize(
    "path", ["README.md", "src/lib/unused.ts", "src/page.tsx", "src/todo.test.ts", ".git/HEAD"]
)
def test_what_is_not_in_the_package_does_not_change_the_id(app: App, offline: Registry, path: str) -> None:
    assert build(app({**TODO, path: "other"}), registry=offline) == build(app(TODO), registry=offline)


def test_modules_at_the_top_are_entries_where_src_has_none(app: App, offline: Registry) -> None:
    handler = RUN + "export const x = run(() => 1);"
    package = build(
        app({"b.mjs": handler, "a.js": handler, "src/x.ts": "", "c.d.ts": handler}), registry=offline
    )
    assert package.manifest.entries == ("a.js", "b.mjs")
    package = build(app({"b.mjs": handler, "src/x.ts": handler}), registry=offline)
    assert package.manifest.entries == ("src/x.ts",)


def test_modules_that_import_only_handler_types_are_no_entries(app: App, offline: Registry) -> None:
    package = build(
        app(
            {
                "src/a.ts": RUN + "export const x = run(() => 1);",
                "src/t.ts": "import type { HttpRequest } from '@proven-network/handler';\nnot TypeScript",
            }
        ),
        registry=offline,
    )
    assert package.manifest.entries == ("src/a.ts",)


def test_there_has_to_be_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ProvenError) as caught:
        build(tmp_path / "gone")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_links_out_of_the_folder_are_refused(app: App, offline: Registry, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"key": 1}')
    folder = app({"src/a.ts": RUN + "import s from './s.json';\nexport const x = run(() => s);"})
    (folder / "src" / "s.json").symlink_to("../../secret.json")
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert rules(caught.value) == {Rule.SYMLINK}


def test_links_to_folders_outside_are_refused(app: App, offline: Registry, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "s.ts").write_text("export default 1")
    folder = app({"src/a.ts": RUN + "import s from './out/s';\nexport const x = run(() => s);"})
    (folder / "src" / "out").symlink_to("../../outside", target_is_directory=True)
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert rules(caught.value) == {Rule.SYMLINK}


def test_links_inside_the_folder_are_read(app: App, offline: Registry) -> None:
    folder = app(
        {"src/a.ts": RUN + "import s from './s.json';\nexport const x = run(() => s);", "real.json": "1"}
    )
    (folder / "src" / "s.json").symlink_to("../real.json")
    assert build(folder, registry=offline).files["src/s.json"] == b"1"


def test_a_link_to_itself_ends(app: App, offline: Registry) -> None:
    folder = app(TODO)
    (folder / "src" / "loop").symlink_to(".", target_is_directory=True)
    (folder / "src" / "self.ts").symlink_to("self.ts")
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert {problem.file for problem in caught.value.problems} == {"src/self.ts"}


def test_something_else_than_a_file_is_not_waited_for(app: App, offline: Registry) -> None:
    folder = app(TODO)
    os.mkfifo(folder / "src" / "pipe.ts")
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert rules(caught.value) == {Rule.UNSUPPORTED_FILE}


def test_names_that_differ_only_in_case_are_refused(app: App, offline: Registry) -> None:
    source = RUN + "import './Lib';\nimport './lib';\nexport const x = run(() => 1);"
    folder = app({"src/a.ts": source, "src/lib.ts": ""})
    (folder / "src" / "Lib.ts").write_text("")
    if len(os.listdir(folder / "src")) < 3:
        pytest.fail("the tests need a file system that distinguishes case")
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert rules(caught.value) == {Rule.PATH_COLLISION}


def test_an_import_in_another_case_is_not_resolved(app: App, offline: Registry) -> None:
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": RUN + "import './LIB';\nexport const x = run(() => 1);", "src/lib.ts": ""}))
    assert rules(caught.value) == {Rule.IMPORT_UNRESOLVED}


@pytest.mark.parametrize(
    "name",
    ["a\u0301.ts", "a:b.ts", "a\\b.ts", "a#b.ts", "a\u202eb.ts", "a\nb.ts", " a.ts", "x" * 201 + ".ts"],
)
def test_names_that_mean_something_else_elsewhere_are_refused(app: App, offline: Registry, name: str) -> None:
    folder = app({f"src/{name}": RUN + "export const x = run(() => 1);"})
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert rules(caught.value) == {Rule.PATH}


def test_a_name_that_is_not_unicode_is_refused(app: App, offline: Registry) -> None:
    folder = app(TODO)
    name = os.fsencode(folder) + b"/src/\xff.ts"
    with open(name, "w") as file:
        file.write(RUN + "export const x = run(() => 1);")
    with pytest.raises(BuildError) as caught:
        build(folder, registry=offline)
    assert rules(caught.value) == {Rule.PATH}
    assert str(caught.value).encode()


def test_the_folder_of_npm_packages_is_reserved(app: App, offline: Registry) -> None:
    handler = RUN + "export const x = run(() => 1);"
    for files in (
        {"src/a.ts": handler + "import '../npm/b';", "npm/b.ts": ""},
        {"package.json": '{"proven": {"entries": ["npm/b.ts"]}}', "npm/b.ts": handler},
        {
            "package.json": '{"imports": {"#b": "./npm/b.ts"}}',
            "npm/b.ts": "",
            "src/a.ts": handler + "import '#b';",
        },
    ):
        with pytest.raises(BuildError) as caught:
            build(app(files), registry=offline)
        assert rules(caught.value) == {Rule.PATH}


def test_source_that_is_not_utf8_is_refused(app: App, offline: Registry) -> None:
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": RUN.encode() + b"export const x = run(() => '\xff');"}), registry=offline)
    assert rules(caught.value) == {Rule.NOT_UTF8}


def test_a_large_file_is_refused(app: App, offline: Registry) -> None:
    source = RUN + "import './data.json';\nexport const x = run(() => 1);"
    data = b" " * limits.MAX_FILE_BYTES
    assert build(app({"src/a.ts": source, "src/data.json": data}), registry=offline)
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": source, "src/data.json": data + b" "}), registry=offline)
    assert rules(caught.value) == {Rule.TOO_LARGE}


def test_too_much_in_all_is_refused(app: App, offline: Registry) -> None:
    count = limits.MAX_TOTAL_BYTES // limits.MAX_FILE_BYTES + 1
    files: dict[str, str | bytes] = {f"src/{n}.json": b" " * limits.MAX_FILE_BYTES for n in range(count)}
    imports = "".join(f"import './{n}.json';\n" for n in range(count))
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": RUN + imports + "export const x = run(() => 1);", **files}), registry=offline)
    assert rules(caught.value) == {Rule.TOO_LARGE}


def test_too_many_files_are_refused(app: App, offline: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proven.packages.graph.MAX_FILES", 10)
    files = {f"src/{n}.json": "1" for n in range(10)}
    imports = "".join(f"import './{n}.json';\n" for n in range(10))
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": RUN + imports + "export const x = run(() => 1);", **files}), registry=offline)
    assert rules(caught.value) == {Rule.TOO_LARGE}


def test_a_folder_that_is_too_large_to_search_is_refused(
    app: App, offline: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proven.packages._folder.MAX_FOLDER_FILES", 5)
    with pytest.raises(BuildError) as caught:
        build(app(TODO), registry=offline)
    assert rules(caught.value) == {Rule.TOO_LARGE}


def test_building_and_reading_back_agree(app: App, offline: Registry) -> None:
    package = build(app(TODO), registry=offline)
    read = Package.from_archive(package.to_archive())
    assert read == package
    verify(read)


def test_a_package_does_not_change_with_its_folder(app: App, offline: Registry) -> None:
    folder = app(TODO)
    package = build(folder, registry=offline)
    shutil.rmtree(folder)
    assert Package.from_archive(package.to_archive()) == package


def modules(count: int) -> Files:
    """An app of `count` times ten modules, of which every tenth has a handler."""
    body = "".join(
        f"export async function work{n}(input: {{ id: number, name: string }}): Promise<string[]> {{\n"
        f"  const parts = input.name.split('{n}').map((part) => `${{part}}-${{input.id}}`);\n"
        "  return parts.filter((part) => part.length > 3 && !part.startsWith('x'));\n}\n"
        for n in range(20)
    )
    files = {f"src/lib/m{n}.ts": body for n in range(9 * count)}
    for n in range(count):
        imports = "".join(f"import {{ work{k} as w{k} }} from './lib/m{n * 9 + k}';\n" for k in range(9))
        used = ", ".join(f"w{k}" for k in range(9))
        files[f"src/h{n}.ts"] = RUN + imports + f"export const h = run(() => [{used}]);\n"
    return files


def test_a_build_parses_each_of_a_hundred_modules_once(
    app: App, offline: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def count(source: Source, content: bytes) -> Node:
        parsed.append(source.path)
        return parse(source, content)

    parse = Source._parse
    monkeypatch.setattr(Source, "_parse", count)
    files = modules(10)
    build(app(files), registry=offline)
    assert sorted(parsed) == sorted(files)


def test_a_build_of_ten_times_the_modules_is_about_ten_times_the_work(app: App, offline: Registry) -> None:
    folders = [app(modules(count)) for count in (1, 10)]
    small, large = (least_seconds(functools.partial(build, each, registry=offline)) for each in folders)
    assert large < 20 * small
