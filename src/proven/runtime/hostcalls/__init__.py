"""What the app API does on the node's side: every operation that guest code can ask for."""

from __future__ import annotations

from ._connections import ConnectionLimits, NameResolver, SystemResolver
from .fetch import FetchBroker, FetchConfig

__all__ = [
    "ConnectionLimits",
    "FetchBroker",
    "FetchConfig",
    "NameResolver",
    "SystemResolver",
]
