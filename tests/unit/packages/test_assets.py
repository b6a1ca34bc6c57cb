"""Front-end files: which of a folder's files come with a package, and what is refused."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proven.packages import Asset, BuildError, ModuleGraph, Package, Registry, Rule, build, limits, verify
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError

SOURCE = "import { run } from '@proven-network/handler';\nexport const a = run(() => 1);\n"
PAGE = b"<!doctype html><title>app</title>"
SCRIPT = b"console.log(1)\xff\x00"
Files = Mapping[str, str | bytes]
AppOf = Callable[[Files], Path]


def files(section: Mapping[str, object] | None = None, **more: str | bytes) -> dict[str, str | bytes]:
    described = {"name": "pages", "proven": section or {"assets": "dist"}}
    return {"src/a.ts": SOURCE, "package.json": json.dumps(described), **more}


BUILT = {"dist/index.html": PAGE, "dist/assets/app-B1xYz2Qw.js": SCRIPT, "dist/a b/ü.txt": "x"}


@pytest.fixture
def folder(app: AppOf) -> Path:
    return app({**files(), **BUILT})


@pytest.fixture
def package(folder: Path, offline: Registry) -> Package:
    return build(folder, registry=offline)


def problem(folder: Path, registry: Registry) -> tuple[Rule, str]:
    with pytest.raises(BuildError) as caught:
        build(folder, registry=registry)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].rule, caught.value.problems[0].message


def test_every_file_of_the_folder_is_listed_by_its_path_in_it(package: Package) -> None:
    assert package.manifest.assets == tuple(
        Asset(path, hashlib.sha256(content).hexdigest(), len(content))
        for path, content in [("a b/ü.txt", b"x"), ("assets/app-B1xYz2Qw.js", SCRIPT), ("index.html", PAGE)]
    )
    assert package.assets["index.html"] == PAGE
    assert not any(path.startswith("dist/") for path in package.files)
    assert package.manifest.fallback is None


def test_a_package_without_front_end_says_nothing_of_it(app: AppOf, offline: Registry) -> None:
    manifest = build(app({"src/a.ts": SOURCE}), registry=offline).manifest
    assert not {"assets", "fallback"} & set(json.loads(manifest.to_json()))


def test_the_id_changes_with_a_byte_of_a_file(folder: Path, package: Package, offline: Registry) -> None:
    (folder / "dist/index.html").write_bytes(PAGE + b" ")
    changed = build(folder, registry=offline)
    assert changed.id != package.id
    (folder / "dist/index.html").write_bytes(PAGE)
    assert build(folder, registry=offline).id == package.id


@pytest.mark.parametrize("stated", ["dist", "./dist", "dist/", "./dist/"])
def test_the_folder_can_be_written_in_any_way(stated: str, app: AppOf, offline: Registry) -> None:
    built = build(app({**files({"assets": stated}), **BUILT}), registry=offline)
    assert [asset.path for asset in built.manifest.assets][-1] == "index.html"


def test_the_folder_itself_may_begin_with_a_dot(app: AppOf, offline: Registry) -> None:
    built = build(
        app({**files({"assets": ".output/public"}), ".output/public/index.html": PAGE}), registry=offline
    )
    assert [asset.path for asset in built.manifest.assets] == ["index.html"]


def test_hidden_files_and_installed_packages_stay_out(app: AppOf, offline: Registry) -> None:
    hidden = {"dist/.env": "KEY=1", "dist/.vite/manifest.json": "{}", "dist/node_modules/x/index.js": "x"}
    built = build(app({**files(), **hidden, "dist/index.html": PAGE}), registry=offline)
    assert [asset.path for asset in built.manifest.assets] == ["index.html"]


def test_the_archive_carries_them(package: Package) -> None:
    read = Package.from_archive(package.to_archive())
    assert read == package
    verify(read)


def test_a_nodes_own_archive_leaves_their_contents_out(package: Package) -> None:
    read = Package.from_code_archive(package.to_code_archive())
    assert read.id == package.id
    assert (read.files, read.assets) == (package.files, {})
    assert ModuleGraph.resolve(read).modules.keys() == {"src/a.ts"}
    assert len(package.to_code_archive()) + len(SCRIPT) < len(package.to_archive())


def test_what_lacks_its_assets_is_no_package_to_pass_on(package: Package) -> None:
    code = Package.from_code_archive(package.to_code_archive())
    with pytest.raises(ProvenError):
        verify(code)
    with pytest.raises(ValueError, match="without its assets"):
        code.to_archive()


def test_a_change_of_any_byte_is_noticed(package: Package) -> None:
    data = package.to_archive()
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        try:
            read = Package.from_archive(changed)
        except ProvenError:
            continue
        assert read.id != package.id, position


def archive(manifest: bytes, *lists: object) -> bytes:
    return cbor.encode(["proven/package/v1", manifest, *lists])


def test_an_archive_has_exactly_the_files_of_its_manifest(package: Package) -> None:
    manifest, code = package.manifest.to_json(), list(package.files.values())
    assets = list(package.assets.values())
    for lists in (
        [code],
        [code, []],
        [code, assets[:-1]],
        [code, [*assets, b""]],
        [code, list(reversed(assets))],
        [code, assets, []],
        [code, [*assets[:-1], "text"]],
        [code, b"bytes"],
    ):
        with pytest.raises(ProvenError) as caught:
            Package.from_archive(archive(manifest, *lists))
        assert caught.value.code is ErrorCode.BAD_REQUEST, lists


def test_a_package_without_assets_has_no_list_of_them(app: AppOf, offline: Registry) -> None:
    plain = build(app({"src/a.ts": SOURCE}), registry=offline)
    with pytest.raises(ProvenError):
        Package.from_archive(archive(plain.manifest.to_json(), list(plain.files.values()), []))


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/passwd", "a//b", "a/./b", "a\\b", "a\0b", ".env", "a/.git/config", "x:y", "a?", "b."],
)
def test_a_hostile_path_is_refused(path: str, package: Package) -> None:
    asset = Asset(path, hashlib.sha256(b"").hexdigest(), 0)
    manifest = msgspec.structs.replace(package.manifest, assets=(asset,))
    with pytest.raises(ProvenError) as caught:
        Package.from_archive(archive(manifest.to_json(), list(package.files.values()), [b""]))
    assert caught.value.code is ErrorCode.BAD_REQUEST


def _changed(package: Package, **changes: Any) -> bytes:
    manifest = msgspec.structs.replace(package.manifest, **changes)
    return archive(manifest.to_json(), list(package.files.values()), list(package.assets.values()))


def test_a_manifest_that_states_them_wrongly_is_refused(package: Package) -> None:
    first, *rest = package.manifest.assets
    for changes in (
        {"assets": (*rest, first)},
        {"assets": (msgspec.structs.replace(first, size=first.size + 1), *rest)},
        {"assets": (msgspec.structs.replace(first, size=-1), *rest)},
        {"assets": (msgspec.structs.replace(first, sha256="0" * 64), *rest)},
        {"assets": (msgspec.structs.replace(first, sha256=""), *rest)},
        {"assets": (msgspec.structs.replace(first, path="Index.html"), *rest)},
        {"fallback": "missing.html"},
    ):
        with pytest.raises(ProvenError) as caught:
            Package.from_archive(_changed(package, **changes))
        assert caught.value.code is ErrorCode.BAD_REQUEST, changes


def test_assets_that_package_json_does_not_mention_are_refused(
    package: Package, app: AppOf, offline: Registry
) -> None:
    plain = build(app({"src/a.ts": SOURCE, "package.json": '{"name": "pages"}'}), registry=offline)
    manifest = msgspec.structs.replace(plain.manifest, assets=package.manifest.assets)
    with pytest.raises(ProvenError) as caught:
        verify(Package.create(manifest, plain.files, package.assets))
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert "assets" in caught.value.message


def test_a_fallback_that_package_json_does_not_name_is_refused(package: Package) -> None:
    manifest = msgspec.structs.replace(package.manifest, fallback="index.html")
    with pytest.raises(ProvenError, match="fallback"):
        verify(Package.create(manifest, package.files, package.assets))


def test_the_fallback_is_one_of_the_files(app: AppOf, offline: Registry) -> None:
    stated = {"assets": "dist", "fallback": "index.html"}
    built = build(app({**files(stated), **BUILT}), registry=offline)
    assert built.manifest.fallback == "index.html"
    verify(built)
    rule, message = problem(app({**files({**stated, "fallback": "404.html"}), **BUILT}), offline)
    assert (rule, "404.html" in message) == (Rule.ASSETS_MISSING, True)


@pytest.mark.parametrize("built", [{}, {"dist/.keep": ""}, {"dist": "a file"}, {"Dist/index.html": PAGE}])
def test_a_folder_that_was_not_built_says_what_to_do(
    built: dict[str, str | bytes], app: AppOf, offline: Registry
) -> None:
    rule, message = problem(app({**files(), **built}), offline)
    assert rule is Rule.ASSETS_MISSING
    assert "run `npm run build` first" in message


@pytest.mark.parametrize(
    "section",
    [{"assets": stated} for stated in (".", "", "..", "../dist", "/dist", "a//b", "node_modules/x", ".git",
                                        ".proven/data", "a/.proven", 1, ["dist"])]
    + [{"assets": "dist", "fallback": 1}, {"fallback": "index.html"}],
)  # fmt: skip
def test_a_senseless_section_is_refused(section: dict[str, object], app: AppOf, offline: Registry) -> None:
    with pytest.raises(BuildError) as caught:
        build(app({**files(section), **BUILT}), registry=offline)
    assert {found.rule for found in caught.value.problems} == {Rule.PACKAGE_JSON}


def test_modules_of_the_app_are_not_published(app: AppOf, offline: Registry) -> None:
    rule, message = problem(app({**files({"assets": "src"})}), offline)
    assert (rule, "keep the two apart" in message) == (Rule.PACKAGE_JSON, True)


def test_links_out_of_the_folder_are_refused(folder: Path, offline: Registry) -> None:
    link = folder / "dist" / "secret.txt"
    for target in ("/etc/passwd", "../src/a.ts", "../package.json", "missing.txt", "assets", "secret.txt"):
        link.symlink_to(target)
        rule, message = problem(folder, offline)
        assert (rule, "secret.txt" in message) == (Rule.SYMLINK, True), target
        link.unlink()
    link.symlink_to("index.html")
    assert build(folder, registry=offline).assets["secret.txt"] == PAGE


def test_a_folder_that_is_a_link_elsewhere_is_refused(app: AppOf, tmp_path: Path, offline: Registry) -> None:
    folder = app(files())
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/index.html").write_bytes(PAGE)
    (folder / "dist").symlink_to(tmp_path / "elsewhere")
    assert problem(folder, offline)[0] is Rule.SYMLINK


def test_what_is_no_regular_file_is_refused(folder: Path, offline: Registry) -> None:
    os.mkfifo(folder / "dist" / "pipe")
    assert problem(folder, offline)[0] is Rule.UNSUPPORTED_FILE


def test_names_that_mean_different_files_elsewhere_are_refused(folder: Path, offline: Registry) -> None:
    (folder / "dist" / "INDEX.html").write_bytes(PAGE)
    assert problem(folder, offline)[0] is Rule.PATH_COLLISION
    (folder / "dist" / "INDEX.html").unlink()
    (folder / "dist" / "a\\b").write_bytes(PAGE)
    assert problem(folder, offline)[0] is Rule.PATH


def test_a_file_over_the_limit_is_refused(folder: Path, offline: Registry) -> None:
    with open(folder / "dist" / "film.mp4", "wb") as film:
        film.truncate(limits.MAX_ASSET_BYTES)
    assert build(folder, registry=offline).manifest.size > limits.MAX_ASSET_BYTES
    with open(folder / "dist" / "film.mp4", "wb") as film:
        film.truncate(limits.MAX_ASSET_BYTES + 1)
    assert problem(folder, offline)[0] is Rule.TOO_LARGE


def test_too_many_files_are_refused(folder: Path, offline: Registry) -> None:
    for number in range(limits.MAX_ASSETS - len(BUILT)):
        (folder / "dist" / f"{number}.txt").touch()
    assert len(build(folder, registry=offline).assets) == limits.MAX_ASSETS
    (folder / "dist" / "more.txt").touch()
    assert problem(folder, offline)[0] is Rule.TOO_LARGE


def test_too_many_bytes_are_refused(folder: Path, offline: Registry) -> None:
    for number in range(limits.MAX_TOTAL_BYTES // limits.MAX_ASSET_BYTES + 1):
        with open(folder / "dist" / f"{number}.bin", "wb") as file:
            file.truncate(limits.MAX_ASSET_BYTES)
    assert problem(folder, offline)[0] is Rule.TOO_LARGE
