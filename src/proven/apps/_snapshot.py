"""A state of applications in bytes, so that a node need not read the whole log again."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from proven.apps._records import Tracked
from proven.wire.ids import PackageId
from proven.wire.merkle import HASH_BYTES, Frontier

MAX_SNAPSHOT: Final = 1 << 30
_LABEL: Final = b"proven/applications-snapshot/v1\n"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The applications after `size` entries of the log `origin`, whose Merkle root is `root`.

    `hashes` are the complete subtrees that lead to the root, `last_leaf` is the hash of the last entry.
    """

    origin: str
    size: int
    root: bytes
    hashes: list[bytes]
    last_leaf: bytes
    applications: list[Tracked]
    packages: list[tuple[bytes, list[PackageId]]]


def encode(snapshot: Snapshot) -> bytes:
    content = msgspec.msgpack.encode(snapshot)
    return _LABEL + hashlib.sha256(content).digest() + content


def decode(raw: bytes, origin: str) -> Snapshot:
    """Raises `ValueError` for anything but an unaltered snapshot of the log `origin`."""
    content = raw[len(_LABEL) + HASH_BYTES :]
    if raw[: -len(content) or None] != _LABEL + hashlib.sha256(content).digest():
        raise ValueError("it is damaged")
    snapshot = msgspec.msgpack.decode(content, type=Snapshot)
    if snapshot.origin != origin:
        raise ValueError(f"it is of the log {snapshot.origin}")
    if Frontier(snapshot.size, snapshot.hashes).root() != snapshot.root:
        raise ValueError("its hashes do not lead to its root")
    _require_each_entry_once(snapshot)
    return snapshot


def _require_each_entry_once(snapshot: Snapshot) -> None:
    histories = [application.history for application in snapshot.applications]
    fault = ValueError("its applications do not have the entries of its log")
    if sum(map(len, histories)) != snapshot.size:
        raise fault
    found = bytearray(snapshot.size)
    for history in histories:
        for index in history:
            if not 0 <= index < snapshot.size:
                raise fault
            found[index] = 1
    if 0 in found:
        raise fault
