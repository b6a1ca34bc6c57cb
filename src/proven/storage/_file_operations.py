"""File operations."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

from proven.storage import _files
from proven.storage._backend import Backend
from proven.storage._blobs import SEGMENT_BYTES, BlobStore, BlobWriter
from proven.storage._files import Content, Node, Piece, Segments
from proven.storage._main import MainUnit
from proven.storage._open_scope import OpenScope
from proven.storage._paths import parse_directory, parse_path
from proven.storage._threads import finish
from proven.storage.records import FileStat
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")

_PIN_ATTEMPTS = 8
_MAX_CONTENT_TYPE = 256

FileContent = bytes | AsyncIterator[bytes]
Publish = Callable[[MainUnit, BlobStore, Content], FileStat]


class FileOperations(Backend):
    """Files in directories. Content streams in pieces of 256 KiB; a reader keeps what it began to read.

    New content becomes the file's at once and whole, when all of it has arrived.
    """

    async def files_read(
        self, path: str, *, offset: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The content from `offset`, all or `length` bytes of it, as a stream of pieces.

        Raises `NOT_FOUND` at once when there is no such file. Close the stream (`aclose`) if it is not read
        to its end: until then it keeps the content.
        """
        segments = parse_path(path)
        if offset < 0 or (length is not None and length < 0):
            raise ProvenError(ErrorCode.BAD_REQUEST, "an offset and a length are not negative")
        stream = self._stream(segments, offset, length)
        await anext(stream)
        return stream

    async def files_write(
        self, path: str, content: FileContent, *, content_type: str | None = None
    ) -> FileStat:
        """Create or replace a file, with the directories above it."""
        segments = parse_path(path)
        if content_type is not None and not (
            0 < len(content_type) <= _MAX_CONTENT_TYPE and content_type.isascii()
        ):
            raise ProvenError(ErrorCode.BAD_REQUEST, "a content type is 1 to 256 ASCII characters")
        return await self._receive(
            content, lambda unit, blobs, content: _files.write(unit, blobs, segments, content, content_type)
        )

    async def files_append(self, path: str, content: FileContent) -> FileStat:
        """Add to the end of a file, creating it if there is none. Its digest is computed when asked for."""
        segments = parse_path(path)
        return await self._receive(
            content, lambda unit, blobs, content: _files.append(unit, blobs, segments, content)
        )

    async def files_stat(self, path: str, *, digest: bool = True) -> FileStat | None:
        """A file or directory, or None. With `digest`, that of a file that was appended to is computed."""
        segments = parse_directory(path)
        absent = None if segments else _files.ROOT
        node = await self._read(lambda connection: _files.find(connection, segments), absent, inline=True)
        if node is None:
            return None
        if digest and not node.is_directory and node.sha256 is None:
            node = await self._compute_digest(segments)
        return node.stat(segments)

    async def files_list(
        self, path: str = "", *, after: str = "", limit: int | None = None
    ) -> list[FileStat]:
        """What is directly in a directory, sorted by name, from behind the name `after`; a page at a time."""
        segments = parse_directory(path)
        most = self._services.config.max_directory_entries
        count = most if limit is None else max(1, min(limit, most))
        if not segments:
            return await self._read(
                lambda connection: _files.list_directory(connection, (), after, count), []
            )
        entries = await self._read(
            lambda connection: _files.list_directory(connection, segments, after, count), None
        )
        if entries is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"there is no directory {path!r}")
        return entries

    async def files_remove(self, path: str, *, recursive: bool = False) -> bool:
        """Remove a file or directory; whether there was one. `CONFLICT` for a full one unless `recursive`."""
        segments = parse_path(path)
        async with self._use() as scope:
            return await self._write(
                lambda unit: _files.remove(unit, scope.blobs, segments, recursive=recursive)
            )

    async def files_rename(self, source: str, target: str) -> FileStat:
        """Move a file or directory. A file at the target is replaced; a directory there is a `CONFLICT`."""
        from_segments, to_segments = parse_path(source), parse_path(target)
        async with self._use() as scope:
            return await self._write(
                lambda unit: _files.rename(unit, scope.blobs, from_segments, to_segments)
            )

    async def files_mkdir(self, path: str) -> None:
        """Create a directory and those above it, unless they exist."""
        segments = parse_path(path)
        await self._write(lambda unit: _files.make_directory(unit, segments))

    async def _stream(
        self, segments: Segments, offset: int, length: int | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield once (nothing) when the file is open, then its content."""
        async with self._use() as scope:
            node, pieces = await self._pin(scope, segments)
            pinned = _blob_ids(pieces)
            try:
                yield b""
                end = node.size if length is None else min(node.size, offset + length)
                for piece in pieces:
                    start, stop = max(offset, piece.position), min(end, piece.position + piece.size)
                    if start >= stop:
                        continue
                    async for part in self._piece(scope, piece, start - piece.position, stop - start):
                        yield part
            finally:
                if pinned:
                    await finish(self._services.io.submit(functools.partial(scope.blobs.unpin, pinned)))

    async def _piece(self, scope: OpenScope, piece: Piece, offset: int, length: int) -> AsyncIterator[bytes]:
        if piece.blob_id is None:
            yield (piece.data or b"")[offset : offset + length]
            return
        parts = scope.blobs.read(piece.blob_id, piece.size, offset, length)
        try:
            while part := await self._in_thread(lambda: next(parts, b"")):
                yield part
        finally:
            parts.close()

    async def _pin(self, scope: OpenScope, segments: Segments) -> tuple[Node, list[Piece]]:
        for _ in range(_PIN_ATTEMPTS):
            found = await self._read(lambda connection: _files.open_file(connection, segments), None)
            if found is None:
                raise ProvenError(ErrorCode.NOT_FOUND, f"there is no file {'/'.join(segments)!r}")
            if scope.blobs.pin(_blob_ids(found[1])):
                return found
        raise ProvenError(ErrorCode.CONFLICT, "the file keeps changing while it is opened", retry_after=0.1)

    async def _receive(self, content: FileContent, publish: Publish) -> FileStat:
        """Take all of the content in, then make it part of a file."""
        async with self._use() as scope:
            blobs, blob = scope.blobs, None
            buffer = bytearray()
            try:
                async for part in _parts(content):
                    buffer += part
                    if len(buffer) > _files.INLINE_BYTES and blob is None:
                        blob = await self._in_thread(blobs.create)
                    if blob is not None and len(buffer) >= SEGMENT_BYTES:
                        await self._in_thread(functools.partial(blob.write, bytes(buffer)))
                        buffer.clear()
                if blob is None:
                    data = bytes(buffer)
                    inline = Content(len(data), hashlib.sha256(data).digest(), data=data)
                    return await self._write(lambda unit: publish(unit, blobs, inline), len(data))
                digest = await self._in_thread(functools.partial(_finish_blob, blob, bytes(buffer)))
            except BaseException:
                if blob is not None:
                    await finish(self._services.io.submit(blob.discard))
                raise
            stored = Content(blob.size, digest, blob_id=blob.blob_id)
            return await self._publish(blob, lambda unit: publish(unit, blobs, stored))

    async def _compute_digest(self, segments: Segments) -> Node:
        async with self._use() as scope:
            node, pieces = await self._pin(scope, segments)
            pinned = _blob_ids(pieces)
            digest = hashlib.sha256()
            try:
                for piece in pieces:
                    async for part in self._piece(scope, piece, 0, piece.size):
                        await self._in_thread(functools.partial(digest.update, part))
            finally:
                await finish(self._services.io.submit(functools.partial(scope.blobs.unpin, pinned)))
        await self._write(lambda unit: _files.remember_digest(unit, node, digest.digest()))
        return Node(
            node.id, False, node.size, digest.digest(), node.modified, node.content_type, node.revision
        )

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await finish(self._services.io.submit(work))


async def _parts(content: FileContent) -> AsyncIterator[bytes]:
    """The content in parts of at most one segment."""
    if isinstance(content, bytes):
        for start in range(0, len(content), SEGMENT_BYTES):
            yield content[start : start + SEGMENT_BYTES]
        return
    async for part in content:
        for start in range(0, len(part), SEGMENT_BYTES):
            yield bytes(part[start : start + SEGMENT_BYTES])


def _blob_ids(pieces: list[Piece]) -> list[str]:
    return [piece.blob_id for piece in pieces if piece.blob_id is not None]


def _finish_blob(blob: BlobWriter, rest: bytes) -> bytes:
    blob.write(rest)
    return blob.finish()
