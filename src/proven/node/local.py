"""A node on one machine, composed of its rooms and run as one: what `proven dev` starts."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from proven.apps import LOG, Application, Applications, Deployer
from proven.attestation import DevelopmentAttestor
from proven.domains import Prover, resolver_for
from proven.engine.embedded import EmbeddedEngine
from proven.gateway import (
    Activity,
    Admin,
    AppOrigins,
    AppTelemetry,
    Call,
    Console,
    Explorer,
    ExplorerRooms,
    Gateway,
    GatewayConfig,
    Publisher,
    SignInConfig,
    Submissions,
    TransparencyRooms,
)
from proven.identity import Passkeys, RelyingParty, Sessions
from proven.identity.accounts import LinkedAccounts
from proven.isolation import SandboxError
from proven.node import keys
from proven.node.config import NodeConfig
from proven.node.service import Service, running, unhealthy
from proven.packages import Package
from proven.runtime import ConsoleRecord, Runtime, RuntimeReport
from proven.runtime.hostcalls import HostCalls
from proven.storage import DevelopmentOwnership, Storage
from proven.telemetry import LogStore, Metrics
from proven.transparency import CosignedHistory, Cosigners, TransparencyLog, Witness
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from proven.wire.log_key import default_name
from proven.wire.notes import NoteSigner

T = TypeVar("T")

_HTTP_PORT = 80

_log = logging.getLogger("proven.node")

CallObserver = Callable[[Call], None]
ConsoleObserver = Callable[[ConsoleRecord], None]


class LocalNode:
    """One node: it starts as a whole and answers at `url` until it is stopped. `clock` is Unix seconds, and
    tells when changes of applications are due.
    """

    def __init__(
        self,
        config: NodeConfig,
        *,
        on_call: CallObserver | None = None,
        on_console: ConsoleObserver | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        root_key = keys.load_or_create(config.data_dir / "root.key")
        self._config = config
        self._owner = keys.owner_key(root_key)
        self._attestor = DevelopmentAttestor(config.data_dir / "attestation")
        self._storage = Storage(
            config.data_dir / "storage",
            keys.derive(root_key, "storage"),
            config=config.storage,
            ownership=DevelopmentOwnership(),
            inspectable=config.gateway.serves_console,
        )
        self._engine = EmbeddedEngine(config.data_dir / "engine.db", keys.derive(root_key, "engine"))
        self._host_calls = HostCalls(
            self._storage,
            config.host_calls,
            events=Publisher(self._engine.messages, self._live_since),
            scratch=config.data_dir / "scratch",
        )
        self._applications = Applications(
            self._engine.logs,
            self._engine.objects,
            origin=config.log.name or keys.log_origin(root_key),
            limits=config.applications,
            reserved=config.gateway.owns,
            clock=clock,
        )
        self._clock = clock
        self._prover = Prover(
            self._applications,
            resolver_for(config.domains, development=True),
            lifetime=config.domains.proof_lifetime,
            reserved=config.gateway.owns,
            random=Random(keys.derive(root_key, "domain-proofs")),  # noqa: S311
            pace=config.domains.pace(),
        )
        self._telemetry = AppTelemetry(
            LogStore(self._engine.registers, config.telemetry.logs, applications=self._application_ids),
            Metrics(self._engine.registers, config.telemetry.metrics, applications=self._application_ids),
            self._applications,
            is_live=lambda session: self._sessions.is_live(session),
            runtime_report=self.runtime_report,
        )
        self._admin = Admin(self._telemetry.prometheus)
        self._admin_port = 0
        on_call = _both(self._telemetry.called, on_call)
        on_console = _both(self._telemetry.console, on_console)
        activity = Activity(lambda application: self._applications.find(application).name)
        if config.gateway.serves_console:
            on_call = _both(activity.called, on_call)
            on_console = _both(activity.console, on_console)
        self._log = TransparencyLog(
            self._engine.logs,
            self._engine.registers,
            log=LOG,
            directory=config.data_dir / "log",
            signer=NoteSigner(self._applications.origin, keys.log_key(root_key)),
        )
        self._cosigners = Cosigners(
            self._log, config.log.witness_addresses(), CosignedHistory(self._engine.registers)
        )
        self._runtime = Runtime(
            config.runtime,
            self._host_calls.functions,
            on_console=on_console,
            on_end=self._telemetry.ended,
        )
        self._deployer = Deployer(self._applications, self._runtime, on_blocked=self._telemetry.blocked)
        self._sessions = Sessions(
            self._attestor,
            limits=config.sessions,
            ticket_key=keys.derive(root_key, "session-ticket"),
            registers=self._engine.registers,
        )
        origins = AppOrigins(
            self._applications, hosts=config.gateway.names, sign_in=self.sign_in_origins, development=True
        )
        passkeys = Passkeys(
            self._engine.registers,
            self._sessions,
            RelyingParty(config.gateway.passkey_domain, self.sign_in_origins, origins.allows_frame),
            limits=config.passkeys,
        )
        accounts = LinkedAccounts(
            self._engine.registers,
            self._sessions,
            lambda application: self._applications.find(application).name,
        )
        self._sweeping: asyncio.Task[None] | None = None
        self._gateway = Gateway(
            GatewayConfig(
                hosts=config.gateway.names,
                public=config.gateway.public,
                default_application=config.gateway.default_application,
                sign_in=SignInConfig(config.gateway.passkey_domain, self.sign_in_origins),
                development=True,
                push_console=True,
                http=config.gateway.http,
                rpc=config.gateway.rpc,
            ),
            sessions=self._sessions,
            applications=self._applications,
            versions=self._deployer,
            runtime=self._runtime,
            attestor=self._attestor,
            messages=self._engine.messages,
            performers={
                **passkeys.performers(),
                **accounts.performers(),
                **self._telemetry.performers(),
            },
            accounts=accounts.addresses,
            health=self._failing,
            submissions=Submissions(self._deployer),
            console=self._console(activity) if config.gateway.serves_console else None,
            explorer=Explorer(
                ExplorerRooms(
                    self._applications,
                    self._log,
                    self._cosigners.cosignatures,
                    clock,
                    self._prover.looking,
                    development=True,
                )
            ),
            logs=self._telemetry,
            transparency=TransparencyRooms(
                log=self._log,
                packages=self._applications,
                index=self._applications,
                cosignatures=self._cosigners.cosignatures,
                cosigned=self._cosigners.around,
                witness=self._witness(keys.witness_key(root_key)) if config.log.witnessed else None,
            ),
            on_call=on_call,
        )
        self._address = ("", 0)

    @property
    def url(self) -> str:
        """Where this node listens."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def metrics_url(self) -> str | None:
        """Where Prometheus reads metrics, if anywhere."""
        return f"http://127.0.0.1:{self._admin_port}/metrics" if self._admin_port else None

    def sign_in_origins(self) -> tuple[str, ...]:
        """The origins of the pages on which people use passkeys."""
        settings = self._config.gateway
        if settings.sign_in_origins:
            return settings.sign_in_origins
        if settings.public_url is not None:
            return (settings.public_url,)
        port = "" if self._address[1] == _HTTP_PORT else f":{self._address[1]}"
        return (f"http://{settings.passkey_domain}{port}",)

    @property
    def development_root(self) -> x509.Certificate:
        """What a verifier on this machine pins."""
        return self._attestor.root

    def runtime_report(self) -> RuntimeReport:
        """The isolates and the walls around them."""
        return self._runtime.report()

    async def deploy(self, package: Package, *, name: str | None = None) -> Application:
        """Make `package` the live version of the application `name` (by default, the package's own name).

        Creates the application the first time. Calls under way finish on the version they started on.
        Raises what `Deployer.deploy` raises; the version before then stays live.
        """
        name = name or package.manifest.name
        try:
            record = self._applications.find(name)
        except ProvenError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            record = await self._applications.create(self._owner, name, name.encode())
        return await self._deployer.deploy(self._owner, record.id, package, revision=record.revision)

    async def allow_origin(self, name: str, origin: str) -> None:
        """Let pages of `origin`, in its canonical form, use the application `name` from now on.

        Raises `NOT_FOUND`, `BAD_REQUEST`, `QUOTA_EXCEEDED`.
        """
        record = self._applications.find(name)
        if origin not in record.origins:
            await self._applications.add_origin(self._owner, record.id, origin, revision=record.revision)

    def _console(self, activity: Activity) -> Console:
        return Console(
            activity=activity,
            applications=self._applications,
            storage=self._storage,
            telemetry=self._telemetry,
            runtime_report=self._runtime.report,
            unhealthy=lambda: unhealthy(self.services()),
            development_root=self._attestor.root.public_bytes(Encoding.PEM).decode(),
            hosts=self._config.gateway.names,
        )

    def _witness(self, key: Ed25519PrivateKey) -> Witness:
        signer = NoteSigner(default_name(key.public_key().public_bytes_raw()), key)
        logs = self._config.log.witnessed_logs()
        return Witness(self._engine.registers, signer, logs, clock=self._clock)

    def services(self) -> tuple[Service, ...]:
        """The parts in the order in which they start."""
        grace = self._config.gateway.shutdown_grace
        logs, metrics = self._telemetry.logs, self._telemetry.metrics
        return (
            Service("storage", self._storage.start, self._storage.close),
            Service("engine", self._engine.start, self._engine.stop),
            Service("app logs", logs.start, logs.stop, logs.health),
            Service("metrics", metrics.start, metrics.stop, metrics.health),
            Service("host calls", self._host_calls.start, self._host_calls.close),
            Service("runtime", self._start_runtime, self._runtime.stop),
            Service(
                "applications", self._applications.start, self._applications.stop, self._applications.health
            ),
            Service("log", self._log.start, self._log.stop, self._log.health, deadline=600),
            Service("witnesses", self._cosigners.start, self._cosigners.stop),
            Service("domains", self._prover.start, self._prover.stop, self._prover.health),
            Service("deployer", self._deployer.start, self._deployer.stop, self._deployer.health),
            Service("deploy notes", self._telemetry.start, self._telemetry.stop, self._telemetry.health),
            Service("sessions", self._start_sessions, self._stop_sessions, self._check_sessions),
            Service("gateway", self._listen, lambda: self._gateway.stop(grace), deadline=grace + 20),
            Service("admin", self._listen_admin, self._admin.stop),
        )

    async def _start_runtime(self) -> None:
        try:
            await self._runtime.start()
        except SandboxError as error:
            raise ProvenError(ErrorCode.UNAVAILABLE, str(error)) from error

    async def _listen(self) -> None:
        settings = self._config.gateway
        try:
            self._address = await self._gateway.listen(settings.host, settings.port)
        except OSError as error:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"cannot listen on {settings.host}:{settings.port}: {_reason(error)}; "
                "choose another with --port, or 0 for any",
            ) from error

    async def _listen_admin(self) -> None:
        port = self._config.admin.port
        if port is None:
            return
        try:
            self._admin_port = await self._admin.listen(port)
        except OSError as error:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, f"cannot listen on 127.0.0.1:{port} (admin.port): {_reason(error)}"
            ) from error

    def _live_since(self, application: ApplicationId, package_id: PackageId) -> int | None:
        versions = self._applications.versions(application)
        return next((each.log_index for each in reversed(versions) if each.package_id == package_id), None)

    def _application_ids(self) -> list[ApplicationId]:
        return [record.id for record in self._applications.list()]

    async def _start_sessions(self) -> None:
        await self._sessions.load()
        self._sweeping = asyncio.create_task(self._sessions.run(), name="sessions")

    async def _check_sessions(self) -> None:
        """Raises if sessions that have expired are not ended any more."""
        if self._sweeping is None or self._sweeping.done():
            raise ProvenError(ErrorCode.UNAVAILABLE, "sessions are not swept any more")

    async def _failing(self) -> tuple[str, ...]:
        """The services that do not work now. Why is in the log, once for each time it is found out."""
        reasons = await unhealthy(self.services())
        for service, reason in reasons.items():
            _log.warning("service_unhealthy", extra={"service": service, "reason": reason})
        return tuple(reasons)

    async def _stop_sessions(self) -> None:
        self._sessions.revoke_all()
        if self._sweeping is not None:
            self._sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await self._sweeping


@asynccontextmanager
async def local_node(
    config: NodeConfig,
    *,
    on_call: CallObserver | None = None,
    on_console: ConsoleObserver | None = None,
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[LocalNode]:
    """A node that answers inside the block and has let go of everything after it."""
    node = LocalNode(config, on_call=on_call, on_console=on_console, clock=clock)
    async with running(node.services()):
        yield node


def _reason(error: OSError) -> str:
    """Why, without the address that event loops put in front. The codes of name resolution are negative."""
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)


def _both(first: Callable[[T], None], second: Callable[[T], None] | None) -> Callable[[T], None]:
    """Tell both, the second one only if there is one."""
    if second is None:
        return first
    other = second

    def tell(what: T) -> None:
        first(what)
        other(what)

    return tell
