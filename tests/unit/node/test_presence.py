from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from proven.node.presence import Presence, announced, discover


def test_a_node_is_found_while_it_runs_and_not_after(tmp_path: Path) -> None:
    presence = Presence("http://127.0.0.1:3000", os.getpid(), ("todo",), "PEM")
    with announced(presence, tmp_path):
        assert discover(tmp_path) == [presence]
        assert (tmp_path / f"{os.getpid()}.json").stat().st_mode & 0o077 == 0
    assert discover(tmp_path) == []


def test_what_a_killed_node_left_behind_is_ignored_and_removed(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with announced(Presence("http://127.0.0.1:1", gone.pid, (), ""), tmp_path):
        assert discover(tmp_path) == []
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_a_presence_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text("{")
    assert discover(tmp_path) == []
