"""Send a node 100 MB as one argument would arrive, whatever it says; print what it said.

A program of its own, so that its work is not done in the process whose promptness is tested:
`oversized.py URL APPLICATION_ID declared|chunked|"in one message"|"in fragments"`
"""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import struct
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

SIZE = 100_000_000
PIECE = bytes(64 * 1024)
NO_MASK = bytes(4)
SWITCHED = b"HTTP/1.1 101 "
PATIENCE = 60.0


def pieces(target: str, way: str) -> Iterator[bytes]:
    """What is sent, without an end."""
    if way in ("declared", "chunked"):
        length = f"content-length: {SIZE}" if way == "declared" else "transfer-encoding: chunked"
        yield f"POST {target}/rpc HTTP/1.1\r\nhost: localhost\r\n{length}\r\n\r\n".encode()
        if way == "chunked":
            yield f"{SIZE:x}\r\n".encode()
        yield from itertools.repeat(PIECE)
    upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13"
    key = "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=="
    yield f"GET {target}/ws HTTP/1.1\r\nhost: localhost\r\n{upgrade}\r\n{key}\r\n\r\n".encode()
    if way == "in one message":
        yield struct.pack("!BBQ", 0x82, 0x80 | 127, SIZE) + NO_MASK
        yield from itertools.repeat(PIECE)
    for opcode in itertools.chain([0x02], itertools.repeat(0x00)):
        yield struct.pack("!BBQ", opcode, 0x80 | 127, len(PIECE)) + NO_MASK + PIECE


def main(url: str, application_id: str, way: str) -> bytes:
    address = urlsplit(url)
    answer = b""
    sent = 0
    outgoing = pieces(f"/app/{application_id}", way)
    with socket.create_connection((address.hostname, address.port or 0), PATIENCE) as connection:
        with contextlib.suppress(OSError):
            pending = memoryview(b"")
            while sent < SIZE and (not answer or is_upgrade_alone(answer)):
                readable, writable, _ = select.select([connection], [connection], [], PATIENCE)
                if readable:
                    received = connection.recv(65536)
                    if not received:
                        break
                    answer += received
                elif writable:
                    pending = pending or memoryview(next(outgoing))
                    count = connection.send(pending)
                    pending = pending[count:]
                    sent += count
        with contextlib.suppress(OSError):
            while received := connection.recv(65536):
                answer += received
    return answer


def is_upgrade_alone(answer: bytes) -> bool:
    return answer.startswith(SWITCHED) and answer.endswith(b"\r\n\r\n")


if __name__ == "__main__":
    sys.stdout.buffer.write(main(*sys.argv[1:]))
