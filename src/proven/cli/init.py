"""`proven init`: a new app that runs, type-checks and completes in an editor without installing anything."""

from __future__ import annotations

import re
import shlex
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from proven.packages.typescript import sdk_modules, write_types
from proven.wire.errors import ErrorCode, ProvenError

from ._output import COMMAND

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_PLACEHOLDER = "__name__"
_RENAMED = {"gitignore": ".gitignore"}
"""Files that would mean something where the templates are kept."""


@click.command()
@click.argument("path", metavar="NAME", callback=lambda context, parameter, text: _path(text))
@click.option("--web", is_flag=True, help="With a web page that calls the app; needs no Node.")
def init(path: Path, web: bool) -> None:
    """Write a new app into a new folder NAME.

    \b
    Examples:
      proven init hello
      proven init hello --web
      proven init work/guestbook
    """
    name = path.resolve().name
    if not _NAME.fullmatch(name):
        message = f"{name!r} cannot name an app: use lower-case letters, digits, `-`, `_` and `.`"
        raise ProvenError(ErrorCode.BAD_REQUEST, message)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        message = f"{path} exists already and is not empty: choose another name"
        raise ProvenError(ErrorCode.CONFLICT, message)
    try:
        _copy(resources.files("proven.cli") / "template", path, name)
        if web:
            _copy(resources.files("proven.cli") / "template_web", path, name)
            _write_sdk(path / "web" / "proven")
        write_types(path)
    except OSError as error:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"cannot write {path}: {error.strerror}") from None
    click.secho(f"Wrote {path}/", fg="green")
    folder = shlex.quote(str(path))
    steps = {
        f"dev {folder}{' --open' if web else ''}": "run it; every save is live",
        f"call {name} greet '\"Ada\"'": "call it, in another terminal",
        f"check {folder}": "find mistakes before it runs",
    }
    width = max(map(len, steps))
    click.echo()
    for step, purpose in steps.items():
        click.echo(f"  {COMMAND} {step:{width}}    {purpose}")
    where = f", the page in {path}/web" if web else ""
    click.echo(f"\nThe code is in {path}/src/{name}.ts{where}.")


def _write_sdk(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in sdk_modules().items():
        (folder / name).write_bytes(content)


def _path(text: str) -> Path:
    if not text:
        raise click.BadParameter("say what the app is to be called, such as hello")
    return Path(text)


def _copy(source: Traversable, target: Path, name: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for item in sorted(source.iterdir(), key=lambda entry: entry.name):
        copied = target / _RENAMED.get(item.name, item.name.replace(_PLACEHOLDER, name))
        if item.is_dir():
            _copy(item, copied, name)
        else:
            copied.write_text(item.read_text("utf-8").replace(_PLACEHOLDER, name), "utf-8")
