"""Passphrases of key files: from somebody at a terminal, or for scripts from a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import click

from proven.wire.errors import ErrorCode, ProvenError

from ._private_files import read_private, wipe

FILE_VARIABLE: Final = "PROVEN_KEY_PASSPHRASE_FILE"
_SHORTEST: Final = 8
_LONGEST: Final = 512


def ask(what: str) -> str:
    """A passphrase that was chosen before. Raises `ProvenError`."""
    return _of_file() or _at_terminal(what, twice=False)


def choose(what: str) -> str:
    """A new passphrase, typed twice at a terminal. Raises `ProvenError`."""
    chosen = _of_file() or _at_terminal(what, twice=True)
    if len(chosen) < _SHORTEST:
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"a passphrase has at least {_SHORTEST} characters; five words that a die chose are a good one",
        )
    return chosen


def _at_terminal(what: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"{what} is asked for at a terminal, and there is none: name a file that holds it, mode 600, in "
            f"{FILE_VARIABLE}",
        )
    typed: str = click.prompt(what, hide_input=True, confirmation_prompt=twice, err=True)
    if len(typed) > _LONGEST:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"a passphrase has at most {_LONGEST} characters")
    return typed


def _of_file() -> str | None:
    named = os.environ.get(FILE_VARIABLE)
    if not named:
        return None
    content = read_private(
        Path(named),
        "passphrase file",
        f"there is no passphrase file {named}, which {FILE_VARIABLE} names",
    )
    try:
        first = content.partition(b"\n")[0].decode()
    except UnicodeDecodeError:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{named} holds no text") from None
    finally:
        wipe(content)
    if not 0 < len(first) <= _LONGEST:
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"the first line of {named} is no passphrase of up to {_LONGEST} characters",
        )
    return first
