"""Signed commands in files, on their way from one signer to the next."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

from proven.wire.applications import MAX_ENVELOPE, SignedCommand, decode_envelope
from proven.wire.errors import ErrorCode, ProvenError


def write_new(file: Path, envelope: bytes) -> None:
    """Write a signed command to a file that is not there yet."""
    try:
        with file.open("xb") as opened:
            opened.write(envelope)
    except FileExistsError:
        raise ProvenError(
            ErrorCode.CONFLICT, f"{file} exists, and no file is replaced: choose another name"
        ) from None


def rewrite(file: Path, envelope: bytes) -> None:
    """Replace a signed command by the same with more signatures, or leave the file as it is."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}.new")
    try:
        write_new(draft, envelope)
        draft.replace(file)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()


def read_signed(file: Path) -> SignedCommand:
    """A signed command in a file, every signature of which is good. Raises `ProvenError`."""
    try:
        with file.open("rb") as opened:
            signed = decode_envelope(opened.read(MAX_ENVELOPE + 1))
        signed.verify()
    except FileNotFoundError:
        raise ProvenError(
            ErrorCode.NOT_FOUND, f"there is no {file}; --save FILE writes a signed command"
        ) from None
    except ProvenError as error:
        raise ProvenError(error.code, f"{file} is no signed command: {error.message}") from None
    return signed
