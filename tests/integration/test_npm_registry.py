# ruff: noqa: E501 - the hashes of npm packages are long
"""With the real registry: real packages in the forms that real packages come in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import deno
import pytest

from proven.packages import ModuleFormat, ModuleGraph, Package, Registry, build, verify

LOCK = """{
  "name": "app",
  "lockfileVersion": 3,
  "packages": {
    "": { "name": "app", "dependencies": { "ms": "2.1.3", "nanoid": "5.1.16", "zod": "3.25.76" } },
    "node_modules/ms": {
      "version": "2.1.3",
      "integrity": "sha512-6FlzubTLZG3J2a/NVCAleEhjzq5oxgHyaCU9yYXvcLsvoVaHJq/s5xXI6/XXP6tz7R9xAOtHnSO/tXtF3WRTlA=="
    },
    "node_modules/nanoid": {
      "version": "5.1.16",
      "integrity": "sha512-kVrnsrJqMR8+oLJnGEmSWw9BivK5mt7H3FZatVRjrc5wGqFYuBxX1yG7+A7Gi5AefkX6t/oCkizcQgpu0cY1dQ=="
    },
    "node_modules/zod": {
      "version": "3.25.76",
      "integrity": "sha512-gzUt/qt81nXsFGKIFcC3YnfEAx5NkunCfnDlvuBSSFS02bcXu4Lmea0AFIUwbLWxWPx3d9p8S5QoaujKcNQxcQ=="
    }
  }
}"""
SOURCE = """import { run } from '@proven-network/handler';
import ms from 'ms';
import { customAlphabet } from 'nanoid';
import { z } from 'zod';

const Input = z.object({ every: z.string().min(2) });
export const parse = run((input: z.infer<typeof Input>) => {
  const { every } = Input.parse(input);
  return [ms(every as '1h'), customAlphabet('a', 4)()];
});
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.ts").write_text(SOURCE)
    (tmp_path / "package-lock.json").write_text(LOCK)
    return tmp_path


@pytest.fixture
def package(folder: Path) -> Package:
    return build(folder)


def test_real_packages_are_vendored_in_their_builds_for_the_web(package: Package) -> None:
    verify(Package.from_archive(package.to_archive()))
    graph = ModuleGraph.resolve(package)
    assert graph.modules["src/a.ts"].imports == {
        "@proven-network/handler": "@proven-network/handler",
        "ms": "npm/ms@2.1.3/index.js",
        "nanoid": "npm/nanoid@5.1.16/index.browser.js",
        "zod": "npm/zod@3.25.76/index.js",
    }
    assert graph.modules["npm/ms@2.1.3/index.js"].format is ModuleFormat.CJS
    assert graph.modules["npm/zod@3.25.76/index.js"].format is ModuleFormat.ESM
    assert not [path for path in package.files if path.endswith((".d.ts", ".md", ".map"))]


def test_what_was_fetched_once_is_built_offline(folder: Path, package: Package) -> None:
    assert build(folder, registry=Registry("http://127.0.0.1:9/")) == package


def test_the_vendored_files_are_enough_to_run(package: Package, tmp_path: Path) -> None:
    graph = ModuleGraph.resolve(package)
    for path in package.files:
        target = tmp_path / "out" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(graph.source(path) if path in graph.modules else package.files[path])
    (tmp_path / "out" / "main.mjs").write_text(
        "import { z } from './npm/zod@3.25.76/index.js';\n"
        "import { customAlphabet } from './npm/nanoid@5.1.16/index.browser.js';\n"
        "console.log(z.object({ a: z.string() }).parse({ a: 'b' }).a + customAlphabet('c', 3)());\n"
    )
    done = subprocess.run(
        [deno.find_deno_bin(), "run", "--no-remote", "--no-npm", "main.mjs"],
        cwd=tmp_path / "out",
        env={"DENO_DIR": str(tmp_path / "deno"), "HOME": str(tmp_path), "NO_COLOR": "1"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.decode().strip() == "bccc", done.stderr.decode()
