"""This node's fold of the log of applications, kept in step with it."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from proven.apps._snapshot import MAX_SNAPSHOT
from proven.apps._state import State
from proven.engine import Logs, Objects, Record, Subscription
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.merkle import leaf_hash

logger = logging.getLogger("proven.apps")

LOG: Final = "applications"
"""The engine's log. Record `sequence` of it is entry `sequence - 1` of the network's log, byte for byte."""
SUBJECT: Final = "events"
SNAPSHOTS: Final = "application-snapshots"
SNAPSHOT: Final = "latest"

SNAPSHOT_EVERY: Final = 100_000
"""Entries after which a new snapshot is taken while the node runs."""
SNAPSHOT_AT_BOUNDS: Final = 1_000
"""Entries since the last snapshot that are worth a new one at the start and the stop of a node."""
_CATCH_UP_SECONDS: Final = 30.0


class Replica:
    """The state of all applications, as the log says it.

    After the start nothing but new entries of the log changes `state`, in their order; what appends to the
    log waits for that (`reach`). An entry that breaks a rule ends it, and `health` says so from then on.
    """

    def __init__(self, logs: Logs, objects: Objects, *, origin: str) -> None:
        self._logs = logs
        self._objects = objects
        self.state = State(origin, verify=False)
        self._snapshot_size = 0
        self._progress = asyncio.Condition()
        self._failure: ProvenError | None = ProvenError(ErrorCode.UNAVAILABLE, "applications are not started")
        self._follower: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Fold the log as it is now. Raises `UNAVAILABLE` if it breaks a rule."""
        last = await self._logs.last(LOG)
        await self._resume(last)
        await self._read_up_to(last)
        self._failure = None
        self._follower = asyncio.create_task(self._follow(), name="applications")

    async def stop(self) -> None:
        """Stop following the log."""
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            await asyncio.gather(follower, return_exceptions=True)
            sound = self._failure is None
            await self._fail(ProvenError(ErrorCode.UNAVAILABLE, "applications are stopped"))
            await self._written()
            if sound:
                self._take_snapshot_after(SNAPSHOT_AT_BOUNDS)
                await self._written()

    async def health(self) -> None:
        """Raises if the state no longer follows the log."""
        if self._failure is not None:
            raise self._failure

    async def leaf(self, log_index: int) -> bytes:
        """The bytes of one entry of the log; raises `NOT_FOUND`."""
        records = await self._logs.read(LOG, after=log_index, limit=1)
        if not records or records[0].sequence != log_index + 1:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the log has no entry {log_index}")
        return records[0].data

    async def append(self, leaf: bytes) -> int:
        """Append an entry after the last one that `state` includes, and wait until that includes it.

        Returns its sequence. Raises `CONFLICT`, with what came in between included, if another node was
        faster.
        """
        try:
            sequence = await self._logs.append(LOG, SUBJECT, leaf, expected=self.state.length)
        except ProvenError as refused:
            if refused.code is ErrorCode.CONFLICT:
                await self.reach(await self._logs.last(LOG))
            raise
        await self.reach(sequence)
        return sequence

    async def reach(self, sequence: int) -> None:
        """Wait until the state includes the entry with this sequence."""

        def reached() -> bool:
            return self.state.length >= sequence or self._failure is not None

        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS), self._progress:
                await self._progress.wait_for(reached)
        except TimeoutError:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "this node is behind; try again", retry_after=1
            ) from None
        if self.state.length < sequence:
            await self.health()

    async def follow(self, *, after: int) -> Subscription[Record]:
        """The log's records with a sequence greater than `after`, and those to come."""
        return await self._logs.follow(LOG, after=after)

    async def _resume(self, last: int) -> None:
        """Start from the snapshot, if there is one of this log; from nothing otherwise."""
        if await self._objects.info(SNAPSHOTS, SNAPSHOT) is None:
            return
        try:
            raw = await self._objects.read(SNAPSHOTS, SNAPSHOT, limit=MAX_SNAPSHOT)
            state = State.restore(raw, self.state.origin, verify=False)
            if state.length > last:
                raise ValueError("the log is shorter")
            if state.length and leaf_hash(await self.leaf(state.length - 1)) != state.last_leaf:
                raise ValueError("the log is another one")
        except (ValueError, ProvenError) as refused:
            logger.warning("snapshot_refused", extra={"reason": str(refused)})
            return
        self.state = state
        self._snapshot_size = state.length

    async def _read_up_to(self, last: int) -> None:
        while self.state.length < last:
            records = await self._logs.read(LOG, after=self.state.length)
            if not records:
                raise ProvenError(ErrorCode.UNAVAILABLE, "the log of applications ends too early")
            for record in records:
                self._fold(record)

    def _fold(self, record: Record) -> None:
        if record.sequence != self.state.length + 1:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the log of applications has a gap")
        try:
            self.state.append(record.data)
        except ProvenError as error:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"entry {record.sequence - 1} of the log of applications breaks a rule: {error.message}",
            ) from error

    def _take_snapshot_after(self, entries: int) -> None:
        """Begin to write a snapshot, if that many entries came since the last one and that one is written."""
        if self.state.length - self._snapshot_size < entries or (self._writing and not self._writing.done()):
            return
        self._snapshot_size = self.state.length
        self._writing = asyncio.create_task(self._write(self.state.snapshot()), name="snapshot")

    async def _write(self, snapshot: bytes) -> None:
        """A snapshot that cannot be written costs time at the next start, and nothing else."""
        try:
            await self._objects.put(SNAPSHOTS, SNAPSHOT, snapshot)
        except ProvenError as error:
            logger.warning("snapshot_not_written", extra={"reason": error.message})

    async def _written(self) -> None:
        if self._writing is not None:
            await self._writing

    async def _follow(self) -> None:
        """Fold the log's entries as they come; after the start the only place that changes the state."""
        try:
            self._take_snapshot_after(SNAPSHOT_AT_BOUNDS)
            async with await self._logs.follow(LOG, after=self.state.length) as records:
                async for record in records:
                    self._fold(record)
                    async with self._progress:
                        self._progress.notify_all()
                    self._take_snapshot_after(SNAPSHOT_EVERY)
        except Exception as error:
            logger.critical("applications_not_followed", extra={"index": self.state.length}, exc_info=error)
            await self._fail(
                ProvenError(ErrorCode.UNAVAILABLE, f"the log of applications cannot be followed: {error}")
            )

    async def _fail(self, failure: ProvenError) -> None:
        self._failure = self._failure or failure
        async with self._progress:
            self._progress.notify_all()
