"""File operations: `(target, path, …)`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from proven.runtime.host import CallContext, HostFunction, HostStream
from proven.storage import FileStat
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import UNDEFINED

from ._arguments import boolean, optional_text, optional_whole_number, take, text
from ._scopes import Scopes

_INLINE: Final = 256 * 1024
"""A read of at most this many bytes is answered at once; a longer one is streamed."""


class Files:
    """Files of a scope. Content goes both ways as bytes, or as a stream of any length."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes

    def functions(self) -> dict[str, HostFunction]:
        return {
            "files.read": self._read,
            "files.write": self._write,
            "files.append": self._append,
            "files.stat": self._stat,
            "files.list": self._list,
            "files.remove": self._remove,
            "files.rename": self._rename,
            "files.mkdir": self._mkdir,
        }

    async def _read(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, path, offset, length) → bytes, or a stream of them."""
        target, path, offset, length = take(arguments, 4)
        place = await self._scopes.place(context, target)
        chunks = await place.operations.files_read(
            text(path, "a path"),
            offset=optional_whole_number(offset, "an offset") or 0,
            length=optional_whole_number(length, "a length"),
        )
        start: list[bytes] = []
        size = 0
        try:
            async for chunk in chunks:
                start.append(chunk)
                size += len(chunk)
                if size > _INLINE:
                    return HostStream(_resumed(start, chunks))
        except BaseException:
            await chunks.aclose()
            raise
        return b"".join(start)

    async def _write(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, path, content, content type) → stat."""
        target, path, content, content_type = take(arguments, 4)
        place = await self._scopes.place(context, target)
        source = _Content(content)
        try:
            return _record(
                await place.operations.files_write(
                    text(path, "a path"),
                    source.data,
                    content_type=optional_text(content_type, "a content type"),
                )
            )
        finally:
            await source.close()

    async def _append(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, path, content) → stat."""
        target, path, content = take(arguments, 3)
        place = await self._scopes.place(context, target)
        source = _Content(content)
        try:
            return _record(await place.operations.files_append(text(path, "a path"), source.data))
        finally:
            await source.close()

    async def _stat(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        target, path = take(arguments, 2)
        place = await self._scopes.place(context, target)
        stat = await place.operations.files_stat(text(path, "a path"))
        return UNDEFINED if stat is None else _record(stat)

    async def _list(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, directory, after) → [stats, more]; `after` is a name in the directory."""
        target, given_directory, after = take(arguments, 3)
        operations = (await self._scopes.place(context, target)).operations
        directory = optional_text(given_directory, "a directory") or ""
        listed = await operations.files_list(directory, after=optional_text(after, "after") or "")
        more = listed and await operations.files_list(directory, after=_name(listed[-1]), limit=1)
        return [[_record(stat) for stat in listed], bool(more)]

    async def _remove(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(target, path, recursive) → whether there was something."""
        target, path, recursive = take(arguments, 3)
        place = await self._scopes.place(context, target)
        return await place.operations.files_remove(
            text(path, "a path"), recursive=boolean(recursive, "recursive")
        )

    async def _rename(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        target, source, destination = take(arguments, 3)
        place = await self._scopes.place(context, target)
        await place.operations.files_rename(text(source, "a path"), text(destination, "a path"))
        return UNDEFINED

    async def _mkdir(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        target, path = take(arguments, 2)
        place = await self._scopes.place(context, target)
        await place.operations.files_mkdir(text(path, "a path"))
        return UNDEFINED


class _Content:
    """A guest's file content; a stream that was not read to its end is let go of by `close`."""

    def __init__(self, value: Any) -> None:
        self._stream = value if isinstance(value, HostStream) else None
        if self._stream is None and type(value) is not bytes:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a file's content must be a Uint8Array or a stream")
        self.data: bytes | AsyncIterator[bytes] = aiter(self._stream) if self._stream else value

    async def close(self) -> None:
        if self._stream is not None:
            await self._stream.close()


async def _resumed(start: list[bytes], rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    try:
        while start:
            yield start.pop(0)
        async for chunk in rest:
            yield chunk
    finally:
        await rest.aclose()


def _name(stat: FileStat) -> str:
    return stat.path.rpartition("/")[2]


def _record(stat: FileStat) -> list[Any]:
    """A stat as the guest's files.js reads it."""
    return [
        stat.path,
        stat.is_directory,
        stat.size,
        UNDEFINED if stat.sha256 is None else stat.sha256,
        datetime.fromtimestamp(stat.modified, UTC),
        UNDEFINED if stat.content_type is None else stat.content_type,
    ]
