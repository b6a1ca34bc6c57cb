"""What a host function sees: the guest's side of the frame protocol as plain Python.

A host function is an operation that guest code may ask the node for ("kv.get", "fetch.request", …). It is
called once per guest call, on the event loop, with the context of the invocation that asked. Arguments and
results are structured-clone values (`proven.wire.values`).
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from proven.wire.ids import ApplicationId, IdentityId, PackageId

if TYPE_CHECKING:
    from proven.packages import HandlerEntry


class HostStream:
    """A stream of byte chunks, crossing the boundary in either direction.

    As a result (or anywhere inside one) it wraps an async iterator of chunks and becomes a `ReadableStream`
    in the guest. As an argument it is the guest's `ReadableStream`: iterate it to read. Flow is controlled by
    credits, so neither side buffers more than the configured window. `close` releases the other side early.
    A stream can be read once.
    """

    __slots__ = ("_chunks", "_close")

    def __init__(
        self, chunks: AsyncIterator[bytes], *, close: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._chunks = chunks
        self._close = close

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def close(self) -> None:
        """Stop the stream: the producer is told that nobody reads any more. Safe to call twice."""
        close, self._close = self._close, None
        if close is not None:
            await close()
            return
        aclose = getattr(self._chunks, "aclose", None)
        if aclose is not None:
            await aclose()


@dataclass(eq=False, slots=True)
class CallContext:
    """On whose behalf a host function runs. One object per invocation, shared by all its host calls.

    `handler` is None only while a module's top-level code runs (`loading`); then there is no identity either,
    and only operations listed in `HostFunctions.while_loading` are let through.
    `state` is scratch space for host functions, keyed by their own names ("sql.transaction", …); whatever
    needs an orderly end registers it with `on_end`.
    """

    application_id: ApplicationId
    package_id: PackageId
    invocation: int
    handler: HandlerEntry | None
    identity: IdentityId | None = None
    accounts: tuple[str, ...] = ()
    origin: str | None = None
    registrations: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """What top-level code registered with `host.register(topic, value)`, by topic, in order."""
    state: dict[str, Any] = field(default_factory=dict)
    _endings: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """Whether this is top-level module code rather than an invocation."""
        return self.handler is None

    def on_end(self, ending: Callable[[], Awaitable[None]]) -> None:
        """Run `ending` when the invocation ends, however it ends; last registered runs first."""
        self._endings.append(ending)


HostFunction = Callable[[CallContext, Sequence[Any]], Awaitable[Any]]
"""`await function(context, arguments) -> value`. Raise `ProvenError`: the guest sees its code and message.

Any other exception reaches the guest as `INTERNAL` without its text, and the log in full. The task is
cancelled when the invocation ends first.
"""


ImmediateFunction = Callable[[CallContext, Sequence[Any]], tuple[Any] | None]
"""`function(context, arguments) -> (value,)`, or None if the operation has to wait: then it is called anew.

It runs on the event loop between two frames, so it takes microseconds and does nothing before it gives up.
Values of streams are not for it.
"""


@dataclass(frozen=True, slots=True)
class HostFunctions:
    """The operations a guest may call, by name ("room.verb"), and those allowed to top-level code too.

    `immediate` holds short cuts to some of `functions`, tried first.
    """

    functions: Mapping[str, HostFunction] = field(default_factory=dict)
    while_loading: frozenset[str] = frozenset()
    immediate: Mapping[str, ImmediateFunction] = field(default_factory=dict)


class ConsoleLevel(enum.StrEnum):
    """Severity of a line that guest code wrote to its console."""

    DEBUG = "debug"
    LOG = "log"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """A process of an application that was ended for what it did, or that ended by itself.

    `reason` is "timeout", "memory", "runaway", "protocol" or "crashed".
    """

    application_id: ApplicationId
    package_id: PackageId
    reason: str


@dataclass(frozen=True, slots=True)
class ConsoleRecord:
    """One console line. `dropped` > 0 marks the last record: how many lines went over the bound."""

    application_id: ApplicationId
    package_id: PackageId
    handler: str | None
    level: ConsoleLevel
    text: str
    dropped: int = 0
