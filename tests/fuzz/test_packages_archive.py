"""Whatever bytes are called an archive, reading them ends in a package that keeps its rules, or in a
refusal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from proven.packages import Package, verify
from proven.packages._paths import path_fault
from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError

SOURCE = b"import { run } from '@proven-network/handler';\nexport const a = run(() => 1);\n"
MANIFEST: dict[str, Any] = {
    "format": 1,
    "name": "app",
    "entries": ["src/a.ts"],
    "modules": [{"path": "src/a.ts", "sha256": hashlib.sha256(SOURCE).hexdigest(), "size": len(SOURCE)}],
    "requires": {},
    "dependencies": [],
    "handlers": [
        {"address": "src/a.ts#a", "export": "a", "module": "src/a.ts", "kind": "rpc", "options": {}}
    ],
    "migrations": [],
    "limits": {"timeout_ms": None, "memory_mib": None},
}
ARCHIVE = cbor.encode(["proven/package/v1", rfc8785.dumps(MANIFEST), [SOURCE]])
TEXT = st.text(max_size=20) | st.sampled_from(
    ["src/a.ts", "../a", "npm/x@1.0.0/i.js", "a" * 64, "0" * 64, "rpc"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def refusal(work: Callable[[], object]) -> ErrorCode | None:
    try:
        work()
    except ProvenError as error:
        return error.code
    return None


def read(data: bytes) -> None:
    code = refusal(lambda: Package.from_archive(data))
    if code is not None:
        assert code in (ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE)
        return
    package = Package.from_archive(data)
    assert package.to_archive() == data
    assert package.id == hashlib.sha256(package.manifest.to_json()).hexdigest()
    for module in package.manifest.modules:
        assert path_fault(module.path) is None
        assert hashlib.sha256(package.files[module.path]).hexdigest() == module.sha256
    assert refusal(lambda: verify(package)) in (None, ErrorCode.BAD_REQUEST, ErrorCode.BUILD_ERROR)


def test_the_example_is_sound() -> None:
    verify(Package.from_archive(ARCHIVE))


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    read(data)


@given(
    st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255)), max_size=5),
    st.integers(0, 900),
)
def test_changed_bytes(changes: list[tuple[int, int]], size: int) -> None:
    data = bytearray(ARCHIVE)
    for position, byte in changes:
        data[position] = byte
    read(bytes(data[: size or None]))


@given(st.lists(st.tuples(st.lists(st.integers(0, 8), min_size=1, max_size=4), JSON), min_size=1, max_size=3))
def test_changed_manifests(changes: list[tuple[list[int], Any]]) -> None:
    def change(node: Any, path: list[int], value: Any) -> Any:
        if not path or not isinstance(node, dict | list) or not node:
            return value
        if isinstance(node, dict):
            key = sorted(node)[path[0] % len(node)]
            return {**node, key: change(node[key], path[1:], value)}
        index = path[0] % len(node)
        return [*node[:index], change(node[index], path[1:], value), *node[index + 1 :]]

    manifest: Any = MANIFEST
    for path, value in changes:
        manifest = change(manifest, path, value)
    read(cbor.encode(["proven/package/v1", rfc8785.dumps(manifest), [SOURCE]]))


@given(JSON, st.lists(st.binary(max_size=20), max_size=3))
def test_any_manifest(manifest: Any, contents: list[bytes]) -> None:
    read(cbor.encode(["proven/package/v1", rfc8785.dumps(manifest), contents]))
