from __future__ import annotations

import io
import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from proven.cli import main
from proven.cli._arguments import read_arguments
from proven.cli._nodes import find_node
from proven.cli._values import read_value, to_json
from proven.node.presence import Presence
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError


@pytest.fixture
def runner(tmp_path: Path) -> CliRunner:
    return CliRunner(env={"XDG_STATE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, 2.5, None, True, "x"]}, {"a": [1, 2.5, None, True, "x"]}),
        (values.BigInt(7), {"$bigint": "7"}),
        (-0.0, {"$number": "-0"}),
        (float("inf"), {"$number": "Infinity"}),
        (float("-inf"), {"$number": "-Infinity"}),
        (b"\x00\xff", {"$bytes": "AP8="}),
        (datetime(2026, 1, 2, tzinfo=UTC), {"$date": "2026-01-02T00:00:00+00:00"}),
        (values.JsMap([(1, b"")]), {"$map": [[1, {"$bytes": ""}]]}),
        (values.JsSet([1, "a"]), {"$set": [1, "a"]}),
        (values.UNDEFINED, {"$undefined": True}),
    ],
)
def test_every_value_has_a_form_in_json(value: Any, expected: Any) -> None:
    assert to_json(value) == expected
    read = read_value(json.dumps(expected))
    assert values.encode(read) == values.encode(value)


def test_what_is_no_number_has_a_name_in_json() -> None:
    assert to_json(float("nan")) == {"$number": "NaN"}
    assert math.isnan(read_value('{"$number": "NaN"}'))


def test_a_map_whose_keys_are_objects_has_a_form() -> None:
    assert to_json(values.JsMap([([1], 2)])) == {"$map": [[[1], 2]]}


def test_a_date_is_read_as_the_console_reads_it() -> None:
    assert read_value('[{"$date":"2026-01-31T12:00:00Z"}]') == [datetime(2026, 1, 31, 12, tzinfo=UTC)]
    assert read_value('{"$date":"2026-01-31"}') == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("plain", [{"$gt": 5}, {"$date": "x", "other": 1}, {}])
def test_what_is_no_form_of_a_value_is_a_plain_object(plain: Any) -> None:
    assert read_value(json.dumps(plain)) == plain


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("NaN", 'argument 1: NaN is not JSON: write {"$number": "NaN"}'),
        ("-Infinity", '-Infinity is not JSON: write {"$number": "-Infinity"}'),
        ("[1e999]", "argument 1: 1e999 is larger than any number"),
        ("1" * 5000, "argument 1: a number has more than 4000 digits"),
        ("[" * 100_000, "argument 1: it is nested too deeply"),
        ('{"$date": "tomorrow"}', "argument 1: $date holds a date, such as"),
        ('{"$date": "2026-01-31T12:00"}', "argument 1: $date needs a time zone"),
        ('{"$bytes": "?"}', "argument 1: $bytes holds base64"),
        ('{"$bigint": 7}', "argument 1: $bigint holds text"),
        ('{"$number": "1"}', 'argument 1: $number holds one of "NaN"'),
        ('{"$map": [[1]]}', "argument 1: $map holds a list of [key, value]"),
        ('{"$set": [1, 1]}', "argument 1: a Set with the same value twice"),
        ('{"$value": "x"}', "argument 1: $value shows what cannot be written here"),
        ("@gone.json", "gone.json: No such file or directory"),
        ("@bad.json", "argument 1 (in bad.json) is not JSON: "),
        ("@latin.json", "argument 1 is not JSON: it is no UTF-8"),
    ],
)
def test_an_argument_that_says_no_value_is_refused_with_what_is_wrong(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, argument: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.json").write_text("{")
    Path("latin.json").write_bytes(b'"\xe9"')
    result = runner.invoke(main, ["call", "hello", "greet", "--", argument])
    assert result.exit_code == 1
    assert said in result.stderr


def test_arguments_are_read_from_files_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "long.json"
    file.write_text(json.dumps("x" * 1_000_000))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO('{"é": [1]}'.encode())))
    assert read_arguments([f"@{file}", "-", '"@text"']) == ["x" * 1_000_000, {"é": [1]}, "@text"]
    with pytest.raises(ProvenError, match="only one argument"):
        read_arguments(["-", "-"])


def test_an_argument_that_is_not_json_says_how_to_write_text(runner: CliRunner) -> None:
    result = runner.invoke(main, ["call", "hello", "greet", "Ada"])
    assert result.exit_code == 1
    assert "argument 1 is not JSON" in result.output
    assert "'\"Ada\"'" in result.output


def test_without_a_node_the_next_step_is_named(runner: CliRunner) -> None:
    result = runner.invoke(main, ["call", "hello", "greet"])
    assert result.exit_code == 1
    assert "proven dev" in result.output


def test_a_node_elsewhere_is_not_believed_unless_evidence_is_named(runner: CliRunner) -> None:
    result = runner.invoke(main, ["call", "hello", "greet", "--node", "https://node.example"])
    assert result.exit_code == 1
    assert "--pcr0" in result.output


def test_two_kinds_of_evidence_at_once_are_refused(runner: CliRunner) -> None:
    arguments = ["call", "a", "b", "--node", "https://node.example", "--any-development-node", "--pcr0", "00"]
    result = runner.invoke(main, arguments)
    assert result.exit_code == 1
    assert "one way only" in result.output


def test_an_identity_name_cannot_leave_its_folder(runner: CliRunner, tmp_path: Path) -> None:
    arguments = ["call", "a", "b", "--node", "http://127.0.0.1:1", "--any-development-node", "--as", "../x"]
    result = runner.invoke(main, arguments)
    assert result.exit_code == 1
    assert not list(tmp_path.rglob("*.seed"))


def presence(url: str, *applications: str) -> Presence:
    return Presence(url, 1, applications, "")


def test_the_node_that_runs_the_application_is_chosen() -> None:
    nodes = [presence("http://a", "x"), presence("http://b", "hello")]
    assert find_node(nodes, "hello").url == "http://b"


def test_a_choice_between_nodes_is_left_to_the_caller() -> None:
    nodes = [presence("http://a", "hello"), presence("http://b", "hello")]
    with pytest.raises(ProvenError, match="--node") as refused:
        find_node(nodes, "hello")
    assert refused.value.code is ErrorCode.BAD_REQUEST


def test_an_application_that_none_of_several_nodes_runs_is_not_guessed() -> None:
    nodes = [presence("http://a", "x"), presence("http://b", "hello")]
    with pytest.raises(ProvenError, match=r"no node on this machine was started for 'hullo'.*hello"):
        find_node(nodes, "hullo")


def test_an_application_id_goes_to_the_only_node() -> None:
    only = presence("http://a", "hello")
    assert find_node([only], "a" * 32) is only
