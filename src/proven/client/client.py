"""Calling an application of a node over an attested, sealed session."""

from __future__ import annotations

import asyncio
import enum
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from types import TracebackType
from typing import TypeVar

import aiohttp

from proven.attestation import Evidence, Platform, Verifier
from proven.client._transport import Endpoint, HttpTransport, Transport
from proven.client.app_logs import LogFeed, MissedLines, read
from proven.client.collect import Collector
from proven.client.events import Subscription
from proven.client.pins import LogMemory, Pins
from proven.client.report import LinkName, Report
from proven.client.verification import examine
from proven.wire import ids, values
from proven.wire.commands import (
    Anonymize,
    ApplicationSummary,
    Command,
    ConsoleEvent,
    Done,
    Execute,
    ExecuteResult,
    Failure,
    IdentifyResult,
    ListApplications,
    ListApplicationsResult,
    LogEvent,
    LogLevel,
    LogLine,
    MissedEvents,
    PublishedEvent,
    ReadMetrics,
    ReadMetricsResult,
    Result,
    Submit,
    SubmitResult,
    Subscribe,
    Success,
    Unsubscribe,
    WhoAmI,
    WhoAmIResult,
    decode_message,
    encode_command,
    read_result,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey
from proven.wire.ids import ApplicationId, IdentityId, PackageId
from proven.wire.session import ClientHandshake, SealedChannel
from proven.wire.values import Value

DEFAULT_TIMEOUT = 30.0

KEEP_ALIVE = 240.0
"""Seconds after which a session that only listens says something: a node ends one that is silent."""

_ResultT = TypeVar("_ResultT", bound=Result)

OnConsole = Callable[[ConsoleEvent], None]
OnEvent = Callable[[PublishedEvent | MissedEvents | LogEvent | None], None]
"""Told what comes; None once nothing more will."""


class Carrier(enum.StrEnum):
    """What frames travel over. AUTO is a WebSocket or, where there is none to be had, HTTP requests.

    Over HTTP the calls of a client are made one after another, and console lines are not sent.
    """

    AUTO = "auto"
    WEBSOCKET = "websocket"
    HTTP = "http"


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
    http = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=True if tls is None else tls),
        timeout=aiohttp.ClientTimeout(total=timeout),
        auto_decompress=False,
    )
    try:
        async with _deadline(timeout):
            application_id = await _find(http, url, application, origin)
            key = IdentityKey.derive(identity, application_id) if isinstance(identity, bytes) else identity
            client = Client(
                http,
                Endpoint(http, url, application_id, origin),
                application_id,
                verifier,
                identity=key,
                origin=origin,
                package_id=package_id,
                on_console=on_console,
                carrier=carrier,
                timeout=timeout,
                pins=pins,
                log=_Log(Collector(http, url), memory or LogMemory.default()),
            )
            await client._live()
    except BaseException:
        await http.close()
        raise
    return client


class Client:
    """An open session; made by `connect`. Calls may be made concurrently.

    When the connection is lost, calls under way fail with `UNAVAILABLE`: whether they took effect is not
    known, so none is repeated. The next call opens a new session, verifies its evidence anew and identifies
    again.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        endpoint: Endpoint,
        application_id: ApplicationId | None,
        verifier: Verifier,
        *,
        identity: IdentityKey | None,
        origin: str | None,
        package_id: PackageId | None,
        on_console: OnConsole | None,
        carrier: Carrier,
        timeout: float,
        pins: Pins | None,
        log: _Log,
    ) -> None:
        self.application_id = application_id
        self._pins = pins
        self._log = log
        self._answered_by: tuple[PackageId, int] | None = None
        self._report: Report | None = None
        self._http = http
        self._endpoint = endpoint
        self._verifier = verifier
        self._key = identity
        self._origin = origin
        self._package_id = package_id
        self._on_console = on_console
        self._carrier = carrier
        self._timeout = timeout
        self._session: _Session | None = None
        self._subscriptions: dict[Subscription, None] = {}
        self._log_feeds: dict[LogFeed, None] = {}
        self._keeping_alive: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    @property
    def evidence(self) -> Evidence:
        """What the node has proven about itself in the present session."""
        if self._session is None:
            raise ProvenError(ErrorCode.SESSION_CLOSED, "there is no session")
        return self._session.evidence

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
        session = await self._ready()
        wanted = self._wanted()
        try:
            result = await self._execute(session, handler, arguments, wanted, timeout)
        except ProvenError as refusal:
            if self._pins is None or wanted == self._package_id or refusal.code is not ErrorCode.CONFLICT:
                raise
            await self.verify(source=False)
            if self._wanted() == wanted:
                raise
            result = await self._execute(session, handler, arguments, self._wanted(), timeout)
        self._answered_by = (PackageId(result.package_id), result.log_index)
        if self._pins is not None and not self._is_verified(*self._answered_by):
            await self.verify(source=False)
        return result

    async def verify(self, *, source: bool = True, whole_log: bool = False) -> Report:
        """Check what the transparency log says of the application: against the node's evidence, the pins, and
        what was seen of the log before (`proven.client.verification.examine`). What held is remembered.

        Without `source` the package's files are not fetched; `whole_log` reads all of the log, however long.
        Raises `ProvenError`: `EVIDENCE_INVALID` with the link that fails in its details, or as `connect`.
        """
        if self.application_id is None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a management session is of no application")
        async with _deadline(self._timeout):
            report = await self._log.verify(
                self.application_id, self._verifier, self._pins, source=source, whole_log=whole_log
            )
        report.require()
        self._report = report
        if self._answered_by is not None and not self._is_verified(*self._answered_by):
            package_id, log_index = self._answered_by
            raise ProvenError(
                ErrorCode.EVIDENCE_INVALID,
                f"the session was answered by the package {package_id}, and the log does not say that entry "
                f"{log_index} made it live",
                details={"link": LinkName.LOG.value},
            )
        return report

    async def whoami(self) -> WhoAmIResult:
        return await self._ask(WhoAmI(), WhoAmIResult)

    async def identify(self, identity: IdentityKey | bytes) -> IdentityId:
        """Act as the holder of a key, or of the key derived from a root seed, from now on."""
        key = IdentityKey.derive(identity, self.application_id) if isinstance(identity, bytes) else identity
        session = await self._live()
        known = await self._answered(session, key.identify(session.channel.transcript), IdentifyResult)
        self._key = key
        return IdentityId(known.identity)

    async def anonymize(self) -> None:
        """Act as nobody from now on."""
        self._key = None
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
    ) -> AsyncGenerator[LogLine | MissedLines, None]:
        """The log of an application (id or name), oldest line first; in a management session of its owner.

        From behind the line with the sequence `after`, and not from before `since` (Unix milliseconds).
        `handler` (an address, or the name of an export) and `level` (or more severe) leave lines out. With
        `follow` it goes on with what comes, also over lost connections and restarts of the node: no line
        comes twice, and in the place of lines that are gone there is a `MissedLines`. It needs a WebSocket.
        """
        return read(self, application, after=after, since=since, handler=handler, level=level, follow=follow)

    async def metrics(
        self, application: str, *, seconds: int = 3600, handler: str | None = None, points: bool = False
    ) -> ReadMetricsResult:
        """How the handlers of an application (id or name) did in the last `seconds`, and with `points` how
        that was over time; in a management session of its owner.
        """
        command = ReadMetrics(application=application, seconds=seconds, handler=handler, points=points)
        return await self._ask(command, ReadMetricsResult)

    def subscribe(self, *names: str) -> Subscription:
        """What the application publishes under these names for whoever this is then. Needs a WebSocket.

        `Subscription` says what happens when the connection is lost.
        """
        if not names:
            raise ValueError("a subscription is to one event or more")
        return Subscription(frozenset(names), self._resume, self._forget)

    async def close(self) -> None:
        """End the session. Calls under way fail, subscriptions end."""
        self._closed = True
        for subscription in list(self._subscriptions):
            await subscription.close()
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._http.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _ask(self, command: Command, kind: type[_ResultT], timeout: float | None = None) -> _ResultT:
        return await self._answered(await self._ready(), command, kind, timeout)

    async def _execute(
        self,
        session: _Session,
        handler: str,
        arguments: bytes,
        wanted: PackageId | None,
        timeout: float | None,
    ) -> ExecuteResult:
        command = Execute(handler=handler, args=arguments, package_id=wanted)
        result = await self._answered(session, command, ExecuteResult, timeout)
        if wanted is not None and result.package_id != wanted:
            raise ProvenError(ErrorCode.CONFLICT, "the node ran another package than the one asked for")
        return result

    def _wanted(self) -> PackageId | None:
        """The package to insist on: the one given, or what was verified."""
        if self._package_id is not None or self._pins is None or self._report is None:
            return self._package_id
        return None if self._report.attested is None else self._report.attested.package_id

    def _is_verified(self, package_id: PackageId, log_index: int) -> bool:
        live = None if self._report is None else self._report.live
        versions = () if live is None else live.versions
        return any((each.package_id, each.log_index) == (package_id, log_index) for each in versions)

    async def _ready(self) -> _Session:
        session = self._session
        return await self._live() if session is None or session.lost is not None else session

    async def _answered(
        self, session: _Session, command: Command, kind: type[_ResultT], timeout: float | None = None
    ) -> _ResultT:
        async with _deadline(self._timeout if timeout is None else timeout):
            return read_result(await session.ask(encode_command(command)), kind)

    async def _live(self) -> _Session:
        """The session, opened anew if there is none that works."""
        if self._closed:
            raise ProvenError(ErrorCode.SESSION_CLOSED, "this client was closed")
        async with self._opening, _deadline(self._timeout):
            if self._session is not None:
                if self._session.lost is None:
                    return self._session
                await self._session.close()
                self._session = None
            session = await self._open()
            try:
                if self._pins is not None and self.application_id is not None:
                    if self._pins.refuse_development and session.evidence.platform is Platform.DEVELOPMENT:
                        raise ProvenError(
                            ErrorCode.EVIDENCE_INVALID,
                            "the evidence is of a development node, which you refuse",
                        )
                    self._answered_by = None
                    await self.verify(source=False)
                if self._key is not None:
                    command = self._key.identify(session.channel.transcript)
                    read_result(await session.ask(encode_command(command)), IdentifyResult)
            except BaseException:
                await session.close()
                raise
            self._session = session
            return session

    def _attach(self, feed: LogFeed) -> None:
        self._log_feeds[feed] = None

    def _detach(self, feed: LogFeed) -> None:
        self._log_feeds.pop(feed, None)

    def _on_event(self, event: PublishedEvent | MissedEvents | LogEvent | None) -> None:
        if event is None or isinstance(event, LogEvent):
            for feed in list(self._log_feeds):
                feed.take(event)
            if event is not None:
                return
        for subscription in list(self._subscriptions):
            if event is None:
                subscription.lose()
            else:
                subscription.take(event)

    async def _resume(self, subscription: Subscription) -> None:
        self._subscriptions[subscription] = None
        try:
            for name in sorted(subscription.names):
                await self._ask(Subscribe(event=name), Done)
        except BaseException:
            self._subscriptions.pop(subscription, None)
            raise
        if self._subscriptions and self._keeping_alive is None:
            self._keeping_alive = asyncio.create_task(self._keep_alive(), name="proven-client-keep-alive")

    async def _forget(self, subscription: Subscription) -> None:
        self._subscriptions.pop(subscription, None)
        wanted = {name for each in self._subscriptions for name in each.names}
        if not self._subscriptions and self._keeping_alive is not None:
            self._keeping_alive.cancel()
            self._keeping_alive = None
        session = self._session
        if self._closed or session is None or session.lost is not None:
            return
        with suppress(ProvenError):
            for name in sorted(subscription.names - wanted):
                await self._answered(session, Unsubscribe(event=name), Done)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE)
            session = self._session
            if session is not None and session.lost is None:
                with suppress(ProvenError):
                    await self._answered(session, WhoAmI(), WhoAmIResult)

    async def _open(self) -> _Session:
        handshake = ClientHandshake(self.application_id, origin=self._origin)
        response = await self._endpoint.open_session(handshake.request())
        channel, evidence = handshake.finish(response, self._verifier)
        session = _Session(channel, evidence, self._on_console, self._on_event)
        await session.attach(self._endpoint, self._carrier)
        return session


class _Log:
    """What the client knows of the transparency log of its node."""

    def __init__(self, collector: Collector, memory: LogMemory) -> None:
        self._collector = collector
        self._memory = memory

    async def verify(
        self,
        application: ApplicationId,
        verifier: Verifier,
        pins: Pins | None,
        *,
        source: bool,
        whole_log: bool,
    ) -> Report:
        answer = await self._collector.describe(application)
        bundle = await self._collector.bundle(
            answer, asked=application, memory=self._memory, whole=whole_log, session=False, source=source
        )
        report = await asyncio.to_thread(examine, bundle, verifier, pins=pins, memory=self._memory)
        if report.state is not None:
            await asyncio.to_thread(self._memory.remember, application, report.state)
        return report


class _Session:
    """One sealed channel over one transport, and the calls that wait for their answers."""

    def __init__(
        self, channel: SealedChannel, evidence: Evidence, on_console: OnConsole | None, on_event: OnEvent
    ) -> None:
        self.channel = channel
        self.evidence = evidence
        self.lost: ProvenError | None = None
        self._on_console = on_console
        self._on_event = on_event
        self._transport: Transport | None = None
        self._sending = asyncio.Lock()
        self._pending: dict[int, asyncio.Future[Success]] = {}

    async def attach(self, endpoint: Endpoint, carrier: Carrier) -> None:
        if carrier is not Carrier.HTTP:
            try:
                self._transport = await endpoint.connect(self._receive, self._lose)
                return
            except ProvenError:
                if carrier is Carrier.WEBSOCKET:
                    raise
        self._transport = HttpTransport(endpoint, self._receive, self._lose)

    async def ask(self, plaintext: bytes) -> Success:
        """Send a command and wait for its answer. Raises `ProvenError`."""
        answer: asyncio.Future[Success] = asyncio.get_running_loop().create_future()
        sequence = -1
        try:
            async with self._sending:
                if self.lost is not None or self._transport is None:
                    raise self.lost or ProvenError(ErrorCode.SESSION_CLOSED, "the session is closed")
                frame = self.channel.seal(plaintext)
                sequence = self.channel.last_sent
                self._pending[sequence] = answer
                await self._transport.send(frame)
            return await answer
        finally:
            self._pending.pop(sequence, None)

    def _receive(self, frame: bytes) -> None:
        """Raises `ProvenError` if the frame is not one of the node's: the session has ended then."""
        _, plaintext = self.channel.open(frame)
        message = decode_message(plaintext)
        if isinstance(message, ConsoleEvent):
            if self._on_console is not None:
                self._on_console(message)
            return
        if isinstance(message, PublishedEvent | MissedEvents | LogEvent):
            self._on_event(message)
            return
        answer = self._pending.get(message.request)
        if answer is None or answer.done():
            return
        if isinstance(message, Failure):
            answer.set_exception(message.to_error())
        else:
            answer.set_result(message)

    def _lose(self, reason: ProvenError) -> None:
        if self.lost is not None:
            return
        self.lost = reason
        self.channel.close()
        self._on_event(None)
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(
                    ProvenError(
                        ErrorCode.UNAVAILABLE,
                        f"the connection was lost before the answer came: {reason.message}",
                        details={"cause": reason.code.value},
                    )
                )

    async def close(self) -> None:
        self._lose(ProvenError(ErrorCode.SESSION_CLOSED, "the session was closed by this client"))
        if self._transport is not None:
            await self._transport.close()


async def _find(
    http: aiohttp.ClientSession, url: str, application: str | None, origin: str | None
) -> ApplicationId | None:
    if application is None:
        return None
    if ids.is_application_id(application):
        return ApplicationId(application)
    described = await Endpoint(http, url, application, origin).describe()
    return ids.parse_application_id(described.get("id"))


class _deadline:  # noqa: N801
    """`asyncio.timeout` that raises `REQUEST_TIMEOUT`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise ProvenError(
                ErrorCode.REQUEST_TIMEOUT, f"no answer within {self._seconds:g} seconds"
            ) from None
