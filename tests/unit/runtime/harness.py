"""Small apps, built and loaded for a test."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from proven.packages import HandlerKind, Package, build
from proven.runtime import (
    ConsoleRecord,
    HostFunction,
    HostFunctions,
    HttpRequest,
    HttpResponse,
    Invocation,
    Outcome,
    Runtime,
    RuntimeConfig,
)
from proven.wire import values
from proven.wire.errors import ProvenError
from proven.wire.ids import ApplicationId, IdentityId

ALICE = IdentityId("alice" + "a" * 27)
BOB = IdentityId("bob" + "b" * 29)
HEAD = 'import { run, runWithOptions, runOnHttp } from "@proven-network/handler";\n'


def package(files: Mapping[str, str]) -> Package:
    """A package of these files; `package.json` is added if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        for path, content in {"package.json": '{"name": "app", "type": "module"}', **files}.items():
            place = Path(folder, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(content)
        return build(folder)


class App:
    """One loaded application. Calls name an export of `src/app.ts`, or a whole address."""

    def __init__(self, runtime: Runtime, application_id: ApplicationId, package: Package) -> None:
        self.runtime = runtime
        self.application_id = application_id
        self.package = package
        self.console: list[ConsoleRecord] = []

    def invocation(self, handler: str, *arguments: Any, **options: Any) -> Invocation:
        return Invocation(
            application_id=self.application_id,
            package_id=self.package.id,
            handler=handler if "#" in handler else f"src/app.ts#{handler}",
            kind=HandlerKind.RPC,
            arguments=values.encode(list(arguments)),
            on_console=self.console.append,
            **options,
        )

    async def outcome(self, handler: str, *arguments: Any, **options: Any) -> Outcome:
        return await self.runtime.invoke(self.invocation(handler, *arguments, **options))

    async def call(self, handler: str, *arguments: Any, **options: Any) -> Any:
        outcome = await self.outcome(handler, *arguments, **options)
        assert outcome.value is not None
        return values.decode(outcome.value)

    async def error(self, handler: str, *arguments: Any, **options: Any) -> ProvenError:
        try:
            result = await self.call(handler, *arguments, **options)
        except ProvenError as error:
            return error
        raise AssertionError(f"{handler} returned {result!r}")

    async def http(self, handler: str, request: HttpRequest, **options: Any) -> HttpResponse:
        invocation = Invocation(
            application_id=self.application_id,
            package_id=self.package.id,
            handler=f"src/app.ts#{handler}",
            kind=HandlerKind.HTTP,
            http=request,
            on_console=self.console.append,
            **options,
        )
        outcome = await self.runtime.invoke(invocation)
        assert outcome.response is not None
        return outcome.response

    @property
    def pid(self) -> int:
        """The process that serves it now."""
        return next(
            process.pid
            for process in self.runtime.report().processes
            if process.application_id == self.application_id
        )


async def load(runtime: Runtime, source: str | Mapping[str, str], name: str = "app") -> App:
    """Build an app of the text of `src/app.ts` (after the usual imports), or of its files, and load it."""
    files = {"src/app.ts": HEAD + source} if isinstance(source, str) else source
    built = package(files)
    application_id = ApplicationId(hashlib.sha256(name.encode()).hexdigest()[:32])
    await runtime.load(application_id, built)
    return App(runtime, application_id, built)


async def load_unchecked(
    runtime: Runtime,
    modules: Mapping[str, tuple[str, str]],
    links: Mapping[str, Mapping[str, str]],
    name: str = "unchecked",
) -> App:
    """Load modules (path to format and source) that the builder would refuse, as if they had come past it.

    `src/app.ts` has one handler, `tryAll`.
    """
    stub = package({"src/app.ts": HEAD + "export const tryAll = run(() => null);"})
    compiler = runtime._compiler
    program = await compiler.program(stub)
    compiled = await compiler._compile(
        [(path, source) for path, (_, source) in modules.items() if path.endswith(".ts")]
    )
    document = values.decode(program.payload)
    document["modules"] = [
        [path, format_, compiled[path][0] if path in compiled else source]
        for path, (format_, source) in modules.items()
    ]
    document["links"] = {path: dict(imports) for path, imports in links.items()}
    unchecked = dataclasses.replace(program, payload=values.encode(document))
    original = compiler.program

    async def give(package: Package) -> Any:
        return unchecked

    compiler.program = give  # type: ignore[method-assign]
    try:
        application_id = ApplicationId(hashlib.sha256(name.encode()).hexdigest()[:32])
        await runtime.load(application_id, stub)
    finally:
        compiler.program = original  # type: ignore[method-assign]
    return App(runtime, application_id, stub)


@contextlib.asynccontextmanager
async def running(
    functions: Mapping[str, HostFunction] | None = None,
    *,
    while_loading: frozenset[str] = frozenset(),
    on_console: Callable[[ConsoleRecord], None] | None = None,
    **config: Any,
) -> AsyncIterator[Runtime]:
    """A started runtime."""
    config.setdefault("pool_size", 1)
    runtime = Runtime(
        RuntimeConfig(**config),
        HostFunctions(functions or {}, while_loading),
        on_console=on_console,
    )
    await runtime.start()
    try:
        yield runtime
    finally:
        await runtime.stop()


async def body_of(response: HttpResponse) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    return b"".join([chunk async for chunk in response.body])


async def eventually(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 60.0) -> None:
    """Wait until `condition` holds; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, "the condition never held"
        await asyncio.sleep(0.01)
