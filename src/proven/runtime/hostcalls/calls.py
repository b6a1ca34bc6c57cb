"""All host calls of a node, composed."""

from __future__ import annotations

from dataclasses import dataclass, field

from proven.runtime.host import HostFunctions
from proven.storage import Storage

from ._connections import NameResolver
from ._events import Events, EventsConfig, EventSink
from ._files import Files
from ._keys import KeyRing
from ._kv import KeyValue
from ._migrations import Migrations
from ._scopes import Scopes
from ._sql import Sql
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
    ) -> None:
        config = config or HostCallsConfig()
        self._fetch = FetchBroker(config.fetch, resolver=resolver)
        migrations = Migrations()
        scopes = Scopes(storage, migrations, transaction_timeout=config.transaction_timeout)
        keys = KeyRing()
        key_value = KeyValue(scopes, keys)
        self.functions = HostFunctions(
            {
                **scopes.functions(),
                **key_value.functions(),
                **Sql(scopes, migrations).functions(),
                **Files(scopes).functions(),
                **keys.functions(),
                **Events(events, config.events).functions(),
                **self._fetch.functions(),
            },
            immediate=key_value.immediate(),
        )
        """What the runtime is given. None of it runs while a module loads."""

    async def close(self) -> None:
        """Close outbound connections. The store is its owner's to close."""
        await self._fetch.close()
