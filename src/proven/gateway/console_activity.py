"""The latest calls and log lines of a node, and how its handlers do: in memory, and bounded."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from proven.gateway import console_records as records
from proven.gateway.handlers import Call
from proven.runtime import ConsoleRecord
from proven.telemetry import Cell, Ring
from proven.telemetry.histogram import bucket_of
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId

MAX_ENTRIES: Final = 2000
MAX_TEXT: Final = 4096
"""Characters of one message, log line or stack that are kept."""
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_STREAMS: Final = 16
MAX_HANDLERS: Final = 1000
BUCKET_SECONDS: Final = 5
BUCKETS: Final = 60

_BATCH: Final = 200
_PACE: Final = 0.05
"""Seconds between two batches to one reader: it reads at most 4,000 entries a second, and misses the rest."""
_HEARTBEAT: Final = 15.0


class Activity:
    """A ring of what happened last, and counts of everything. Rules:

    1. At most `MAX_ENTRIES` entries and `MAX_BYTES` of text are kept; the oldest leave first.
    2. No reader has a queue: each has a place in the ring. Who is too slow is told how much was missed.
    3. Counts are kept for the `MAX_HANDLERS` handlers called last, in histograms of fixed size.

    `clock` is in seconds since the epoch.
    """

    def __init__(
        self,
        name_of: Callable[[ApplicationId], str],
        *,
        clock: Callable[[], float] = time.time,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self.run = secrets.token_hex(8)
        self._name_of = name_of
        self._clock = clock
        self._ring: Ring[records.Entry] = Ring(max_entries, MAX_BYTES)
        self._readers: set[asyncio.Event] = set()
        self._closed = False
        self._handlers: OrderedDict[tuple[str, str], _Counts] = OrderedDict()

    def called(self, call: Call) -> None:
        """Note a finished call."""
        duration = round(call.seconds * 1_000_000)
        error = call.error
        stack = error.details.get("stack") if error is not None and error.details else None
        self._count(call, duration)
        self._append(
            records.CallEntry(
                sequence=self._ring.last + 1,
                at=self._now(),
                application_id=call.application_id,
                application=call.application,
                package_id=call.package_id,
                handler=call.handler,
                handler_kind=call.kind.value,
                identity=call.identity,
                duration_us=duration,
                error=None
                if error is None
                else records.Failure(
                    code=error.code.value,
                    message=_cut(error.message),
                    stack=_cut(stack) if isinstance(stack, str) else None,
                ),
            )
        )

    def console(self, record: ConsoleRecord) -> None:
        """Note a line that a handler wrote."""
        self._append(
            records.LogEntry(
                sequence=self._ring.last + 1,
                at=self._now(),
                application_id=record.application_id,
                application=self._name_of(record.application_id),
                package_id=record.package_id,
                handler=record.handler,
                level=record.level.value,
                text=_cut(record.text),
                dropped=record.dropped,
            )
        )

    def since(self, sequence: int, *, limit: int = MAX_ENTRIES) -> records.Activity:
        """The entries behind `sequence`, at most `limit` of them: the latest."""
        found = self._ring.latest(sequence, limit)
        return records.Activity(run=self.run, entries=found.items, last=self._ring.last, missed=found.missed)

    def stream(self, after: int) -> AsyncIterator[bytes]:
        """Server-sent events (HTML, 9.2): each is an `Activity` with what is new; ends with `close`.

        Raises `OVERLOADED` when `MAX_STREAMS` are being read.
        """
        if len(self._readers) >= MAX_STREAMS:
            raise ProvenError(ErrorCode.OVERLOADED, "too many consoles are open", retry_after=5)
        return self._stream(after)

    async def _stream(self, after: int) -> AsyncIterator[bytes]:
        news = asyncio.Event()
        self._readers.add(news)
        try:
            yield b"retry: 1000\n\n"
            while not self._closed:
                news.clear()
                page = self._batch(after)
                after = page.entries[-1].sequence if page.entries else page.last
                if page.entries or page.missed:
                    event_id = f"{self.run}-{after}".encode()
                    yield b"id: %b\ndata: %b\n\n" % (event_id, msgspec.json.encode(page))
                    await asyncio.sleep(_PACE)
                    continue
                try:
                    async with asyncio.timeout(_HEARTBEAT):
                        await news.wait()
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            self._readers.discard(news)

    def place(self, event_id: str | None) -> int:
        """Where to go on after the event with this id; from the beginning if it is of another run."""
        run, _, sequence = (event_id or "").partition("-")
        return int(sequence) if run == self.run and sequence.isdecimal() and len(sequence) < 16 else 0

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for news in self._readers:
            news.set()

    def statistics(self) -> records.Statistics:
        """How every handler did."""
        now = int(self._clock()) // BUCKET_SECONDS
        return records.Statistics(
            bucket_seconds=BUCKET_SECONDS,
            handlers=[
                counts.report(self._name_of(counts.application_id), handler, now)
                for (_, handler), counts in sorted(self._handlers.items())
            ],
        )

    def _batch(self, after: int) -> records.Activity:
        """The oldest entries behind `after`."""
        found = self._ring.oldest(after, _BATCH)
        return records.Activity(run=self.run, entries=found.items, last=self._ring.last, missed=found.missed)

    def _append(self, entry: records.Entry) -> None:
        self._ring.append(entry, _size(entry))
        for news in self._readers:
            news.set()

    def _count(self, call: Call, duration: int) -> None:
        key = (call.application_id, call.handler)
        counts = self._handlers.get(key)
        if counts is None:
            counts = self._handlers[key] = _Counts(call.application_id)
            if len(self._handlers) > MAX_HANDLERS:
                self._handlers.popitem(last=False)
        self._handlers.move_to_end(key)
        code = None if call.error is None else call.error.code.value
        counts.add(int(self._clock()) // BUCKET_SECONDS, duration, code)

    def _now(self) -> int:
        return int(self._clock() * 1000)


class _Counts:
    """One handler: everything, and the last `BUCKETS` stretches of time in which it was called."""

    __slots__ = ("application_id", "recent", "total")

    def __init__(self, application_id: ApplicationId) -> None:
        self.application_id = application_id
        self.total = Cell()
        self.recent: dict[int, Cell] = {}

    def add(self, number: int, duration: int, code: str | None) -> None:
        bucket = bucket_of(duration)
        self.total.count(bucket, duration, code)
        cell = self.recent.get(number)
        if cell is None:
            cell = self.recent[number] = Cell()
            while len(self.recent) > BUCKETS:
                del self.recent[min(self.recent)]
        cell.count(bucket, duration, code)

    def report(self, application: str, handler: str, now: int) -> records.HandlerStatistics:
        empty = Cell()
        return records.HandlerStatistics(
            application_id=self.application_id,
            application=application,
            handler=handler,
            calls=self.total.calls,
            errors=self.total.failed,
            p50_us=self.total.latency.percentile(0.5),
            p99_us=self.total.latency.percentile(0.99),
            recent=[
                records.Bucket(
                    at=number * BUCKET_SECONDS * 1000,
                    calls=cell.calls,
                    errors=cell.failed,
                    p50_us=cell.latency.percentile(0.5),
                    p99_us=cell.latency.percentile(0.99),
                )
                for number in range(now - BUCKETS + 1, now + 1)
                for cell in [self.recent.get(number, empty)]
            ],
        )


def _cut(text: str) -> str:
    """Text that is short and can be encoded."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _size(entry: records.Entry) -> int:
    if isinstance(entry, records.LogEntry):
        return len(entry.text)
    return 0 if entry.error is None else len(entry.error.message) + len(entry.error.stack or "")
