"""The blocking channel: a guest asks and waits, so there is one call at a time. See `js/sync.js`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import cast

from ._frames import U32

Answer = Callable[[int, bytes], Awaitable[bytes]]
"""`await answer(invocation, payload)`"""


class SyncChannel(asyncio.Protocol):
    """`[u32 length][u32 invocation][payload]` in, `[u32 length][answer]` out."""

    def __init__(self, answer: Answer, max_bytes: int) -> None:
        self._answer = answer
        self._max_bytes = max_bytes
        self._incoming = bytearray()
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, sock: socket.socket, answer: Answer, max_bytes: int) -> SyncChannel:
        """Serve calls over `sock`, which is taken over."""
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_unix_connection(lambda: cls(answer, max_bytes), sock=sock)
        return channel

    def close(self) -> None:
        """Stop serving."""
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        if len(self._incoming) < U32.size:
            return
        (length,) = U32.unpack_from(self._incoming)
        whole = U32.size + length
        if not U32.size <= length <= self._max_bytes or len(self._incoming) > whole or self._task is not None:
            self.close()
        elif len(self._incoming) == whole:
            (invocation,) = U32.unpack_from(self._incoming, U32.size)
            payload = bytes(self._incoming[2 * U32.size :])
            self._incoming.clear()
            self._task = asyncio.get_running_loop().create_task(self._serve(invocation, payload))

    async def _serve(self, invocation: int, payload: bytes) -> None:
        try:
            answer = await self._answer(invocation, payload)
        finally:
            self._task = None
        if self._transport is not None:
            self._transport.write(U32.pack(len(answer)) + answer)
