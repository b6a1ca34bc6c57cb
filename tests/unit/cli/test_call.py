from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from proven.cli import main
from proven.cli._nodes import find_node
from proven.cli._values import to_json
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
        (float("nan"), {"$number": "nan"}),
        (b"\x00\xff", {"$bytes": "AP8="}),
        (datetime(2026, 1, 2, tzinfo=UTC), {"$date": "2026-01-02T00:00:00+00:00"}),
        (values.JsMap([(1, b"")]), {"$map": [[1, {"$bytes": ""}]]}),
        (values.JsSet([1, "a"]), {"$set": [1, "a"]}),
        (values.UNDEFINED, {"$undefined": True}),
    ],
)
def test_every_value_has_a_form_in_json(value: Any, expected: Any) -> None:
    assert to_json(value) == expected


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
