"""The pages that a node serves are what their sources build to; their parts do what they promise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from support.workspace import CHECKOUT, npm_workspace, run

WEB: Final = CHECKOUT / "web"
PAGES: Final = ("console", "explorer", "owner", "sign-in")


@pytest.fixture(autouse=True)
def workspace() -> Path:
    return npm_workspace()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    npm_workspace()
    folder = tmp_path_factory.mktemp("built")
    run("node", str(WEB / "build.js"), str(folder))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("page", PAGES)
def test_what_is_served_is_what_the_source_builds_to(built: Path, page: str) -> None:
    assert files(built / page) == files(WEB / "dist" / page)


def test_every_page_is_tried_here(built: Path) -> None:
    assert {path.name for path in built.iterdir()} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_the_source_has_no_type_errors(page: str) -> None:
    run("tsc", "--noEmit", "-p", str(WEB / page))


@pytest.mark.parametrize("page", ["owner", "sign-in"])
def test_the_parts_keep_their_promises(page: str) -> None:
    tests = sorted(map(str, (WEB / page / "tests").glob("*.test.js")))
    assert tests
    assert re.search(r"^ℹ pass [1-9]", run("node", "--test", *tests), re.MULTILINE)


@pytest.mark.parametrize(
    "forbidden",
    ["innerHTML", "insertAdjacentHTML", "eval(", "localStorage", "sessionStorage", "clipboard", "console."],
)
def test_the_sign_in_frame_does_without(forbidden: str) -> None:
    """What would run text as code, or put a secret where it stays."""
    ours = [path for path in (WEB / "sign-in").glob("*.ts") if forbidden in path.read_text()]
    assert not ours
    assert forbidden not in (WEB / "dist" / "sign-in" / "sign-in.js").read_text()
