"""Local identities: root seeds under `$XDG_CONFIG_HOME/proven/identities`, each made the first time."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import click

from proven.wire.errors import ErrorCode, ProvenError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

AS: Final = click.option(
    "--as", "identity", metavar="NAME", help="Identify with the key NAME, made the first time."
)


def seed(name: str) -> bytes:
    """The root seed of a local identity."""
    from proven.node.keys import load_or_create

    if not _NAME.fullmatch(name):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name!r} cannot name an identity: use letters and digits")
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    file = base / "proven" / "identities" / f"{name}.seed"
    if not file.exists():
        click.echo(f"Made the identity {name} in {file}.", err=True)
    return load_or_create(file)
