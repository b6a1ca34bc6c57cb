"""An application over plain HTTP: its `runOnHttp` handlers by their routes, then its front-end files."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from proven.apps import Application
from proven.gateway.app_headers import (
    for_the_handler,
    headers_of,
    own_cookies,
    sandboxed,
    without_cors,
)
from proven.gateway.assets import METHODS as ASSET_METHODS
from proven.gateway.assets import AssetIndex, Assets, AssetStore, Found
from proven.gateway.attested import ResponseAttestor, attested_body, wanted_nonce
from proven.gateway.cors import CorsPolicy, any_origin, is_preflight
from proven.gateway.handlers import Handlers
from proven.gateway.hosts import without_port
from proven.gateway.http import Request, Response, error_response
from proven.gateway.limits import KIB, MIB
from proven.gateway.ports import Versions
from proven.gateway.routes import Match, MethodNotAllowedError, RouteTable, parse_query, refusal
from proven.packages import AttestationMode, HandlerEntry, HandlerKind, Manifest
from proven.runtime import HttpRequest, HttpResponse, Invocation
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

MAX_BODY = 256 * MIB
HELD_BODY = 256 * KIB
"""Bodies up to this size are given to the handler whole; longer ones as a stream."""

_CACHED_SITES = 256
_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH")
_SERVED = frozenset({*_METHODS, "OPTIONS"})


@dataclass(frozen=True, slots=True)
class _Route:
    handler: HandlerEntry
    cors: CorsPolicy | None


@dataclass(frozen=True, slots=True)
class _Site:
    """What one package answers."""

    routes: RouteTable[_Route]
    assets: AssetIndex


class AppHttp:
    """Serves applications' routes and front-end files. What a request meets, in order:

    1. The path is matched against the routes of the live package (rules in `routes`), then for reading
       against its front-end files (rules in `assets`).
    2. A preflight is answered from the route's `cors`; without any, by the route itself if it takes OPTIONS.
    3. If the answer is to be signed, the request's body is checked first (rules in `attested`).
    4. The handler runs. Its response goes out as it is, but for headers that belong to the connection or
       reach beyond the application, and cookies for other hosts; what could not be a header is an error of
       the handler's.
    5. On the node's own origin (`shared`) pages are sandboxed: there the application is a guest, and scripts
       of that origin could act as the node's sign-in. Where it is mounted, its cookies are for its own paths:
       there could be so many that a browser's requests for the sign-in page are refused.

    `development` shows callers the stack of what a handler threw.
    """

    def __init__(
        self,
        versions: Versions,
        handlers: Handlers,
        attestor: ResponseAttestor,
        assets: AssetStore,
        *,
        max_body: int = MAX_BODY,
        development: bool = False,
    ) -> None:
        self._versions = versions
        self._handlers = handlers
        self._attestor = attestor
        self._assets = Assets(assets)
        self._max_body = max_body
        self._development = development
        self._sites: OrderedDict[PackageId, _Site] = OrderedDict()

    async def serve(self, request: Request, id_or_name: str, path: str, *, shared: bool = False) -> Response:
        """Answer `request`, whose path within the application is `path`. Raises `ProvenError`."""
        try:
            response = await self._serve(request, id_or_name, path)
        except MethodNotAllowedError as error:
            response = refusal(error)
        except ProvenError as error:
            raise self._shown(error) from None
        host = None if shared else without_port(request.authority)
        mount = f"/app/{id_or_name}/http"
        folder = mount if shared and request.path.startswith(mount) else "/"
        secure = request.scheme == "https"
        response.headers = own_cookies(response.headers, host, folder, secure=secure)
        if shared:
            response.headers = sandboxed(response.headers)
        return response

    def _shown(self, error: ProvenError) -> ProvenError:
        """`error` as callers may see it."""
        if self._development or not error.details or "stack" not in error.details:
            return error
        details = {name: value for name, value in error.details.items() if name != "stack"}
        return ProvenError(error.code, error.message, details=details or None, retry_after=error.retry_after)

    async def _serve(self, request: Request, id_or_name: str, path: str) -> Response:
        serving = self._versions.serving(id_or_name)
        async with serving as application:
            site = self._site(application.package_id, application.manifest)
            if request.method not in _SERVED:
                raise MethodNotAllowedError(_SERVED)
            if request.method == "OPTIONS":
                answered = _answer_options(site.routes, request, path)
                if answered is not None:
                    return answered
            match = _match(site, request.method, path)
            if match is None:
                raise ProvenError(ErrorCode.NOT_FOUND, f"{application.name} has nothing at this path")
            if isinstance(match, Found):
                return await self._asset(application, match, request)
            response = await self._run(application, match, request, path)
            if not isinstance(response.body, bytes):
                response.body = _Kept(response.body, serving.keep())
            return response

    async def _asset(self, application: Application, found: Found, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(204, [(b"allow", ", ".join(sorted(ASSET_METHODS)).encode())])
        if request.method not in ASSET_METHODS:
            raise MethodNotAllowedError(ASSET_METHODS)
        nonce = wanted_nonce(request)
        if nonce is None:
            return await self._assets.answer(request, found, whole=False)
        await attested_body(request, required=True)
        response = await self._assets.answer(request, found, whole=True)
        return await self._attestor.sign(request, response, nonce=nonce, application=application)

    async def _run(
        self, application: Application, match: Match[_Route], request: Request, path: str
    ) -> Response:
        cors = match.target.cors
        try:
            response = await self._attested(application, match, request, path)
        except ProvenError as error:
            response = error_response(self._shown(error))
        if cors is not None:
            response.headers = [*without_cors(response.headers), *cors.headers_for(request)]
        return response

    async def _attested(
        self, application: Application, match: Match[_Route], request: Request, path: str
    ) -> Response:
        handler = match.target.handler
        nonce = wanted_nonce(request)
        if nonce is None and handler.options.attestation is not AttestationMode.ALWAYS:
            return await self._invoke(application, match, request, path, await self._body(request))
        body = await attested_body(request, required=nonce is not None)
        response = await self._invoke(application, match, request, path, body or None)
        return await self._attestor.sign(request, response, nonce=nonce, application=application)

    async def _invoke(
        self,
        application: Application,
        match: Match[_Route],
        request: Request,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
    ) -> Response:
        handler = match.target.handler
        outcome = await self._handlers.run(
            application,
            handler,
            Invocation(
                application_id=application.id,
                package_id=application.package_id,
                handler=handler.address,
                kind=HandlerKind.HTTP,
                http=HttpRequest(
                    method=request.method,
                    url=request.url,
                    path=path,
                    path_parameters=tuple(match.parameters.items()),
                    query=tuple(parse_query(request.query)),
                    headers=for_the_handler(request),
                    body=body,
                ),
                origin=request.header(b"origin"),
            ),
        )
        if outcome.response is None:
            raise ProvenError(ErrorCode.INTERNAL, "the handler gave no response")
        return await _response(outcome.response)

    async def _body(self, request: Request) -> bytes | AsyncIterator[bytes] | None:
        """Nothing, bytes or a stream, depending on how much there is."""
        if request.body.length == 0:
            return None
        chunks = request.body.stream(self._max_body)
        start = bytearray()
        async for chunk in chunks:
            start += chunk
            if len(start) > HELD_BODY:
                return _resumed(bytes(start), chunks)
        return bytes(start)

    def _site(self, package_id: PackageId, manifest: Manifest) -> _Site:
        site = self._sites.get(package_id)
        if site is None:
            site = self._sites[package_id] = _Site(route_table(manifest), AssetIndex(manifest))
            if len(self._sites) > _CACHED_SITES:
                self._sites.popitem(last=False)
        return site


def _match(site: _Site, method: str, path: str) -> Match[_Route] | Found | None:
    """A route, or else a front-end file: also where the path has routes, but none to read it with."""
    try:
        match = site.routes.match(method, path)
    except MethodNotAllowedError:
        found = site.assets.find(path) if method in ("GET", "HEAD") else None
        if found is None or found.fallback:
            raise
        return found
    return site.assets.find(path) if match is None else match


def route_table(manifest: Manifest) -> RouteTable[_Route]:
    """The HTTP routes of a package."""
    table: RouteTable[_Route] = RouteTable()
    for handler in manifest.handlers:
        if handler.kind is HandlerKind.HTTP and handler.options.path is not None:
            table.add(handler.options.method, handler.options.path, _Route(handler, _cors(handler)))
    return table


def _cors(handler: HandlerEntry) -> CorsPolicy | None:
    cors = handler.options.cors
    if cors is None:
        return None
    everyone = "*" in cors.origins
    origins = frozenset(cors.origins)
    return CorsPolicy(
        allows=any_origin if everyone else origins.__contains__,
        methods=_METHODS if handler.options.method is None else (handler.options.method,),
        headers=cors.headers,
        credentials=cors.credentials,
        max_age=cors.max_age,
        wildcard=everyone,
    )


def _answer_options(table: RouteTable[_Route], request: Request, path: str) -> Response | None:
    """What the node itself answers to OPTIONS; None if that is for a handler, or nobody, to say."""
    routes = table.methods(path)
    if not routes:
        return None
    if is_preflight(request):
        asked = request.header(b"access-control-request-method") or ""
        route = routes.get(asked) or (routes.get("GET") if asked == "HEAD" else None) or routes.get(None)
        if route is not None and route.cors is not None:
            return route.cors.preflight(request)
    if "OPTIONS" in routes or None in routes:
        return None
    names = {name for name in routes if name is not None} | {"OPTIONS"}
    if "GET" in names:
        names.add("HEAD")
    return Response(204, [(b"allow", ", ".join(sorted(names)).encode())])


async def _response(answered: HttpResponse) -> Response:
    """A handler's response, checked; its body is closed if the response is refused."""
    try:
        if not 200 <= answered.status <= 599:
            raise ProvenError(ErrorCode.HANDLER_ERROR, f"{answered.status} is not a status that can be sent")
        headers = headers_of(answered)
    except ProvenError:
        if not isinstance(answered.body, bytes):
            await _close(answered.body)
        raise
    return Response(answered.status, headers, answered.body)


async def _resumed(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield start
    async for chunk in rest:
        yield chunk


async def _close(body: AsyncIterator[bytes]) -> None:
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()


class _Kept:
    """A streamed body that keeps the version it comes from loaded until it is closed."""

    def __init__(self, body: AsyncIterator[bytes], release: Callable[[], None]) -> None:
        self._body = body
        self._release: Callable[[], None] | None = release

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._body)

    async def aclose(self) -> None:
        try:
            await _close(self._body)
        finally:
            if self._release is not None:
                self._release()
                self._release = None
