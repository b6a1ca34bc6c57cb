"""Landlock (landlock(7)): what the file system, TCP and other processes look like from inside."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from typing import Final

from . import _syscalls

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

_EXECUTE = 1 << 0
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_FS_RIGHTS: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every file system right that a Landlock ABI version knows, so that all of them are denied by default."""
_NET_RIGHTS = 0b11
_SCOPES = 0b11
_NET_SINCE = 4
_SCOPES_SINCE = 6


def abi() -> int:
    """The kernel's Landlock ABI version; raises `OSError` when there is none."""
    return _syscalls.call("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)


def restrict(paths: Iterable[tuple[str, bool]]) -> None:
    """Leave the calling process nothing but to read (and, where True, execute) `paths`: no TCP either.

    It needs `no_new_privs` to be set already.
    """
    version = abi()
    handled = _FS_RIGHTS[max(known for known in _FS_RIGHTS if known <= version)]
    attributes = struct.pack("<Q", handled)
    if version >= _NET_SINCE:
        attributes += struct.pack("<Q", _NET_RIGHTS)
    if version >= _SCOPES_SINCE:
        attributes += struct.pack("<Q", _SCOPES)
    raw = ctypes.create_string_buffer(attributes, len(attributes))
    ruleset = _syscalls.call("landlock_create_ruleset", raw, len(attributes), 0)
    try:
        for path, executable in paths:
            _allow(ruleset, path, executable)
        _syscalls.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, executable: bool) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rights = _READ_FILE | (_EXECUTE if executable else 0)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights |= _READ_DIR
        rule = struct.pack("<Qi", rights, descriptor)
        raw = ctypes.create_string_buffer(rule, len(rule))
        _syscalls.call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, raw, 0)
    finally:
        os.close(descriptor)
