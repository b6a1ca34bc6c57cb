"""The development console: the page at a development node's root, and the API that it shows."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec

import proven
from proven.apps import ApplicationRecord, Applications
from proven.gateway import console_records as records
from proven.gateway._guards import guard
from proven.gateway.app_telemetry import AppTelemetry
from proven.gateway.console_activity import MAX_ENTRIES, Activity
from proven.gateway.console_storage import Query, StorageView, number_of
from proven.gateway.console_telemetry import TelemetryView
from proven.gateway.hosts import ANY, LOCALHOST
from proven.gateway.http import Request, Response
from proven.gateway.routes import MethodNotAllowedError, RouteTable, parse_query, refusal
from proven.gateway.static import StaticFiles, static_response, web_folder
from proven.packages import HandlerEntry, HandlerKind
from proven.packages.parameters import Parameter, parameters
from proven.runtime import RuntimeReport
from proven.storage import Storage
from proven.wire import ids
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

API: Final = "/console/api"
_ASSETS: Final = "/console/assets/"
_MAX_VERSIONS: Final = 200
_MAX_SECONDS: Final = 30 * 86_400
_CACHED_PARAMETERS: Final = 64
_RUN_HERE: Final = (HandlerKind.RPC, HandlerKind.HTTP, HandlerKind.HEALTH_CHECK)

_PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    b"require-trusted-types-for 'script'; trusted-types 'none'"
)

Answer = Callable[[Request, Query], Awaitable[records.Record]]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    answer: Answer
    described: records.Endpoint


class Console:
    """Answers `/` and everything below `/console/` on a development node. Rules, in order:

    1. It answers under the node's own names only: `localhost`, an IP address, or a host that is configured by
       name. Under any other, and on the hosts of applications, it does not exist.
    2. Everything is read with GET; nothing here changes anything.
    3. The API and the page's own files are for the page: whatever a browser says comes from another origin,
       a sandboxed or `null` one included (`Origin`, `Sec-Fetch-Site`), is `ORIGIN_DENIED`. There are no CORS
       headers. Programs on this machine, which say neither, may read.
    4. The page runs its own script and style and nothing inline, cannot be framed, and shares its window
       with nobody. Answers of the API, opened as documents, run nothing at all.

    Whoever may reach it may read all data of the node: it belongs to a node that listens on loopback.
    """

    def __init__(
        self,
        *,
        activity: Activity,
        applications: Applications,
        storage: Storage,
        telemetry: AppTelemetry,
        runtime_report: Callable[[], RuntimeReport],
        unhealthy: Callable[[], Awaitable[Mapping[str, str]]],
        development_root: str,
        hosts: tuple[str, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`development_root` is PEM; `unhealthy` gives the reason of each part that does not work."""
        self._activity = activity
        self._applications = applications
        self._storage = storage
        self._telemetry = TelemetryView(telemetry)
        self._runtime_report = runtime_report
        self._unhealthy = unhealthy
        self._development_root = development_root
        self._hosts = frozenset(host.lower() for host in hosts if host != ANY) | {LOCALHOST}
        self._started_at = int(clock() * 1000)
        self._files = StaticFiles(web_folder("console"))
        self._parameters: OrderedDict[PackageId, dict[str, tuple[Parameter, ...]]] = OrderedDict()
        self._table = self._routes()

    def owns(self, request: Request) -> bool:
        """Whether `request`, which is for the node itself, is for the console."""
        path = request.path
        if path == "/":
            mine = request.method in ("GET", "HEAD")
        else:
            mine = path == "/console" or path.startswith("/console/")
        return mine and self._is_here(request.authority)

    async def answer(self, request: Request) -> Response:
        """Answer a request that the console owns. Raises nothing."""
        try:
            response = await self._answer(request)
        except ProvenError as error:
            response = refusal(error)
        return guard(response)

    def close(self) -> None:
        """End what is being streamed, for the node stops."""
        self._activity.close()

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowedError(frozenset({"GET", "HEAD"}))
        if request.path == "/":
            page = await self._files.find("index.html")
            return static_response(request, page, headers=[(b"content-security-policy", _PAGE_POLICY)])
        if request.path in ("/console", "/console/"):
            return Response(308, [(b"location", b"/")])
        _check_same_origin(request)
        if request.path.startswith(_ASSETS):
            return static_response(request, await self._files.find(request.path.removeprefix(_ASSETS)))
        match = self._table.match(request.method, request.path)
        if match is None:
            raise ProvenError(
                ErrorCode.NOT_FOUND, f"there is nothing at this path; {API} lists what there is"
            )
        request.parameters = match.parameters
        query = dict(parse_query(request.query))
        if request.path == f"{API}/activity/stream":
            return self._stream(request, query)
        record = await match.target.answer(request, query)
        body = msgspec.json.encode(record)
        return Response(200, [(b"content-type", b"application/json"), (b"cache-control", b"no-store")], body)

    def _is_here(self, authority: str) -> bool:
        try:
            host = urlsplit(f"//{authority}").hostname or ""
            if host not in self._hosts:
                ipaddress.ip_address(host)
        except ValueError:
            return False
        return True

    def _routes(self) -> RouteTable[_Endpoint]:
        table: RouteTable[_Endpoint] = RouteTable()
        storage = StorageView(self._storage)

        def add(path: str, query: str, about: str, answer: Answer) -> None:
            shown = (API + path).replace(":application", "{application}")
            described = records.Endpoint(path=shown, query=query.split(), about=about)
            table.add("GET", API + path, _Endpoint(answer, described))
            self._endpoints.append(described)

        def stored(
            path: str,
            query: str,
            about: str,
            answer: Callable[[ApplicationId, Query], Awaitable[records.Record]],
        ) -> None:
            async def find(request: Request, query: Query) -> records.Record:
                return await answer(self._find(request).id, query)

            add(f"/applications/:application/storage{path}", query, about, find)

        scope = "scope? identity? resource? nft?"
        self._endpoints: list[records.Endpoint] = []
        add("", "", "this list", self._index)
        add("/node", "", "the node: since when, sandbox, processes, health", self._node)
        add("/applications", "", "every application", self._list)
        add("/applications/:application", "", "one application (id or name), its handlers", self._describe)
        add("/applications/:application/metrics", "seconds? handler?", "how its handlers did", self._metrics)
        add("/applications/:application/log", "after? since? handler? level?", "its log", self._log)
        add("/activity", "after? limit?", "the latest calls and log lines", self._recent)
        add("/activity/stream", "after?", "the same as server-sent events", self._recent)
        add("/statistics", "", "calls, errors and latency of every handler", self._statistics)
        stored("", "", "the scopes with data", storage.scopes)
        stored("/scope", scope, "what is in one scope", storage.scope)
        stored("/entries", f"{scope} kind? store prefix? after? limit?", "key-value entries", storage.entries)
        stored("/entry", f"{scope} kind? store key", "one entry, up to 64 KiB of it", storage.entry)
        stored("/rows", f"{scope} database table offset? limit?", "rows of a table", storage.rows)
        stored("/files", f"{scope} path? after? limit?", "a directory", storage.files)
        stored("/file", f"{scope} path", "one file, up to 64 KiB of it", storage.file)
        return table

    def _stream(self, request: Request, query: Query) -> Response:
        resumed = request.header(b"last-event-id")
        after = self._activity.place(resumed) if resumed else number_of(query, "after", 0)
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        if request.method == "HEAD":
            return Response(200, headers)
        return Response(200, headers, self._activity.stream(after))

    def _find(self, request: Request) -> ApplicationRecord:
        return self._applications.find(request.parameters["application"])

    async def _index(self, _: Request, __: Query) -> records.Index:
        return records.Index(endpoints=self._endpoints)

    async def _node(self, _: Request, __: Query) -> records.Node:
        report = self._runtime_report()
        layers = [records.Layer(name=layer.value, active=True, reason=None) for layer in report.active_layers]
        layers += [
            records.Layer(name=layer.value, active=False, reason=reason)
            for layer, reason in report.unavailable_layers.items()
        ]
        return records.Node(
            version=proven.__version__,
            run=self._activity.run,
            started_at=self._started_at,
            evidence="development",
            development_root=self._development_root,
            layers=sorted(layers, key=lambda layer: layer.name),
            warm_processes=report.warm_processes,
            processes=[
                records.Process(
                    application_id=process.application_id,
                    application=self._applications.find(process.application_id).name,
                    package_id=process.package_id,
                    pid=process.pid,
                    in_flight=process.in_flight,
                    queued=process.queued,
                    memory_bytes=process.memory_bytes,
                    cpu_seconds=round(process.cpu_seconds, 3),
                )
                for process in report.processes
            ],
            unhealthy=dict(await self._unhealthy()),
        )

    async def _list(self, _: Request, __: Query) -> records.Applications:
        return records.Applications(
            applications=[
                records.ApplicationSummary(
                    id=record.id,
                    name=record.name,
                    version=record.version,
                    package_id=record.package_id,
                    archived=record.archived,
                    created_at=record.created_at,
                    changed_at=record.changed_at,
                    handlers=len(await self._handlers(record)),
                )
                for record in self._applications.list()
            ]
        )

    async def _describe(self, request: Request, _: Query) -> records.Application:
        record = self._find(request)
        handlers = await self._handlers(record)
        named = await self._named(record.package_id, handlers)
        versions = self._applications.versions(record.id)[-_MAX_VERSIONS:]
        return records.Application(
            id=record.id,
            name=record.name,
            version=record.version,
            package_id=record.package_id,
            archived=record.archived,
            page=await self._has_page(record),
            created_at=record.created_at,
            owner=ids.identity_id(record.owner),
            versions=[
                records.Version(
                    number=version.number,
                    package_id=version.package_id,
                    at=version.at,
                    rolled_back_to=version.rolled_back_to,
                )
                for version in reversed(versions)
            ],
            handlers=[_handler(handler, named.get(handler.address)) for handler in handlers],
            storage_bytes=await self._storage.used(record.id),
        )

    async def _recent(self, _: Request, query: Query) -> records.Activity:
        limit = min(number_of(query, "limit", MAX_ENTRIES), MAX_ENTRIES)
        return self._activity.since(number_of(query, "after", 0), limit=limit)

    async def _statistics(self, _: Request, __: Query) -> records.Statistics:
        return self._activity.statistics()

    async def _metrics(self, request: Request, query: Query) -> records.Metrics:
        seconds = min(max(60, number_of(query, "seconds", 3600)), _MAX_SECONDS)
        return await self._telemetry.metrics(self._find(request).id, seconds, query.get("handler"))

    async def _log(self, request: Request, query: Query) -> records.Log:
        return await self._telemetry.log(self._find(request).id, query)

    async def _has_page(self, record: ApplicationRecord) -> bool:
        if record.archived or record.package_id is None:
            return False
        manifest = (await self._applications.resolve(record.id)).manifest
        return bool(manifest.assets) or any(each.options.path == "/" for each in manifest.handlers)

    async def _handlers(self, record: ApplicationRecord) -> tuple[HandlerEntry, ...]:
        if record.archived or record.package_id is None:
            return ()
        return (await self._applications.resolve(record.id)).manifest.handlers

    async def _named(
        self, package_id: PackageId | None, handlers: tuple[HandlerEntry, ...]
    ) -> dict[str, tuple[Parameter, ...]]:
        if package_id is None or not handlers:
            return {}
        if package_id not in self._parameters:
            package = await self._applications.package(package_id)
            self._parameters[package_id] = await asyncio.to_thread(parameters, package, handlers)
            if len(self._parameters) > _CACHED_PARAMETERS:
                self._parameters.popitem(last=False)
        return self._parameters[package_id]


def _check_same_origin(request: Request) -> None:
    """Rule 3 of `Console`."""
    origin = request.header(b"origin")
    site = request.header(b"sec-fetch-site")
    own = f"{request.scheme}://{request.authority}"
    if (origin is not None and origin != own) or (site is not None and site not in ("same-origin", "none")):
        raise ProvenError(ErrorCode.ORIGIN_DENIED, "the console is for its own page only")


def _handler(handler: HandlerEntry, named: tuple[Parameter, ...] | None) -> records.Handler:
    options = handler.options
    return records.Handler(
        address=handler.address,
        module=handler.module,
        export=handler.export,
        kind=handler.kind.value,
        runs=handler.kind in _RUN_HERE,
        access="anyone" if options.access is None else options.access.value,
        method=options.method,
        path=options.path,
        trigger=options.cron or options.event or options.event_name,
        timeout_ms=options.timeout_ms,
        memory_mib=options.memory_mib,
        allowed_origins=list(options.allowed_origins),
        parameters=None
        if named is None
        else [
            records.Parameter(name=each.name, type=each.type, optional=each.optional, rest=each.rest)
            for each in named
        ],
    )
