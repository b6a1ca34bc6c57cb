"""What every scope of a data store shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proven.storage._catalogue import Catalogue
from proven.storage._threads import FairThreads
from proven.storage._watchdog import Watchdog
from proven.storage.config import StorageConfig


@dataclass(frozen=True, slots=True)
class Services:
    """Configuration, time and threads."""

    config: StorageConfig
    clock: Callable[[], float]
    io: FairThreads
    """For the store's own reads and commits, which are short."""

    sql: FairThreads
    """For application SQL, which is not."""

    watchdog: Watchdog
    catalogue: Catalogue | None = None
    """Where names are written down, on a node whose storage may be inspected."""
