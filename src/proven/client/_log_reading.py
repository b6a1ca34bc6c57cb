"""Fetch a log with its proofs from the node that keeps it. Nothing is believed here."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Sequence
from typing import Final

import aiohttp
import msgspec

from proven.client._requests import all_of, decode, fetch, malformed
from proven.client.bundle import SavedAnswer, SavedEntry, SavedLog
from proven.client.log import MAX_COSIGNED, read_hashes
from proven.client.pins import LogMemory
from proven.client.responses import NONCE_BYTES
from proven.client.times import announcements
from proven.wire import log_key
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.notes import MAX_NOTE, Checkpoint, Note
from proven.wire.tiles import MAX_ENTRY, WIDTH, Tile, decode_entries

MAX_ANNOUNCEMENTS: Final = 16
"""Announcements of which it is asked when witnesses saw them: the last ones."""
_MAX_PAGES: Final = 1000
_MAX_PAGE: Final = 32 * 1024 * 1024
_MAX_PROOF: Final = 64 * 1024
_MAX_COSIGNED: Final = 1024 * 1024
_AT_ONCE: Final = 8
_ATTEMPTS: Final = 20


class _Entry(msgspec.Struct, frozen=True):
    index: int
    leaf: bytes
    hashes: list[str]


class _Page(msgspec.Struct, frozen=True):
    entries: list[_Entry]
    more: bool


class _Proof(msgspec.Struct, frozen=True):
    hashes: list[str]


class _Cosigned(msgspec.Struct, frozen=True):
    notes: list[str]


class LogReading:
    """Reads the log of the node at `base`."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._log = f"{base}/.well-known/proven/log"

    async def read(
        self,
        application: ApplicationId | None,
        size: int,
        answer: SavedAnswer | None,
        memory: LogMemory | None,
        whole_up_to: int,
    ) -> SavedLog:
        """The log with at least `size` entries, if they come soon: all of it if it has no more than
        `whole_up_to`, or else the entries of the application with their proofs, and proofs that it continues
        what `answer` and `memory` know of it.
        """
        nonce = os.urandom(NONCE_BYTES)
        text = base64.urlsafe_b64encode(nonce).decode().rstrip("=")
        key, (raw, checkpoint) = await all_of(
            self._get(f"/key?nonce={text}", log_key.MAX_BYTES), self._checkpoint(size)
        )
        whole = checkpoint.size <= whole_up_to
        entries: list[SavedEntry] = []
        if whole:
            entries = await self._all_entries(checkpoint.size)
        elif application is not None:
            entries = await self._entries(application, checkpoint.size)
        cosigned = await self._cosigned(application, entries, checkpoint.size)
        sizes = set() if whole else _sizes_before(checkpoint, answer, memory) | set(map(_size_of, cosigned))
        earlier = sorted(size for size in sizes if 0 < size < checkpoint.size)
        return SavedLog(
            nonce=nonce,
            key=key,
            checkpoint=raw,
            entries=tuple(entries),
            whole=whole,
            consistency=await self._consistencies(earlier, checkpoint.size),
            cosigned=cosigned,
        )

    async def _cosigned(
        self, application: ApplicationId | None, entries: Sequence[SavedEntry], size: int
    ) -> tuple[bytes, ...]:
        """The checkpoints of up to `size` entries by which witnesses say when they saw the application's last
        announcements.
        """
        if application is None:
            return ()
        announced = announcements({entry.index: entry.leaf for entry in entries}, application)
        if not announced:
            return ()
        query = ",".join(str(index) for index in announced[-MAX_ANNOUNCEMENTS:])
        try:
            raw = await self._get(f"/cosigned?entries={query}", _MAX_COSIGNED)
        except ProvenError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return ()
            raise
        notes = [note.encode() for note in decode(raw, _Cosigned).notes[:MAX_COSIGNED]]
        return tuple(note for note in notes if _size_of(note) <= size)

    async def _checkpoint(self, size: int) -> tuple[bytes, Checkpoint]:
        """The newest checkpoint; waits a little for one of at least `size` entries."""
        for attempt in range(_ATTEMPTS):
            raw = await self._get("/checkpoint", MAX_NOTE)
            checkpoint = Checkpoint.parse(Note.parse(raw).text)
            if checkpoint.size >= size:
                break
            await asyncio.sleep(0.005 * attempt)
        return raw, checkpoint

    async def _all_entries(self, size: int) -> list[SavedEntry]:
        limited = asyncio.Semaphore(_AT_ONCE)

        async def read(first: int) -> list[bytes]:
            width = min(WIDTH, size - first)
            path = Tile(None, first // WIDTH, width).path()
            async with limited:
                raw = await self._get(f"/tile/{path}", width * (MAX_ENTRY + 2))
            return list(decode_entries(raw))

        bundles = await asyncio.gather(*(read(first) for first in range(0, size, WIDTH)))
        leaves = [leaf for bundle in bundles for leaf in bundle]
        return [SavedEntry(index=index, leaf=leaf) for index, leaf in enumerate(leaves)]

    async def _entries(self, application: ApplicationId, size: int) -> list[SavedEntry]:
        entries: list[SavedEntry] = []
        for _ in range(_MAX_PAGES):
            after = entries[-1].index if entries else -1
            query = f"size={size}" + (f"&after={after}" if entries else "")
            raw = await self._get(f"/application/{application}?{query}", _MAX_PAGE)
            page = decode(raw, _Page)
            for entry in page.entries:
                if entry.index <= after:
                    raise malformed()
                after = entry.index
                proof = read_hashes(entry.hashes)
                entries.append(SavedEntry(index=entry.index, leaf=entry.leaf, proof=proof))
            if not page.more or not page.entries:
                return entries
        raise ProvenError(ErrorCode.TOO_LARGE, "the application has more entries than can be read here")

    async def _consistencies(
        self, earlier: Sequence[int], size: int
    ) -> tuple[tuple[int, tuple[bytes, ...]], ...]:
        limited = asyncio.Semaphore(_AT_ONCE)

        async def read(old: int) -> tuple[int, tuple[bytes, ...]]:
            async with limited:
                return old, await self._consistency(old, size)

        return tuple(await all_of(*map(read, earlier)))

    async def _consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        raw = await self._get(f"/consistency?old={old}&new={new}", _MAX_PROOF)
        return read_hashes(decode(raw, _Proof).hashes)

    async def _get(self, path: str, limit: int) -> bytes:
        return await fetch(self._http, self._log + path, limit)


def _size_of(note: bytes) -> int:
    return Checkpoint.parse(Note.parse(note).text).size


def _sizes_before(checkpoint: Checkpoint, answer: SavedAnswer | None, memory: LogMemory | None) -> set[int]:
    """The earlier sizes that the log is compared with."""
    sizes = set()
    known = None if memory is None else memory.log(checkpoint.origin)
    if known is not None:
        sizes.add(known.size)
    try:
        described = msgspec.json.decode(b"" if answer is None else answer.body)
        sizes.add(int(described["log"]["size"]))
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError, ValueError):
        pass
    return sizes
