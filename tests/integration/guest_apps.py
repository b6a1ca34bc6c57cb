"""Apps run by the real builder, runtime and store, for tests that call their handlers."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from proven.gateway.routes import RouteTable
from proven.packages import HandlerEntry, HandlerKind, Package, build
from proven.runtime import HttpRequest, Invocation, Runtime, RuntimeConfig
from proven.runtime.hostcalls import EventSink, FetchConfig, HostCalls, HostCallsConfig, NameResolver
from proven.storage import DevelopmentOwnership, Storage, StorageConfig, Synchronous
from proven.wire import values
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId, IdentityId

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps"
ALICE = IdentityId("a" * 32)
BOB = IdentityId("b" * 32)

Body = bytes | AsyncIterator[bytes] | None


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `chunks` reads its body piece by piece, `read` all of it."""

    status: int
    headers: dict[str, str]
    body: bytes | AsyncIterator[bytes]

    async def chunks(self) -> AsyncIterator[bytes]:
        if isinstance(self.body, bytes):
            yield self.body
        else:
            async for chunk in self.body:
                yield chunk

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])


class App:
    """A loaded application, and what a test does with it."""

    def __init__(
        self,
        runtime: Runtime,
        application_id: ApplicationId,
        package: Package,
        ownership: DevelopmentOwnership,
    ) -> None:
        self.ownership = ownership
        self.console: list[str] = []
        self._runtime = runtime
        self._application_id = application_id
        self._package = package
        self._routes: RouteTable[HandlerEntry] = RouteTable()
        for handler in package.manifest.handlers:
            if handler.kind is HandlerKind.HTTP and handler.options.path is not None:
                self._routes.add(handler.options.method, handler.options.path, handler)

    async def call(
        self,
        handler: str,
        *arguments: Any,
        identity: IdentityId | None = None,
        accounts: tuple[str, ...] = (),
    ) -> Any:
        """Call `<module>.<export>`, where the module is a file of `src/` without its suffix."""
        module, _, export = handler.partition(".")
        outcome = await self._runtime.invoke(
            Invocation(
                application_id=self._application_id,
                package_id=self._package.id,
                handler=f"src/{module}.ts#{export}",
                kind=HandlerKind.RPC,
                arguments=values.encode(list(arguments)),
                identity=identity,
                accounts=accounts,
                on_console=lambda record: self.console.append(record.text),
            )
        )
        assert outcome.value is not None
        return values.decode(outcome.value)

    async def error(self, handler: str, *arguments: Any, identity: IdentityId | None = None) -> ProvenError:
        """The error that a call ends with."""
        with pytest.raises(ProvenError) as caught:
            await self.call(handler, *arguments, identity=identity)
        return caught.value

    async def code(self, handler: str, *arguments: Any, identity: IdentityId | None = None) -> str:
        """The code of the error that handler code met: what it threw, or let through from the API."""
        error = await self.error(handler, *arguments, identity=identity)
        return str((error.details or {}).get("code") or error.code.value)

    async def request(
        self, method: str, target: str, *, body: Body = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Make an HTTP request of the handler whose route matches."""
        path, _, query = target.partition("?")
        match = self._routes.match(method, path)
        assert match is not None, f"no route for {target}"
        outcome = await self._runtime.invoke(
            Invocation(
                application_id=self._application_id,
                package_id=self._package.id,
                handler=match.target.address,
                kind=HandlerKind.HTTP,
                http=HttpRequest(
                    method=method,
                    url=f"http://app.localhost{target}",
                    path=path,
                    path_parameters=tuple(match.parameters.items()),
                    query=tuple(tuple(pair.split("=", 1)) for pair in query.split("&") if pair),
                    headers=tuple((headers or {}).items()),
                    body=body,
                ),
                on_console=lambda record: self.console.append(record.text),
            )
        )
        assert outcome.response is not None
        return Reply(outcome.response.status, dict(outcome.response.headers), outcome.response.body)


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    scratch: Path,
    *,
    edit: Callable[[str], str] = lambda source: source,
    fetch: FetchConfig | None = None,
    events: EventSink | None = None,
    resolver: NameResolver | None = None,
) -> AsyncIterator[App]:
    """The app of `folder` on a runtime and a store of its own. `edit` changes the text of its modules."""
    scratch.mkdir(exist_ok=True)
    source = scratch / "source"
    shutil.copytree(folder, source)
    for module in source.rglob("*.ts"):
        module.write_text(edit(module.read_text()))
    ownership = DevelopmentOwnership()
    config = StorageConfig(synchronous=Synchronous.NORMAL)
    storage = Storage(scratch / "data", bytes(32), config=config, ownership=ownership)
    await storage.start()
    calls = HostCalls(
        storage, HostCallsConfig(fetch=fetch or FetchConfig()), events=events, resolver=resolver
    )
    runtime = Runtime(RuntimeConfig(pool_size=1, timeout=60.0), calls.functions)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(storage.close)
        stack.push_async_callback(calls.close)
        await runtime.start()
        stack.push_async_callback(runtime.stop)
        package = build(source)
        application_id = ApplicationId("app".ljust(32, "a"))
        await runtime.load(application_id, package)
        yield App(runtime, application_id, package, ownership)
