"""`proven` itself: help that teaches and is quick, errors that say what to do, completion scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from proven import __version__
from proven.cli import COMMANDS, _output
from proven.cli.app import COMMANDS as APP_COMMANDS
from proven.wire.errors import ErrorCode, ProvenError

Proven = Callable[..., Result]


def test_help_lists_every_command_and_shows_how_to_begin(proven: Proven) -> None:
    result = proven("--help")
    assert result.exit_code == 0
    assert all(
        f"  {name} " in result.output and text in result.output for name, (_, text) in COMMANDS.items()
    )
    assert "proven init hello" in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_examples(proven: Proven, command: str) -> None:
    result = proven(command, "--help")
    assert result.exit_code == 0
    if command != "package":
        assert f"proven {command}" in result.output.partition("Example")[2]


def run(*arguments: str) -> str:
    """What a new interpreter prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def test_help_does_not_load_what_only_commands_need() -> None:
    script = "from proven.cli import main; main(['--help'], standalone_mode=False); print(*sys.modules)"
    loaded = run("-c", f"import sys; {script}").splitlines()[-1].split()
    assert "proven.cli" in loaded
    assert not {"tree_sitter", "aiohttp", "apsw", "cryptography", "proven.packages"} & set(loaded)


def test_help_and_completion_of_a_command_do_not_load_what_only_running_it_needs() -> None:
    quick = [[name] for name in COMMANDS if name not in ("check", "init", "package")]
    quick += [["app", name] for name in APP_COMMANDS]
    script = "\n".join(
        [
            "import sys",
            "from proven.cli import main",
            f"for name in {quick}: main([*name, '--help'], standalone_mode=False)",
            "print(*sys.modules)",
        ]
    )
    loaded = run("-c", script).splitlines()[-1].split()
    assert {"proven.cli.verify", "proven.cli.app.show"} <= set(loaded)
    heavy = {"aiohttp", "apsw", "tree_sitter", "watchfiles", "cryptography.x509"}
    rooms = {f"proven.{room}" for room in ("apps", "attestation", "client", "gateway", "packages", "runtime")}
    assert not (heavy | rooms) & set(loaded)


def test_an_unknown_command_is_answered_with_those_there_are(proven: Proven) -> None:
    result = proven("frobnicate")
    assert result.exit_code == 2
    assert all(name in result.output for name in COMMANDS)


def test_errors_say_what_to_do_next(proven: Proven) -> None:
    result = proven("package", "hash", "gone")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error: there is no folder gone: create an app with `proven init`" in result.stderr
    Path("empty").mkdir()
    assert "next: fix the lines above" in proven("package", "hash", "empty").stderr


@pytest.mark.parametrize("arguments", [("check", "app"), ("dev", "app", "--data-dir", "/proc/nowhere")])
def test_what_the_system_refuses_is_one_line_that_names_the_file(
    proven: Proven, arguments: tuple[str, ...]
) -> None:
    proven("init", "app")
    shutil.rmtree("app/.proven")
    Path("app/.proven").write_text("in the way of the folder")
    result = proven(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert "/" in line


def test_the_version_is_known_also_where_nothing_is_installed(proven: Proven) -> None:
    assert proven("--version").output == f"proven {__version__}\n"


def test_errors_are_json_where_results_are(proven: Proven) -> None:
    result = proven("package", "hash", "gone", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["code"] == "NOT_FOUND"
    assert result.stderr == ""


def test_an_error_of_dev_is_a_line_of_json_like_everything_it_prints(proven: Proven) -> None:
    (line,) = proven("dev", "gone", "--json").stdout.splitlines()
    assert json.loads(line)["error"]["code"] == "NOT_FOUND"


def test_a_long_message_is_not_repeated_below_the_stack_that_begins_with_it() -> None:
    stack = "ZodError: [\n  1\n]\n    at src/a.ts:1:2"
    error = ProvenError(ErrorCode.HANDLER_ERROR, "[\n  1\n]", details={"stack": stack})
    shown = [f"  {line}" for line in stack.splitlines()]
    assert _output.failure_lines(error) == [*shown, "error: it threw what is shown above"]


def test_completion_scripts_complete_commands(proven: Proven, monkeypatch: pytest.MonkeyPatch) -> None:
    for shell in ("bash", "zsh", "fish"):
        result = proven("completion", shell)
        assert result.exit_code == 0
        assert f"_PROVEN_COMPLETE={shell}_complete" in result.output
    monkeypatch.setenv("_PROVEN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "proven pa")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert "plain,package" in proven().output


def test_progress_is_shown_only_at_a_terminal_and_only_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter([0.0, 0.1, 2.0])
    with _output.progress("Working", clock=lambda: next(seconds)) as update:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert capsys.readouterr().err == ""
    seconds = iter([0.0, 0.1, 2.0])
    with _output.progress("Working", clock=lambda: next(seconds)) as update:
        update("quick")
        assert capsys.readouterr().err == ""
        update("slow")
        assert "Working … slow" in capsys.readouterr().err


def test_the_module_goes_by_the_name_of_the_command() -> None:
    assert run("-m", "proven", "--help").startswith("Usage: proven ")


@pytest.mark.parametrize("names", [(), ("verify",), ("app",), ("app", "deploy"), ("key", "new")])
def test_help_of_a_command_is_the_same_either_way(proven: Proven, names: tuple[str, ...]) -> None:
    result = proven("help", *names)
    assert result.exit_code == 0
    assert result.output == proven(*names, "--help").output


@pytest.mark.parametrize("names", [("frobnicate",), ("app", "frobnicate"), ("verify", "more")])
def test_help_of_what_is_no_command_says_so(proven: Proven, names: tuple[str, ...]) -> None:
    result = proven("help", *names)
    assert result.exit_code == 2
    assert "No such command" in result.stderr or "proven verify has no commands" in result.stderr


def test_the_version_has_a_short_option(proven: Proven) -> None:
    assert proven("-V").output == proven("--version").output


@pytest.mark.parametrize("group", ["key", "package"])
def test_a_group_says_what_its_commands_do_in_whole_sentences(proven: Proven, group: str) -> None:
    listed = proven(group, "--help").output.partition("Commands:")[2]
    assert listed.strip()
    assert "..." not in listed
