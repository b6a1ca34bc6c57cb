"""Frames over a socket, as fast as Python can: whole frames are cut straight from what was received."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import cast

from ._frames import HEADER, FrameType, ProtocolError

FrameHandler = Callable[[int, bytes], None]
"""`handler(id, payload)`"""


class Connection(asyncio.Protocol):
    """One guest's frame socket. Frames sent in the same turn of the event loop leave in one write."""

    def __init__(
        self,
        handlers: Mapping[FrameType, FrameHandler],
        *,
        max_frame_bytes: int,
        on_lost: Callable[[ProtocolError | None], None],
    ) -> None:
        self._handlers: dict[int, FrameHandler] = {int(type_): handler for type_, handler in handlers.items()}
        self._max_frame_bytes = max_frame_bytes
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[bytes] = []
        self._incoming = bytearray()
        self._fault: ProtocolError | None = None
        self._writable: asyncio.Event | None = None

    @classmethod
    async def open(
        cls,
        sock: socket.socket,
        handlers: Mapping[FrameType, FrameHandler],
        *,
        max_frame_bytes: int,
        on_lost: Callable[[ProtocolError | None], None],
    ) -> Connection:
        """Speak frames over `sock`, which is taken over."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(
            lambda: cls(handlers, max_frame_bytes=max_frame_bytes, on_lost=on_lost), sock=sock
        )
        return connection

    def send(self, type_: FrameType, id_: int, payload: bytes = b"") -> None:
        """Queue one frame. Nothing happens once the connection is lost."""
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(HEADER.pack(len(payload), type_, id_) + payload)

    def _flush(self) -> None:
        outgoing = self._outgoing
        if self._transport is not None:
            self._transport.write(outgoing[0] if len(outgoing) == 1 else b"".join(outgoing))
        outgoing.clear()

    @property
    def unread_bytes(self) -> int:
        """What was sent and the guest has not taken in yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def congested(self) -> bool:
        """Whether `writable` would wait."""
        return self._writable is not None

    async def writable(self) -> None:
        """Wait until the guest has taken in most of what was sent."""
        if self._writable is not None:
            await self._writable.wait()

    def close(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self.resume_writing()
        self._on_lost(self._fault)

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def data_received(self, data: bytes) -> None:
        incoming = self._incoming
        if incoming:
            incoming += data
            if len(incoming) < HEADER.size or len(incoming) < HEADER.size + HEADER.unpack_from(incoming)[0]:
                return
            data = bytes(incoming)
            incoming.clear()
        try:
            used = self._cut(data)
        except Exception as fault:
            # Whatever a frame makes its handler raise, the guest is to blame: no correct one sends it.
            self._fault = fault if isinstance(fault, ProtocolError) else ProtocolError(repr(fault)[:200])
            self.close()
            return
        if used < len(data):
            incoming += data[used:] if used else data

    def _cut(self, data: bytes) -> int:
        """Handle every whole frame in `data`; returns how much of it that was."""
        position = 0
        end = len(data)
        while end - position >= HEADER.size:
            length, type_, id_ = HEADER.unpack_from(data, position)
            if length > self._max_frame_bytes:
                raise ProtocolError(f"a frame of {length} bytes")
            start = position + HEADER.size
            if end - start < length:
                break
            position = start + length
            handler = self._handlers.get(type_)
            if handler is None:
                raise ProtocolError(f"a frame of type {type_}")
            handler(id_, data[start:position])
        return position
