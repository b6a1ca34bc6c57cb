"""The page of the todo app as it is committed."""

from __future__ import annotations

from pathlib import Path

from support.workspace import npm_workspace, run

EXAMPLE = Path(__file__).parents[2] / "examples/todo"


def test_the_built_page_is_what_the_source_builds_to(tmp_path: Path) -> None:
    npm_workspace()
    run("npm", "run", "build", "--workspace", "examples/todo", "--", "--outDir", str(tmp_path / "dist"))
    assert contents(tmp_path / "dist") == contents(EXAMPLE / "dist")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
