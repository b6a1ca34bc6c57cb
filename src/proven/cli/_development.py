"""What `proven dev` does: run the app in a folder on a node, and run it anew at every save."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
import re
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click
from cryptography.hazmat.primitives.serialization import Encoding
from watchfiles import Change, DefaultFilter, awatch

from proven.apps import Application
from proven.gateway.hosts import LOCALHOST
from proven.node.config import NodeConfig, load_config
from proven.node.local import LocalNode, local_node
from proven.node.presence import Presence, announced
from proven.packages import IGNORED, Package, Registry
from proven.packages.parameters import parameters
from proven.packages.typecheck import type_check_aside
from proven.packages.typescript import write_types
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

from ._dev_output import DevOutput, JsonOutput, Started, TextOutput
from ._logs import shown_logs
from ._output import shown_while
from .package import build_folder

_PORTS_TO_TRY: Final = 20
_EDITORS: Final = tuple(map(re.compile, DefaultFilter.ignore_entity_patterns))
"""Names that editors give to files of their own."""

_log = logging.getLogger("proven.cli")


def run_dev(
    folder: Path,
    *,
    flags: Mapping[str, Any],
    config_file: Path | None,
    origins: Sequence[str],
    watch: bool,
    check: bool,
    open_page: bool,
    as_json: bool,
) -> None:
    """Run the app until the process is told to end. `flags` are settings of the node, by their names."""
    names: dict[str, str] = {}
    with contextlib.ExitStack() as starting, shown_logs(names):
        starting.enter_context(shown_while("Starting"))
        package = build_folder(folder)
        config = _configure(folder, package, flags, config_file)
        with contextlib.suppress(OSError):
            write_types(folder)
        output = JsonOutput() if as_json else TextOutput()
        development = _Development(folder, config, output, names, check=check)
        _run(development.serve(package, origins, watch=watch, open_page=open_page, on_started=starting.close))


def _configure(
    folder: Path, package: Package, flags: Mapping[str, Any], config_file: Path | None
) -> NodeConfig:
    usual_file = folder / "proven.toml"
    config = load_config(
        file=config_file or (usual_file if usual_file.is_file() else None),
        environment=os.environ,
        flags={**flags, "gateway.default_application": package.manifest.name},
    )
    if config.admin.port is None:
        config = dataclasses.replace(config, admin=dataclasses.replace(config.admin, port=0))
    if flags["gateway.port"] is None and config.gateway.port:
        free = _free_port(config.gateway.host, config.gateway.port)
        if free != config.gateway.port:
            click.echo(f"port {config.gateway.port} is taken, so this node gets {free}", err=True)
        config = dataclasses.replace(config, gateway=dataclasses.replace(config.gateway, port=free))
    return config


def _free_port(host: str, first: int) -> int:
    """The first port from `first` on that nobody listens at, or `first` for the node to say what is wrong."""
    for port in range(first, min(first + _PORTS_TO_TRY, 65536)):
        with contextlib.suppress(OSError), contextlib.closing(socket.create_server((host, port))):
            return port
    return first


def _run(main: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


class _Development:
    """One run of `proven dev`: a node, the folder it follows, and what is told about both."""

    def __init__(
        self, folder: Path, config: NodeConfig, output: DevOutput, names: dict[str, str], *, check: bool
    ) -> None:
        self._names = names
        self._folder = folder
        self._config = config
        self._output = output
        self._check = check
        self._checking: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._deployed: PackageId | None = None

    async def serve(
        self,
        package: Package,
        origins: Sequence[str],
        *,
        watch: bool,
        open_page: bool,
        on_started: Callable[[], None],
    ) -> None:
        """Run `package`, and what the folder becomes, until the process is told to end. Pages of `origins`
        may use it.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        live: asyncio.Future[LocalNode] = loop.create_future()
        watching = asyncio.create_task(self._redeploy(live)) if watch else None
        await asyncio.sleep(0)  # from here on it watches
        output = self._output
        try:
            async with local_node(self._config, on_call=output.called, on_console=output.console) as node:
                application = await node.deploy(package)
                self._names[application.id] = application.name
                self._deployed = package.id
                for origin in origins:
                    await node.allow_origin(application.name, origin)
                presence = Presence(
                    url=node.url,
                    pid=os.getpid(),
                    applications=(application.name,),
                    development_root=node.development_root.public_bytes(Encoding.PEM).decode(),
                    data_dir=str(self._config.data_dir.resolve()),
                    metrics_url=node.metrics_url,
                )
                with announced(presence):
                    on_started()
                    started = self._started(application, node, package)
                    output.started(started)
                    live.set_result(node)
                    self._check_types(package)
                    if open_page:
                        url = started.page or started.console or node.url
                        threading.Thread(target=_open, args=(url,), daemon=True).start()
                    await self._stopping.wait()
                    output.stopping()
                    for number in (signal.SIGINT, signal.SIGTERM):
                        loop.remove_signal_handler(number)
                    if watching is not None:
                        await watching
        finally:
            for task in (watching, self._checking):
                if task is not None:
                    task.cancel()
            if self._checking is not None:
                await asyncio.gather(self._checking, return_exceptions=True)

    def _started(self, application: Application, node: LocalNode, package: Package) -> Started:
        public_url = self._config.gateway.public_url
        base = public_url or f"http://{LOCALHOST}:{node.url.rpartition(':')[2]}"
        scheme, _, authority = base.partition("://")
        has_page = bool(application.manifest.assets)
        return Started(
            application,
            node,
            self._config.data_dir,
            page=f"{scheme}://{application.name}.{authority}/" if has_page else None,
            console=f"{base}/" if self._config.gateway.serves_console else None,
            public_url=public_url,
            parameters=parameters(package, package.manifest.handlers),
        )

    async def _redeploy(self, live: asyncio.Future[LocalNode]) -> None:
        """Deploy the folder again after each save that changes the package, until the end.

        Saves count from when this starts, which is before the node is `live`: nothing that was saved while
        it started is missed.
        """
        saves = _Saves(self._folder, self._config.data_dir)
        async for _ in awatch(
            self._folder, watch_filter=saves, stop_event=self._stopping, debounce=200, step=20
        ):
            node = await live
            started = loop_time()
            try:
                package = await asyncio.to_thread(build_folder, self._folder)
                if package.id == self._deployed:
                    continue
                application = await node.deploy(package)
            except ProvenError as error:
                self._deployed = None
                self._output.not_deployed(error)
            except Exception as error:
                self._deployed = None
                self._output.not_deployed(ProvenError(ErrorCode.INTERNAL, f"{type(error).__name__}: {error}"))
            else:
                self._deployed = package.id
                self._output.deployed(application, loop_time() - started)
                self._check_types(package)

    def _check_types(self, package: Package) -> None:
        """Have the types checked beside everything else; a check of what was there before ends."""
        if self._checking is not None:
            self._checking.cancel()
        if self._check:
            self._checking = asyncio.create_task(self._checked(package, self._checking))

    async def _checked(self, package: Package, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        registry = Registry.from_environment(self._folder)
        try:
            findings = await type_check_aside(self._folder, package.manifest.entries, registry)
        except (ProvenError, OSError) as error:
            _log.warning("types_not_checked", extra={"reason": str(error)})
        else:
            self._output.checked(findings)


def loop_time() -> float:
    return asyncio.get_running_loop().time()


def _open(url: str) -> None:
    """Show a page in the person's browser, if there is one. Blocks as long as some browsers run."""
    if not webbrowser.open(url):
        click.echo(f"there is no browser to open {url} with", err=True)


class _Saves:
    """Changes to an app's files, and not what a node, npm, git or an editor writes beside them."""

    def __init__(self, folder: Path, data_dir: Path) -> None:
        self._folder = folder.resolve()
        self._data_dir = data_dir.resolve()

    def __call__(self, _: Change, path: str) -> bool:
        real = Path(path).resolve()
        try:
            parts = real.relative_to(self._folder).parts
        except ValueError:
            parts = Path(path).parts
        return (
            IGNORED.isdisjoint(parts)
            and not real.is_relative_to(self._data_dir)
            and not any(pattern.search(real.name) for pattern in _EDITORS)
        )
