"""Small files with secrets, as they are read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from proven.wire.errors import ErrorCode, ProvenError

_MAX_FILE: Final = 1024


def wipe(secret: bytearray) -> None:
    """Overwrite a secret. Copies that libraries made of it are out of reach."""
    secret[:] = bytes(len(secret))


def read_private(file: Path, what: str, absent: str) -> bytearray:
    """A small file that is this user's alone, to be wiped. `absent` is said where there is none.

    Raises `ProvenError`: `NOT_FOUND`; `FORBIDDEN` for a file that is not its user's alone or is reached by a
    symbolic link; `BAD_REQUEST` for what is no file.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise ProvenError(ErrorCode.NOT_FOUND, absent) from None
    except OSError:
        if file.is_symlink():
            raise ProvenError(
                ErrorCode.FORBIDDEN, f"{file} is a symbolic link: name the {what} itself"
            ) from None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ProvenError(ErrorCode.BAD_REQUEST, f"{file} is not a regular file, so it is no {what}")
        if status.st_uid != os.geteuid():
            raise ProvenError(ErrorCode.FORBIDDEN, f"the {what} {file} belongs to another user")
        if status.st_mode & 0o077:
            raise ProvenError(
                ErrorCode.FORBIDDEN, f"others may use the {what} {file}: run `chmod 600 {file}`"
            )
        content = bytearray(_MAX_FILE + 1)
        length = os.readv(descriptor, [content])
        del content[length:]
    finally:
        os.close(descriptor)
    return content
