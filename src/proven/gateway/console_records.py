"""What the console's API answers. `web/console/generate_api.py` makes `web/console/api.ts` from this file.

Times are Unix milliseconds, durations microseconds, sizes bytes. Everything that comes from an application
(names, values, log lines, errors) is text of its choosing: for showing, not for believing.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One JSON object."""


class Endpoint(Record, frozen=True):
    """One address of the API. `query` names what it takes; those that end in `?` may be left out."""

    path: str
    query: list[str]
    about: str


class Index(Record, frozen=True):
    """Every address of the API."""

    endpoints: list[Endpoint]


class Layer(Record, frozen=True):
    """One wall around application code; `reason` says why it is not active."""

    name: str
    active: bool
    reason: str | None


class Process(Record, frozen=True):
    """A process that runs one version of one application."""

    application_id: str
    application: str
    package_id: str
    pid: int
    in_flight: int
    queued: int
    memory_bytes: int
    cpu_seconds: float


class Node(Record, frozen=True):
    """The node. `run` changes when it is started anew. `unhealthy` has a reason per part that does not work.

    `development_root` is the root certificate (PEM) of its evidence. A node can say anything about itself:
    what counts is evidence that somebody else checks.
    """

    version: str
    run: str
    started_at: int
    evidence: str
    development_root: str
    layers: list[Layer]
    warm_processes: int
    processes: list[Process]
    unhealthy: dict[str, str]


class ApplicationSummary(Record, frozen=True):
    """An application; `handlers` counts those of its live version."""

    id: str
    name: str
    version: int
    package_id: str | None
    archived: bool
    created_at: int
    changed_at: int
    handlers: int


class Applications(Record, frozen=True):
    """Every application of the node, in order of creation."""

    applications: list[ApplicationSummary]


class Version(Record, frozen=True):
    """One version there was."""

    number: int
    package_id: str
    at: int
    rolled_back_to: int | None


class Parameter(Record, frozen=True):
    """One parameter of a handler as its source has it."""

    name: str
    type: str | None
    optional: bool
    rest: bool


class Handler(Record, frozen=True):
    """One handler. `runs` is false for kinds that this node does not run; `parameters` null if not known."""

    address: str
    module: str
    export: str
    kind: str
    runs: bool
    access: str
    method: str | None
    path: str | None
    trigger: str | None
    timeout_ms: int | None
    memory_mib: int | None
    allowed_origins: list[str]
    parameters: list[Parameter] | None


class Application(Record, frozen=True):
    """An application with its versions (the latest first, 200 at most) and its live handlers. `page` says
    that it answers browsers: by front-end files, or a handler of `/`.
    """

    id: str
    name: str
    version: int
    package_id: str | None
    archived: bool
    page: bool
    created_at: int
    owner: str
    versions: list[Version]
    handlers: list[Handler]
    storage_bytes: int


class Failure(Record, frozen=True):
    """How a call failed. `stack` is the handler's own."""

    code: str
    message: str
    stack: str | None


class CallEntry(Record, frozen=True, tag_field="kind", tag="call"):
    """One finished call of a handler."""

    sequence: int
    at: int
    application_id: str
    application: str
    package_id: str
    handler: str
    handler_kind: str
    identity: str | None
    duration_us: int
    error: Failure | None


class LogEntry(Record, frozen=True, tag_field="kind", tag="log"):
    """One line that a handler wrote to its console, or top-level code where `handler` is null.

    `dropped` counts lines that followed and were too many.
    """

    sequence: int
    at: int
    application_id: str
    application: str
    package_id: str
    handler: str | None
    level: Literal["debug", "log", "info", "warn", "error"]
    text: str
    dropped: int


Entry: TypeAlias = CallEntry | LogEntry


class Activity(Record, frozen=True):
    """What happened, oldest first. `missed` counts what was before `entries` and is no longer kept."""

    run: str
    entries: list[Entry]
    last: int
    missed: int


class Bucket(Record, frozen=True):
    """A stretch of time: how many calls ended in it, how many of them failed, how long they took."""

    at: int
    calls: int
    errors: int
    p50_us: int
    p99_us: int


class HandlerStatistics(Record, frozen=True):
    """One handler since the node started, and lately. Percentiles are exact to 6 percent."""

    application_id: str
    application: str
    handler: str
    calls: int
    errors: int
    p50_us: int
    p99_us: int
    recent: list[Bucket]


class Statistics(Record, frozen=True):
    """Every handler that was called. The buckets of `recent` follow each other without gaps."""

    bucket_seconds: int
    handlers: list[HandlerStatistics]


class Latency(Record, frozen=True):
    """How long calls took, in microseconds, exact to 6 percent."""

    p50: int
    p90: int
    p99: int


class HandlerMetrics(Record, frozen=True):
    """The calls of one handler in one package; `errors` has those that failed, by their code.
    `versions` are the latest with that package.
    """

    handler: str
    package_id: str | None
    versions: list[int]
    calls: int
    errors: dict[str, int]
    latency: Latency


class MetricPoint(Record, frozen=True):
    """The calls that ended in one stretch of time."""

    at: int
    calls: int
    failed: int
    latency: Latency


class Metrics(Record, frozen=True):
    """How the handlers of an application did, kept across restarts. `points` are `step_seconds` long, begin
    at `since`, follow each other without gaps, and are of the handler that was asked for, or of all.
    """

    since: int
    until: int
    step_seconds: int
    handlers: list[HandlerMetrics]
    points: list[MetricPoint]


class LogLine(Record, frozen=True):
    """A line of an application's log. Its sequences have no gaps."""

    sequence: int
    at: int
    kind: Literal["console", "error", "kill", "deploy", "dropped", "node"]
    level: Literal["debug", "log", "info", "warn", "error"]
    text: str
    handler: str | None
    package_id: str | None
    code: str | None
    stack: str | None
    dropped: int


class Log(Record, frozen=True):
    """Lines of an application's log, oldest first. `next` is what to give as `after` for those behind them,
    of which there are some now if there is `more`; `missed` lines before these are not kept any more.
    """

    lines: list[LogLine]
    next: int
    more: bool
    missed: int


class Scope(Record, frozen=True):
    """Whose data it is; its other fields are the query that names it."""

    scope: Literal["application", "personal", "nft"]
    identity: str | None
    resource: str | None
    nft: str | None


class Scopes(Record, frozen=True):
    """The scopes with data. `unnamed` counts those from before this node kept their names."""

    scopes: list[Scope]
    unnamed: int
    storage_bytes: int


class Store(Record, frozen=True):
    """A key-value store; `entries` is counted up to 10,000."""

    kind: Literal["string", "bytes", "key"]
    name: str
    entries: int


class Table(Record, frozen=True):
    """A table or view."""

    name: str
    kind: str
    sql: str


class Database(Record, frozen=True):
    """A SQL database."""

    name: str
    tables: list[Table]


class ScopeContent(Record, frozen=True):
    """What one scope holds."""

    scope: Scope
    stores: list[Store]
    databases: list[Database]
    has_files: bool


class Content(Record, frozen=True):
    """The beginning of a value: as text if it is text, else in base64, neither where it is not shown."""

    size: int
    text: str | None
    base64: str | None
    cut: bool


class StoredEntry(Record, frozen=True):
    """One key-value entry."""

    key: str
    value: Content
    version: int
    expires_at: int | None


class Entries(Record, frozen=True):
    """A page of entries; `next` is what to give as `after` for those behind it."""

    entries: list[StoredEntry]
    next: str | None


class Cell(Record, frozen=True):
    """One value of a row, by its SQLite type; numbers are text, since JSON has no 64-bit integers."""

    type: str
    value: Content | None


class Rows(Record, frozen=True):
    """A page of rows; `next` is the next page's `offset`."""

    columns: list[str]
    rows: list[list[Cell]]
    next: int | None


class File(Record, frozen=True):
    """A file or directory."""

    path: str
    name: str
    is_directory: bool
    size: int
    modified: int
    content_type: str | None


class Files(Record, frozen=True):
    """What is directly in a directory; `next` is what to give as `after`."""

    path: str
    files: list[File]
    next: str | None


class FileContent(Record, frozen=True):
    """A file and the beginning of its content."""

    file: File
    content: Content
