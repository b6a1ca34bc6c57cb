"""What holds for every command: colour only where it is wanted, and a quiet end by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from proven.cli import _output, main

Proven = Callable[..., Result]


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour_is_left_out_where_the_environment_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    environment = {"NO_COLOR": None, "TERM": "xterm", **variables}
    monkeypatch.chdir(tmp_path)
    for arguments in (["package", "hash", "gone"], ["init", "hello"]):
        shown = CliRunner().invoke(main, arguments, env=environment, color=True).output
        assert ("\x1b[" in shown) is coloured


@pytest.mark.parametrize("without", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_progress_is_taken_away_again_without_colour_and_not_shown_at_a_dumb_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], without: dict[str, str]
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in without.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with click.Context(main, color=False).scope(), _output.shown_while("Working"):
        pass
    expected = "" if "TERM" in without else "Working …\r\x1b[K"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("asking", [False, True])
def test_an_interrupted_command_ends_quietly_with_130(
    proven: Proven, monkeypatch: pytest.MonkeyPatch, asking: bool
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            if asking:
                raise click.Abort from None
            raise

    monkeypatch.setattr("proven.cli.check.find", interrupted)
    Path("app").mkdir()
    result = proven("check", "app")
    assert (result.exit_code, result.output) == (130, "")


def test_who_says_no_was_not_interrupted(proven: Proven, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise click.Abort

    monkeypatch.setattr("proven.cli.check.find", refused)
    Path("app").mkdir()
    result = proven("check", "app")
    assert (result.exit_code, result.output) == (1, "Aborted!\n")


def test_ctrl_c_while_the_command_line_is_loaded_is_quiet(tmp_path: Path) -> None:
    caught = "try:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept BaseException:\n    pass\n"
    (tmp_path / "click.py").write_text(f"import os, signal\n{caught}")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run(
        [sys.executable, "-m", "proven", "--help"],
        capture_output=True,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
