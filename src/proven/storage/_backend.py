"""What the operations need of whoever runs them: one call at a time, or all in one transaction."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import apsw

from proven.storage._blobs import BlobWriter
from proven.storage._main import MainUnit
from proven.storage._open_scope import OpenScope
from proven.storage._services import Services
from proven.storage._sql import SqlSession
from proven.storage._watchdog import Watch
from proven.storage._writer import Unit

T = TypeVar("T")


class Backend(ABC):
    """Reads and writes of one scope. Every method checks first that the caller may use the scope now."""

    @property
    @abstractmethod
    def _services(self) -> Services: ...

    @abstractmethod
    def _use(self) -> AbstractAsyncContextManager[OpenScope]:
        """Keep the scope open while inside."""

    @abstractmethod
    async def _read(self, work: Callable[[apsw.Connection], T], absent: T, *, inline: bool = False) -> T:
        """Read from the main file; `absent` when the scope was never written to."""

    @abstractmethod
    async def _write(self, job: Callable[[MainUnit], T], weight: int = 0) -> T:
        """Write to the main file. `weight` is the number of bytes that the job keeps in memory."""

    @abstractmethod
    async def _publish(self, blob: BlobWriter, job: Callable[[MainUnit], T]) -> T:
        """Write what makes a finished blob part of a file; the blob is removed unless that is committed."""

    @abstractmethod
    async def _sql_read(self, database: str, work: Callable[[SqlSession, Watch], T], timeout: float) -> T:
        """Run statements that read on a SQL database."""

    @abstractmethod
    async def _sql_write(
        self, database: str, work: Callable[[SqlSession, Unit, Watch], T], weight: int, timeout: float
    ) -> T:
        """Run statements that write on a SQL database, all or none of them."""
