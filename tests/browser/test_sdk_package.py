"""The SDK as it is published: built from its sources, small, without dependencies, and as its page says."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

from support.workspace import CHECKOUT, npm_workspace, run

SDK = CHECKOUT / "packages" / "sdk"
GUIDE = CHECKOUT / "docs" / "browser.md"
EXAMPLES = re.findall(r"^```(typescript|tsx)\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def workspace() -> Path:
    return npm_workspace()


def test_dist_is_what_the_source_builds_to(tmp_path: Path) -> None:
    run("node", str(SDK / "build.js"), str(tmp_path / "dist"))
    built, committed = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "dist", SDK / "dist")
    )
    assert sorted(built) == sorted(committed)
    assert [str(path) for path in built if built[path] != committed[path]] == []


def test_the_main_entry_is_as_small_as_the_guide_says() -> None:
    printed = run("node", str(SDK / "size.js"))
    match = re.search(r"(\d+) bytes gzip", printed)
    assert match is not None
    size = int(match[1])
    assert size <= 25_000
    assert f"is {math.ceil(size / 1000)} kB, rounded up" in GUIDE.read_text()


def test_it_depends_on_nothing_and_loads_nothing_that_is_not_in_it() -> None:
    package = json.loads((SDK / "package.json").read_text())
    assert "dependencies" not in package
    assert all(meta["optional"] for meta in package["peerDependenciesMeta"].values())
    assert package["peerDependenciesMeta"].keys() == package["peerDependencies"].keys()
    for module in (SDK / "dist").glob("*.js"):
        imported = set(re.findall(r"(?:from|import\()\s*[\"']([^\"']+)[\"']", module.read_text()))
        allowed = {"react.js": {"react"}, "preact.js": {"@preact/signals-core"}}.get(module.name, set())
        assert {name for name in imported if not name.startswith("./")} == allowed


def test_the_sources_have_the_right_types() -> None:
    run("tsc", "--noEmit", "-p", str(SDK))


def check_types(folder: Path, sources: dict[str, str]) -> None:
    (folder / "node_modules").symlink_to(CHECKOUT / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    options = {"jsx": "react-jsx", "noEmit": True, "skipLibCheck": False, "allowImportingTsExtensions": True}
    settings = {"extends": str(CHECKOUT / "tsconfig.base.json"), "compilerOptions": options}
    (folder / "tsconfig.json").write_text(json.dumps(settings))
    for name, source in sources.items():
        (folder / name).write_text(source)
    run("tsc", "-p", str(folder))


def test_every_example_of_the_guide_has_the_right_types(tmp_path: Path) -> None:
    assert len(EXAMPLES) >= 8
    kinds = {"typescript": "ts", "tsx": "tsx"}
    check_types(tmp_path, {f"example{n}.{kinds[kind]}": text for n, (kind, text) in enumerate(EXAMPLES, 1)})


def test_types_refuse_what_is_wrong(tmp_path: Path) -> None:
    wrong = (
        "import { ProvenSDK } from '@proven-network/sdk';\n"
        "new ProvenSDK({ application: 'x', policy: { develop: true } });\n"
    )
    with pytest.raises(AssertionError, match="develop"):
        check_types(tmp_path, {"wrong.ts": wrong})


def test_the_readables_of_frameworks_follow(tmp_path: Path) -> None:
    program = tmp_path / "program.mjs"
    (tmp_path / "node_modules").symlink_to(CHECKOUT / "node_modules")
    program.write_text(
        """
        import { effect } from '@preact/signals-core';
        import { signalOf } from '@proven-network/sdk/preact';
        import { useReadable } from '@proven-network/sdk/react';

        const listeners = new Set();
        const readable = {
          value: 1,
          subscribe: (listener) => (listeners.add(listener), () => listeners.delete(listener)),
        };
        const seen = [];
        effect(() => seen.push(signalOf(readable).value));
        readable.value = 2;
        for (const listener of listeners) listener(2);
        console.log(JSON.stringify([seen, signalOf(readable) === signalOf(readable), typeof useReadable]));
        """
    )
    assert json.loads(run("node", str(program), cwd=tmp_path)) == [[1, 2], True, "function"]
