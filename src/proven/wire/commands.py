"""What is said inside a sealed session: commands, their results, errors and events.

A plaintext is one deterministic CBOR map, in one of these forms:

- client: `{"command": name, ...fields}`
- server: `{"request": sequence, "ok": {...fields}}` or `{"request": sequence, "error": record}`, where
  `sequence` is that of the frame that carried the command
- server, unasked: `{"event": name, ...fields}`

Arguments and results of handlers are byte strings that hold one `values` encoding, so that a node passes
them on without reading them. Unknown commands, unknown fields and anything out of bounds are refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from . import cbor
from .errors import ErrorCode, ProvenError
from .session import MAX_PLAINTEXT, MAX_SEQUENCE, MAX_TICKET
from .values import MAX_BYTES

MAX_HANDLER: Final = 512
MAX_MESSAGE_DEPTH: Final = 12
MAX_CONSOLE_TEXT: Final = 64 * 1024

_Base32 = Annotated[str, Meta(pattern="^[a-z2-7]{32}\\Z")]
_Sha256Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
_HandlerAddress = Annotated[str, Meta(min_length=1, max_length=MAX_HANDLER)]
_ValueBytes = Annotated[bytes, Meta(min_length=1, max_length=MAX_BYTES)]
_Count = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
_Sequence = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class _Command(_Record, frozen=True, tag_field="command", tag=str):
    """A command travels under the name of its class."""


class WhoAmI(_Command, frozen=True):
    """Ask what the server knows about this session. Answered by `WhoAmIResult`."""


class Identify(_Command, frozen=True):
    """Act as the holder of an Ed25519 key from now on. Answered by `IdentifyResult`.

    `signature` is over `proven.wire.identity.identify_message`.
    """

    public_key: Annotated[bytes, Meta(min_length=32, max_length=32)]
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]


class Anonymize(_Command, frozen=True):
    """Act as nobody from now on. Answered by `Done`."""


class Execute(_Command, frozen=True):
    """Call a handler of the session's application. Answered by `ExecuteResult`.

    `args` holds the encoding of the argument array. With `package_id`, the call is refused (`CONFLICT`)
    unless that very package would answer it.
    """

    handler: _HandlerAddress
    args: _ValueBytes
    package_id: _Sha256Hex | None = None


class ListApplications(_Command, frozen=True):
    """List the applications of this node; in a management session. Answered by `ListApplicationsResult`."""


class IssueTicket(_Command, frozen=True):
    """Ask for a ticket to resume this session with. Answered by `IssueTicketResult`."""


Command: TypeAlias = WhoAmI | Identify | Anonymize | Execute | ListApplications | IssueTicket


class WhoAmIResult(_Record, frozen=True):
    """`expires_in` is in seconds; using the session may not extend it."""

    session_id: Annotated[str, Meta(pattern="^[0-9a-f]{32}\\Z")]
    expires_in: _Count
    application_id: _Base32 | None = None
    identity: _Base32 | None = None
    accounts: tuple[str, ...] = ()
    origin: str | None = None


class IdentifyResult(_Record, frozen=True):
    identity: _Base32


class Done(_Record, frozen=True):
    """Success without anything to say about it."""


class ExecuteResult(_Record, frozen=True):
    """`value` holds the encoding of what the handler returned; `package_id` is the code that did."""

    value: _ValueBytes
    package_id: _Sha256Hex
    duration_us: _Count


class HandlerSummary(_Record, frozen=True):
    address: _HandlerAddress
    kind: Annotated[str, Meta(max_length=32)]


class ApplicationSummary(_Record, frozen=True):
    id: _Base32
    name: Annotated[str, Meta(max_length=256)]
    package_id: _Sha256Hex | None = None
    handlers: tuple[HandlerSummary, ...] = ()


class ListApplicationsResult(_Record, frozen=True):
    applications: tuple[ApplicationSummary, ...] = ()


class IssueTicketResult(_Record, frozen=True):
    """`expires_in` is in seconds. A ticket works once, and only with the key of the session it came from."""

    ticket: Annotated[bytes, Meta(min_length=1, max_length=MAX_TICKET)]
    expires_in: _Count


Result: TypeAlias = (
    WhoAmIResult | IdentifyResult | Done | ExecuteResult | ListApplicationsResult | IssueTicketResult
)


class ConsoleEvent(_Record, frozen=True, tag_field="event", tag="console"):
    """A line that a handler wrote to its console; pushed by development nodes only.

    `request` is the sequence of the call it belongs to, if that was made in this session.
    """

    level: Annotated[str, Meta(max_length=16)]
    text: Annotated[str, Meta(max_length=MAX_CONSOLE_TEXT)]
    handler: _HandlerAddress
    request: _Sequence | None = None


class Success(_Record, frozen=True):
    """`ok` is read by `read_result`, once it is known which command is answered."""

    request: _Sequence
    ok: dict[str, object]


class Failure(_Record, frozen=True):
    request: _Sequence
    error: dict[str, object]

    def to_error(self) -> ProvenError:
        return ProvenError.from_record(self.error)


Message: TypeAlias = Success | Failure | ConsoleEvent

_ResultT = TypeVar("_ResultT", bound=Result)
_T = TypeVar("_T")


def encode_command(command: Command) -> bytes:
    return cbor.encode(_to_map(command))


def decode_command(data: bytes) -> Command:
    """Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
    command: Command = _convert(_decode_map(data), Command, "command")
    return command


def encode_success(request: int, result: Result) -> bytes:
    return cbor.encode({"request": request, "ok": _to_map(result)})


def encode_failure(request: int, error: ProvenError) -> bytes:
    """Details that have no place on the wire are left out rather than failing the failure."""
    record = error.to_record()
    try:
        return cbor.encode({"request": request, "error": record})
    except (TypeError, ValueError):
        record.pop("details", None)
        record["message"] = error.message.encode("utf-8", "replace").decode()
        return cbor.encode({"request": request, "error": record})


def encode_event(event: ConsoleEvent) -> bytes:
    return cbor.encode(_to_map(event))


def decode_message(data: bytes) -> Message:
    """What a server says. Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
    fields = _decode_map(data)
    if "event" in fields:
        return _from_map(fields, ConsoleEvent, "event")
    if "error" in fields:
        return _from_map(fields, Failure, "response")
    return _from_map(fields, Success, "response")


def read_result(success: Success, kind: type[_ResultT]) -> _ResultT:
    """The result that the answered command has. Raises `ProvenError` (`BAD_REQUEST`)."""
    return _from_map(success.ok, kind, "result")


def _to_map(record: _Record) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(record, builtin_types=(bytes,))
    return fields


def _decode_map(data: bytes) -> dict[int | str, cbor.Item]:
    fields = cbor.decode(data, max_bytes=MAX_PLAINTEXT, max_depth=MAX_MESSAGE_DEPTH)
    if not isinstance(fields, dict):
        raise ProvenError(ErrorCode.BAD_REQUEST, "a message has to be a map")
    return fields


def _from_map(fields: object, kind: type[_T], what: str) -> _T:
    record: _T = _convert(fields, kind, what)
    return record


def _convert(fields: object, kind: Any, what: str) -> Any:
    try:
        return msgspec.convert(fields, kind, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"not a {what} that is known here: {error}") from None
