"""Calling an application of a node over an attested, sealed session."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TypeVar

import aiohttp

from proven.attestation import Evidence, Verifier
from proven.client._connection import Connection
from proven.client._log_checks import LogChecks
from proven.client._requests import http_session
from proven.client._session import Carrier, Deadline, OnConsole, Session
from proven.client._transport import Endpoint
from proven.client.app_logs import MissedLines, read
from proven.client.collect import Collector
from proven.client.events import Subscription
from proven.client.pins import LogMemory, Pins
from proven.client.report import Report
from proven.client.versions import VersionNotice, follow
from proven.wire import ids, values
from proven.wire.commands import (
    Anonymize,
    ApplicationSummary,
    Command,
    Done,
    Execute,
    ExecuteResult,
    ListApplications,
    ListApplicationsResult,
    LogLevel,
    LogLine,
    Permission,
    ReadMetrics,
    ReadMetricsResult,
    Result,
    Submit,
    SubmitResult,
    WhoAmI,
    WhoAmIResult,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId, IdentityId, PackageId
from proven.wire.values import Value

DEFAULT_TIMEOUT = 30.0

_ResultT = TypeVar("_ResultT", bound=Result)


async def connect(
    url: str,
    *,
    application: str | None,
    verifier: Verifier,
    identity: IdentityKey | bytes | None = None,
    origin: str | None = None,
    package_id: PackageId | None = None,
    on_console: OnConsole | None = None,
    carrier: Carrier = Carrier.AUTO,
    tls: ssl.SSLContext | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    pins: Pins | None = None,
    memory: LogMemory | None = None,
) -> Client:
    """Open a session with `application` on the node at `url`, or with its management for None.

    `verifier` decides whether the node's evidence is good enough; no key exists before it has agreed, and
    there is no way to do without one. An application given by name is whichever the node says it is: give
    its id to be sure. `identity` is who to be from the start: a key, or a root seed from which the key for
    this application is derived. With `package_id`, only that very code is called. `tls` replaces the default
    context of `https` URLs; the session does not depend on it. `timeout` is in seconds, for opening the
    session and for each call.

    With `pins`, what the transparency log says of the application is verified before the session is used, and
    every answer is held to it; without, only `Client.verify` does that. `memory` is what was seen of logs
    before, by default what this user's programs have seen.

    Raises `ProvenError`: `UNAVAILABLE`, `NOT_FOUND`, `EVIDENCE_INVALID`, `UNAUTHENTICATED`, `OVERLOADED`,
    `REQUEST_TIMEOUT`.
    """
    http = http_session(tls, timeout)
    try:
        async with Deadline(timeout):
            application_id = await _find(http, url, application, origin)
            key = IdentityKey.derive(identity, application_id) if isinstance(identity, bytes) else identity
            collector = Collector(http, url)
            memory = memory or LogMemory.default()
            checks = LogChecks(application_id, verifier, pins, package_id, collector, memory, timeout)
            connection = Connection(
                Endpoint(http, url, application_id, origin),
                application_id,
                verifier,
                checks,
                key=key,
                origin=origin,
                on_console=on_console,
                carrier=carrier,
                timeout=timeout,
            )
            await connection.live()
    except BaseException:
        await http.close()
        raise
    return Client(http, application_id, connection, checks)


class Client:
    """An open session; made by `connect`. Calls may be made concurrently.

    When the connection is lost, calls under way fail with `UNAVAILABLE`: whether they took effect is not
    known, so none is repeated. The next call opens a new session, verifies its evidence anew and identifies
    again.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        application_id: ApplicationId | None,
        connection: Connection,
        checks: LogChecks,
    ) -> None:
        self.application_id = application_id
        self._http = http
        self._connection = connection
        self._checks = checks

    @property
    def evidence(self) -> Evidence:
        """What the node has proven about itself in the present session."""
        return self._connection.evidence

    async def call(self, handler: str, *arguments: Value, timeout: float | None = None) -> Value:
        """Call a handler and return what it returns.

        `handler` is an address (`src/todo.ts#add`), or the name of an export if no other module of the
        application exports a handler of that name. Raises what the handler raises as `ProvenError`
        `HANDLER_ERROR` with the error's details; `REQUEST_TIMEOUT` says nothing about what became of it.
        """
        result = await self.execute(handler, values.encode(list(arguments)), timeout=timeout)
        return values.decode(result.value)

    async def execute(self, handler: str, arguments: bytes, *, timeout: float | None = None) -> ExecuteResult:
        """As `call`, with the argument list and the result encoded by `proven.wire.values`."""
        session = await self._connection.ready()
        wanted = self._checks.wanted
        try:
            result = await self._execute(session, handler, arguments, wanted, timeout)
        except ProvenError as refusal:
            if not await self._checks.is_outdated(wanted, refusal):
                await self._checks.confirm_error(refusal)
                raise
            result = await self._execute(session, handler, arguments, self._checks.wanted, timeout)
        await self._checks.confirm(result)
        return result

    async def verify(self, *, source: bool = True, whole_log: bool = False) -> Report:
        """Check what the transparency log says of the application: against the node's evidence, the pins, and
        what was seen of the log before (`proven.client.verification.examine`). What held is remembered.

        Without `source` the package's files are not fetched; `whole_log` reads all of the log, however long.
        Raises `ProvenError`: `EVIDENCE_INVALID` with the link that fails in its details, or as `connect`.
        """
        return await self._checks.verify(source=source, whole_log=whole_log)

    async def whoami(self) -> WhoAmIResult:
        return await self._ask(WhoAmI(), WhoAmIResult)

    async def identify(self, identity: IdentityKey | bytes) -> IdentityId:
        """Act as the holder of a key, or of the key derived from a root seed, from now on."""
        key = IdentityKey.derive(identity, self.application_id) if isinstance(identity, bytes) else identity
        return await self._connection.identify(key)

    async def anonymize(self) -> None:
        """Act as nobody from now on."""
        self._connection.forget_key()
        await self._ask(Anonymize(), Done)

    async def submit(self, envelope: bytes, *, timeout: float | None = None) -> SubmitResult:
        """Hand in a signed command to an application (`wire.applications.sign`), in a management session.

        The package of `Deploy` has to be at the node already.
        """
        return await self._ask(Submit(envelope=envelope), SubmitResult, timeout)

    async def applications(self) -> tuple[ApplicationSummary, ...]:
        """The applications of the node; in a management session."""
        return (await self._ask(ListApplications(), ListApplicationsResult)).applications

    def logs(
        self,
        application: str,
        *,
        after: int | None = None,
        since: int | None = None,
        handler: str | None = None,
        level: LogLevel | None = None,
        follow: bool = False,
        permission: Permission | None = None,
    ) -> AsyncGenerator[LogLine | MissedLines, None]:
        """The log of an application (id or name), oldest line first; in a management session of its owner,
        or of whom they gave a `permission`.

        From behind the line with the sequence `after`, and not from before `since` (Unix milliseconds).
        `handler` (an address, or the name of an export) and `level` (or more severe) leave lines out. With
        `follow` it goes on with what comes, also over lost connections and restarts of the node: no line
        comes twice, and in the place of lines that are gone there is a `MissedLines`. It needs a WebSocket.
        """
        return read(
            self._connection,
            application,
            after=after,
            since=since,
            handler=handler,
            level=level,
            follow=follow,
            permission=permission,
        )

    async def metrics(
        self,
        application: str,
        *,
        seconds: int = 3600,
        handler: str | None = None,
        points: bool = False,
        permission: Permission | None = None,
    ) -> ReadMetricsResult:
        """How the handlers of an application (id or name) did in the last `seconds`, and with `points` how
        that was over time; in a management session of its owner, or of whom they gave a `permission`.
        """
        command = ReadMetrics(
            application=application, seconds=seconds, handler=handler, points=points, permission=permission
        )
        return await self._ask(command, ReadMetricsResult)

    def subscribe(self, *names: str) -> Subscription:
        """What the application publishes under these names for whoever this is then. Needs a WebSocket.

        `Subscription` says what happens when the connection is lost.
        """
        if not names:
            raise ValueError("a subscription is to one event or more")
        return self._connection.subscription(frozenset(names))

    def versions(self) -> AsyncGenerator[VersionNotice, None]:
        """Which version answers, and which is to: how it is now, then what the node tells of, also over lost
        connections. Needs a WebSocket. It is the node's word; with pins, answers are held to the log anyway.
        """
        return follow(self._connection)

    async def close(self) -> None:
        """End the session. Calls under way fail, subscriptions end."""
        await self._connection.close()
        await self._http.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, command: Command, kind: type[_ResultT], timeout: float | None = None) -> _ResultT:
        return await self._connection.ask(command, kind, timeout)

    async def _execute(
        self,
        session: Session,
        handler: str,
        arguments: bytes,
        wanted: PackageId | None,
        timeout: float | None,
    ) -> ExecuteResult:
        command = Execute(handler=handler, args=arguments, package_id=wanted)
        result = await self._connection.answered(session, command, ExecuteResult, timeout)
        if wanted is not None and result.package_id != wanted:
            raise ProvenError(ErrorCode.CONFLICT, "the node ran another package than the one asked for")
        return result


async def _find(
    http: aiohttp.ClientSession, url: str, application: str | None, origin: str | None
) -> ApplicationId | None:
    if application is None:
        return None
    if ids.is_application_id(application):
        return ApplicationId(application)
    described = await Endpoint(http, url, application, origin).describe()
    return ids.parse_application_id(described.get("id"))
