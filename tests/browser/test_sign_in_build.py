"""What the node serves as its sign-in frame is what its source builds to; its parts do what they promise."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "web" / "sign-in"
DIST: Final = ROOT / "web" / "dist" / "sign-in"


def _node() -> str:
    found = shutil.which("node", path=str(ROOT / ".venv" / "bin")) or shutil.which("node")
    if found is None:
        pytest.skip("needs Node")
    return found


def test_what_is_served_is_what_the_source_builds_to(tmp_path: Path) -> None:
    subprocess.run([_node(), ROOT / "web" / "build.js", tmp_path], check=True, timeout=60)
    built = {path.name: path.read_bytes() for path in (tmp_path / "sign-in").iterdir()}
    assert built == {path.name: path.read_bytes() for path in DIST.iterdir()}


def test_the_parts_keep_their_promises() -> None:
    tests = sorted(map(str, (SOURCE / "tests").glob("*.test.js")))
    assert len(tests) >= 2
    done = subprocess.run([_node(), "--test", *tests], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^ℹ pass [1-9]", done.stdout, re.MULTILINE)


def test_the_source_has_no_type_errors() -> None:
    compiler = ROOT / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [_node(), compiler, "--noEmit", "-p", SOURCE], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "forbidden",
    ["innerHTML", "insertAdjacentHTML", "eval(", "localStorage", "sessionStorage", "clipboard", "console."],
)
def test_the_frame_does_without(forbidden: str) -> None:
    """What would run text as code, or put a secret where it stays."""
    ours = [path for path in SOURCE.glob("*.ts") if forbidden in path.read_text()]
    assert not ours
    assert forbidden not in (DIST / "sign-in.js").read_text()
