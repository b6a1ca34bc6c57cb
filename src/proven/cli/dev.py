"""`proven dev`: a node that runs the app in a folder, and runs it anew at every save."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import click

from proven._loading import loading
from proven.wire.origins import canonical_origin

from ._numbers import Whole
from ._output import json_option

DATA_FOLDER: Final = ".proven/data"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--port", type=Whole(0, 65535), help="Where to listen; 0 for any.  [default: 3000 or next]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--public-url",
    metavar="URL",
    callback=lambda context, parameter, value: None if value is None else _origin(value),
    help="Where people reach the node if something in front of it ends TLS, such as https://dev.example.",
)
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
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="URL",
    callback=lambda context, parameter, values: tuple(map(_origin, values)),
    help="Let pages of this origin use the app, from now on; may be repeated.",
)
@click.option("--watch/--no-watch", default=True, help="Deploy again when a file is saved.  [default: watch]")
@click.option(
    "--check/--no-check", default=True, help="Show type errors after each deploy.  [default: check]"
)
@click.option("--open", "open_page", is_flag=True, help="Open the app's page, or else the console.")
@partial(json_option, lines=True)
def dev(
    folder: Path,
    port: int | None,
    host: str | None,
    public_url: str | None,
    data_dir: Path | None,
    config_file: Path | None,
    origins: tuple[str, ...],
    watch: bool,
    check: bool,
    open_page: bool,
    as_json: bool,
) -> None:
    """Run the app in FOLDER (default: here) on a node of its own, until Ctrl-C.

    The node builds and deploys the app, prints how to call each handler, and shows calls and console output
    as they happen. A save deploys again: calls under way finish on the version they started on, and a
    version with mistakes is not switched to. Data is kept between runs. Built front-end files that
    package.json names are served with the app.

    \b
    Examples:
      proven dev examples/todo
      proven dev --port 8080 --data-dir /tmp/data
      PROVEN_RUNTIME_TIMEOUT=2 proven dev    a setting of proven.toml as a variable
      proven dev --open                      and open its page in a browser
      proven dev --allow-origin https://staging.example
      proven dev --public-url https://dev.example    behind a proxy that ends TLS
      proven dev --json                      one JSON object per line, for programs
    """
    with loading():
        from ._development import run_dev

    run_dev(
        folder,
        flags={
            "data_dir": data_dir or folder / DATA_FOLDER,
            "gateway.host": host,
            "gateway.port": port,
            "gateway.public_url": public_url,
        },
        config_file=config_file,
        origins=origins,
        watch=watch,
        check=check,
        open_page=open_page,
        as_json=as_json,
    )


def _origin(text: str) -> str:
    try:
        return canonical_origin(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}") from None
