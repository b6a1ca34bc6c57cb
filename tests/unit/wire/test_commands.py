"""Commands, answers and events arrive as they were sent, or not at all."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from proven.wire import cbor
from proven.wire.commands import (
    Anonymize,
    ApplicationError,
    ApplicationSummary,
    Command,
    ConsoleEvent,
    Done,
    Execute,
    ExecuteResult,
    Failure,
    HandlerSummary,
    Identify,
    IdentifyResult,
    IssueTicket,
    IssueTicketResult,
    ListApplications,
    ListApplicationsResult,
    LogHeadResult,
    Result,
    Submit,
    Success,
    WhoAmI,
    WhoAmIResult,
    decode_command,
    decode_message,
    encode_command,
    encode_event,
    encode_failure,
    encode_success,
    read_result,
)
from proven.wire.errors import ErrorCode, ProvenError

HANDLER = "src/todo.ts#add"


@pytest.mark.parametrize(
    "command",
    [
        WhoAmI(),
        Anonymize(),
        ListApplications(),
        IssueTicket(),
        Identify(public_key=b"k" * 32, signature=b"s" * 64),
        Execute(handler=HANDLER, args=b"\x80"),
        Execute(handler=HANDLER, args=b"\x80", package_id="0" * 64),
        Submit(envelope=b"\xa2"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_commands_arrive_as_they_were_sent(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize(
    "result",
    [
        WhoAmIResult(session_id="0" * 32, expires_in=5),
        WhoAmIResult(session_id="0" * 32, expires_in=5, identity="a" * 32, accounts=("x",), origin=""),
        IdentifyResult(identity="a" * 32),
        Done(),
        ExecuteResult(value=b"\xf6", package_id="f" * 64, log_index=3, duration_us=7),
        ListApplicationsResult(),
        ListApplicationsResult(
            applications=(
                ApplicationSummary(
                    id="a" * 32, name="todo", handlers=(HandlerSummary(address=HANDLER, kind="RPC"),)
                ),
            )
        ),
        IssueTicketResult(ticket=b"t", expires_in=1),
        LogHeadResult(origin="node.example/log", size=3, root=bytes(32), revision=2),
    ],
    ids=lambda result: type(result).__name__,
)
def test_results_arrive_as_they_were_sent(result: Result) -> None:
    message = decode_message(encode_success(9, result))
    assert isinstance(message, Success)
    assert message.request == 9
    assert read_result(message, type(result)) == result


def test_errors_arrive_with_everything_that_helps() -> None:
    error = ProvenError(ErrorCode.OVERLOADED, "busy", details={"queue": 5, "load": 0.5}, retry_after=1.5)
    message = decode_message(encode_failure(3, error))
    assert isinstance(message, Failure)
    assert message.request == 3
    assert message.to_error().to_record() == error.to_record()


def test_an_error_of_a_call_names_the_code_that_was_to_answer() -> None:
    refused = ProvenError(ErrorCode.HANDLER_ERROR, "no", details={"name": "TypeError"}, retry_after=1.0)
    message = decode_message(encode_failure(3, ApplicationError(refused, "f" * 64, 7)))
    assert isinstance(message, Failure)
    error = message.to_error()
    assert isinstance(error, ApplicationError)
    assert (error.package_id, error.log_index) == ("f" * 64, 7)
    assert error.to_record() == refused.to_record()


def test_an_error_that_cannot_be_encoded_still_arrives() -> None:
    error = ProvenError(ErrorCode.INTERNAL, "bad \ud800 text", details={"what": object()})
    message = decode_message(encode_failure(0, error))
    assert isinstance(message, Failure)
    assert message.to_error().to_record() == {"code": "INTERNAL", "message": "bad ? text"}


def test_events_arrive_as_they_were_sent() -> None:
    event = ConsoleEvent(level="warn", text="hm", handler=HANDLER, request=3)
    assert decode_message(encode_event(event)) == event


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"command": "Nothing"},
        {"command": 1},
        {1: "WhoAmI"},
        {"command": "WhoAmI", "extra": 1},
        {"command": "Execute", "handler": HANDLER},
        {"command": "Execute", "handler": "", "args": b"\x80"},
        {"command": "Execute", "handler": "x" * 513, "args": b"\x80"},
        {"command": "Execute", "handler": HANDLER, "args": b""},
        {"command": "Execute", "handler": HANDLER, "args": "gA=="},
        {"command": "Execute", "handler": HANDLER, "args": []},
        {"command": "Execute", "handler": HANDLER, "args": bytes(8 * 1024 * 1024 + 1)},
        {"command": "Execute", "handler": HANDLER, "args": b"\x80", "package_id": "x"},
        {"command": "Execute", "handler": HANDLER, "args": b"\x80", "package_id": "0" * 64 + "\n"},
        {"command": "Identify", "public_key": b"k" * 31, "signature": b"s" * 64},
        {"command": "Identify", "public_key": b"k" * 32, "signature": b"s" * 65},
    ],
    ids=lambda message: str(message)[:60],
)
def test_what_is_not_a_command_is_refused(message: Any) -> None:
    with pytest.raises(ProvenError) as caught:
        decode_command(cbor.encode(message))
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "message",
    [
        {"request": 1},
        {"request": -1, "ok": {}},
        {"request": 1, "ok": []},
        {"request": 1, "ok": {}, "error": {}},
        {"request": 1, "error": "text"},
        {"event": "unknown"},
        {"event": "console", "level": "log", "text": "x" * 65_537, "handler": HANDLER},
    ],
    ids=lambda message: str(message)[:60],
)
def test_what_is_not_an_answer_is_refused(message: Any) -> None:
    with pytest.raises(ProvenError) as caught:
        decode_message(cbor.encode(message))
    assert caught.value.code is ErrorCode.BAD_REQUEST


def test_a_result_of_another_command_is_refused() -> None:
    message = decode_message(encode_success(1, IdentifyResult(identity="a" * 32)))
    assert isinstance(message, Success)
    with pytest.raises(ProvenError):
        read_result(message, ExecuteResult)


@pytest.mark.parametrize("item", [b"\x00", b"\x80", b"\xa0"])
def test_a_command_of_countless_items_is_refused_before_they_are_held(item: bytes) -> None:
    many = cbor.head(cbor.ARRAY, 1 << 22) + item * (1 << 22)
    asked = cbor.head(cbor.MAP, 2) + cbor.encode("a") + many + cbor.encode("command") + cbor.encode("WhoAmI")
    tracemalloc.start()
    try:
        with pytest.raises(ProvenError) as refused:
            decode_command(asked)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert refused.value.code is ErrorCode.TOO_LARGE
