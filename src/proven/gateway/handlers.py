"""Handlers of an application as callers see them: found by address, guarded by access, watched."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from proven.apps import Application
from proven.gateway.ports import Invoker
from proven.packages import Access, HandlerEntry, HandlerKind, Manifest
from proven.runtime import Invocation, Outcome
from proven.wire import ids
from proven.wire.errors import ErrorCode, ProvenError, http_status
from proven.wire.ids import ApplicationId, IdentityId, PackageId

_UPSTREAM_PREFIX = "file:///"
_CACHED_TABLES = 256
_NAMED = 12
"""How many handlers an error lists."""


@dataclass(frozen=True, slots=True)
class HttpExchange:
    """What a route was asked, and the status that its handler, or its error, answers with."""

    method: str
    path: str
    status: int


@dataclass(frozen=True, slots=True)
class Call:
    """One finished call, for whoever watches the node. `error` is None if it succeeded; `http` is there for
    calls of routes.
    """

    application_id: ApplicationId
    application: str
    package_id: PackageId
    handler: str
    kind: HandlerKind
    identity: IdentityId | None
    seconds: float
    error: ProvenError | None
    http: HttpExchange | None = None


class Handlers:
    """Runs handlers and tells the node's observer about it."""

    def __init__(self, runtime: Invoker, on_call: Callable[[Call], None] | None = None) -> None:
        self._runtime = runtime
        self._on_call = on_call
        self._tables: OrderedDict[PackageId, RpcTable] = OrderedDict()

    def find_rpc(self, application: Application, name: str) -> HandlerEntry:
        """The handler that a call of `name` runs; raises as `RpcTable.find` does."""
        table = self._tables.get(application.package_id)
        if table is None:
            table = self._tables[application.package_id] = RpcTable(application.manifest)
            if len(self._tables) > _CACHED_TABLES:
                self._tables.popitem(last=False)
        return table.find(name)

    async def run(self, application: Application, handler: HandlerEntry, invocation: Invocation) -> Outcome:
        """Raises what `Runtime.invoke` raises."""
        if self._on_call is None:
            return await self._runtime.invoke(invocation)
        started = perf_counter()
        error: ProvenError | None = ProvenError(ErrorCode.UNAVAILABLE, "the caller left before it finished")
        outcome: Outcome | None = None
        try:
            outcome = await self._runtime.invoke(invocation)
            error = None
            return outcome
        except ProvenError as raised:
            error = raised
            raise
        finally:
            self._on_call(
                Call(
                    application.id,
                    application.name,
                    application.package_id,
                    handler.address,
                    handler.kind,
                    invocation.identity,
                    perf_counter() - started,
                    error,
                    _exchange(invocation, outcome, error),
                )
            )


def _exchange(
    invocation: Invocation, outcome: Outcome | None, error: ProvenError | None
) -> HttpExchange | None:
    asked, answered = invocation.http, None if outcome is None else outcome.response
    if asked is None:
        return None
    code = ErrorCode.INTERNAL if error is None else error.code
    status = http_status(code) if answered is None else answered.status
    return HttpExchange(asked.method, asked.path, status)


class RpcTable:
    """The RPC handlers of one package, by every name that a caller may use:

    1. the address, `<module>#<export>`, or `<module>` for a default export;
    2. upstream's form of it, `file:///<module>#<export>`;
    3. the export alone, where only one module has it.

    Names are resolved here, by attested code, so that nobody between caller and node can send a call to
    another handler than the one it names.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._by_address: dict[str, HandlerEntry] = {}
        self._by_export: dict[str, list[HandlerEntry]] = {}
        for handler in manifest.handlers:
            if handler.kind is HandlerKind.RPC:
                self._by_address[handler.address] = handler
                self._by_export.setdefault(handler.export, []).append(handler)

    def find(self, name: str) -> HandlerEntry:
        """Raises `NOT_FOUND`, also for handlers of other kinds; `BAD_REQUEST` if several are meant."""
        handler = self._by_address.get(name) or self._by_address.get(name.removeprefix(_UPSTREAM_PREFIX))
        if handler is not None:
            return handler
        named = self._by_export.get(name, [])
        if len(named) > 1:
            addresses = ", ".join(handler.address for handler in named)
            raise ProvenError(ErrorCode.BAD_REQUEST, f"{name!r:.200} could be any of {addresses}")
        if not named:
            there_are = ", ".join(sorted(self._by_export)[:_NAMED]) or "none"
            raise ProvenError(
                ErrorCode.NOT_FOUND,
                f"there is no handler {name!r:.200} that can be called; there are: {there_are}",
            )
        return named[0]


def check_access(application: Application, handler: HandlerEntry, identity: IdentityId | None) -> None:
    """Raises `UNAUTHENTICATED` without the identity that `handler` wants, `FORBIDDEN` with another."""
    access = handler.options.access
    if access is None or access is Access.ANYONE:
        return
    if identity is None:
        raise ProvenError(
            ErrorCode.UNAUTHENTICATED, f"{handler.address} wants to know who calls: identify first"
        )
    if access is Access.OWNER and identity != ids.identity_id(application.owner):
        raise ProvenError(ErrorCode.FORBIDDEN, f"{handler.address} is for the owner of the application")
