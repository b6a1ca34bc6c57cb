from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import Result

from proven.cli import _nodes
from proven.cli._log_lines import Printer, print_line_json
from proven.cli._output import print_json, print_json_line, printable
from proven.cli._owner import ago
from proven.cli.metrics import duration
from proven.client import MissedLines
from proven.wire.commands import LogLine

Proven = Callable[..., Result]

STEERING = "\x1b[2J\x9b31m\x07\r\x7f\u202e\u2066\u2028"


def line(text: str, **fields: object) -> LogLine:
    made = {
        "sequence": 1,
        "at": 1_700_000_000_000,
        "kind": "console",
        "level": "info",
        "text": text,
        **fields,
    }
    return LogLine(**made)  # type: ignore[arg-type]


@pytest.mark.parametrize("command", ["logs", "metrics"])
def test_without_a_node_the_next_step_is_named(
    proven: Proven, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(_nodes, "discover", list)
    result = proven(command, "hello")
    assert result.exit_code == 1
    assert "proven dev" in result.stderr
    assert json.loads(proven(command, "hello", "--json").stdout)["error"]["code"] == "UNAVAILABLE"


@pytest.mark.parametrize("command", ["logs", "metrics"])
def test_the_help_has_examples(proven: Proven, command: str) -> None:
    shown = proven(command, "--help").stdout
    assert f"proven {command} todo" in shown
    assert "Examples:" in shown


def test_on_a_node_elsewhere_the_owner_has_to_be_named(
    proven: Proven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_nodes, "discover", list)
    result = proven("logs", "hello", "--node", "http://127.0.0.1:1", "--any-development-node")
    assert result.exit_code == 1
    assert "--key KEY" in result.stderr


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400), (None, None)]
)
def test_how_long_ago(text: str | None, seconds: float | None) -> None:
    assert ago(None, None, text) == seconds  # type: ignore[arg-type]


def test_since_a_moment() -> None:
    moment = datetime.now(UTC) - timedelta(hours=1)
    found = ago(None, None, moment.isoformat())  # type: ignore[arg-type]
    assert found == pytest.approx(3600, abs=5)
    assert ago(None, None, "2999-01-01") == 0  # type: ignore[arg-type]
    for text in ("", "10", "m", "ten minutes", "-5m"):
        with pytest.raises(click.BadParameter):
            ago(None, None, text)  # type: ignore[arg-type]


def test_nothing_in_a_line_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show = Printer()
    show(line(f"a{STEERING}b", handler=f"src/{STEERING}.ts#h"))
    show(line("x", kind="error", level="error", code="HANDLER_ERROR", stack=f"Error: {STEERING}\n at y"))
    shown = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert all(" │ " in each for each in shown.splitlines())
    assert printable(f"tab\t{STEERING}").startswith("tab\t")


def test_json_has_the_text_as_it_was_said_and_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    print_line_json(line(STEERING))
    print_json_line({STEERING: STEERING})
    print_json({STEERING: [STEERING]})
    shown = capsys.readouterr().out
    assert all(char.isprintable() or char == "\n" for char in shown)
    first, second, *rest = shown.split("\n")
    assert json.loads(first)["text"] == STEERING
    assert json.loads(second) == {STEERING: STEERING}
    assert json.loads("\n".join(rest)) == {STEERING: [STEERING]}


def test_what_is_missing_is_not_mixed_with_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    show = Printer()
    show(MissedLines(1))
    show(MissedLines(1234))
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "1 line is missing here\n1,234 lines are missing here\n")
    print_line_json(MissedLines(3))
    assert json.loads(capsys.readouterr().out) == {"missed": 3}


def test_an_error_is_shown_with_its_stack_once(capsys: pytest.CaptureFixture[str]) -> None:
    show = Printer()
    stack = "RangeError: no\n    at src/a.ts:1:1"
    show(line("no", kind="error", level="error", code="HANDLER_ERROR", stack=stack, handler="src/a.ts#a"))
    texts = [each.partition(" │ ")[2] for each in capsys.readouterr().out.splitlines()]
    assert texts == ["HANDLER_ERROR: RangeError: no", "    at src/a.ts:1:1"]


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [(0, "0 µs"), (999, "999 µs"), (1500, "1.5 ms"), (45_000, "45 ms"), (2_500_000, "2.5 s")],
)
def test_durations(microseconds: int, text: str) -> None:
    assert duration(microseconds) == text


def test_metrics_of_a_time_that_nothing_is_kept_of_are_refused(proven: Proven) -> None:
    result = proven("metrics", "hello", "--since", "31d")
    assert result.exit_code == 2
    assert "counts are kept for 30d" in result.stderr
