"""Objects as rows of chunks. New content is written beside the old and replaces it in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import apsw

from proven.engine._names import require_name, require_space
from proven.engine.embedded._database import Database, next_value
from proven.engine.interface import MAX_OBJECT_BYTES, MAX_PAGE, Chunks, ObjectInfo, Objects
from proven.wire.errors import ErrorCode, ProvenError

CHUNK_BYTES = 512 * 1024
"""Bytes of one row: what a reader or writer of an object holds in memory, and what one transaction writes."""


class EmbeddedObjects(Objects):
    """`Objects` of the embedded backend."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        """Remove what uploads that never finished left behind."""
        await self._database.write(
            lambda database: database.execute(
                "DELETE FROM chunks WHERE upload NOT IN (SELECT upload FROM objects)"
            ).fetchall()
        )

    async def put(self, bucket: str, name: str, data: Chunks, *, sha256: str | None = None) -> ObjectInfo:
        require_space(bucket)
        require_name(name)
        upload = await self._database.write(lambda database: next_value(database, "upload"))
        try:
            info = await self._upload(upload, name, data)
            if sha256 is not None and sha256 != info.sha256:
                raise ProvenError(
                    ErrorCode.BAD_REQUEST, f"the content of {name} has another digest than stated"
                )
            await self._database.write(lambda database: _publish(database, bucket, upload, info))
        except BaseException:
            self._database.write_soon(lambda database: _discard_unpublished(database, upload))
            raise
        return info

    async def _upload(self, upload: int, name: str, data: Chunks) -> ObjectInfo:
        digest = hashlib.sha256()
        size = position = 0
        async for chunk in _rechunk(data):
            size += len(chunk)
            if size > MAX_OBJECT_BYTES:
                raise ProvenError(ErrorCode.TOO_LARGE, f"an object holds at most {MAX_OBJECT_BYTES} bytes")
            digest.update(chunk)
            insert = partial(_insert_chunk, row=(upload, position, chunk))
            await self._database.write(insert, size=len(chunk))
            position += 1
        return ObjectInfo(name, size, digest.hexdigest())

    async def info(self, bucket: str, name: str) -> ObjectInfo | None:
        found = await self._find(bucket, name)
        return None if found is None else found[1]

    @asynccontextmanager
    async def stream(self, bucket: str, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        found = await self._find(bucket, name)
        if found is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"there is no object {name}")
        chunks = self._chunks(*found)
        try:
            yield chunks
        finally:
            await chunks.aclose()

    async def read(self, bucket: str, name: str, *, limit: int) -> bytes:
        found = await self._find(bucket, name)
        if found is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"there is no object {name}")
        if found[1].size > limit:
            raise ProvenError(ErrorCode.TOO_LARGE, f"{name} has more than {limit} bytes")
        return b"".join([chunk async for chunk in self._chunks(*found)])

    async def delete(self, bucket: str, name: str) -> bool:
        require_space(bucket)
        require_name(name)
        return await self._database.write(lambda database: _remove(database, bucket, name))

    async def list(self, bucket: str, *, after: str = "", limit: int = MAX_PAGE) -> Sequence[ObjectInfo]:
        require_space(bucket)
        limit = max(0, min(limit, MAX_PAGE))
        return await self._database.read(
            lambda database: [
                ObjectInfo(name, size, sha256.hex())
                for name, size, sha256 in database.execute(
                    "SELECT name, size, sha256 FROM objects"
                    " WHERE bucket = ? AND name > ? ORDER BY name LIMIT ?",
                    (bucket, after, limit),
                )
            ]
        )

    async def _find(self, bucket: str, name: str) -> tuple[int, ObjectInfo] | None:
        require_space(bucket)
        require_name(name)
        row = await self._database.read(
            lambda database: database.execute(
                "SELECT upload, size, sha256 FROM objects WHERE bucket = ? AND name = ?", (bucket, name)
            ).fetchone()
        )
        return None if row is None else (row[0], ObjectInfo(name, row[1], row[2].hex()))

    async def _chunks(self, upload: int, info: ObjectInfo) -> AsyncGenerator[bytes, None]:
        digest = hashlib.sha256()
        left = info.size
        position = 0
        while left:
            chunk = await self._database.read(partial(_select_chunk, row=(upload, position)))
            if chunk is None:
                raise ProvenError(
                    ErrorCode.CONFLICT, f"{info.name} was replaced or deleted while it was read"
                )
            digest.update(chunk)
            left -= len(chunk)
            position += 1
            if left <= 0 and (left < 0 or digest.hexdigest() != info.sha256):
                raise ProvenError(ErrorCode.UNAVAILABLE, f"{info.name} is damaged: its digest does not match")
            yield chunk


def _insert_chunk(database: apsw.Connection, row: tuple[int, int, bytes]) -> None:
    database.execute("INSERT INTO chunks VALUES (?, ?, ?)", row)


def _select_chunk(database: apsw.Connection, row: tuple[int, int]) -> bytes | None:
    chunk: bytes | None = database.execute(
        "SELECT data FROM chunks WHERE upload = ? AND position = ?", row
    ).get
    return chunk


def _publish(database: apsw.Connection, bucket: str, upload: int, info: ObjectInfo) -> None:
    _remove(database, bucket, info.name)
    database.execute(
        "INSERT INTO objects VALUES (?, ?, ?, ?, ?)",
        (bucket, info.name, upload, info.size, bytes.fromhex(info.sha256)),
    )


def _remove(database: apsw.Connection, bucket: str, name: str) -> bool:
    upload = database.execute(
        "DELETE FROM objects WHERE bucket = ? AND name = ? RETURNING upload", (bucket, name)
    ).get
    database.execute("DELETE FROM chunks WHERE upload = ?", (upload,))
    return upload is not None


def _discard_unpublished(database: apsw.Connection, upload: int) -> None:
    database.execute(
        "DELETE FROM chunks WHERE upload = ?1 AND NOT EXISTS (SELECT * FROM objects WHERE upload = ?1)",
        (upload,),
    )


async def _rechunk(data: Chunks) -> AsyncIterator[bytes]:
    """The same bytes in pieces of `CHUNK_BYTES`; only the last is shorter, and none is empty."""
    pending = bytearray()
    async for piece in _pieces(data):
        for start in range(0, len(piece), CHUNK_BYTES):
            pending += piece[start : start + CHUNK_BYTES]
            if len(pending) >= CHUNK_BYTES:
                yield bytes(pending[:CHUNK_BYTES])
                del pending[:CHUNK_BYTES]
    if pending:
        yield bytes(pending)


async def _pieces(data: Chunks) -> AsyncIterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    async for piece in data:
        yield piece
