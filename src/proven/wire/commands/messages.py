"""Which commands, results and events there are, and their bytes."""

from __future__ import annotations

from typing import Final, TypeAlias, TypeVar

import msgspec

from proven.wire import cbor
from proven.wire._tagged import Tagged, convert
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.session import MAX_PLAINTEXT

from ._fields import Count, Done, Record, Sha256Hex
from .accounts import (
    AccountSummary,
    BeginLink,
    FinishLink,
    LinkChallenge,
    ListAccounts,
    ListAccountsResult,
    UnlinkAccount,
)
from .applications import ListApplications, ListApplicationsResult, Submit, SubmitResult
from .calls import ConsoleEvent, Execute, ExecuteResult, Sequence
from .events import MissedEvents, PublishedEvent, Subscribe, Unsubscribe
from .log_head import LogHead, LogHeadResult
from .passkeys import (
    AuthenticationResult,
    BeginAuthentication,
    BeginRegistration,
    Ceremony,
    FinishAuthentication,
    FinishRegistration,
    ListPasskeys,
    ListPasskeysResult,
    PasskeySummary,
    RemovePasskey,
)
from .sessions import (
    Anonymize,
    Identify,
    IdentifyResult,
    IssueTicket,
    IssueTicketResult,
    ListSessions,
    ListSessionsResult,
    RevokeSession,
    WhoAmI,
    WhoAmIResult,
)
from .telemetry import FollowLogs, LogEvent, ReadLogs, ReadLogsResult, ReadMetrics, ReadMetricsResult
from .versions import FollowVersion, VersionEvent, VersionState

MAX_MESSAGE_DEPTH: Final = 12

Command: TypeAlias = (
    WhoAmI
    | Identify
    | Anonymize
    | Execute
    | ListApplications
    | IssueTicket
    | Subscribe
    | Unsubscribe
    | BeginRegistration
    | FinishRegistration
    | BeginAuthentication
    | FinishAuthentication
    | ListPasskeys
    | RemovePasskey
    | ListSessions
    | RevokeSession
    | BeginLink
    | FinishLink
    | UnlinkAccount
    | ListAccounts
    | ReadLogs
    | FollowLogs
    | ReadMetrics
    | Submit
    | FollowVersion
    | LogHead
)

Result: TypeAlias = (
    WhoAmIResult
    | IdentifyResult
    | Done
    | ExecuteResult
    | ListApplicationsResult
    | IssueTicketResult
    | Ceremony
    | PasskeySummary
    | AuthenticationResult
    | ListPasskeysResult
    | ListSessionsResult
    | LinkChallenge
    | AccountSummary
    | ListAccountsResult
    | ReadLogsResult
    | ReadMetricsResult
    | SubmitResult
    | VersionState
    | LogHeadResult
)

Event: TypeAlias = ConsoleEvent | PublishedEvent | MissedEvents | LogEvent | VersionEvent


class Success(Record, frozen=True):
    """`ok` is read by `read_result`, once it is known which command is answered."""

    request: Sequence
    ok: dict[str, object]


class Failure(Record, frozen=True):
    """`package_id` is the code that the command was given to, and `log_index` the entry of the transparency
    log that made it live; without them, the node itself says what is wrong.
    """

    request: Sequence
    error: dict[str, object]
    package_id: Sha256Hex | None = None
    log_index: Count | None = None

    def to_error(self) -> ProvenError:
        error = ProvenError.from_record(self.error)
        if self.package_id is None or self.log_index is None:
            return error
        return ApplicationError(error, self.package_id, self.log_index)


class ApplicationError(ProvenError):
    """An error of a call that the package `package_id`, made live by entry `log_index`, was to answer."""

    def __init__(self, error: ProvenError, package_id: str, log_index: int) -> None:
        super().__init__(error.code, error.message, details=error.details, retry_after=error.retry_after)
        self.package_id = package_id
        self.log_index = log_index


Message: TypeAlias = Success | Failure | Event

_COMMANDS: Final = Tagged(Command, "command")
_EVENTS: Final = Tagged(Event, "event")
_MAX_ITEMS_OF_COMMAND: Final = 4096
"""Commands have few fields, and arguments are bytes in one of them; anybody can send some."""
_ResultT = TypeVar("_ResultT", bound=Result)
_T = TypeVar("_T")


def encode_command(command: Command) -> bytes:
    return cbor.encode(_to_map(command))


def decode_command(data: bytes) -> Command:
    """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
    command: Command = _COMMANDS.convert(_decode_map(data, _MAX_ITEMS_OF_COMMAND))
    return command


def encode_success(request: int, result: Result) -> bytes:
    return cbor.encode({"request": request, "ok": _to_map(result)})


def encode_failure(request: int, error: ProvenError) -> bytes:
    """Details that have no place on the wire are left out rather than failing the failure."""
    record = error.to_record()
    named = {}
    if isinstance(error, ApplicationError):
        named = {"package_id": error.package_id, "log_index": error.log_index}
    try:
        return cbor.encode({"request": request, "error": record, **named})
    except (TypeError, ValueError):
        record.pop("details", None)
        record["message"] = error.message.encode("utf-8", "replace").decode()
        return cbor.encode({"request": request, "error": record, **named})


def encode_event(event: Event) -> bytes:
    return cbor.encode(_to_map(event))


def decode_message(data: bytes) -> Message:
    """What a server says. Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
    fields = _decode_map(data)
    if "event" in fields:
        event: Event = _EVENTS.convert(fields)
        return event
    if "error" in fields:
        return _from_map(fields, Failure, "response")
    return _from_map(fields, Success, "response")


def read_result(success: Success, kind: type[_ResultT]) -> _ResultT:
    """The result that the answered command has. Raises `ProvenError` (`BAD_REQUEST`)."""
    return _from_map(success.ok, kind, "result")


def _to_map(record: Record) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(record, builtin_types=(bytes,))
    return fields


def _decode_map(data: bytes, max_items: int = cbor.MAX_ITEMS) -> dict[int | str, cbor.Item]:
    fields = cbor.decode(data, max_bytes=MAX_PLAINTEXT, max_depth=MAX_MESSAGE_DEPTH, max_items=max_items)
    if not isinstance(fields, dict):
        raise ProvenError(ErrorCode.BAD_REQUEST, "a message has to be a map")
    return fields


def _from_map(fields: object, kind: type[_T], what: str) -> _T:
    record: _T = convert(fields, kind, what)
    return record
