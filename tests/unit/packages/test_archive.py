"""An archive from a stranger becomes a package that keeps every rule, or a refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest
import rfc8785

from proven.packages import BuildError, Package, limits, verify
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from support.work import least_seconds

SOURCE = "import { run } from '@proven-network/handler';\nexport const a = run(() => 1);\n"
PackageOf = Callable[[Mapping[str, str]], Package]
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def package(package_of: PackageOf) -> Package:
    return package_of({"src/a.ts": SOURCE + "import './b';", "src/b.ts": "export const b = 1;"})


def archive(manifest: Mapping[str, Any], contents: list[bytes]) -> bytes:
    return cbor.encode(["proven/package/v1", rfc8785.dumps(dict(manifest)), contents])


def refused(data: bytes) -> ErrorCode:
    with pytest.raises(ProvenError) as caught:
        Package.from_archive(data)
    return caught.value.code


def test_an_archive_is_the_same_every_time(package: Package) -> None:
    assert Package.from_archive(package.to_archive()).to_archive() == package.to_archive()


def test_a_change_of_any_byte_is_noticed(package: Package) -> None:
    data = package.to_archive()
    for position in range(len(data)):
        changed = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        try:
            read = Package.from_archive(changed)
        except ProvenError:
            continue
        assert read.id != package.id, position


def test_truncated_and_extended_archives_are_refused(package: Package) -> None:
    data = package.to_archive()
    assert all(refused(data[:size]) is ErrorCode.BAD_REQUEST for size in range(0, len(data), 7))
    assert refused(data + b"\0") is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"PK\x03\x04", cbor.encode([]), cbor.encode(["proven/package/v2", b"{}", []]),
     cbor.encode(["proven/package/v1", "{}", []]), cbor.encode(["proven/package/v1", b"{}", [], 1]),
     cbor.encode(["proven/package/v1", b"{}", {}]), cbor.encode(["proven/package/v1", b"null", []]),
     cbor.encode(["proven/package/v1", b"[" * 100_000, []])],
)  # fmt: skip
def test_something_else_is_refused(data: bytes) -> None:
    assert refused(data) is ErrorCode.BAD_REQUEST


def test_a_large_archive_is_refused_before_it_is_read() -> None:
    assert refused(bytes(limits.MAX_ARCHIVE_BYTES + 1)) is ErrorCode.TOO_LARGE


def put(*path: str | int, value: Any) -> Change:
    def change(manifest: dict[str, Any]) -> None:
        target: Any = manifest
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


def module(path: str) -> dict[str, Any]:
    return {"path": path, "sha256": hashlib.sha256(b"").hexdigest(), "size": 0}


def dependency(name: str, version: str, integrity: str = "sha512-" + "A" * 86 + "==") -> dict[str, Any]:
    return {"name": name, "version": version, "integrity": integrity, "requires": {}}


HANDLER = {"address": "src/a.ts#b", "export": "b", "module": "src/a.ts", "kind": "rpc", "options": {}}


def handler(**changes: Any) -> Change:
    return put("handlers", 0, value={**HANDLER, **changes})


MIGRATION = {"module": "src/a.ts", "scope": "application", "database": "d", "statements": ["0" * 64]}


@pytest.mark.parametrize(
    "change",
    [
        put("format", value=2),
        put("unknown", value=1),
        put("name", value="../evil"),
        put("name", value=""),
        put("entries", value=[]),
        put("entries", value=["src/c.ts"]),
        put("entries", value=["src/a.ts", "src/a.ts"]),
        put("modules", value=[]),
        put("modules", 0, "path", value="../a.ts"),
        put("modules", 0, "path", value="/etc/passwd"),
        put("modules", 0, "path", value="src//a.ts"),
        put("modules", 0, "path", value="src/a\0.ts"),
        put("modules", 0, "path", value="src/./a.ts"),
        put("modules", 0, "path", value="src\\a.ts"),
        put("modules", 0, "path", value="src/a\u0301.ts"),
        put("modules", 0, "size", value=-1),
        put("modules", 0, "size", value=10**9),
        put("modules", 0, "size", value=1),
        put("modules", 0, "sha256", value="0" * 64),
        put("modules", 0, "sha256", value="A" * 64),
        put("modules", 0, "sha256", value="é" * 64),
        lambda manifest: manifest["modules"].reverse(),
        lambda manifest: manifest["modules"].append(module("src/B.ts")),
        lambda manifest: manifest["modules"].append(module("src/b.ts/c.ts")),
        lambda manifest: manifest["modules"].insert(0, module("npm/x@1.0.0/index.js")),
        put("requires", value={"x": "x@1.0.0"}),
        put("requires", value={"../x": "x@1.0.0"}),
        put("dependencies", value=[dependency("x", "^1.0.0")]),
        put("dependencies", value=[dependency("../x", "1.0.0")]),
        put("dependencies", value=[dependency("x", "1.0.0", "sha1-abc")]),
        put("dependencies", value=[dependency("x", "1.0.0"), dependency("x", "1.0.0")]),
        handler(module="src/b.ts", address="src/b.ts#b"),
        handler(address="src/a.ts#other"),
        handler(address="src/a.ts#b c", export="b c"),
        handler(kind="shell"),
        handler(options={"path": "/"}),
        handler(options={"timeout_ms": 0}),
        handler(options={"timeout_ms": 1.5}),
        handler(options={"allowed_origins": ["https://A.example"]}),
        handler(options={"allowed_origins": ["https://b.example", "https://a.example"]}),
        handler(options={"access": "nobody"}),
        handler(kind="http", options={}),
        handler(kind="http", options={"path": "/", "cors": {"origins": ["*"], "credentials": True}}),
        handler(kind="schedule", options={"cron": "* * * * * *"}),
        handler(kind="ethereum_event", options={"network": "mainnet", "abi": "{ }"}),
        handler(kind="ethereum_event", options={"network": "mainnet", "address": "0x0"}),
        put("handlers", value=[HANDLER, HANDLER]),
        put("limits", value={"timeout_ms": 0, "memory_mib": None}),
        put("migrations", value=[{**MIGRATION, "module": "src/z.ts"}]),
        put("migrations", value=[{**MIGRATION, "statements": []}]),
        put("migrations", value=[{**MIGRATION, "statements": ["x"]}]),
        put("migrations", value=[{**MIGRATION, "database": ""}]),
        put("migrations", value=[{**MIGRATION, "scope": "everyone"}]),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_refused(package: Package, change: Change) -> None:
    manifest = msgspec.json.decode(package.manifest.to_json())
    change(manifest)
    contents = [package.files.get(item["path"], b"") for item in manifest["modules"]]
    assert refused(archive(manifest, contents)) in (ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE)


def test_a_manifest_that_is_not_canonical_is_refused(package: Package) -> None:
    spaced = msgspec.json.format(package.manifest.to_json(), indent=1)
    twice = package.manifest.to_json().replace(b'{"dep', b'{"dependencies":[],"dep', 1)
    for manifest in (spaced, twice):
        data = cbor.encode(["proven/package/v1", manifest, list(package.files.values())])
        assert refused(data) is ErrorCode.BAD_REQUEST


def test_files_that_the_manifest_does_not_name_are_refused(package: Package) -> None:
    contents = list(package.files.values())
    for wrong in (contents[:-1], [*contents, b""], contents[::-1], ["text", *contents[1:]]):
        data = cbor.encode(["proven/package/v1", package.manifest.to_json(), wrong])
        assert refused(data) is ErrorCode.BAD_REQUEST


def test_too_many_of_anything_is_refused(package: Package) -> None:
    manifest = msgspec.json.decode(package.manifest.to_json())
    manifest["modules"] = [module(f"src/{n:05}.ts") for n in range(limits.MAX_FILES + 1)]
    assert refused(archive(manifest, [b""] * len(manifest["modules"]))) is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "change",
    [
        put("handlers", value=[]),
        handler(),
        handler(address="src/a.ts#a", export="a", kind="http", options={"path": "/"}),
        handler(address="src/a.ts#a", export="a", options={"allowed_origins": ["https://evil.example"]}),
        put("name", value="other"),
        put("migrations", value=[MIGRATION]),
        put("limits", value={"timeout_ms": 1000, "memory_mib": None}),
        put("entries", value=["src/a.ts", "src/b.ts"]),
        lambda manifest: manifest["modules"].append(module("src/c.ts")),
    ],
)
def test_a_manifest_that_does_not_say_what_the_code_says_is_noticed(package: Package, change: Change) -> None:
    manifest = msgspec.json.decode(package.manifest.to_json())
    change(manifest)
    contents = [package.files.get(item["path"], b"") for item in manifest["modules"]]
    read = Package.from_archive(archive(manifest, contents))
    with pytest.raises(ProvenError) as caught:
        verify(read)
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_code_that_could_not_have_been_built_is_noticed(package: Package) -> None:
    manifest = msgspec.json.decode(package.manifest.to_json())
    broken = b"import './gone';\n" + package.files["src/a.ts"]
    manifest["modules"][0] |= {"size": len(broken), "sha256": hashlib.sha256(broken).hexdigest()}
    read = Package.from_archive(archive(manifest, [broken, package.files["src/b.ts"]]))
    with pytest.raises(BuildError):
        verify(read)


def test_reading_the_largest_archive_is_not_much_more_work_than_hashing_it() -> None:
    content = bytes(limits.MAX_FILE_BYTES)
    digest = hashlib.sha256(content).hexdigest()
    count = limits.MAX_TOTAL_BYTES // limits.MAX_FILE_BYTES
    manifest = {
        "format": 1, "name": "app", "entries": ["0.json"], "requires": {}, "dependencies": [], "handlers": [],
        "modules": [{"path": f"{n}.json", "sha256": digest, "size": len(content)} for n in range(count)],
        "migrations": [], "limits": {"timeout_ms": None, "memory_mib": None},
    }  # fmt: skip
    data = archive(manifest, [content] * count)
    reading = least_seconds(lambda: Package.from_archive(data))
    assert reading < 5 * least_seconds(lambda: [hashlib.sha256(content).digest() for _ in range(count)])
