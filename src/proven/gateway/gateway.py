"""The gateway: one HTTP server whose routes lead to sessions, applications and evidence."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from proven.attestation import Attestor
from proven.engine.interface import Messages
from proven.gateway.app_http import MAX_BODY, AppHttp
from proven.gateway.attested import RationedAttestor, ResponseAttestor, wanted_nonce
from proven.gateway.commands import AccountsOf, Commands, Performer
from proven.gateway.console import Console
from proven.gateway.cors import CorsPolicy, any_origin
from proven.gateway.events import EventHub
from proven.gateway.explorer import Explorer
from proven.gateway.handlers import Call, Handlers
from proven.gateway.health import Health, HealthCheck
from proven.gateway.hosts import Hosts, PublicAddress
from proven.gateway.http import Request, Response, error_response, json_response
from proven.gateway.limits import HttpLimits, RpcLimits
from proven.gateway.origins import AppOrigins, node_origin
from proven.gateway.owner import OwnerPage
from proven.gateway.ports import Applications, Invoker, Versions
from proven.gateway.pushed import Logs, Pushed
from proven.gateway.routes import MethodNotAllowedError, RouteTable, refusal, split_path
from proven.gateway.rpc import Rpc
from proven.gateway.server import Access, HttpServer
from proven.gateway.sign_in import SignIn, SignInConfig
from proven.gateway.submissions import Submissions
from proven.gateway.transparency import Transparency, TransparencyRooms, nonce_of
from proven.gateway.versions import VersionHub, VersionLog
from proven.identity import Sessions
from proven.wire.commands import Command
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

RESERVED = (
    "/app/",
    "/session",
    "/rpc",
    "/ws",
    "/sign-in/",
    "/explorer/",
    "/owner/",
    "/.well-known/proven/",
    "/.well-known/webauthn",
)
"""Paths of the node itself; a default application's routes have every other."""

_WELL_KNOWN = "/.well-known/proven/"


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a gateway allows. `development` lets pages served on this machine use every application
    (`AppOrigins`).

    `hosts` are the node's own names (see `Hosts`). `public` is where callers reach it if something in
    front of the node ends TLS. `default_application` answers on the node's own paths where they are not
    reserved. `push_console` sends console lines to callers: for development only.
    """

    hosts: tuple[str, ...] = ()
    public: PublicAddress | None = None
    default_application: str | None = None
    sign_in: SignInConfig = field(default_factory=SignInConfig)
    development: bool = False
    push_console: bool = False
    max_http_body: int = MAX_BODY
    http: HttpLimits = field(default_factory=HttpLimits)
    rpc: RpcLimits = field(default_factory=RpcLimits)


class Registry(Applications, VersionLog, Protocol):
    """The applications of a node, as `proven.apps.Applications` has them."""


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One of the node's own routes; `cors` is None where no page has a reason to call it."""

    answer: Callable[[Request], Awaitable[Response]]
    cors: Callable[[Request], CorsPolicy] | None = None


class Gateway:
    """Everything a node says over HTTP. `listen` as often as there are addresses, then `stop` once.

    | path | what |
    |---|---|
    | `POST /app/{id or name}/session`, `POST /session` | open a sealed session (of management) |
    | `POST /app/{id or name}/rpc`, `POST /rpc` | one sealed frame in, one out |
    | `GET /app/{id or name}/ws`, `GET /ws` | a WebSocket of sealed frames |
    | `GET /app/{id or name}` | what the application is and what can be called |
    | `GET /.well-known/proven/app/{id or name}` | the same, on the hosts of applications too |
    | `/app/{id or name}/http/…`, `http://{name}.localhost/…`, its domains | the application's own routes |
    | `GET /sign-in/{id or name}` | the page on which people sign in, for a frame (`SignIn`) |
    | `GET /.well-known/webauthn` | the origins that share the node's passkeys |
    | `GET /.well-known/proven/log/…`, `…/packages/…` | the transparency log and packages (`Transparency`) |
    | `POST /.well-known/proven/commands` | signed commands to applications (`Submissions`) |
    | `GET /.well-known/proven/attestation?nonce=` | evidence for the key that signs responses |
    | `GET /.well-known/proven/health` | whether the node works (503 with the services that do not) |
    | `GET /owner` | where people sign for their own applications (`OwnerPage`) |
    | `GET /explorer/…` | what applications run and who may change them, for everybody (`Explorer`) |
    | `GET /`, `GET /console/…` | the console, where there is one (`Console`) |
    """

    def __init__(
        self,
        config: GatewayConfig,
        *,
        sessions: Sessions,
        applications: Registry,
        versions: Versions,
        runtime: Invoker,
        attestor: Attestor,
        messages: Messages | None = None,
        health: HealthCheck | None = None,
        performers: Mapping[type[Command], Performer] | None = None,
        accounts: AccountsOf | None = None,
        tls: ssl.SSLContext | None = None,
        console: Console | None = None,
        explorer: Explorer | None = None,
        submissions: Submissions | None = None,
        logs: Logs | None = None,
        transparency: TransparencyRooms | None = None,
        on_call: Callable[[Call], None] | None = None,
        on_access: Callable[[Access], None] | None = None,
    ) -> None:
        self._config = config
        self._hosts = Hosts(config.hosts, self._holder_of)
        self._console = console
        self._explorer = explorer
        self._submissions = submissions
        self._applications = applications
        self._health_of_services = Health(health or _no_services)
        handlers = Handlers(runtime, on_call)
        rationed = RationedAttestor(attestor)
        self._attestor = ResponseAttestor(rationed)
        self._transparency = None if transparency is None else Transparency(transparency, rationed)
        self._app_http = AppHttp(
            versions,
            handlers,
            self._attestor,
            applications,
            max_body=config.max_http_body,
            development=config.development,
        )
        taken = {} if submissions is None else submissions.performers()
        asked = {} if self._transparency is None else self._transparency.performers()
        all_performers = {**(performers or {}), **taken, **asked}
        commands = Commands(sessions, applications, versions, handlers, all_performers, accounts)
        self._events = None if messages is None else EventHub(messages, config.rpc.events)
        self._followed = VersionHub(applications)
        self._rpc = Rpc(
            sessions,
            commands,
            limits=config.rpc,
            push_console=config.push_console,
            pushed=Pushed(self._events, logs, self._followed),
        )
        self._origins = AppOrigins(
            applications,
            hosts=config.hosts,
            sign_in=config.sign_in.origins,
            development=config.development,
        )
        self._sign_in = SignIn(config.sign_in, applications, self._origins, development=config.development)
        self._owner = OwnerPage(config.sign_in, applications, development=config.development)
        self._table = self._routes()
        self._server = HttpServer(
            self.handle, limits=config.http, tls=tls, public=config.public, on_access=on_access
        )

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Accept connections; port 0 picks one. Returns the address in use."""
        return await self._server.listen(host, port)

    async def stop(self, grace: float = 10.0) -> None:
        """Refuse new work, let what is under way finish for `grace` seconds, cut the rest."""
        if self._console is not None:
            self._console.close()
        await self._server.stop(grace)
        if self._events is not None:
            await self._events.stop()
        await self._followed.stop()

    async def handle(self, request: Request) -> Response:
        """Answer one request; whatever is raised becomes a response by the server."""
        name = self._hosts.application(request.authority)
        if name is not None and not request.path.startswith(_WELL_KNOWN):
            return await self._app_http.serve(request, name, request.path)
        if self._console is not None and self._console.owns(request):
            return await self._console.answer(request)
        if self._explorer is not None and self._explorer.owns(request):
            return await self._explorer.answer(request)
        if self._owner.owns(request):
            return await self._owner.answer(request)
        mounted = _mounted(request.path)
        if mounted is not None:
            return await self._app_http.serve(request, *mounted, shared=True)
        default = self._config.default_application
        if default is not None and not request.path.startswith(RESERVED):
            return await self._app_http.serve(request, default, request.path, shared=True)
        return await self._answer(request)

    def _routes(self) -> RouteTable[_Endpoint]:
        def posting(request: Request) -> CorsPolicy:
            return CorsPolicy(
                lambda origin: self._may_read(request, origin), ("POST",), ("content-type",), max_age=600
            )

        def reading(request: Request) -> CorsPolicy:
            return CorsPolicy(any_origin, ("GET",), wildcard=True)

        table: RouteTable[_Endpoint] = RouteTable()
        for prefix in ("", "/app/:application"):
            table.add("POST", f"{prefix}/session", _Endpoint(self._open_session, posting))
            table.add("POST", f"{prefix}/rpc", _Endpoint(self._exchange, posting))
            table.add("GET", f"{prefix}/ws", _Endpoint(self._connect))
        for prefix in ("/", _WELL_KNOWN):
            table.add("GET", f"{prefix}app/:application", _Endpoint(self._describe, reading))
        table.add("GET", "/sign-in/:application", _Endpoint(self._sign_in.page))
        table.add("GET", "/sign-in/assets/:file", _Endpoint(self._sign_in.asset))
        table.add("GET", "/.well-known/webauthn", _Endpoint(self._sign_in.related_origins))
        if self._transparency is not None:
            for path, answer in self._transparency.reading().items():
                table.add("GET", path, _Endpoint(answer, reading))
            for path, answer in self._transparency.posting().items():
                table.add("POST", path, _Endpoint(answer))
        if self._submissions is not None:
            for path, answer in self._submissions.posting().items():
                table.add("POST", path, _Endpoint(answer))
        table.add("GET", f"{_WELL_KNOWN}attestation", _Endpoint(self._attest, reading))
        table.add("GET", f"{_WELL_KNOWN}health", _Endpoint(self._health, reading))
        return table

    async def _answer(self, request: Request) -> Response:
        """Answer on one of the node's own paths."""
        if request.method == "OPTIONS":
            for endpoint in self._table.methods(request.path).values():
                if endpoint.cors is not None:
                    return endpoint.cors(request).preflight(request)
        try:
            match = self._table.match(request.method, request.path)
        except MethodNotAllowedError as error:
            return refusal(error)
        if match is None:
            raise ProvenError(ErrorCode.NOT_FOUND, "there is nothing at this path")
        request.parameters = match.parameters
        try:
            response = await match.target.answer(request)
        except ProvenError as error:
            response = error_response(error)
        if match.target.cors is not None:
            response.headers += match.target.cors(request).headers_for(request)
        return response

    def _holder_of(self, domain: str) -> str | None:
        """The application whose own the domain is now."""
        try:
            return self._applications.by_domain(domain).id
        except ProvenError:
            return None

    def _application_of(self, request: Request) -> ApplicationId | None:
        """The application that the path names, None for management. Raises `NOT_FOUND`."""
        name = request.parameters.get("application")
        return None if name is None else self._applications.find(name).id

    def _check_origin(self, request: Request) -> None:
        """What is not a page has no Origin, and may ask."""
        origin = request.header(b"origin")
        if origin is not None and not self._may_use(request, origin):
            raise ProvenError(
                ErrorCode.ORIGIN_DENIED,
                f"pages of {origin[:200]} may not use this; the application's owner can allow them",
            )

    def _may_use(self, request: Request, origin: str) -> bool:
        """Whether pages of `origin` may open and use sessions at this path. Raises `NOT_FOUND`."""
        node = node_origin(request)
        segments = split_path(request.path)
        if segments[0] != "app":
            return self._origins.allows_management(origin, node)
        return self._origins.allows(self._applications.find(segments[1]), origin, node)

    def _may_read(self, request: Request, origin: str) -> bool:
        """Whether pages of `origin` may read the answer; anyone may read that there is no application."""
        try:
            return self._may_use(request, origin)
        except ProvenError as error:
            return error.code is ErrorCode.NOT_FOUND

    async def _open_session(self, request: Request) -> Response:
        self._check_origin(request)
        return await self._rpc.open_session(request, self._application_of(request))

    async def _exchange(self, request: Request) -> Response:
        self._check_origin(request)
        return await self._rpc.exchange(request, self._application_of(request))

    async def _connect(self, request: Request) -> Response:
        self._check_origin(request)
        origin = request.header(b"origin")

        def is_allowed() -> bool:
            return origin is None or self._may_use(request, origin)

        return self._rpc.connect(request, self._application_of(request), is_allowed)

    async def _describe(self, request: Request) -> Response:
        application = await self._applications.resolve(request.parameters["application"])
        revision = self._applications.find(application.id).revision
        nonce = wanted_nonce(request)
        log = None if nonce is None else self._transparency
        response = json_response(
            {
                "id": application.id,
                "name": application.name,
                "version": application.version,
                "package_id": application.package_id,
                "log_index": application.log_index,
                "revision": revision,
                "handlers": [
                    {
                        "address": handler.address,
                        "kind": handler.kind.value,
                        **_described(handler.options.method, handler.options.path),
                    }
                    for handler in application.manifest.handlers
                ],
                **({} if log is None else {"log": await log.state()}),
            }
        )
        if nonce is None:
            return response
        return await self._attestor.sign(request, response, nonce=nonce, application=application)

    async def _attest(self, request: Request) -> Response:
        return await self._attestor.describe(nonce_of(request), request.peer)

    async def _health(self, request: Request) -> Response:
        return await self._health_of_services.answer()


async def _no_services() -> tuple[str, ...]:
    return ()


def _mounted(path: str) -> tuple[str, str] | None:
    """The application and its own path, of a path like `/app/{id or name}/http/…`."""
    if not path.startswith("/app/"):
        return None
    name, _, rest = path[len("/app/") :].partition("/")
    if rest == "http":
        return name, "/"
    if rest.startswith("http/"):
        return name, rest[len("http") :]
    return None


def _described(method: str | None, path: str | None) -> dict[str, str | None]:
    return {} if path is None else {"method": method, "path": path}
