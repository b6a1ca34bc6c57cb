"""The client for programs without an event loop: the same calls, blocking."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine, Iterator
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from proven.client import client as asynchronous
from proven.client import events
from proven.client.events import Event
from proven.client.report import Report
from proven.wire.commands import WhoAmIResult
from proven.wire.identity import IdentityKey
from proven.wire.ids import IdentityId
from proven.wire.values import Value

P = ParamSpec("P")
T = TypeVar("T")


def _blocking(
    opening: Callable[P, Coroutine[Any, Any, asynchronous.Client]],
) -> Callable[P, Client]:
    @functools.wraps(opening, assigned=(), updated=())
    def connect(*args: P.args, **kwargs: P.kwargs) -> Client:
        """See `proven.client.connect`. `on_console` is called from another thread."""
        loop = _Loop()
        try:
            client = loop.run(opening(*args, **kwargs))
        except BaseException:
            loop.stop()
            raise
        return Client(client, loop)

    return connect


class Client:
    """See `proven.client.Client`. May be used from several threads."""

    def __init__(self, client: asynchronous.Client, loop: _Loop) -> None:
        self._client = client
        self._loop = loop

    def call(self, handler: str, *arguments: Value, timeout: float | None = None) -> Value:
        return self._loop.run(self._client.call(handler, *arguments, timeout=timeout))

    def verify(self, *, source: bool = True, whole_log: bool = False) -> Report:
        return self._loop.run(self._client.verify(source=source, whole_log=whole_log))

    def whoami(self) -> WhoAmIResult:
        return self._loop.run(self._client.whoami())

    def identify(self, identity: IdentityKey | bytes) -> IdentityId:
        return self._loop.run(self._client.identify(identity))

    def anonymize(self) -> None:
        self._loop.run(self._client.anonymize())

    def subscribe(self, *names: str) -> Subscription:
        """See `proven.client.Client.subscribe`. Subscribes at once."""
        return Subscription(self._client, self._loop, names)

    def close(self) -> None:
        if self._loop.running:
            self._loop.run(self._client.close())
            self._loop.stop()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Subscription:
    """See `proven.client.Subscription`. Iterating it blocks; `close`, from another thread, ends that."""

    def __init__(self, client: asynchronous.Client, loop: _Loop, names: tuple[str, ...]) -> None:
        self._loop = loop
        self._events = loop.run(self._start(client, names))

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        event = self._loop.run(self._next())
        if event is None:
            raise StopIteration
        return event

    def close(self) -> None:
        if self._loop.running:
            self._loop.run(self._events.close())

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _start(self, client: asynchronous.Client, names: tuple[str, ...]) -> events.Subscription:
        subscription = client.subscribe(*names)
        await subscription.start()
        return subscription

    async def _next(self) -> Event | None:
        return await anext(self._events, None)


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proven-client", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


connect = _blocking(asynchronous.connect)
