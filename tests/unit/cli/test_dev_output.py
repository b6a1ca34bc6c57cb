from __future__ import annotations

import asyncio
import dataclasses
import logging

import pytest

from proven.cli._dev_output import TextOutput
from proven.cli._logs import shown_logs
from proven.gateway import Call
from proven.gateway.handlers import HttpExchange
from proven.packages import HandlerKind
from proven.packages.typecheck import Diagnostic
from proven.runtime import ConsoleLevel, ConsoleRecord
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

APPLICATION, PACKAGE = ApplicationId("a" * 32), PackageId("0" * 64)


def call(error: ProvenError | None = None) -> Call:
    return Call(APPLICATION, "hello", PACKAGE, "src/a.ts#greet", HandlerKind.RPC, None, 0.0012, error)


async def test_a_call_is_a_line_with_its_handler_and_duration(capsys: pytest.CaptureFixture[str]) -> None:
    TextOutput().called(call())
    assert capsys.readouterr().out.split()[1:] == ["greet", "1.2", "ms"]


async def test_a_failed_call_shows_code_message_and_stack(capsys: pytest.CaptureFixture[str]) -> None:
    stack = "TypeError: no\n    at src/a.ts:3:5"
    TextOutput().called(call(ProvenError(ErrorCode.HANDLER_ERROR, "no", details={"stack": stack})))
    shown = capsys.readouterr().out
    assert "HANDLER_ERROR" in shown
    assert "at src/a.ts:3:5" in shown


async def test_a_call_of_a_route_shows_what_was_asked_and_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exchange = HttpExchange("GET", "/a/\x1b[2Jb", 404)
    TextOutput().called(dataclasses.replace(call(), http=exchange))
    shown = capsys.readouterr().out
    assert "GET /a/" in shown
    assert "404" in shown
    assert "\x1b" not in shown


def test_type_errors_are_shown_and_when_they_are_gone(capsys: pytest.CaptureFixture[str]) -> None:
    output = TextOutput()
    output.checked([])
    assert capsys.readouterr().out == ""
    output.checked([Diagnostic("src/a.ts", 3, 5, "TS2322", "not a number")] * 30)
    shown = capsys.readouterr().out
    assert shown.count("src/a.ts:3:5: not a number [TS2322]") == 20
    assert "30 type errors" in shown
    output.checked([])
    assert "no type errors any more" in capsys.readouterr().out


async def test_more_calls_than_anyone_reads_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    output = TextOutput()
    for _ in range(1234):
        output.called(call())
    assert capsys.readouterr().out.count("greet") == 50
    async with asyncio.timeout(60):
        while "1,184 calls more" not in (line := capsys.readouterr().out):
            assert line == ""
            await asyncio.sleep(0.01)


async def test_an_app_cannot_write_over_the_terminal_it_is_shown_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "safe\x1b[2Jgone\x07\rback"
    TextOutput().console(ConsoleRecord(APPLICATION, PACKAGE, "src/a.ts#greet", ConsoleLevel.LOG, text))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "safe" in shown


def test_a_warning_of_the_node_is_a_line_with_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("proven.runtime")
    with shown_logs():
        logger.warning("metrics_not_stored", extra={"reason": "full"})
        logger.info("guest_started")
    logger.info("afterwards")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.partition("  ")[2] == "warning: metrics_not_stored reason='full'"


def test_the_end_of_a_process_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("proven.runtime")
    ended = {"pid": 7, "reason": "timeout", "application": APPLICATION}
    with shown_logs({APPLICATION: "greeter"}):
        logger.warning("guest_ended", extra=ended)
    with shown_logs():
        logger.warning("guest_ended", extra=ended | {"reason": "memory"})
    timeout, memory = (line.partition("  ")[2] for line in capsys.readouterr().err.splitlines())
    why = "was ended, and its next call starts another"
    assert timeout == f"warning: the process of greeter {why}: a call did not end in time"
    assert memory == f"warning: the process of {APPLICATION} {why}: it used more memory than it may"
