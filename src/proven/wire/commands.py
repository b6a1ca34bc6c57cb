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

from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from . import cbor
from .applications import MAX_ENVELOPE
from .errors import ErrorCode, ProvenError
from .session import MAX_PLAINTEXT, MAX_SEQUENCE, MAX_TICKET
from .values import MAX_BYTES

MAX_HANDLER: Final = 512
MAX_MESSAGE_DEPTH: Final = 12
MAX_CONSOLE_TEXT: Final = 64 * 1024
MAX_EVENT_NAME: Final = 128
MAX_CEREMONY: Final = 16 * 1024
MAX_PROOF: Final = 16 * 1024
MAX_WRAPPED_SEED: Final = 128
MAX_PASSKEY_LABEL: Final = 64
MAX_ACCOUNT: Final = 128
MAX_LOG_TEXT: Final = 16 * 1024
MAX_LOG_LINES: Final = 500
"""Lines in one answer or event."""
MAX_POINTS: Final = 1500

_Base32 = Annotated[str, Meta(pattern="^[a-z2-7]{32}\\Z")]
_Sha256Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
_HandlerAddress = Annotated[str, Meta(min_length=1, max_length=MAX_HANDLER)]
_ValueBytes = Annotated[bytes, Meta(min_length=1, max_length=MAX_BYTES)]
_Count = Annotated[int, Meta(ge=0, le=(1 << 53) - 1)]
_Sequence = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]
_EventName = Annotated[str, Meta(min_length=1, max_length=MAX_EVENT_NAME)]
_Hex128 = Annotated[str, Meta(pattern="^[0-9a-f]{32}\\Z")]
_Hex256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
_CredentialId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,1366}\\Z")]
_PasskeyLabel = Annotated[str, Meta(min_length=1, max_length=MAX_PASSKEY_LABEL)]
_WrappedSeed = Annotated[bytes, Meta(min_length=1, max_length=MAX_WRAPPED_SEED)]
_AccountAddress = Annotated[str, Meta(min_length=1, max_length=MAX_ACCOUNT)]
_ApplicationName = Annotated[str, Meta(min_length=1, max_length=256)]
_LogText = Annotated[str, Meta(max_length=MAX_LOG_TEXT)]
AccountKind: TypeAlias = Literal["radix", "ethereum", "bitcoin"]
LogLevel: TypeAlias = Literal["debug", "log", "info", "warn", "error"]
LogKind: TypeAlias = Literal["console", "error", "kill", "deploy", "dropped", "node"]


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


class Subscribe(_Command, frozen=True):
    """Be sent what the application publishes under `event`, over this connection, until it ends or
    `Unsubscribe`. Answered by `Done`; only over a WebSocket. Subscribing twice is once.
    """

    event: _EventName


class Unsubscribe(_Command, frozen=True):
    """Be sent `event` no more. Answered by `Done`, whether it was subscribed to or not."""

    event: _EventName


class BeginRegistration(_Command, frozen=True):
    """Start adding a passkey to the account that this management session acts as. Answered by `Ceremony`.

    An account is whoever holds a root seed: `Identify` with the seed's management key comes first, for a new
    account too.
    """

    label: _PasskeyLabel


class FinishRegistration(_Command, frozen=True):
    """Store the passkey that the ceremony made. Answered by `PasskeySummary`.

    `response` is the JSON form of the credential (WebAuthn §5.1 `toJSON`). `wrapped_seed` is the root seed,
    encrypted under the passkey's PRF output; absent for an authenticator without PRF.
    """

    ceremony: _Hex128
    response: Annotated[str, Meta(min_length=1, max_length=MAX_CEREMONY)]
    wrapped_seed: _WrappedSeed | None = None


class BeginAuthentication(_Command, frozen=True):
    """Start signing in with a passkey; in a management session. Answered by `Ceremony`."""


class FinishAuthentication(_Command, frozen=True):
    """Prove possession of a passkey. Answered by `AuthenticationResult`."""

    ceremony: _Hex128
    response: Annotated[str, Meta(min_length=1, max_length=MAX_CEREMONY)]


class ListPasskeys(_Command, frozen=True):
    """List the passkeys of the account that this management session acts as. Answered by
    `ListPasskeysResult`.
    """


class RemovePasskey(_Command, frozen=True):
    """Forget a passkey and the seed wrapped for it. Answered by `Done`."""

    passkey: _CredentialId


class ListSessions(_Command, frozen=True):
    """List the sessions that act as this session's identity. Answered by `ListSessionsResult`."""


class RevokeSession(_Command, frozen=True):
    """End a session that acts as this session's identity. Answered by `Done`."""

    session_id: _Hex128


class BeginLink(_Command, frozen=True):
    """Ask for a challenge by which to link an account to this session's identity. Answered by
    `LinkChallenge`.
    """

    kind: AccountKind


class FinishLink(_Command, frozen=True):
    """Link the account that signed the challenge. Answered by `AccountSummary`.

    `proof` is JSON whose fields depend on the kind; see `proven.identity.accounts`.
    """

    challenge: _Hex256
    proof: Annotated[str, Meta(min_length=1, max_length=MAX_PROOF)]


class UnlinkAccount(_Command, frozen=True):
    """Forget a linked account. Answered by `Done`."""

    address: _AccountAddress


class ListAccounts(_Command, frozen=True):
    """List the accounts linked to this session's identity. Answered by `ListAccountsResult`."""


class ReadLogs(_Command, frozen=True):
    """Read the log of an application (id or name) that this management session's identity owns, oldest first.
    Answered by `ReadLogsResult`.

    `after` is the `next` of an earlier answer; without it, it begins with the oldest line that is kept.
    `since` (Unix milliseconds), `handler` (an address, or the name of an export) and `level` (or more severe)
    leave lines out.
    """

    application: _ApplicationName
    after: _Count | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LOG_LINES)] = MAX_LOG_LINES
    since: _Count | None = None
    handler: _HandlerAddress | None = None
    level: LogLevel | None = None


class FollowLogs(_Command, frozen=True):
    """Be sent a `LogEvent` for what is behind `after` in the log of an application that this management
    session's identity owns, and for all that comes, until the connection ends. Answered by `Done`; only over
    a WebSocket. Following an application again replaces what was asked before.
    """

    application: _ApplicationName
    after: _Count
    handler: _HandlerAddress | None = None
    level: LogLevel | None = None


class ReadMetrics(_Command, frozen=True):
    """Ask how the handlers of an application do that this management session's identity owns. Answered by
    `ReadMetricsResult`.

    It is about the last `seconds`; `points` asks for how it was over time too, of one `handler` or of all.
    """

    application: _ApplicationName
    seconds: Annotated[int, Meta(ge=60, le=31 * 86_400)] = 3600
    handler: _HandlerAddress | None = None
    points: bool = False


class Submit(_Command, frozen=True):
    """Carry out a signed command to an application; in a management session. Answered by `SubmitResult`.

    `envelope` is what `applications.sign` writes. Who sends it does not matter: who signed it does.
    """

    envelope: Annotated[bytes, Meta(min_length=1, max_length=MAX_ENVELOPE)]


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
)


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
    """`value` holds the encoding of what the handler returned; `package_id` is the code that did, and
    `log_index` the entry of the transparency log that made it live.
    """

    value: _ValueBytes
    package_id: _Sha256Hex
    log_index: _Count
    duration_us: _Count


class SubmitResult(_Record, frozen=True):
    """The command is entry `log_index` of the log, and the application has `revision` entries. A change that
    was only announced comes into force at `activates_at` (Unix milliseconds).
    """

    application_id: _Base32
    log_index: _Count
    revision: _Count
    activates_at: _Count | None = None


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


class Ceremony(_Record, frozen=True):
    """One use of WebAuthn: `options` is the JSON of WebAuthn §5.1 `parseCreationOptionsFromJSON` or
    `parseRequestOptionsFromJSON`. It works once, in the session that began it, for `expires_in` seconds.
    """

    ceremony: _Hex128
    options: Annotated[str, Meta(max_length=MAX_CEREMONY)]
    expires_in: _Count


class PasskeySummary(_Record, frozen=True):
    """Times are Unix milliseconds. `holds_seed`: signing in with it needs no recovery phrase. `synced`: the
    authenticator says that it is backed up.
    """

    id: _CredentialId
    label: _PasskeyLabel
    created_at: _Count
    used_at: _Count | None = None
    holds_seed: bool = False
    synced: bool = False


class AuthenticationResult(_Record, frozen=True):
    """`account` is the management identity that the passkey belongs to; `Identify` proves to be it."""

    account: _Base32
    passkey: _CredentialId
    wrapped_seed: _WrappedSeed | None = None


class ListPasskeysResult(_Record, frozen=True):
    passkeys: tuple[PasskeySummary, ...] = ()


class SessionSummary(_Record, frozen=True):
    """Times are Unix milliseconds. `current`: the session that asks."""

    session_id: _Hex128
    opened_at: _Count
    used_at: _Count
    origin: str | None = None
    current: bool = False


class ListSessionsResult(_Record, frozen=True):
    sessions: tuple[SessionSummary, ...] = ()


class LinkChallenge(_Record, frozen=True):
    """What a wallet signs: `challenge` (hex) alone or, for Ethereum and Bitcoin, the text `message`, in which
    `{address}` and `{chain_id}` stand for what only the wallet knows. Works once, for `expires_in` seconds,
    for the page at `origin`.
    """

    challenge: _Hex256
    origin: Annotated[str, Meta(max_length=256)]
    expires_in: _Count
    message: Annotated[str, Meta(max_length=4096)] | None = None


class AccountSummary(_Record, frozen=True):
    """`linked_at` is Unix milliseconds."""

    address: _AccountAddress
    kind: AccountKind
    linked_at: _Count


class ListAccountsResult(_Record, frozen=True):
    accounts: tuple[AccountSummary, ...] = ()


class LogLine(_Record, frozen=True):
    """One line of an application's log. Lines of an application are numbered 1, 2, 3, …; `at` is Unix
    milliseconds. What it says is the application's own, and may be anything.

    `console`: a handler, or top-level code without one, wrote it. `error`: a call failed, with `code` and the
    handler's own `stack`. `kill`: a call or a process was ended. `deploy`: another version became live.
    `dropped`: in its place, that many lines were left out. `node`: what the node has to say about this log.
    """

    sequence: _Count
    at: _Count
    kind: LogKind
    level: LogLevel
    text: _LogText
    handler: _HandlerAddress | None = None
    package_id: _Sha256Hex | None = None
    version: _Count | None = None
    code: Annotated[str, Meta(max_length=64)] | None = None
    stack: _LogText | None = None
    dropped: _Count = 0


class ReadLogsResult(_Record, frozen=True):
    """`next` is where to go on; `more`: there is more there now. `missed` lines were between `after` and the
    first one, and are not kept any more.
    """

    application_id: _Base32
    next: _Count
    lines: Annotated[tuple[LogLine, ...], Meta(max_length=MAX_LOG_LINES)] = ()
    more: bool = False
    missed: _Count = 0


class Latency(_Record, frozen=True):
    """How long calls took, in microseconds."""

    p50: _Count
    p90: _Count
    p99: _Count


class HandlerMetrics(_Record, frozen=True):
    """The calls of one handler in one package. `errors` has those that failed by their code. `version` is the
    latest with that package; `handler` is `(other)` for those that were too many to be told apart.
    """

    handler: _HandlerAddress
    calls: _Count
    latency: Latency
    package_id: _Sha256Hex | None = None
    version: _Count | None = None
    errors: dict[str, int] = {}


class MetricPoint(_Record, frozen=True):
    """The calls that ended in one stretch of time, which begins at the Unix millisecond `at`."""

    at: _Count
    calls: _Count
    failed: _Count
    latency: Latency


class ProcessMetrics(_Record, frozen=True):
    """The process that runs one package of the application now."""

    package_id: _Sha256Hex
    memory_bytes: _Count
    cpu_ms: _Count
    in_flight: _Count
    queued: _Count


class ReadMetricsResult(_Record, frozen=True):
    """`since` and `until` are Unix milliseconds; `step` is how many seconds a point is long. Stretches of
    time without calls have no point.
    """

    application_id: _Base32
    since: _Count
    until: _Count
    step: _Count
    handlers: tuple[HandlerMetrics, ...] = ()
    points: Annotated[tuple[MetricPoint, ...], Meta(max_length=MAX_POINTS)] = ()
    processes: tuple[ProcessMetrics, ...] = ()


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
)


class ConsoleEvent(_Record, frozen=True, tag_field="event", tag="console"):
    """A line that a handler wrote to its console; pushed by development nodes only.

    `request` is the sequence of the call it belongs to, if that was made in this session.
    """

    level: Annotated[str, Meta(max_length=16)]
    text: Annotated[str, Meta(max_length=MAX_CONSOLE_TEXT)]
    handler: _HandlerAddress
    request: _Sequence | None = None


class PublishedEvent(_Record, frozen=True, tag_field="event", tag="published"):
    """Something the application published for this session; `payload` holds one `values` encoding."""

    name: _EventName
    payload: _ValueBytes


class MissedEvents(_Record, frozen=True, tag_field="event", tag="missed"):
    """This many events were not sent, because the client was slow to read: it should look again at what it
    shows.
    """

    count: _Count


class LogEvent(_Record, frozen=True, tag_field="event", tag="log"):
    """What is in an application's log behind `after`, up to `next`. `missed` lines in between were not kept
    long enough for a reader this slow.
    """

    application_id: _Base32
    after: _Count
    next: _Count
    lines: Annotated[tuple[LogLine, ...], Meta(max_length=MAX_LOG_LINES)] = ()
    missed: _Count = 0


Event: TypeAlias = ConsoleEvent | PublishedEvent | MissedEvents | LogEvent


class Success(_Record, frozen=True):
    """`ok` is read by `read_result`, once it is known which command is answered."""

    request: _Sequence
    ok: dict[str, object]


class Failure(_Record, frozen=True):
    request: _Sequence
    error: dict[str, object]

    def to_error(self) -> ProvenError:
        return ProvenError.from_record(self.error)


Message: TypeAlias = Success | Failure | Event

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


def encode_event(event: Event) -> bytes:
    return cbor.encode(_to_map(event))


def decode_message(data: bytes) -> Message:
    """What a server says. Raises `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`)."""
    fields = _decode_map(data)
    if "event" in fields:
        event: Event = _convert(fields, Event, "event")
        return event
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
