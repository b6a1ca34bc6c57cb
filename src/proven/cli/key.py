"""`proven key`: files with the keys by which owners sign for their applications."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

import click

from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError

from ._output import json_option, print_json

KEY_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_MAX_FILE: Final = 1024
_FORM: Final = re.compile(rb"proven-owner-key-v1\npublic: ([0-9a-f]{64})\nsecret: ([0-9a-f]{64})\n")
_PUBLIC: Final = re.compile(r"[0-9a-f]{64}")


@click.group()
def key() -> None:
    """Make and look at owner keys.

    Whoever holds its owner's key can change an application, as far as its upgrade policy goes: see
    `proven app --help`. A key is an Ed25519 key in a file that only you can read. Files are all there is:
    the keyrings of operating systems are not supported, and the file is not encrypted by a passphrase. Keep
    a copy where neither fire nor thieves find it. A lost key is lost for good, and so is what only it can
    change.

    \b
    Examples:
      proven key new owner.key
      proven key show owner.key
    """


@key.command("new")
@click.argument("file", type=KEY_FILE)
@json_option
def new_command(file: Path, as_json: bool) -> None:
    """Make a key and write it to FILE, which must not exist yet.

    What is printed is the public key, which everybody may know.

    \b
    Example:
      proven key new owner.key
    """
    made = new_key(file)
    if as_json:
        print_json({"file": str(file), "public_key": made.public_key.hex()})
        return
    click.echo(made.public_key.hex())
    click.echo(f"The key is in {file}. Keep a copy of it, and show it to nobody.", err=True)


@key.command("show")
@click.argument("file", type=KEY_FILE)
@json_option
def show_command(file: Path, as_json: bool) -> None:
    """Print the public key of FILE: what others name in a policy, or transfer an application to.

    \b
    Example:
      proven app policy todo multisig 2 of $(proven key show a.key) $(proven key show b.key) --key owner.key
    """
    public_key = read_key(file).public_key.hex()
    if as_json:
        print_json({"file": str(file), "public_key": public_key})
    else:
        click.echo(public_key)


def new_key(file: Path) -> OwnerKey:
    """Make a key in a file of its own, durably. Raises `ProvenError` (`CONFLICT`) if there is a file."""
    seed = secrets.token_bytes(32)
    made = OwnerKey.from_seed(seed)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise ProvenError(
            ErrorCode.CONFLICT, f"{file} exists, and no file is ever replaced: choose another name"
        ) from None
    try:
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(opened.fileno(), 0o600)
            opened.write(
                f"proven-owner-key-v1\npublic: {made.public_key.hex()}\nsecret: {seed.hex()}\n".encode()
            )
            opened.flush()
            os.fsync(opened.fileno())
        directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        raise
    return made


def read_key(file: Path) -> OwnerKey:
    """The key in a file. Raises `ProvenError`: `NOT_FOUND`; `FORBIDDEN` for a file that is not its user's
    alone or is reached by a symbolic link; `BAD_REQUEST` for one that holds no key.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ProvenError(
            ErrorCode.NOT_FOUND, f"there is no key file {file}; `proven key new {file}` makes one"
        ) from None
    except OSError:
        if file.is_symlink():
            raise ProvenError(
                ErrorCode.FORBIDDEN, f"{file} is a symbolic link: name the key file itself"
            ) from None
        raise
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(opened.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ProvenError(ErrorCode.BAD_REQUEST, f"{file} is no file that could hold a key")
        if status.st_uid != os.geteuid():
            raise ProvenError(ErrorCode.FORBIDDEN, f"the key file {file} belongs to another user")
        if status.st_mode & 0o077:
            raise ProvenError(ErrorCode.FORBIDDEN, f"others may use the key {file}: run `chmod 600 {file}`")
        content = opened.read(_MAX_FILE + 1)
    found = _FORM.fullmatch(content)
    if found is None:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{file} does not hold an owner key as `proven key new` writes it"
        )
    read = OwnerKey.from_seed(bytes.fromhex(found[2].decode()))
    if read.public_key.hex().encode() != found[1]:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{file} is damaged: its halves do not belong together; restore a copy"
        )
    return read


def public_key(text: str) -> bytes:
    """A public key as it is written on the command line. Raises `ProvenError` (`BAD_REQUEST`)."""
    if _PUBLIC.fullmatch(text) is None:
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"{text[:80]!r} is no public key, which is 64 hexadecimal digits; `proven key show FILE` prints "
            "that of a file",
        )
    return bytes.fromhex(text)
