"""Response bodies: decoded a bounded step at a time."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from proven.wire.errors import ErrorCode, ProvenError

DECODABLE: Final = frozenset({"gzip", "deflate"})
_STEP: Final = 64 * 1024
"""Most bytes one decoding step may produce: what a decompression bomb can occupy at once."""


async def inflated(chunks: AsyncIterator[bytes], encoding: str) -> AsyncIterator[bytes]:
    """Decode a `gzip` or `deflate` body (RFC 9110 §8.4.1) into chunks of at most 64 KiB.

    Raises `ProvenError` UNAVAILABLE for data that does not decode or stops in the middle.
    """
    inflater = _Inflater(encoding)
    try:
        async for chunk in chunks:
            for piece in inflater.feed(chunk):
                yield piece
    except zlib.error:
        raise ProvenError(ErrorCode.UNAVAILABLE, "the response body does not decode") from None
    if not inflater.complete:
        raise ProvenError(ErrorCode.UNAVAILABLE, "the response body ends in the middle")


class _Inflater:
    """`gzip` may have several members. `deflate` is a zlib stream by the standard and often a raw one."""

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding == "gzip"
        self._member: zlib._Decompress | None = None

    @property
    def complete(self) -> bool:
        return self._member is None or self._member.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._member is not None and self._member.eof and not self._gzip:
            return
        pending = False
        while data or pending:
            if self._member is None or self._member.eof:
                self._member = zlib.decompressobj(self._window_bits(data))
            output = self._member.decompress(data, _STEP)
            if output:
                yield output
            pending = len(output) == _STEP
            data = self._member.unconsumed_tail
            if self._member.eof:
                pending = False
                data = self._member.unused_data if self._gzip else b""

    def _window_bits(self, data: bytes) -> int:
        if self._gzip:
            return zlib.MAX_WBITS + 16
        has_zlib_header = data[0] & 0x0F == zlib.DEFLATED
        return zlib.MAX_WBITS if has_zlib_header else -zlib.MAX_WBITS
