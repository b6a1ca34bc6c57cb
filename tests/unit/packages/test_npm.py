"""npm dependencies: as locked, checked by hash, only what is reached, and hostile tarballs kept out."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from proven.packages import (
    BuildError,
    ModuleFormat,
    ModuleGraph,
    Package,
    Registry,
    Rule,
    build,
    limits,
    verify,
)
from unit.packages.npm import Npm, integrity, serving, tarball

Files = Mapping[str, str | bytes]
App = Callable[[Files], Path]
Build = Callable[[str], Package]
RUN = "import { run } from '@proven-network/handler';\nexport const x = run(() => 1);\n"


@pytest.fixture
def npm() -> Iterator[Npm]:
    with serving() as npm:
        yield npm


@pytest.fixture
def registry(npm: Npm, tmp_path: Path) -> Registry:
    return Registry(npm.url, cache=tmp_path / "cache")


@pytest.fixture
def building(app: App, npm: Npm, registry: Registry) -> Build:
    """Build an app of one module with the dependencies that have been published."""

    def build_app(source: str) -> Package:
        return build(app({"src/a.ts": RUN + source, "package-lock.json": npm.lock_file}), registry=registry)

    return build_app


def reached(package: Package) -> list[str]:
    return [path for path in package.files if path.startswith("npm/") and not path.endswith("package.json")]


def failure(build_app: Build, source: str) -> tuple[Rule, str]:
    with pytest.raises(BuildError) as caught:
        build_app(source)
    (problem,) = caught.value.problems
    return problem.rule, problem.message


def test_only_reached_files_of_reached_packages_are_vendored(npm: Npm, building: Build) -> None:
    npm.publish(
        "alpha", "1.2.3",
        {"index.js": "import './lib/one.js';\nimport 'beta/sub';", "lib/one.js": "", "lib/two.js": ""},
        type="module", main="index.js",
    )  # fmt: skip
    npm.publish("beta", "2.0.0", {"sub.js": "export const b = 1;", "index.js": ""}, type="module")
    npm.publish("gamma", "3.0.0", {"index.js": ""})
    package = building("import 'alpha';")
    assert reached(package) == [
        "npm/alpha@1.2.3/index.js",
        "npm/alpha@1.2.3/lib/one.js",
        "npm/beta@2.0.0/sub.js",
    ]
    assert package.manifest.requires == {"alpha": "alpha@1.2.3"}
    assert [(item.key, item.requires) for item in package.manifest.dependencies] == [
        ("alpha@1.2.3", {"beta": "beta@2.0.0"}),
        ("beta@2.0.0", {}),
    ]
    verify(Package.from_archive(package.to_archive()))


def test_what_is_in_the_cache_needs_no_network(npm: Npm, app: App, tmp_path: Path) -> None:
    npm.publish("alpha", "1.0.0", {"index.js": "export {}"})
    folder = app({"src/a.ts": RUN + "import 'alpha';", "package-lock.json": npm.lock_file})
    fetched: list[str] = []
    first = build(folder, registry=Registry(npm.url, cache=tmp_path / "cache", on_fetch=fetched.append))
    assert (npm.requests, fetched) == (["/alpha/-/alpha-1.0.0.tgz"], ["alpha@1.0.0"])
    offline = Registry("http://127.0.0.1:9/", cache=tmp_path / "cache", on_fetch=fetched.append)
    assert build(folder, registry=offline) == first
    assert len(npm.requests) == len(fetched) == 1


def test_a_cache_that_was_tampered_with_is_fetched_again(npm: Npm, app: App, tmp_path: Path) -> None:
    npm.publish("alpha", "1.0.0", {"index.js": "export {}"})
    folder = app({"src/a.ts": RUN + "import 'alpha';", "package-lock.json": npm.lock_file})
    first = build(folder, registry=Registry(npm.url, cache=tmp_path / "cache"))
    (cached,) = (tmp_path / "cache").rglob("*.tgz")
    cached.write_bytes(tarball({"index.js": "evil()"}))
    assert build(folder, registry=Registry(npm.url, cache=tmp_path / "cache")) == first
    assert len(npm.requests) == 2


def test_a_cache_that_cannot_be_written_is_no_obstacle(npm: Npm, app: App, tmp_path: Path) -> None:
    npm.publish("alpha", "1.0.0", {"index.js": "export {}"})
    (tmp_path / "cache").write_text("in the way")
    folder = app({"src/a.ts": RUN + "import 'alpha';", "package-lock.json": npm.lock_file})
    assert reached(build(folder, registry=Registry(npm.url, cache=tmp_path / "cache")))


def test_a_tarball_that_is_not_the_locked_one_is_refused(npm: Npm, building: Build) -> None:
    npm.publish("alpha", "1.0.0", {"index.js": "export {}"})
    npm.tarballs["/alpha/-/alpha-1.0.0.tgz"] = tarball({"index.js": "evil()"})
    assert failure(building, "import 'alpha';")[0] is Rule.DEPENDENCY_INTEGRITY


def test_a_registry_that_has_it_not_is_named(npm: Npm, building: Build) -> None:
    npm.publish("alpha", "1.0.0", {"index.js": ""})
    npm.tarballs.clear()
    rule, message = failure(building, "import 'alpha';")
    assert rule is Rule.DEPENDENCY_FETCH
    assert "alpha@1.0.0" in message


@pytest.mark.parametrize("name", ["package-lock.json", "npm-shrinkwrap.json"])
def test_both_names_of_the_lock_file_are_read(npm: Npm, app: App, registry: Registry, name: str) -> None:
    npm.publish("alpha", "1.0.0", {"index.js": "export {}"})
    assert reached(build(app({"src/a.ts": RUN + "import 'alpha';", name: npm.lock_file}), registry=registry))


def test_without_a_lock_file_the_error_says_how_to_get_one(app: App, registry: Registry) -> None:
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": RUN + "import 'alpha';"}), registry=registry)
    (problem,) = caught.value.problems
    assert problem.rule is Rule.LOCK_MISSING
    assert "npm install --package-lock-only" in problem.message
    assert (problem.file, problem.line, problem.column) == ("src/a.ts", 3, 1)


def test_imports_of_types_alone_need_no_lock_file(app: App, registry: Registry) -> None:
    source = (
        RUN + "import { T } from 'alpha';\nimport type { U } from 'beta';\nexport const f = (x: T): U => x;"
    )
    assert reached(build(app({"src/a.ts": source}), registry=registry)) == []


def locked(entry: str) -> str:
    return f'{{"packages": {{"node_modules/alpha": {entry}}}}}'


@pytest.mark.parametrize(
    ("lock", "rule"),
    [
        ("{", Rule.LOCK_INVALID),
        ("[]", Rule.LOCK_INVALID),
        ('{"lockfileVersion": 1, "dependencies": {}}', Rule.LOCK_INVALID),
        ('{"packages": {}}', Rule.IMPORT_UNRESOLVED),
        (locked("null"), Rule.LOCK_INVALID),
        (locked('{"version": "1.0.0"}'), Rule.DEPENDENCY_SOURCE),
        (locked('{"version": "*", "integrity": "sha512-x"}'), Rule.LOCK_INVALID),
        (locked('{"version": "1.0.0", "integrity": "sha1-x"}'), Rule.DEPENDENCY_SOURCE),
        (locked('{"link": true, "resolved": "packages/a"}'), Rule.DEPENDENCY_SOURCE),
        (locked('{"version": "1.0.0", "resolved": "git+ssh://x"}'), Rule.DEPENDENCY_SOURCE),
        (locked('{"version": "1.0.0", "inBundle": true}'), Rule.DEPENDENCY_SOURCE),
        (locked('{"name": "../x", "version": "1.0.0"}'), Rule.LOCK_INVALID),
    ],
)
def test_locks_that_pin_nothing_are_refused(app: App, registry: Registry, lock: str, rule: Rule) -> None:
    with pytest.raises(BuildError) as caught:
        build(app({"src/a.ts": RUN + "import 'alpha';", "package-lock.json": lock}), registry=registry)
    assert [problem.rule for problem in caught.value.problems] == [rule]


def test_each_package_sees_the_version_that_node_would_find(npm: Npm, building: Build) -> None:
    npm.publish("a", "1.0.0", {"index.js": "import 'shared';"}, type="module")
    npm.publish("b", "1.0.0", {"index.js": "import 'shared';"}, type="module")
    npm.publish("shared", "1.0.0", {"index.js": ""})
    npm.publish("shared", "2.0.0", {"index.js": ""}, at="node_modules/b/node_modules/shared")
    package = building("import 'a';\nimport 'b';\nimport 'shared';")
    graph = ModuleGraph.resolve(package)
    assert graph.modules["npm/a@1.0.0/index.js"].imports == {"shared": "npm/shared@1.0.0/index.js"}
    assert graph.modules["npm/b@1.0.0/index.js"].imports == {"shared": "npm/shared@2.0.0/index.js"}
    assert graph.modules["src/a.ts"].imports["shared"] == "npm/shared@1.0.0/index.js"


def test_copies_that_see_different_versions_are_refused(npm: Npm, building: Build) -> None:
    npm.publish("a", "1.0.0", {"index.js": "import 'peer';"}, type="module")
    npm.publish(
        "a", "1.0.0", {"index.js": "import 'peer';"}, at="node_modules/b/node_modules/a", type="module"
    )
    npm.publish("b", "1.0.0", {"index.js": "import 'a';"}, type="module")
    npm.publish("peer", "1.0.0", {"index.js": ""})
    npm.publish("peer", "2.0.0", {"index.js": ""}, at="node_modules/b/node_modules/peer")
    assert failure(building, "import 'a';\nimport 'b';")[0] is Rule.DEPENDENCY_CONFLICT


def test_aliases_and_scopes_are_resolved(npm: Npm, building: Build) -> None:
    npm.publish("@acme/tool", "1.0.0", {"deep/er.js": ""}, at="node_modules/alias")
    npm.publish("@acme/other", "1.0.0", {"index.js": ""})
    package = building("import 'alias/deep/er';\nimport '@acme/other';")
    assert package.manifest.requires == {"@acme/other": "@acme/other@1.0.0", "alias": "@acme/tool@1.0.0"}
    assert "npm/@acme/tool@1.0.0/deep/er.js" in package.files


def test_node_builtins_are_refused_with_the_chain_that_leads_to_them(npm: Npm, building: Build) -> None:
    npm.publish("a", "1.0.0", {"index.js": "import './lib.js';", "lib.js": "import 'b';"}, type="module")
    npm.publish("b", "1.0.0", {"index.js": "export * from 'node:fs';"}, type="module")
    rule, message = failure(building, "import 'a';")
    assert rule is Rule.IMPORT_BUILTIN
    chain = "src/a.ts → npm/a@1.0.0/index.js → npm/a@1.0.0/lib.js → npm/b@1.0.0/index.js"
    assert chain in message


def test_a_package_named_like_a_builtin_is_used_where_there_is_one(npm: Npm, building: Build) -> None:
    npm.publish("events", "3.0.0", {"events.js": "module.exports = 1"}, main="./events.js")
    assert reached(building("import 'events';")) == ["npm/events@3.0.0/events.js"]
    assert failure(building, "import 'fs/promises';")[0] is Rule.IMPORT_BUILTIN


def test_common_js_packages_bring_what_they_require(npm: Npm, building: Build) -> None:
    npm.publish(
        "a", "1.0.0",
        {
            "index.js": "const x = require('./x'), y = require(\"./y.cjs\");\n"
            "try { require('optional') } catch {}\nfunction lazy() { return require('fs'); }\n"
            "require(dynamic); other.require('no');\nmodule.exports = x;",
            "x/index.js": "require('../data')",
            "y.cjs": "",
            "data.json": "{}",
        },
    )  # fmt: skip
    package = building("import a from 'a';\nvoid a;")
    graph = ModuleGraph.resolve(package)
    index = graph.modules["npm/a@1.0.0/index.js"]
    assert index.format is ModuleFormat.CJS
    assert index.imports == {"./x": "npm/a@1.0.0/x/index.js", "./y.cjs": "npm/a@1.0.0/y.cjs"}
    assert graph.modules["npm/a@1.0.0/data.json"].format is ModuleFormat.JSON


@pytest.mark.parametrize(
    ("path", "content", "description", "form"),
    [
        ("i.js", "module.exports = 1", {}, ModuleFormat.CJS),
        ("i.js", "export default 1", {}, ModuleFormat.ESM),
        ("i.js", "1", {"type": "module"}, ModuleFormat.ESM),
        ("i.js", "1", {"type": "commonjs"}, ModuleFormat.CJS),
        ("i.mjs", "1", {"type": "commonjs"}, ModuleFormat.ESM),
        ("i.cjs", "1", {"type": "module"}, ModuleFormat.CJS),
        ("i.json", "1", {"type": "module"}, ModuleFormat.JSON),
    ],
)
def test_formats_are_told_apart_as_node_does(
    npm: Npm, building: Build, path: str, content: str, description: dict[str, str], form: ModuleFormat
) -> None:
    npm.publish("a", "1.0.0", {path: content}, main=path, **description)
    graph = ModuleGraph.resolve(building("import 'a';"))
    assert graph.modules[f"npm/a@1.0.0/{path}"].format is form


def test_the_nearest_package_json_decides_the_format(npm: Npm, building: Build) -> None:
    files = {"esm/i.js": "", "esm/package.json": '{"type": "module"}'}
    npm.publish("a", "1.0.0", files, main="esm/i.js")
    package = building("import 'a';")
    assert "npm/a@1.0.0/esm/package.json" in package.files
    assert ModuleGraph.resolve(package).modules["npm/a@1.0.0/esm/i.js"].format is ModuleFormat.ESM


def test_handlers_in_dependencies_are_refused(npm: Npm, building: Build) -> None:
    npm.publish("a", "1.0.0", {"index.js": "export { run } from '@proven-network/handler';"}, type="module")
    rule, message = failure(building, "export * from 'a';")
    assert rule is Rule.HANDLER_IN_DEPENDENCY
    assert "npm/a@1.0.0/index.js" in message


def test_dependencies_may_use_the_rest_of_the_app_api(npm: Npm, building: Build) -> None:
    npm.publish("a", "1.0.0", {"index.js": "import '@proven-network/kv';"}, type="module")
    graph = ModuleGraph.resolve(building("import 'a';"))
    assert graph.modules["npm/a@1.0.0/index.js"].imports == {"@proven-network/kv": "@proven-network/kv"}


@pytest.mark.parametrize("file", ["index.ts", "index.node", "index.wasm", "index.jsx"])
def test_what_cannot_be_loaded_is_refused(npm: Npm, building: Build, file: str) -> None:
    npm.publish("a", "1.0.0", {file: ""}, exports=f"./{file}")
    assert failure(building, "import 'a';")[0] is Rule.UNSUPPORTED_FILE


def hostile(*members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 1) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = size if kind == tarfile.REGTYPE else 0
    return info


def many(count: int) -> bytes:
    return hostile(*(member(f"package/{n}", size=0) for n in range(count)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not gzip",
        gzip.compress(b"not tar" * 100),
        gzip.compress(b"\0" * 1024)[:-9],
        hostile(member("package/../../../etc/passwd")),
        hostile(member("/etc/passwd")),
        hostile(member("package/..\\x.js")),
        gzip.compress(bytes(limits.MAX_UNPACKED_BYTES + 1), compresslevel=1),
    ],
    ids=["empty", "not gzip", "not tar", "truncated", "dots", "absolute", "backslash", "bomb"],
)
def test_hostile_tarballs_are_refused(npm: Npm, building: Build, data: bytes) -> None:
    npm.serve("a", "1.0.0", data)
    assert failure(building, "import 'a';")[0] in (Rule.DEPENDENCY_ARCHIVE, Rule.IMPORT_UNRESOLVED)


def test_a_tarball_of_too_many_files_is_refused(
    npm: Npm, building: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proven.packages._tarball.MAX_TARBALL_FILES", 100)
    npm.serve("a", "1.0.0", many(101))
    assert failure(building, "import 'a';")[0] is Rule.DEPENDENCY_ARCHIVE


def test_links_and_devices_in_a_tarball_are_not_there(npm: Npm, building: Build) -> None:
    npm.serve(
        "a", "1.0.0",
        hostile(
            member("package/index.js", tarfile.SYMTYPE, "/etc/passwd"),
            member("package/hard.js", tarfile.LNKTYPE, "/etc/passwd"),
            member("package/device.js", tarfile.CHRTYPE),
            member("package/pipe.js", tarfile.FIFOTYPE),
            member("package/good.js"),
        ),
    )  # fmt: skip
    assert reached(building("import 'a/good';")) == ["npm/a@1.0.0/good.js"]
    for name in ("index", "hard", "device", "pipe"):
        assert failure(building, f"import 'a/{name}';")[0] is Rule.IMPORT_UNRESOLVED


def test_the_registry_is_the_one_that_npm_uses(npm: Npm, app: App, tmp_path: Path) -> None:
    npm.publish("a", "1.0.0", {"index.js": ""})
    npm.publish("@acme/b", "1.0.0", {"index.js": ""})
    home = tmp_path / "home"
    home.mkdir()
    (home / ".npmrc").write_text("registry = http://127.0.0.1:9/\n//127.0.0.1/:_authToken=secret\n")
    source = RUN + "import 'a';\nimport '@acme/b';"
    npmrc = f"registry=http://127.0.0.1:${{PORT}}/\n@acme:registry={npm.url}\n"
    folder = app({"src/a.ts": source, "package-lock.json": npm.lock_file, ".npmrc": npmrc})
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(tmp_path / "xdg"), "PORT": npm.url[17:-1]}
    assert reached(build(folder, registry=Registry.from_environment(folder, environment)))
    assert sorted(npm.requests) == ["/@acme/b/-/b-1.0.0.tgz", "/a/-/a-1.0.0.tgz"]
    assert len(list((tmp_path / "xdg" / "proven" / "npm" / "sha512").iterdir())) == 2
    (folder / ".npmrc").unlink()
    environment = {"HOME": str(home), "npm_config_registry": npm.url, "XDG_CACHE_HOME": str(tmp_path / "new")}
    assert reached(build(folder, registry=Registry.from_environment(folder, environment)))


def test_a_registry_that_is_no_web_address_is_not_opened(npm: Npm, app: App, tmp_path: Path) -> None:
    npm.publish("a", "1.0.0", {"index.js": ""})
    folder = app({"src/a.ts": RUN + "import 'a';", "package-lock.json": npm.lock_file})
    with pytest.raises(BuildError) as caught:
        build(folder, registry=Registry(f"file://{tmp_path}/", cache=tmp_path / "cache"))
    assert [problem.rule for problem in caught.value.problems] == [Rule.DEPENDENCY_FETCH]


def test_addresses_in_the_lock_file_are_not_followed(npm: Npm, app: App, registry: Registry) -> None:
    npm.publish("a", "1.0.0", {"index.js": ""})
    entry = npm.lock["node_modules/a"]
    assert isinstance(entry, dict)
    entry["resolved"] = "http://127.0.0.1:9/elsewhere.tgz"
    folder = app({"src/a.ts": RUN + "import 'a';", "package-lock.json": npm.lock_file})
    assert reached(build(folder, registry=registry))


def test_of_several_hashes_the_sha512_counts(npm: Npm, app: App, registry: Registry) -> None:
    npm.publish("a", "1.0.0", {"index.js": ""})
    data = npm.tarballs["/a/-/a-1.0.0.tgz"]
    lock = json.loads(npm.lock_file)
    lock["packages"]["node_modules/a"]["integrity"] = f"sha1-AAAA {integrity(data)}"
    folder = app({"src/a.ts": RUN + "import 'a';", "package-lock.json": json.dumps(lock)})
    package = build(folder, registry=registry)
    assert package.manifest.dependencies[0].integrity == integrity(data)
