"""The engine in one process and one encrypted file: what a single node uses.

The file's key is derived from the node's root key for this purpose alone, so nobody without the root key
reads or changes a page of it. Its pages are authenticated one by one: somebody who can write to the disk
may still put back an older copy of the whole file.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from proven.engine.embedded._database import Database
from proven.engine.embedded._leases import EmbeddedLeases
from proven.engine.embedded._logs import EmbeddedLogs
from proven.engine.embedded._messages import EmbeddedMessages
from proven.engine.embedded._objects import EmbeddedObjects
from proven.engine.embedded._registers import EmbeddedRegisters
from proven.engine.interface import Engine
from proven.wire.errors import ErrorCode, ProvenError

__all__ = ["EmbeddedEngine"]

_KEY_LABEL = b"proven/engine/embedded/v1"


class EmbeddedEngine(Engine):
    """`proven.engine.Engine` on the file at `path`, which is created if it does not exist.

    `root_key` is at least 32 secret bytes; `clock` is monotonic seconds and times leases.
    """

    def __init__(self, path: Path, root_key: bytes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = Database(path, _derive_key(root_key))
        self._logs = EmbeddedLogs(self._database)
        self._registers = EmbeddedRegisters(self._database)
        self._messages = EmbeddedMessages()
        self._leases = EmbeddedLeases(self._database, clock)
        self._objects = EmbeddedObjects(self._database)

    @property
    def logs(self) -> EmbeddedLogs:
        return self._logs

    @property
    def registers(self) -> EmbeddedRegisters:
        return self._registers

    @property
    def messages(self) -> EmbeddedMessages:
        return self._messages

    @property
    def leases(self) -> EmbeddedLeases:
        return self._leases

    @property
    def objects(self) -> EmbeddedObjects:
        return self._objects

    async def start(self) -> None:
        """Raises `UNAVAILABLE` if another process has the file, the root key does not fit, or the file is
        damaged.
        """
        await self._database.open()
        try:
            await self._registers.start()
            await self._objects.start()
        except BaseException:
            await self._database.close()
            raise
        self._messages.start()

    async def stop(self) -> None:
        """End subscriptions and responders, finish queued writes, release the file. May be called twice."""
        await self._messages.stop()
        self._logs.stop()
        self._registers.stop()
        self._leases.stop()
        await self._database.close()


def _derive_key(root_key: bytes) -> bytes:
    if len(root_key) < 32:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the engine's root key has fewer than 32 bytes")
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_KEY_LABEL).derive(root_key)
