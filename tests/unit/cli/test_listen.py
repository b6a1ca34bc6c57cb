from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from proven.cli import _nodes
from proven.cli._listening import print_event, print_event_json, print_named
from proven.client import Missed, Published

Proven = Callable[..., Result]


def test_without_a_node_the_next_step_is_named(proven: Proven, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_nodes, "discover", list)
    result = proven("listen", "hello", "news")
    assert result.exit_code == 1
    assert "proven dev" in result.stderr
    record = json.loads(proven("listen", "hello", "news", "--json").stdout)
    assert record["error"]["code"] == "UNAVAILABLE"


def test_an_event_has_to_be_named(proven: Proven) -> None:
    result = proven("listen", "hello")
    assert result.exit_code == 2
    assert "EVENT" in result.stderr


def test_what_is_missing_is_not_mixed_with_what_came(capsys: pytest.CaptureFixture[str]) -> None:
    for show in (print_event, print_named):
        show(Missed(3))
        show(Missed(None))
        told = capsys.readouterr()
        assert told.out == ""
        assert (
            told.err == "up to 3 events are missing here\nthe connection was lost: events are missing here\n"
        )


def test_a_payload_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    event = Published("news", {"text": "two\nlines", "é": 1})
    for show in (print_event, print_named, print_event_json):
        show(event)
    plain, named, record = capsys.readouterr().out.splitlines()
    assert json.loads(plain) == event.payload
    assert named == f"news {plain}"
    assert json.loads(record) == {"event": "news", "payload": event.payload}
