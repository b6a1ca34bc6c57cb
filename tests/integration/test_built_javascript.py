"""What is kept as built JavaScript is what its sources give."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.workspace import CHECKOUT, npm_workspace, run

_LEFT_OUT = shutil.ignore_patterns(".proven", "__pycache__")


def _workspaces() -> Iterator[str]:
    """Folders of the workspace that have something to build."""
    for pattern in ("packages/*", "web", "examples/*"):
        for folder in sorted(CHECKOUT.glob(pattern)):
            description = folder / "package.json"
            if description.is_file() and "build" in json.loads(description.read_bytes()).get("scripts", {}):
                yield folder.relative_to(CHECKOUT).as_posix()


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace once more, so that building it changes nothing here. Bundles name the paths of what is
    in them, so that the installed packages have to be inside.
    """
    checkout, target = npm_workspace(), tmp_path_factory.mktemp("copy")
    for name in ("package.json", "tsconfig.base.json", ".npmrc"):
        shutil.copy(checkout / name, target)
    for folder in ("packages", "web", "examples", "node_modules"):
        shutil.copytree(
            checkout / folder, target / folder, symlinks=True, ignore=_LEFT_OUT, copy_function=_linked
        )
    return target


def _linked(source: str, target: str) -> None:
    """Copy what may be written, and share what nobody changes."""
    try:
        if "/node_modules/" not in source:
            raise OSError
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


@pytest.mark.parametrize("workspace", list(_workspaces()))
def test_what_is_kept_is_what_the_sources_give(copy: Path, workspace: str) -> None:
    shutil.rmtree(copy / workspace / "dist")
    run("npm", "run", "--silent", "build", cwd=copy / workspace)
    built, kept = files(copy / workspace / "dist"), files(CHECKOUT / workspace / "dist")
    assert sorted(built) == sorted(kept)
    differing = [name for name, content in built.items() if kept[name] != content]
    assert differing == [], f"build it again: npm run build -w {workspace}"
