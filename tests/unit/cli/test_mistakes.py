"""The mistakes that newcomers make, and what they are told."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from proven.cli import _nodes, _output, _verification
from proven.node.presence import Presence
from proven.wire.errors import ErrorCode, ProvenError

Proven = Callable[..., Result]

HERE = Presence(url="http://127.0.0.1:3000", pid=1, applications=("todo",), development_root="")


def test_a_command_of_a_group_is_named_with_its_group(proven: Proven) -> None:
    result = proven("deploy")
    assert result.exit_code == 2
    assert "There is `proven app deploy`." in result.stderr
    assert (
        "There is `proven package show` and `proven app show` and `proven key show`." in proven("show").stderr
    )


@pytest.mark.parametrize("group", [("app",), ("key",), ("package",), ("app", "origin"), ("app", "domain")])
def test_an_unknown_command_of_a_group_is_answered_with_those_there_are(
    proven: Proven, group: tuple[str, ...]
) -> None:
    result = proven(*group, "frobnicate")
    assert result.exit_code == 2
    assert "There are: " in result.stderr


def test_without_arguments_the_first_steps_are_shown(proven: Proven) -> None:
    shown = proven().output
    assert "proven init hello" in shown
    assert "proven verify hello" in shown
    assert shown.index("Make an app:") < shown.index("Use and verify one:") < shown.index("Own one:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--node", "localhost:3000"), "does not begin with http:// or https://"),
        (
            ("--node", "http://localhost:1"),
            "no node that was started on this machine is at http://localhost:1",
        ),
        (("--node", "http://127.0.0.1:1/foo"), "is an address at a node; the node is http://127.0.0.1:1"),
        (("--node", "http://[", "--any-development-node"), "http://["),
        (("--node", "https://example.org", "--pcr0", "zz"), "'zz' is not hexadecimal"),
        (("--node", "https://example.org", "--pcr0", "00"), "--pcr0: "),
    ],
)
def test_a_node_that_is_named_wrongly_is_answered_with_what_is_wrong(
    proven: Proven, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.setattr(_nodes, "discover", list)
    result = proven("call", "todo", "addTodo", *arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert said in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:3000",
        "http://127.0.0.1:3000/",
        "http://localhost:3000",
        "http://todo.localhost:3000",
    ],
)
def test_a_node_is_the_same_by_every_name_of_this_machine(url: str) -> None:
    assert _nodes.node_at(url, [HERE]) is HERE


@pytest.mark.parametrize(
    "url", ["http://localhost:3001", "http://example.org:3000", "http://192.0.2.1:3000", "http://[", "x"]
)
def test_another_address_is_another_node(url: str) -> None:
    assert _nodes.node_at(url, [HERE]) is None


def test_who_names_no_application_of_the_node_is_told_which_it_runs() -> None:
    found = _nodes.Found(HERE.url, None, HERE)  # type: ignore[arg-type]
    missing = ProvenError(ErrorCode.NOT_FOUND, "no such thing as 'tod'", details={"missing": "application"})
    with pytest.raises(ProvenError, match=r"'tod'; http://127.0.0.1:3000 was started for todo; "):
        _raise(found, missing)
    elsewhere = _nodes.Found("https://node.example/", None, None)  # type: ignore[arg-type]
    with pytest.raises(ProvenError, match=r"'tod'; https://node.example/explorer/ lists all of the node$"):
        _raise(elsewhere, missing)
    handler = ProvenError(ErrorCode.NOT_FOUND, "there is no handler 'gret' that can be called")
    with pytest.raises(ProvenError, match=r"that can be called$"):
        _raise(found, handler)


def _raise(found: _nodes.Found, error: ProvenError) -> None:
    with found.telling_what_runs():
        raise error


@pytest.mark.parametrize(
    ("pin", "said"),
    [
        ("min-delay=7days", "'7days' is no delay such as 30s, 10m, 2h or 7d"),
        ("min-delay", "is no delay"),
        ("delay=7d", "is no pin: there are package=ID"),
    ],
)
def test_a_pin_that_is_none_says_how_to_write_one(pin: str, said: str) -> None:
    with pytest.raises(ProvenError, match=said):
        _verification.read_pins([pin])


def test_a_file_that_is_no_saved_verification_is_named(proven: Proven) -> None:
    Path("owner.key").write_text("proven-owner-key-v1\n")
    result = proven("verify", "owner.key")
    assert result.exit_code == 1
    assert "owner.key is no saved verification: " in result.stderr


@pytest.mark.parametrize("arguments", [("key", "show", "."), ("app", "create", "todo", "--key", ".")])
def test_a_folder_is_no_key(proven: Proven, arguments: tuple[str, ...]) -> None:
    result = proven(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "error: . is not a regular file" in result.stderr


def test_an_error_of_the_system_about_a_descriptor_is_told_without_it() -> None:
    error = OSError(21, os.strerror(21), 7)
    assert _output.of_system(error).message == os.strerror(21)


def test_commands_in_errors_are_as_they_are_typed_here(
    proven: Proven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_output, "COMMAND", "./proven")
    assert "`./proven init`" in proven("check", "gone").stderr


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ([], "start one with `proven dev <folder>`, or name one as todo@URL"),
        (
            [HERE, Presence("http://b", 2, ("todo",), "")],
            "several nodes run it; say as todo@URL which one is meant: "
            "http://127.0.0.1:3000 (todo), http://b (todo)",
        ),
        (
            [Presence("http://a", 1, ("x",), ""), Presence("http://b", 2, ("y",), "")],
            "was started for 'todo'; say as todo@URL which one is meant: http://a (x), http://b (y)",
        ),
    ],
)
def test_who_verifies_an_application_of_no_one_node_is_told_the_nodes_and_how_to_name_one(
    proven: Proven, monkeypatch: pytest.MonkeyPatch, nodes: list[Presence], said: str
) -> None:
    monkeypatch.setattr(_verification, "discover", lambda: nodes)
    result = proven("verify", "todo")
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_folder_is_nothing_to_verify_unless_an_application_has_its_name(
    proven: Proven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_verification, "discover", list)
    Path("todo").mkdir()
    assert "./todo is a folder, and no file that --save wrote" in proven("verify", "./todo").stderr
    assert "no node runs on this machine" in proven("verify", "todo").stderr


def test_a_verification_is_saved_over_no_file(proven: Proven) -> None:
    Path("kept").write_text("precious")
    result = proven("verify", "todo", "--save", "kept")
    assert result.exit_code == 1
    assert "kept exists, and no file is replaced" in result.stderr
    assert Path("kept").read_text() == "precious"


@pytest.mark.parametrize(
    ("typed", "meant"), [(("dve",), "proven dev"), (("app", "depoly"), "proven app deploy")]
)
def test_a_misspelt_command_is_answered_with_the_one_that_was_meant(
    proven: Proven, typed: tuple[str, ...], meant: str
) -> None:
    result = proven(*typed)
    assert result.exit_code == 2
    assert f"Did you mean `{meant}`?" in result.stderr


def test_an_app_needs_a_name(proven: Proven) -> None:
    result = proven("init", "")
    assert result.exit_code == 2
    assert "say what the app is to be called" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "todo", "--timeout", "abc"), "'abc' is not a valid number."),
        (("dev", "--port", "abc"), "'abc' is not a valid whole number."),
    ],
)
def test_what_is_no_number_is_called_so(proven: Proven, arguments: tuple[str, ...], said: str) -> None:
    result = proven(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_question_that_nobody_can_be_asked_is_told_with_how_to_answer_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(ProvenError) as refused:
        _output.confirm("Sign this?", yes=False)
    assert refused.value.message == (
        "nobody is at a terminal to be asked 'Sign this?': say --yes to do it without being asked"
    )
