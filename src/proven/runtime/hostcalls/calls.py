"""All host calls of a node, composed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from proven.runtime.host import HostFunction, HostFunctions
from proven.storage import Storage

from ._connections import NameResolver
from ._events import Events, EventsConfig, EventSink
from ._files import Files
from ._keys import KeyRing
from ._kv import KeyValue
from ._migrations import Migrations
from ._scopes import Scopes
from ._sql import Sql
from ._trials import Trials
from .fetch import FetchBroker, FetchConfig


@dataclass(frozen=True, slots=True)
class HostCallsConfig:
    """`transaction_timeout`: seconds that a transaction of a guest may last."""

    fetch: FetchConfig = field(default_factory=FetchConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    transaction_timeout: float = 10.0


class HostCalls:
    """The operations of the app API, over one store and one network.

    Without an event sink, publishing fails as UNAVAILABLE. The resolver answers every outbound name.
    """

    def __init__(
        self,
        storage: Storage,
        config: HostCallsConfig | None = None,
        *,
        events: EventSink | None = None,
        resolver: NameResolver | None = None,
        scratch: Path | None = None,
    ) -> None:
        """`scratch` is where health checks store what nobody keeps, by default with all temporary files."""
        config = config or HostCallsConfig()
        self._fetch = FetchBroker(config.fetch, resolver=resolver)
        keys = KeyRing()

        def stored(storage: Storage) -> tuple[dict[str, HostFunction], KeyValue]:
            migrations = Migrations()
            scopes = Scopes(storage, migrations, transaction_timeout=config.transaction_timeout)
            key_value = KeyValue(scopes, keys)
            functions = {
                **scopes.functions(),
                **key_value.functions(),
                **Sql(scopes, migrations).functions(),
                **Files(scopes).functions(),
            }
            return functions, key_value

        functions, key_value = stored(storage)
        self._trials = trials = Trials(storage, lambda scratch: stored(scratch)[0], scratch)
        self.functions = HostFunctions(
            {
                **trials.apart(functions),
                **keys.functions(),
                **trials.never(Events(events, config.events).functions()),
                **self._fetch.functions(),
            },
            immediate=trials.waiting(key_value.immediate()),
        )
        """What the runtime is given. None of it runs while a module loads."""

    async def start(self) -> None:
        """Remove what health checks have left of a node that was killed."""
        await asyncio.to_thread(self._trials.clear)

    async def close(self) -> None:
        """Close outbound connections. The store is its owner's to close."""
        await self._fetch.close()
