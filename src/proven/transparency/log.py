"""A log of the engine, published as a Merkle tree with signed checkpoints."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proven.engine import Logs, Record, Registers
from proven.transparency._hash_files import HashFiles
from proven.wire import cbor, merkle
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.notes import Checkpoint, Note, NoteSigner, Signature, with_signatures
from proven.wire.tiles import MAX_ENTRY, WIDTH, Tile, encode_entries, hash_tile

_log = logging.getLogger("proven.transparency")

BUCKET: Final = "transparency"
_REMEMBER_EVERY: Final = 4096
_BUNDLES_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class _Published:
    """One state of the log that was signed."""

    checkpoint: Checkpoint
    note: Note


class TransparencyLog:
    """Publishes the records of one engine log: record `sequence` is entry `sequence - 1`. What holds:

    1. A checkpoint is signed only for entries that the engine has made durable, and in their order. So no
       two checkpoints of this key ever contradict each other while the engine keeps its log.
    2. The tree is computed from the engine's log alone. Hashes on disk only serve proofs and tiles.
    3. The complete subtrees are remembered in a register of the engine. A log that is shorter than they
       say, or does not lead to them, was tampered with: nothing is published.
    4. An entry that no tile can carry (over 65 535 bytes) stops the log: it should never have been appended.
    """

    def __init__(
        self, logs: Logs, registers: Registers, *, log: str, directory: Path, signer: NoteSigner
    ) -> None:
        self._logs = logs
        self._registers = registers
        self._name = log
        self._directory = directory
        self._signer = signer
        self._files: HashFiles | None = None
        self._frontier = merkle.Frontier()
        self._published: _Published | None = None
        self._failure: ProvenError | None = None
        self._progress = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None
        self._bundles = asyncio.Semaphore(_BUNDLES_AT_ONCE)
        self._remembered = 0

    @property
    def origin(self) -> str:
        """The log's name: the first line of its checkpoints."""
        return self._signer.key.name

    @property
    def verifier_key(self) -> str:
        """The key that signs checkpoints, in the form in which such keys are passed on."""
        return self._signer.key.verifier_key()

    @property
    def checkpoint(self) -> Checkpoint:
        """The newest signed state. Raises `UNAVAILABLE` while there is none."""
        return self._newest().checkpoint

    def signed(self, cosignatures: Sequence[Signature] = ()) -> bytes:
        """The newest checkpoint as a signed note, with those cosignatures that are for it."""
        return with_signatures(self._newest().note, cosignatures).encode().encode()

    async def start(self) -> None:
        """Publish the log as it is, and follow it. Raises `UNAVAILABLE` by rules 3 and 4."""
        self._files = HashFiles(self._directory)
        self._failure = None
        try:
            last = await self._logs.last(self._name)
            await self._restore(last)
            while self._frontier.size < last:
                self._extend(await self._logs.read(self._name, after=self._frontier.size))
                await asyncio.sleep(0)
            await self._publish()
        except BaseException:
            self._close()
            raise
        self._follower = asyncio.create_task(self._follow(), name="transparency log")

    async def stop(self) -> None:
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower
        if self._files is not None:
            with suppress(ProvenError):
                await self._remember()
        await self._fail(ProvenError(ErrorCode.UNAVAILABLE, "the transparency log is stopped"))
        self._close()

    async def health(self) -> None:
        """Raises if the log is no longer published."""
        if self._failure is not None:
            raise self._failure

    async def reach(self, size: int) -> Checkpoint:
        """The first checkpoint known here that covers `size` entries; waits until there is one."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._failure is not None or self._size() >= size)
        return self.checkpoint

    def prove_inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """Raises `ProvenError`: `NOT_FOUND` unless `index < size <= checkpoint.size`."""
        self._check_size(size)
        if not 0 <= index < size:
            raise ProvenError(ErrorCode.NOT_FOUND, f"a log of size {size} has no entry {index}")
        return merkle.prove_inclusion(index, size, self._hashes())

    def prove_consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Raises `ProvenError`: `NOT_FOUND` unless `old <= new <= checkpoint.size`."""
        self._check_size(new)
        if not 0 <= old <= new:
            raise ProvenError(ErrorCode.NOT_FOUND, f"a log of {new} entries never had {old}")
        return merkle.prove_consistency(old, new, self._hashes())

    async def tile(self, tile: Tile) -> bytes:
        """The content of a tile. Raises `ProvenError` (`NOT_FOUND`) if the log does not have it yet."""
        if not tile.exists_in(self.checkpoint.size):
            raise ProvenError(ErrorCode.NOT_FOUND, "the log has no such tile yet")
        if tile.level is not None:
            return hash_tile(tile, self._hashes())
        async with self._bundles:
            return encode_entries(await self.entries(tile.index * WIDTH, tile.width))

    async def entries(self, first: int, count: int) -> list[bytes]:
        """Entries from number `first` on. Raises `ProvenError` (`NOT_FOUND`) unless all are published."""
        self._check_size(first + count)
        found: list[bytes] = []
        while len(found) < count:
            records = await self._logs.read(
                self._name, after=first + len(found), limit=min(count - len(found), 1000)
            )
            found.extend(record.data for record in records)
        return found

    async def _follow(self) -> None:
        try:
            async with await self._logs.follow(self._name, after=self._frontier.size) as records:
                async for record in records:
                    self._extend([record])
                    await self._publish()
        except asyncio.CancelledError:
            raise
        except ProvenError as error:
            await self._fail(error)
        except Exception:
            _log.exception("transparency_log_failed")
            await self._fail(ProvenError(ErrorCode.INTERNAL, "the transparency log has failed"))

    def _extend(self, records: Sequence[Record]) -> None:
        files = self._hashes()
        for record in records:
            if record.sequence != self._frontier.size + 1 or len(record.data) > MAX_ENTRY:
                raise ProvenError(ErrorCode.UNAVAILABLE, f"record {record.sequence} cannot be published")
            for height, index, value in self._frontier.append(merkle.leaf_hash(record.data)):
                files.write(height, index, value)

    async def _publish(self) -> None:
        checkpoint = Checkpoint(self.origin, self._frontier.size, self._frontier.root())
        text = checkpoint.text()
        note = Note(text, (self._signer.sign(text),))
        async with self._progress:
            self._published = _Published(checkpoint, note)
            self._progress.notify_all()
        if self._frontier.size >= self._remembered + _REMEMBER_EVERY:
            await self._remember()

    async def _restore(self, last: int) -> None:
        """Begin where the register says; from the start, if the hashes on disk are not those."""
        entry = await self._registers.get(BUCKET, self._key)
        if entry is None or entry.value is None:
            self._frontier = merkle.Frontier()
            return
        remembered = _read_frontier(entry.value)
        if remembered.size > last:
            raise ProvenError(
                ErrorCode.UNAVAILABLE,
                f"the log has {last} entries, but {remembered.size} were published: it was rolled back",
            )
        self._remembered = remembered.size
        if self._is_on_disk(remembered):
            self._frontier = remembered
            return
        _log.warning("transparency_hashes_rebuilt", extra={"entries": remembered.size})
        self._hashes().forget()
        self._frontier = merkle.Frontier()
        while self._frontier.size < remembered.size:
            limit = min(1000, remembered.size - self._frontier.size)
            records = await self._logs.read(self._name, after=self._frontier.size, limit=limit)
            self._extend(records)
            await asyncio.sleep(0)
        if self._frontier.hashes != remembered.hashes:
            raise ProvenError(
                ErrorCode.UNAVAILABLE, "the log is not the one that was published: it was altered"
            )

    def _is_on_disk(self, frontier: merkle.Frontier) -> bool:
        files = self._hashes()
        try:
            return merkle.root_at(frontier.size, files) == frontier.root()
        except ProvenError:
            return False

    async def _remember(self) -> None:
        if self._frontier.size == self._remembered:
            return
        value = cbor.encode([self._frontier.size, list(self._frontier.hashes)])
        await self._registers.put(BUCKET, self._key, value)
        self._remembered = self._frontier.size

    @property
    def _key(self) -> str:
        return f"{self._name}.frontier"

    def _newest(self) -> _Published:
        if self._failure is not None:
            raise self._failure
        if self._published is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the transparency log is not started", retry_after=1)
        return self._published

    def _size(self) -> int:
        return -1 if self._published is None else self._published.checkpoint.size

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.checkpoint.size:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the log has {self.checkpoint.size} entries, not {size}")

    def _hashes(self) -> HashFiles:
        if self._files is None:
            raise ProvenError(ErrorCode.UNAVAILABLE, "the transparency log is not started", retry_after=1)
        return self._files

    async def _fail(self, reason: ProvenError) -> None:
        async with self._progress:
            self._failure = self._failure or reason
            self._progress.notify_all()

    def _close(self) -> None:
        files, self._files = self._files, None
        if files is not None:
            files.close()


def _read_frontier(value: bytes) -> merkle.Frontier:
    match cbor.decode(value):
        case [int(size), list(hashes)]:
            return merkle.Frontier(size, [each for each in hashes if isinstance(each, bytes)])
    raise ProvenError(ErrorCode.UNAVAILABLE, "the register of the transparency log holds something else")
