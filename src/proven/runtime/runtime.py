"""The runtime: loads packages and runs their handlers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from proven.isolation import Layer, SandboxError, SandboxReport
from proven.isolation.spawner import Spawner
from proven.packages import HandlerEntry, HandlerKind, Package
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId

from ._deployment import Deployment, QueueBudget
from ._guest import Guest
from ._health import MAX_SECONDS, failure, judge, too_slow
from ._launch import policy_of, start_guest
from ._pool import WarmPool
from ._program import Compiler
from ._slots import Slots
from ._watchdog import Watchdog
from .config import RuntimeConfig
from .host import ConsoleRecord, HostFunctions, ProcessEnd
from .invocation import HttpResponse, Invocation, Outcome

_log = logging.getLogger("proven.runtime")


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """One application process. Memory is private resident memory, in bytes."""

    application_id: ApplicationId
    package_id: PackageId
    pid: int
    in_flight: int
    queued: int
    memory_bytes: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class RuntimeReport:
    """The state of the runtime, for health checks and people."""

    warm_processes: int
    processes: tuple[ProcessReport, ...]
    waiting_for_a_process: int
    active_layers: frozenset[Layer]
    unavailable_layers: Mapping[Layer, str]


class Runtime:
    """Runs handlers of packages in sandboxed processes, one process per application version at most.

    1. A process that has seen one application's code never sees another's.
    2. An invocation sees its own identity only, and when it ends nothing that is left of it reaches the node.
    3. Every invocation ends within its time; a process that does not give way is killed and replaced, and
       nobody else's process is touched.
    4. Every queue is bounded; what does not fit is refused with `OVERLOADED` and when to try again.
    """

    def __init__(
        self,
        config: RuntimeConfig,
        host_functions: HostFunctions,
        *,
        on_console: Callable[[ConsoleRecord], None] | None = None,
        on_end: Callable[[ProcessEnd], None] | None = None,
    ) -> None:
        self._config = config
        self._host_functions = host_functions
        self._on_console = on_console
        self._on_end = on_end
        self._deployments: dict[tuple[ApplicationId, PackageId], Deployment] = {}
        self._trials: set[Deployment] = set()
        self._loading: dict[tuple[ApplicationId, PackageId], asyncio.Task[None]] = {}
        self._budget = QueueBudget(config.max_queued)
        self._slots = Slots(config.max_processes, slice_=config.slot_slice, timeout=config.queue_timeout)
        self._sandbox: SandboxReport | None = None
        self._spawner: Spawner | None = None
        self._respawning = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Put up the sandbox and fill the pool.

        Raises `SandboxError` when a required layer of the sandbox is not available on this machine.
        """
        self._spawner = Spawner(await policy_of(self._config))
        self._sandbox = await self._spawner.start()
        for layer, reason in self._sandbox.unavailable.items():
            _log.warning("sandbox_layer_unavailable", extra={"layer": layer.value, "reason": reason})
        self._pool = WarmPool(self._config.pool_size, lambda: self._new_guest(self._config.memory_mib))
        self._compiler = Compiler(self._config, self._pool.take)
        self._watchdog = Watchdog(self._guests, self._config.watch_interval, self._slots.tick)
        try:
            await self._pool.open()
        except BaseException:
            await self._spawner.stop()
            raise
        self._watching = asyncio.get_running_loop().create_task(self._watchdog.run())

    async def stop(self) -> None:
        """End every process. Calls that are still running fail with `UNAVAILABLE`."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        for task in self._loading.values():
            task.cancel()
        await asyncio.gather(*self._loading.values(), return_exceptions=True)
        await asyncio.gather(*(deployment.stop() for deployment in self._all()))
        self._deployments.clear()
        if self._spawner is not None:
            await self._pool.close()
            await self._spawner.stop()
            self._spawner = None

    async def prepare(self, package: Package) -> None:
        """Compile and resolve a package and keep the result, so that loading is fast. Runs none of its code.

        Raises `ProvenError` (`BUILD_ERROR`) if it does not compile.
        """
        await self._compiler.program(package)

    async def load(self, application_id: ApplicationId, package: Package) -> None:
        """Make a version of an application callable, and start its process.

        Compiles what has to be, runs the package's top-level code, and checks that every handler of the
        manifest exists and is of its kind. Loading what is loaded does nothing. Raises `ProvenError`:
        `BUILD_ERROR` if it does not compile, `HANDLER_ERROR` if it does not load.
        """
        key = (application_id, package.id)
        if key in self._deployments:
            return
        task = self._loading.get(key)
        if task is None:
            task = self._loading[key] = asyncio.get_running_loop().create_task(self._load(key, package))
            task.add_done_callback(lambda _: self._loading.pop(key, None))
        await asyncio.shield(task)

    async def _load(self, key: tuple[ApplicationId, PackageId], package: Package) -> None:
        deployment = await self._deployment(key[0], package)
        self._deployments[key] = deployment
        self._watchdog.wake()
        try:
            await deployment.start()
        except BaseException:
            del self._deployments[key]
            raise

    async def _deployment(self, application_id: ApplicationId, package: Package) -> Deployment:
        return Deployment(
            application_id,
            package.id,
            await self._compiler.program(package),
            self._config,
            self._slots,
            self._budget,
            self._take,
            self._on_console,
            self._on_end,
        )

    async def check(self, application_id: ApplicationId, package: Package) -> None:
        """Run the package's health checks one after another, in a process of their own that ends with them.

        So nothing that they leave in memory is there for calls. Raises `ProvenError`, as `load` and `invoke`
        do: `HANDLER_ERROR` also for a check that returns `false`, `HANDLER_TIMEOUT` for too long a one.
        """
        checks = [each for each in package.manifest.handlers if each.kind is HandlerKind.HEALTH_CHECK]
        if not checks:
            return
        deployment = await self._deployment(application_id, package)
        self._trials.add(deployment)
        self._watchdog.wake()
        try:
            async with asyncio.timeout(MAX_SECONDS):
                for handler in checks:
                    invocation = Invocation(
                        application_id=application_id,
                        package_id=package.id,
                        handler=handler.address,
                        kind=handler.kind,
                    )
                    await deployment.start()
                    try:
                        outcome = await self._run(deployment, handler, invocation)
                    except ProvenError as error:
                        raise failure(handler.address, error) from None
                    judge(handler.address, outcome.value)
        except TimeoutError:
            raise too_slow() from None
        finally:
            await deployment.stop()
            self._trials.discard(deployment)

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run a handler to its end; of a streamed HTTP response, to its head.

        Raises `ProvenError`: `NOT_FOUND` for what is not loaded or no handler of that kind, `TOO_LARGE`,
        `HANDLER_ERROR` (details: name, stack, code), `HANDLER_TIMEOUT`, `HANDLER_MEMORY`, `OVERLOADED` or
        `UNAVAILABLE` (both with `retry_after`), or the code of a failed host call that it let through.
        """
        deployment = self._deployments.get((invocation.application_id, invocation.package_id))
        if deployment is None or deployment.retiring:
            raise ProvenError(ErrorCode.NOT_FOUND, "this version of the application is not loaded")
        handler = deployment.handler(invocation.handler)
        if handler is None or handler.kind is not invocation.kind:
            raise ProvenError(
                ErrorCode.NOT_FOUND,
                f"the application has no {invocation.kind} handler {invocation.handler:.200}",
            )
        if (invocation.http is not None) != (handler.kind is HandlerKind.HTTP):
            raise ProvenError(ErrorCode.BAD_REQUEST, "HTTP handlers, and no others, get an HTTP request")
        return await self._run(deployment, handler, invocation)

    async def _run(self, deployment: Deployment, handler: HandlerEntry, invocation: Invocation) -> Outcome:
        self._check_size(invocation)
        timeout_ms = handler.options.timeout_ms
        timeout = self._config.timeout if timeout_ms is None else timeout_ms / 1000
        started = time.perf_counter()
        guest, running = await deployment.invoke(invocation, min(timeout, self._config.max_timeout))
        self._watchdog.wake()
        try:
            result = await running.future
        except asyncio.CancelledError:
            guest.cancel(running, ProvenError(ErrorCode.UNAVAILABLE, "the caller gave up on the call"))
            raise
        duration = time.perf_counter() - started
        if isinstance(result, HttpResponse):
            return Outcome(None, result, duration)
        return Outcome(result, None, duration)

    def _check_size(self, invocation: Invocation) -> None:
        size = len(invocation.arguments)
        if invocation.http is not None and isinstance(invocation.http.body, bytes):
            size += len(invocation.http.body)
        if size > self._config.max_value_bytes:
            raise ProvenError(
                ErrorCode.TOO_LARGE,
                f"arguments of {size} bytes are over the limit of {self._config.max_value_bytes}",
            )

    async def retire(self, application_id: ApplicationId, package_id: PackageId) -> None:
        """Take no more calls for a version, let those that run end, then end its process."""
        deployment = self._deployments.get((application_id, package_id))
        if deployment is None:
            return
        await deployment.retire()
        self._deployments.pop((application_id, package_id), None)

    def report(self) -> RuntimeReport:
        """What is running, and behind which layers of the sandbox."""
        processes = tuple(
            ProcessReport(
                application_id=deployment.application_id,
                package_id=deployment.package_id,
                pid=deployment.guest.pid,
                in_flight=deployment.in_flight,
                queued=deployment.queued,
                memory_bytes=deployment.guest.usage.private_bytes(),
                cpu_seconds=deployment.guest.usage.cpu_seconds(),
            )
            for deployment in self._all()
            if deployment.guest is not None
        )
        sandbox = self._sandbox or SandboxReport(frozenset())
        return RuntimeReport(
            warm_processes=self._pool.ready if self._spawner is not None else 0,
            processes=processes,
            waiting_for_a_process=self._slots.waiting,
            active_layers=sandbox.active,
            unavailable_layers=sandbox.unavailable,
        )

    def _all(self) -> tuple[Deployment, ...]:
        return (*self._deployments.values(), *self._trials)

    def _guests(self) -> Iterator[Guest]:
        for deployment in self._all():
            if deployment.guest is not None:
                yield deployment.guest

    async def _take(self, memory_mib: int) -> Guest:
        if memory_mib == self._config.memory_mib:
            return await self._pool.take()
        return await self._new_guest(memory_mib)

    async def _new_guest(self, memory_mib: int) -> Guest:
        if self._spawner is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the runtime is not running", retry_after=1.0)
        try:
            spawner = await self._living_spawner(self._spawner)
            return await start_guest(spawner, self._config, self._host_functions, memory_mib)
        except (SandboxError, TimeoutError, OSError) as error:
            _log.error("guest_not_started", extra={"reason": str(error)})
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "the node cannot start a process at the moment", retry_after=1.0
            ) from error

    async def _living_spawner(self, spawner: Spawner) -> Spawner:
        """The spawner, or another one if it has died; its processes have died with it."""
        async with self._respawning:
            if not spawner.alive and self._spawner is spawner:
                await spawner.stop()
                self._spawner = spawner = Spawner(await policy_of(self._config))
                self._sandbox = await spawner.start()
            return self._spawner if self._spawner is not None else spawner
