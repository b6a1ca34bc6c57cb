"""The secrets a local node keeps in its data directory, each a file that only its user can read."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proven.wire.applications import OwnerKey
from proven.wire.errors import ErrorCode, ProvenError

KEY_BYTES = 32


def load_or_create(file: Path) -> bytes:
    """The 32 secret bytes in `file`, made at random the first time.

    Raises `FORBIDDEN` when others may read the file and `INTERNAL` when it does not hold a key: a damaged
    root key is never replaced, because the data it opens would be lost.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return _create(file)
    with os.fdopen(descriptor, "rb") as opened:
        if os.fstat(opened.fileno()).st_mode & 0o077:
            raise ProvenError(ErrorCode.FORBIDDEN, f"others may read the key {file}: run `chmod 600 {file}`")
        key = opened.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise ProvenError(ErrorCode.INTERNAL, f"{file} does not hold a key; restore it from a backup")
    return key


def derive(root_key: bytes, purpose: str) -> bytes:
    """A key for one purpose alone (HKDF-SHA256, RFC 5869)."""
    info = f"proven/node/{purpose}/v1".encode()
    return HKDF(SHA256(), KEY_BYTES, None, info).derive(root_key)


def owner_key(root_key: bytes) -> OwnerKey:
    """The key that owns what a local node deploys for its user."""
    return OwnerKey.from_seed(derive(root_key, "owner"))


def log_key(root_key: bytes) -> Ed25519PrivateKey:
    """The key that signs what the node's log commits to."""
    return Ed25519PrivateKey.from_private_bytes(derive(root_key, "log"))


def witness_key(root_key: bytes) -> Ed25519PrivateKey:
    """The key that cosigns the checkpoints of other logs."""
    return Ed25519PrivateKey.from_private_bytes(derive(root_key, "log-witness"))


def log_origin(root_key: bytes) -> str:
    """The name of a local node's log: nobody else's, and the same at every start."""
    return f"proven.local/{hashlib.sha256(log_key(root_key).public_key().public_bytes_raw()).hexdigest()}"


def _create(file: Path) -> bytes:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = secrets.token_bytes(KEY_BYTES)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(key)
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(draft, file)
    except FileExistsError:
        return load_or_create(file)
    finally:
        draft.unlink()
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return key
