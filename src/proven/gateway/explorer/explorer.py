"""Answers everything below `/explorer/`."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import proven
from proven.apps import ApplicationRecord, Version
from proven.gateway._guards import guard
from proven.gateway.explorer import records
from proven.gateway.explorer._applications import ApplicationViews, policy, version
from proven.gateway.explorer._colour import Colourings
from proven.gateway.explorer._comparison import diff_record
from proven.gateway.explorer._feeds import Feed, feed_of, json_feed
from proven.gateway.explorer._listing import Query, number_of
from proven.gateway.explorer._log import LogViews
from proven.gateway.explorer._packages import (
    SECTIONS,
    PackageStore,
    package_record,
    section_record,
    source_record,
)
from proven.gateway.explorer._pages import Pages
from proven.gateway.explorer._responses import (
    ANYONE,
    CHECK_POLICY,
    PAGE_POLICY,
    ascii_json,
    cached,
    fed,
    json_of,
    moved,
    plain,
    unchanged,
)
from proven.gateway.explorer._search import KEY_DIGITS, search
from proven.gateway.explorer.ports import ExplorerRooms
from proven.gateway.http import Headers, Request, Response, error_response
from proven.gateway.routes import MethodNotAllowedError, RouteTable, parse_query
from proven.gateway.static import StaticFiles, is_known, static_response, web_folder
from proven.packages import Package
from proven.wire.applications import Policy
from proven.wire.errors import ErrorCode, ProvenError, http_status

PREFIX: Final = "/explorer"
PENDING: Final = "pending"
SCRIPT: Final = "check.js"
_ASSETS: Final = f"{PREFIX}/assets/"
_FILES: Final = frozenset({"explorer.css", SCRIPT})
_TWIN: Final = ".json"
_CHOICES: Final = 200
_MAX_WAITING: Final = 64


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page shows. `more` is for the template only: how it is coloured, not what it says. `fixed` says
    that a package id and the address decide all of it.
    """

    template: str
    record: records.Record
    more: dict[str, Any] = field(default_factory=dict)
    fixed: bool = False


Answer = Callable[[Request, Query], Awaitable[_Page | Response]]


class Explorer:
    """Public pages, on any node. Rules:

    1. Only GET and HEAD; nothing here changes anything, and nothing depends on who asks.
    2. A page and its twin (the same address with `.json`) are made of one record.
    3. Pages run no scripts, are sandboxed into an origin of their own and load one style sheet. The exception
       is the page of a check, which runs one script, and cannot be reached but by its link.
    4. What applications' owners wrote is escaped and made visible by `Pages`, and otherwise served only as
       plain text or JSON that no browser interprets.
    5. Lists, sources and comparisons come in pages, and no page takes work without a bound.
    """

    def __init__(self, rooms: ExplorerRooms) -> None:
        self._rooms = rooms
        self._registry = rooms.registry
        folder = web_folder("explorer")
        self._files = StaticFiles(folder)
        self._pages = Pages(folder)
        self._packages = PackageStore(rooms.registry, self._pages)
        self._applications = ApplicationViews(rooms, self._packages)
        self._log = LogViews(rooms, self._applications)
        self._colourings = Colourings()
        self._waiting = 0
        self._table = self._routes()

    @staticmethod
    def owns(request: Request) -> bool:
        """Whether `request`, which is for the node itself, is for the explorer."""
        return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")

    async def answer(self, request: Request) -> Response:
        """Answer a request that the explorer owns. Raises nothing but what cancels it."""
        twin = request.path.endswith(_TWIN) and not request.path.endswith("/feed.json")
        try:
            if self._waiting >= _MAX_WAITING:
                raise ProvenError(ErrorCode.OVERLOADED, "too many pages are being made", retry_after=1)
            self._waiting += 1
            try:
                response = await self._answer(request, twin)
            finally:
                self._waiting -= 1
        except ProvenError as error:
            response = error_response(error) if twin else await self._problem(request, error)
            if isinstance(error, MethodNotAllowedError):
                response.headers.append((b"allow", b"GET, HEAD"))
        return guard(response, public=True)

    async def _answer(self, request: Request, twin: bool) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise MethodNotAllowedError(frozenset({"GET", "HEAD"}))
        if request.path in (PREFIX, f"{PREFIX}/"):
            return moved(f"{PREFIX}/applications", 308)
        if request.path.startswith(_ASSETS):
            return await self._asset(request)
        path = request.path.removesuffix(_TWIN) if twin else request.path
        match = self._table.match("GET", path)
        if match is None and path.endswith("/") and self._table.match("GET", path.rstrip("/")):
            return moved(path.rstrip("/"), 308, request.query)
        if match is None:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is nothing at this path")
        request.parameters = match.parameters
        etag = self._etag(request)
        if etag is not None and is_known(request, etag):
            return unchanged(etag)
        made = await match.target(request, dict(parse_query(request.query)))
        if isinstance(made, Response):
            return made
        if twin:
            body, headers = json_of(made.record), [(b"content-type", b"application/json"), ANYONE]
        else:
            body, headers = await self._html(request, path, made)
        return cached(request, body, headers, etag if made.fixed else None)

    def _routes(self) -> RouteTable[Answer]:
        table: RouteTable[Answer] = RouteTable()
        application, package = f"{PREFIX}/applications/:application", f"{PREFIX}/packages/:package"
        table.add("GET", f"{PREFIX}/applications", self._list)
        table.add("GET", f"{PREFIX}/find", self._find)
        table.add("GET", application, self._application)
        table.add("GET", f"{application}/history", self._history)
        table.add("GET", f"{application}/versions", self._versions)
        table.add("GET", f"{application}/versions/:version", self._version)
        table.add("GET", f"{application}/versions/:version/check", self._check)
        table.add("GET", f"{application}/diff", self._diff)
        table.add("GET", f"{application}/feed.atom", self._atom)
        table.add("GET", f"{application}/feed.json", self._json_feed)
        table.add("GET", package, self._package)
        table.add("GET", f"{package}/source", self._source)
        table.add("GET", f"{package}/raw", self._raw)
        table.add("GET", f"{package}/manifest", self._manifest)
        for section in SECTIONS:
            table.add("GET", f"{package}/{section}", self._section(section))
        table.add("GET", f"{PREFIX}/log", self._entries)
        table.add("GET", f"{PREFIX}/log/:entry", self._entry)
        return table

    async def _list(self, _: Request, query: Query) -> _Page:
        return _Page("applications.html", self._applications.all(query))

    async def _find(self, _: Request, query: Query) -> Response | _Page:
        """Where the thing is that somebody has a name, id, key or number of."""
        wanted = query.get("for", "").strip().lower()
        if wanted.isascii() and wanted.isdigit() and len(wanted) < KEY_DIGITS:
            return moved(f"{PREFIX}/log/{int(wanted[:15])}")
        if len(wanted) == KEY_DIGITS and await self._packages.has(wanted):
            return moved(f"{PREFIX}/packages/{wanted}")
        found = search(self._registry, wanted)
        if len(found.applications) + len(found.packages) > 1:
            return _Page("found.html", found)
        if found.packages:
            return moved(f"{PREFIX}/packages/{found.packages[0]}")
        return moved(f"{PREFIX}/applications/{found.applications[0].id}")

    async def _application(self, request: Request, _: Query) -> _Page:
        return _Page("application.html", await self._applications.one(request.parameters["application"]))

    async def _history(self, request: Request, query: Query) -> _Page:
        record = await self._applications.history(request.parameters["application"], query)
        return _Page("history.html", record)

    async def _versions(self, request: Request, query: Query) -> _Page:
        return _Page("versions.html", self._applications.versions(request.parameters["application"], query))

    async def _version(self, request: Request, _: Query) -> _Page:
        record, shown = self._chosen(request)
        package = await self._packages.get(shown.package_id)
        under = await self._applications.policy_of(record, shown)
        return _Page(
            "version.html",
            records.ApplicationVersion(
                application_id=record.id,
                application=record.name,
                live=shown.number == record.version and not record.archived,
                version=version(shown),
                policy=None if under is None else policy(under),
                package=await self._described(package),
            ),
        )

    async def _check(self, request: Request, _: Query) -> _Page:
        record, shown = self._chosen(request)
        return _Page(
            "check.html",
            records.Check(
                application_id=record.id,
                application=record.name,
                version=shown.number,
                package_id=shown.package_id,
                log_index=shown.log_index,
                announced_index=shown.announced_index,
                rolled_back_to=shown.rolled_back_to,
                sources=f"{PREFIX}/packages/{shown.package_id}",
                development=self._rooms.development,
            ),
            {"node": f"{request.scheme}://{request.authority}"},
        )

    async def _diff(self, request: Request, query: Query) -> _Page:
        record = self._registry.find(request.parameters["application"])
        latest = str(record.version)
        announced = self._applications.announced_package(record)
        wanted = query.get("to") or (PENDING if announced else latest)
        before = str(max(1, record.version - (wanted != PENDING)))
        sides, packages, policies = [], [], []
        for label in (query.get("from") or before, wanted):
            side, under = await self._side(record, label)
            sides.append(side)
            policies.append(under)
            packages.append(await self._packages.get(side.package_id))
        choices = [str(number) for number in range(record.version, max(0, record.version - _CHOICES), -1)]
        diff, tokens = await self._pages.beside(
            diff_record,
            (record.id, record.name),
            (sides[0], sides[1]),
            (packages[0], packages[1]),
            (policies[0], policies[1]),
            [PENDING, *choices] if announced else choices,
            query,
            self._colourings,
        )
        return _Page("diff.html", diff, {"tokens": tokens})

    async def _side(self, record: ApplicationRecord, label: str) -> tuple[records.Side, Policy | None]:
        """One side of a comparison and the policy under which it became live. Raises `NOT_FOUND`."""
        if label != PENDING:
            shown = self._applications.version(record, label)
            side = records.Side(label=str(shown.number), package_id=shown.package_id, at=shown.at)
            return side, await self._applications.policy_of(record, shown)
        package_id = self._applications.announced_package(record)
        if record.pending is None or package_id is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"no version of {record.name} is announced")
        side = records.Side(label=PENDING, package_id=package_id, at=record.pending.announced_at)
        return side, record.policy

    async def _package(self, request: Request, _: Query) -> _Page:
        package = await self._package_of(request)
        return _Page("package.html", await self._described(package), fixed=True)

    async def _described(self, package: Package) -> records.Package:
        return package_record(package, await self._packages.statements(package))

    def _section(self, section: str) -> Answer:
        async def answer(request: Request, query: Query) -> _Page:
            package = await self._package_of(request)
            statements = await self._packages.statements(package) if section == "migrations" else {}
            return _Page("section.html", section_record(package, section, query, statements), fixed=True)

        return answer

    async def _source(self, request: Request, query: Query) -> _Page:
        package = await self._package_of(request)
        line = number_of(query, "line", 1) if "line" in query else None
        record, tokens = await self._pages.beside(
            source_record, package, query.get("path", ""), number_of(query, "page", 1), line, self._colourings
        )
        return _Page("source.html", record, {"tokens": tokens}, fixed=True)

    async def _raw(self, request: Request, query: Query) -> Response:
        """The bytes of one file, as text that no browser interprets."""
        package = await self._package_of(request)
        if "asset" in query:
            content = await self._packages.asset(package, query["asset"])
        else:
            content = await self._packages.file(package, query.get("path", ""))
        return plain(content, b"text/plain; charset=utf-8")

    async def _manifest(self, request: Request, _: Query) -> Response:
        """The bytes whose SHA-256 is the package id."""
        return plain((await self._package_of(request)).manifest.to_json(), b"application/json")

    async def _entries(self, _: Request, query: Query) -> _Page:
        return _Page("log.html", await self._log.latest(query))

    async def _entry(self, request: Request, _: Query) -> _Page:
        return _Page("entry.html", await self._log.entry(request.parameters["entry"]))

    async def _atom(self, request: Request, _: Query) -> Response:
        feed = await self._feed(request)
        body = await self._pages.render("feed.atom", feed=feed)
        return fed(request, feed, body, b"application/atom+xml; charset=utf-8")

    async def _json_feed(self, request: Request, _: Query) -> Response:
        feed = await self._feed(request)
        return fed(request, feed, ascii_json(json_feed(feed)), b"application/feed+json")

    async def _feed(self, request: Request) -> Feed:
        record = self._registry.find(request.parameters["application"])
        timeline = await self._applications.timeline(record)
        return feed_of(record, timeline, self._rooms.log.origin, f"{request.scheme}://{request.authority}")

    def _chosen(self, request: Request) -> tuple[ApplicationRecord, Version]:
        record = self._registry.find(request.parameters["application"])
        return record, self._applications.version(record, request.parameters["version"])

    async def _package_of(self, request: Request) -> Package:
        return await self._packages.get(request.parameters["package"])

    async def _asset(self, request: Request) -> Response:
        name = request.path.removeprefix(_ASSETS)
        if name not in _FILES:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is no such file")
        return static_response(request, await self._files.find(name), headers=[ANYONE])

    async def _html(self, request: Request, path: str, page: _Page) -> tuple[bytes, Headers]:
        query = f"?{request.query}" if request.query else ""
        body = await self._pages.render(
            page.template, page=page.record, path=path, twin=f"{path}{_TWIN}{query}", **page.more
        )
        rules = PAGE_POLICY
        if isinstance(page.record, records.Check):
            script = f"{request.scheme}://{request.authority}{_ASSETS}{SCRIPT}"
            rules = CHECK_POLICY + script.encode("latin-1")
        return body, [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", rules),
        ]

    async def _problem(self, request: Request, error: ProvenError) -> Response:
        status = http_status(error.code)
        record = records.Problem(code=error.code.value, message=error.message, status=status)
        body = await self._pages.render("problem.html", page=record, path=PREFIX, twin=None)
        headers: Headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", PAGE_POLICY),
            (b"cache-control", b"no-store"),
        ]
        if error.retry_after is not None:
            headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
        return Response(status, headers, body)

    def _etag(self, request: Request) -> str | None:
        """The tag of a page that a package id decides, known before it is made."""
        if "package" not in request.parameters:
            return None
        said = "\0".join([proven.__version__, self._pages.fingerprint, request.path, request.query])
        return f'"{hashlib.sha256(said.encode("latin-1", "replace")).hexdigest()[:32]}"'
