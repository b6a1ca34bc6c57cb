"""`proven key`: the keys by which owners sign for their applications."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError

from . import _key_files as files
from . import _keyring as keyring
from ._lazy import Group
from ._output import COMMAND, confirm, json_option, print_json
from ._passphrase import choose
from ._private_files import wipe

KEY_FILE: Final = click.Path(dir_okay=False, path_type=Path)
KEY: Final = click.STRING
"""Where a key is: the name of a file, or `keyring:NAME`."""
_PUBLIC: Final = re.compile(r"[0-9a-f]{64}")
_PASSPHRASE: Final = click.option("--passphrase", is_flag=True, help="Encrypt the file under a passphrase.")
_YES: Final = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(cls=Group)
def key() -> None:
    """Make, look at and move owner keys.

    Whoever holds its owner's key can change an application, as far as its upgrade policy goes: see
    `proven app --help`. A key is an Ed25519 key, and wherever one is asked for, KEY is

    \b
      FILE           a file that only you can read, with a passphrase if you like
      keyring:NAME   an entry of the keyring of your desktop session (GNOME Keyring,
                     KWallet, KeePassXC: what speaks the Secret Service API)

    A lost key is lost for good, and so is what only it can change: keep a copy where neither fire nor thieves
    find it. For scripts, PROVEN_KEY_PASSPHRASE_FILE names a file whose first line is the passphrase.

    \b
    Examples:
      proven key new owner.key --passphrase
      proven key new keyring:todo
      proven app create todo --key keyring:todo
      proven key copy keyring:todo backup.key --passphrase
    """


@key.command("new")
@click.argument("where", metavar="KEY", type=KEY)
@_PASSPHRASE
@json_option
def new_command(where: str, passphrase: bool, as_json: bool) -> None:
    """Make a key at KEY, a file or keyring:NAME, where there must be none yet.

    What is printed is the public key, which everybody may know. A passphrase encrypts the file as PKCS #8
    (PBES2: scrypt, AES-256), which OpenSSL reads too; it is asked for whenever the key signs.

    \b
    Examples:
      proven key new owner.key --passphrase
      proven key new keyring:todo
    """
    seed = bytearray(secrets.token_bytes(32))
    try:
        _put(where, seed, passphrase)
        public = _owner_key(seed).public_key.hex()
    finally:
        wipe(seed)
    if as_json:
        print_json(_record(where, public))
        return
    click.echo(public)
    click.echo(f"The key is in {_place(where)}. Keep a copy of it, and show it to nobody.", err=True)


@key.command("show")
@click.argument("where", metavar="KEY", type=KEY)
@json_option
def show_command(where: str, as_json: bool) -> None:
    """Print the public key of KEY: what others name in a policy, or transfer an application to.

    No passphrase is asked for. Whether file and passphrase belong together shows when the key signs.

    \b
    Examples:
      proven key show keyring:todo
      proven app policy todo multisig 2 of $(proven key show a.key) $(proven key show b.key) --key owner.key
    """
    if where.startswith(keyring.PREFIX):
        public = read_key(where).public_key.hex()
    else:
        public = files.shown(Path(where))[0].hex()
    if as_json:
        print_json(_record(where, public))
    else:
        click.echo(public)


@key.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """Print the keys that are in the keyring. Files are wherever you put them.

    \b
    Example:
      proven key list
    """
    found = [f"{keyring.PREFIX}{name}" for name in keyring.names()]
    keys = [(where, read_key(where).public_key.hex()) for where in found]
    if as_json:
        print_json([_record(where, public) for where, public in keys])
        return
    for where, public in keys:
        click.echo(f"{public}  {where}")
    if not keys:
        click.echo(f"The keyring has none; `{COMMAND} key new keyring:NAME` makes one.", err=True)


@key.command("copy")
@click.argument("source", metavar="FROM", type=KEY)
@click.argument("target", metavar="TO", type=KEY)
@_PASSPHRASE
@_YES
@json_option
def copy_command(source: str, target: str, passphrase: bool, yes: bool, as_json: bool) -> None:
    """Copy a key to where there is none yet: a file into the keyring, out of it, or under a passphrase.

    Asks first if the copy is less protected than the key. FROM stays as it is; remove it when you no longer
    need it.

    \b
    Examples:
      proven key copy owner.key keyring:todo
      proven key copy keyring:todo backup.key --passphrase
      proven key copy owner.key sealed.key --passphrase
    """
    seed, guarded = _take(source)
    try:
        public = _owner_key(seed).public_key.hex()
        if not target.startswith(keyring.PREFIX) and guarded:
            whoever = "has it and the passphrase" if passphrase else "can read it"
            confirm(f"Whoever {whoever} can sign with the file {target} as you. Write it?", yes)
        _put(target, seed, passphrase)
    finally:
        wipe(seed)
    if as_json:
        print_json(_record(target, public))
        return
    click.echo(public)
    click.echo(f"The key is in {_place(target)}, and still in {_place(source)}.", err=True)


@key.command("remove")
@click.argument("where", metavar="keyring:NAME", type=KEY)
@_YES
@json_option
def remove_command(where: str, yes: bool, as_json: bool) -> None:
    """Remove a key from the keyring, for good. A key in a file goes with its file.

    \b
    Example:
      proven key remove keyring:todo
    """
    if not where.startswith(keyring.PREFIX):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"a key in a file goes with its file: `rm {where}`")
    public = read_key(where).public_key.hex()
    confirm(f"If there is no copy, nobody ever signs with {public[:12]}… again. Remove {where}?", yes)
    keyring.remove(keyring.name_of(where))
    if as_json:
        print_json(_record(where, public))
    else:
        click.echo(f"The keyring has no {where.removeprefix(keyring.PREFIX)} any more.", err=True)


def new_key(file: Path) -> OwnerKey:
    """Make a key in a file of its own, without a passphrase. Raises `ProvenError` (`CONFLICT`) if there is
    a file.
    """
    seed = bytearray(secrets.token_bytes(32))
    try:
        files.write_new(file, seed, None)
        return _owner_key(seed)
    finally:
        wipe(seed)


def read_key(where: str | Path) -> OwnerKey:
    """The key in a file, or at `keyring:NAME`; a passphrase is asked for.

    Raises `ProvenError`: `NOT_FOUND`; `FORBIDDEN` for a file that is not its user's alone or is reached by a
    symbolic link, a keyring that stays locked, another passphrase; `BAD_REQUEST` for what holds no key;
    `UNAVAILABLE` where there is no keyring.
    """
    seed, _ = _take(where)
    try:
        return _owner_key(seed)
    finally:
        wipe(seed)


def public_key(text: str) -> bytes:
    """A public key as it is written on the command line. Raises `ProvenError` (`BAD_REQUEST`)."""
    if _PUBLIC.fullmatch(text) is None:
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"{text[:80]!r} is no public key, which is 64 hexadecimal digits; `proven key show KEY` prints "
            "that of a key of yours",
        )
    return bytes.fromhex(text)


def _take(where: str | Path) -> tuple[bytearray, bool]:
    """A seed, to be wiped, and whether more protects it than the rights of its file."""
    if isinstance(where, str) and where.startswith(keyring.PREFIX):
        return files.decode(keyring.get(keyring.name_of(where)), where), True
    file = Path(where)
    guarded = files.shown(file)[1]
    return files.read(file), guarded


def _put(where: str, seed: bytearray, passphrase: bool) -> None:
    if not where.startswith(keyring.PREFIX):
        file = Path(where)
        files.require_absent(file)
        files.write_new(file, seed, choose(f"New passphrase of {where}") if passphrase else None)
        return
    if passphrase:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, "the keyring has a password of its own: leave --passphrase out"
        )
    keyring.add(keyring.name_of(where), files.encode_bare(seed))


def _owner_key(seed: bytearray) -> OwnerKey:
    return OwnerKey(Ed25519PrivateKey.from_private_bytes(seed))


def _place(where: str) -> str:
    return f"the keyring, as {where}" if where.startswith(keyring.PREFIX) else where


def _record(where: str, public: str) -> dict[str, str]:
    return {"key" if where.startswith(keyring.PREFIX) else "file": where, "public_key": public}
