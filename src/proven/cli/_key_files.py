"""Owner keys in files, bare or encrypted under a passphrase."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError

from ._passphrase import ask
from ._private_files import read_private, wipe

_HEAD: Final = rb"proven-owner-key-v1\npublic: (?P<public>[0-9a-f]{64})\n"
_FORM: Final = re.compile(
    _HEAD + rb"(?:secret: (?P<secret>[0-9a-f]{64})\n|(?P<sealed>-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    rb"[A-Za-z0-9+/=\n]{64,700}-----END ENCRYPTED PRIVATE KEY-----\n))"
)


def encode_bare(seed: bytearray) -> bytes:
    """A key as text, for a file or a keyring."""
    return f"proven-owner-key-v1\npublic: {_public(seed).hex()}\nsecret: {seed.hex()}\n".encode()


def _encode_sealed(seed: bytearray, passphrase: str) -> bytes:
    """PKCS #8 under PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC, after the public key.

    The parameters are those that OWASP's Password Storage Cheat Sheet lists for 16 MiB of memory, which is
    what OpenSSL grants.
    """
    from Crypto.PublicKey import ECC

    sealed = ECC.construct(curve="Ed25519", seed=bytes(seed)).export_key(
        format="PEM",
        use_pkcs8=True,
        passphrase=passphrase.encode(),
        protection="scryptAndAES256-CBC",
        prot_params={"iteration_count": 2**14, "block_size": 8, "parallelization": 5},
    )
    return f"proven-owner-key-v1\npublic: {_public(seed).hex()}\n{sealed}\n".encode()


def decode(content: bytes | bytearray, where: str) -> bytearray:
    """The seed of a key that the two functions above wrote, to be wiped. Asks for a passphrase if there is
    one. Raises `ProvenError` (`BAD_REQUEST`, `FORBIDDEN` for another passphrase).
    """
    found = _match(content, where)
    seed = _unseal(found["sealed"], where) if found["sealed"] else _from_hex(content, found.start("secret"))
    if _public(seed).hex().encode() != bytes(found["public"]):
        wipe(seed)
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{where} is damaged: its halves do not belong together; restore a copy"
        )
    return seed


def read(file: Path) -> bytearray:
    """The seed in a file, to be wiped. Raises `ProvenError` as `decode` does, `NOT_FOUND`, and `FORBIDDEN`
    for a file that is not its user's alone or is reached by a symbolic link.
    """
    content = read_private(
        file, "key file", f"there is no key file {file}; `proven key new {file}` makes one"
    )
    try:
        return decode(content, str(file))
    finally:
        wipe(content)


def shown(file: Path) -> tuple[bytes, bool]:
    """The public key of a file, and whether there is a passphrase, which is not asked for: then the file's
    word is all there is. Raises `ProvenError` as `read` does.
    """
    content = read_private(
        file, "key file", f"there is no key file {file}; `proven key new {file}` makes one"
    )
    try:
        found = _match(content, str(file))
        if found["sealed"]:
            return bytes.fromhex(found["public"].decode()), True
        seed = decode(content, str(file))
        public = _public(seed)
        wipe(seed)
        return public, False
    finally:
        wipe(content)


def require_absent(file: Path) -> None:
    """Raises `ProvenError` (`CONFLICT`) if there is something of that name."""
    if os.path.lexists(file):
        raise _exists(file)


def write_new(file: Path, seed: bytearray, passphrase: str | None) -> None:
    """Write a key to a file of its own, durably. Raises `ProvenError` (`CONFLICT`) if there is a file."""
    content = encode_bare(seed) if passphrase is None else _encode_sealed(seed, passphrase)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise _exists(file) from None
    try:
        with os.fdopen(descriptor, "wb") as opened:
            os.fchmod(opened.fileno(), 0o600)
            opened.write(content)
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


def _exists(file: Path) -> ProvenError:
    return ProvenError(
        ErrorCode.CONFLICT, f"{file} exists, and no file is ever replaced: choose another name"
    )


def _match(content: bytes | bytearray, where: str) -> re.Match[bytes]:
    found = _FORM.fullmatch(content)
    if found is None:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{where} does not hold an owner key as `proven key new` writes it"
        )
    return found


def _unseal(sealed: bytes, where: str) -> bytearray:
    passphrase = ask(f"Passphrase of {where}")
    try:
        key = load_pem_private_key(bytes(sealed), passphrase.encode())
    except (ValueError, TypeError):
        raise ProvenError(
            ErrorCode.FORBIDDEN, f"that is not the passphrase of {where}, or the file is damaged"
        ) from None
    except UnsupportedAlgorithm as error:
        raise ProvenError(
            ErrorCode.BAD_REQUEST, f"{where} is encrypted in a way unknown here: {error}"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{where} holds a key of another kind than Ed25519")
    return bytearray(key.private_bytes_raw())


def _from_hex(content: bytes | bytearray, start: int) -> bytearray:
    return bytearray(int(content[place : place + 2], 16) for place in range(start, start + 64, 2))


def _public(seed: bytearray) -> bytes:
    return OwnerKey(Ed25519PrivateKey.from_private_bytes(seed)).public_key
