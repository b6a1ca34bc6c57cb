"""What the engine guarantees, whichever backend keeps the guarantee.

Common to all of it:

- Every call either completes, raises `ProvenError`, or is cancelled. A call that is cancelled or fails with
  `UNAVAILABLE` *may* have taken effect; ask (`last`, `get`) before trying again, or make the second attempt
  conditional with `expected`.
- Backends queue a bounded amount of work and then refuse with `OVERLOADED` and a `retry_after`; they never
  wait without bound.
- Names follow `engine._names`; a payload is at most `MAX_PAYLOAD_BYTES` (`TOO_LARGE` otherwise).
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

MAX_PAYLOAD_BYTES = 1024 * 1024
"""Bytes in one log record, register value or message; anything larger is an object."""

MAX_OBJECT_BYTES = 1024 * 1024 * 1024
"""Bytes in one object."""

MAX_PAGE = 1000
"""Items that one `read`, `entries` or `list` returns at most. A page of large items ends earlier, so only an
empty one says that there is no more.
"""

T_co = TypeVar("T_co", covariant=True)
Chunks = bytes | AsyncIterable[bytes]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One entry of a log. Sequences of a log are 1, 2, 3, … over all its subjects."""

    sequence: int
    subject: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """The state of one register. In a watch, `value` is None when the register was deleted."""

    key: str
    value: bytes | None
    revision: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Permission to act as the only holder of `name` until `expires_at` on the engine's clock (monotonic
    seconds).

    `token` is greater than that of every earlier lease of the name, so whatever the holder writes to can
    refuse a late one.
    """

    name: str
    token: int
    ttl: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """A stored object: its size in bytes and the SHA-256 of its content in lower-case hexadecimal."""

    name: str
    size: int
    sha256: str


class Subscription(Protocol[T_co]):
    """Items as they happen, for one consumer, from the moment the subscription was made until it is closed.

    Iteration stops after `close`, and raises `UNAVAILABLE` when the engine stops first. Cancelling a
    pending `__anext__` loses nothing.
    """

    def __aiter__(self) -> AsyncIterator[T_co]: ...
    async def __anext__(self) -> T_co: ...
    async def __aenter__(self) -> Subscription[T_co]: ...
    async def __aexit__(self, *exc_info: object) -> None: ...
    async def close(self) -> None: ...


class MessageSubscription(Subscription[bytes], Protocol):
    """A subscription to messages. When its buffer is full new messages are dropped for it, and counted."""

    @property
    def dropped(self) -> int: ...


class Logs(Protocol):
    """Append-only, totally ordered, durable sequences of records.

    - `append` returns only after the record would survive the loss of power.
    - Sequences of a log have no gap, no duplicate, and never change.
    - Records of one log are read and followed in sequence order; a record is never visible before an
      earlier one.
    """

    async def append(self, log: str, subject: str, data: bytes, *, expected: int | None = None) -> int:
        """Append and return the record's sequence.

        With `expected`, append only if that is the last sequence of `subject` in the log (0: it has none);
        otherwise raise `CONFLICT` with `details={"last": …}`. Of any number of concurrent appends with the
        same `expected`, one succeeds.
        """
        ...

    async def read(
        self, log: str, *, after: int = 0, subject: str | None = None, limit: int = MAX_PAGE
    ) -> Sequence[Record]:
        """Up to `limit` records with a sequence greater than `after`, in order, of one subject or of all."""
        ...

    async def last(self, log: str, *, subject: str | None = None) -> int:
        """The last sequence of the log, or of one subject in it; 0 if there is none."""
        ...

    async def follow(self, log: str, *, after: int = 0, subject: str | None = None) -> Subscription[Record]:
        """Every record after `after`: those there are, then each new one. Reads at the consumer's pace;
        skips nothing.
        """
        ...


class Registers(Protocol):
    """Durable values by bucket and key, each with a revision that only ever increases in the whole bucket."""

    async def get(self, bucket: str, key: str) -> Entry | None: ...

    async def put(self, bucket: str, key: str, value: bytes, *, expected: int | None = None) -> int:
        """Store durably and return the new revision.

        With `expected`, only if that is the register's revision (0: it does not exist); otherwise raise
        `CONFLICT` with `details={"revision": …}`.
        """
        ...

    async def delete(self, bucket: str, key: str, *, expected: int | None = None) -> bool:
        """Remove the register if it exists and say whether it did. `expected` as for `put`."""
        ...

    async def entries(self, bucket: str, *, after: str = "", limit: int = MAX_PAGE) -> Sequence[Entry]:
        """Up to `limit` registers with a key greater than `after`, in key order (by code point)."""
        ...

    async def watch(self, bucket: str, *, key: str | None = None) -> Subscription[Entry]:
        """The present state of a register, or of every register of the bucket, and then its changes.

        A consumer that falls behind may miss states in between but always gets the latest of each key.
        """
        ...


class Responder(Protocol):
    """Answers requests on a subject until closed; leaving the context closes it. `close` cancels requests
    in progress.
    """

    async def __aenter__(self) -> Responder: ...
    async def __aexit__(self, *exc_info: object) -> None: ...
    async def close(self) -> None: ...


class Messages(Protocol):
    """Messages between whoever is connected now: nothing is stored, and each is delivered at most once."""

    async def publish(self, subject: str, data: bytes) -> None:
        """Offer a message to every subscription of the subject, and to one member of every group. Never
        waits for them.
        """
        ...

    async def subscribe(
        self, subject: str, *, group: str | None = None, buffer: int = 1024
    ) -> MessageSubscription:
        """Messages published after this returns; members of the same `group` share them. Holds at most
        `buffer` unread.
        """
        ...

    async def request(self, subject: str, data: bytes, *, timeout: float) -> bytes:
        """The reply of one responder within `timeout` seconds.

        Raises `UNAVAILABLE` at once if nobody answers the subject, `OVERLOADED` if everyone who does is full,
        `REQUEST_TIMEOUT` after the deadline, and whatever `ProvenError` the responder raised.
        """
        ...

    async def respond(
        self, subject: str, handler: Callable[[bytes], Awaitable[bytes]], *, concurrency: int = 64
    ) -> Responder:
        """Answer requests on the subject with `handler`, at most `concurrency` at a time.

        Responders of one subject share its requests. An exception of the handler other than `ProvenError`
        reaches the caller as `INTERNAL`, without its text.
        """
        ...


class Leases(Protocol):
    """At most one holder of a name at a time, if clocks run at the same rate; tokens cover the rest."""

    async def acquire(self, name: str, *, ttl: float) -> Lease:
        """Take the lease for `ttl` seconds, or raise `CONFLICT` with `retry_after` while somebody else has
        it.
        """
        ...

    async def renew(self, lease: Lease) -> Lease:
        """The same lease, with the same token, for another `ttl` from now; `CONFLICT` if it was lost."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease up early. Does nothing if it was lost already."""
        ...


class Objects(Protocol):
    """Large durable values by bucket and name, written and read as streams, replaced as a whole."""

    async def put(self, bucket: str, name: str, data: Chunks, *, sha256: str | None = None) -> ObjectInfo:
        """Store durably, replacing the object of that name in one step once all of `data` has arrived.

        With `sha256`, raises `BAD_REQUEST` and stores nothing if the content has another digest.
        """
        ...

    async def info(self, bucket: str, name: str) -> ObjectInfo | None: ...

    def stream(self, bucket: str, name: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The object's content. `NOT_FOUND` if there is none; `CONFLICT` if it is replaced or deleted while
        being read.

        The last chunk is yielded only after the digest of the whole content matched; `UNAVAILABLE` if it
        does not.
        """
        ...

    async def read(self, bucket: str, name: str, *, limit: int) -> bytes:
        """The whole content, or `TOO_LARGE` if it has more than `limit` bytes."""
        ...

    async def delete(self, bucket: str, name: str) -> bool:
        """Remove the object if it exists, and say whether it did."""
        ...

    async def list(self, bucket: str, *, after: str = "", limit: int = MAX_PAGE) -> Sequence[ObjectInfo]:
        """Up to `limit` objects with a name greater than `after`, in name order (by code point)."""
        ...


class Engine(Protocol):
    """One backend. Services take the part they need, never the whole engine."""

    @property
    def logs(self) -> Logs: ...
    @property
    def registers(self) -> Registers: ...
    @property
    def messages(self) -> Messages: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def objects(self) -> Objects: ...

    async def start(self) -> None: ...

    async def stop(self) -> None:
        """End every subscription and responder, finish queued writes and release the backend. May be called
        twice.
        """
        ...
