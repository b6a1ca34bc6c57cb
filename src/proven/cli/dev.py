"""`proven dev`: a node that runs the app in a folder, and runs it anew at every save."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

import click
from cryptography.hazmat.primitives.serialization import Encoding
from watchfiles import Change, DefaultFilter, awatch

from proven.node.config import NodeConfig, load_config
from proven.node.local import LocalNode, local_node
from proven.node.presence import Presence, announced
from proven.packages import Package
from proven.packages.typescript import write_types
from proven.wire.errors import ErrorCode, ProvenError

from ._dev_output import DevOutput, JsonOutput, TextOutput
from ._logs import shown_logs
from ._output import json_option, shown_while
from .package import build_folder

DATA_FOLDER: Final = ".proven/data"
_PORTS_TO_TRY: Final = 20


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Where to listen; 0 for any.  [default: 3000 or next]"
)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Where keys and app data are kept.  [default: FOLDER/{DATA_FOLDER}]",
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings of the node, in TOML.  [default: FOLDER/proven.toml]",
)
@click.option("--watch/--no-watch", default=True, help="Deploy again when a file is saved.  [default: watch]")
@partial(json_option, lines=True)
def dev(
    folder: Path,
    port: int | None,
    host: str | None,
    data_dir: Path | None,
    config_file: Path | None,
    watch: bool,
    as_json: bool,
) -> None:
    """Run the app in FOLDER (default: here) on a node of its own, until Ctrl-C.

    The node builds and deploys the app, prints how to call each handler, and shows calls and console output
    as they happen. A save deploys again: calls under way finish on the version they started on, and a
    version with mistakes is not switched to. Data is kept between runs.

    \b
    Examples:
      proven dev examples/todo
      proven dev --port 8080 --data-dir /tmp/data
      PROVEN_RUNTIME_TIMEOUT=2 proven dev    a setting of proven.toml as a variable
      proven dev --json                      one JSON object per line, for programs
    """
    with contextlib.ExitStack() as starting, shown_logs():
        starting.enter_context(shown_while("Starting"))
        package = build_folder(folder)
        config = _configure(folder, package, port, host, data_dir, config_file)
        with contextlib.suppress(OSError):
            write_types(folder)
        output = JsonOutput() if as_json else TextOutput()
        _run(_serve(folder, package, config, output, watch, starting.close))


def _configure(
    folder: Path,
    package: Package,
    port: int | None,
    host: str | None,
    data_dir: Path | None,
    config_file: Path | None,
) -> NodeConfig:
    usual_file = folder / "proven.toml"
    config = load_config(
        file=config_file or (usual_file if usual_file.is_file() else None),
        environment=os.environ,
        flags={
            "data_dir": data_dir or folder / DATA_FOLDER,
            "gateway.host": host,
            "gateway.port": port,
            "gateway.default_application": package.manifest.name,
        },
    )
    if port is None and config.gateway.port:
        free = _free_port(config.gateway.host, config.gateway.port)
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


async def _serve(
    folder: Path,
    package: Package,
    config: NodeConfig,
    output: DevOutput,
    watch: bool,
    on_started: Callable[[], None],
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    live: asyncio.Future[LocalNode] = loop.create_future()
    watching = (
        asyncio.create_task(_redeploy(folder, config.data_dir, live, output, stopping)) if watch else None
    )
    await asyncio.sleep(0)  # from here on it watches
    try:
        async with local_node(config, on_call=output.called, on_console=output.console) as node:
            application = await node.deploy(package)
            presence = Presence(
                url=node.url,
                pid=os.getpid(),
                applications=(application.name,),
                development_root=node.development_root.public_bytes(Encoding.PEM).decode(),
            )
            with announced(presence):
                on_started()
                output.started(application, node, config.data_dir)
                live.set_result(node)
                await stopping.wait()
                output.stopping()
                for number in (signal.SIGINT, signal.SIGTERM):
                    loop.remove_signal_handler(number)
                if watching is not None:
                    await watching
    finally:
        if watching is not None:
            watching.cancel()


async def _redeploy(
    folder: Path,
    data_dir: Path,
    live: asyncio.Future[LocalNode],
    output: DevOutput,
    stopping: asyncio.Event,
) -> None:
    """Deploy the folder again after each save, until `stopping`.

    Saves count from when this starts, which is before the node is `live`: nothing that was saved while it
    started is missed.
    """
    saves = _Saves(data_dir)
    async for _ in awatch(folder, watch_filter=saves, stop_event=stopping, debounce=200, step=20):
        node = await live
        started = loop_time()
        try:
            package = await asyncio.to_thread(build_folder, folder)
            application = await node.deploy(package)
        except ProvenError as error:
            output.not_deployed(error)
        except Exception as error:
            output.not_deployed(ProvenError(ErrorCode.INTERNAL, f"{type(error).__name__}: {error}"))
        else:
            output.deployed(application, loop_time() - started)


def loop_time() -> float:
    return asyncio.get_running_loop().time()


class _Saves(DefaultFilter):
    """Changes to an app's sources, and not what a node, npm or git writes beside them."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, ".proven")

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self._data_dir = data_dir.resolve()

    def __call__(self, change: Change, path: str) -> bool:
        return super().__call__(change, path) and not Path(path).resolve().is_relative_to(self._data_dir)
