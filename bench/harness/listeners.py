"""Many WebSocket clients in one process of their own, that note when each of them has received a message.

`python -m harness.listeners` reads a plan from its first line of input, connects, says so in a line, and
then, for every line it reads, has the server send one message to all and answers with what it saw. A message
counts as received when its last byte has been read; whether it is the right one is checked afterwards, so
that what clients do with messages is not in the times.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import select
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from proven.attestation import Verifier
from proven.wire import values
from proven.wire.commands import (
    Execute,
    Failure,
    PublishedEvent,
    Subscribe,
    Success,
    decode_message,
    encode_command,
)
from proven.wire.ids import ApplicationId
from proven.wire.session import ClientHandshake, SealedChannel

EVENT = "bench"
DEADLINE = 30.0
_UPGRADE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_BINARY, _PING = 2, 9


@dataclass(frozen=True, slots=True)
class Plan:
    """`application` is absent for a server that sends plain messages to whoever is connected."""

    port: int
    clients: int
    application: str | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds from asking for a message to its arrival at the clients, of all messages of a round."""

    p50: float
    p99: float
    last: float


class WebSocket:
    """As much of RFC 6455 as a client needs that is sent whole messages."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.socket.sendall(_UPGRADE.format(path=path, host=f"127.0.0.1:{port}").encode())
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise ConnectionError(f"no WebSocket: {head[:100]!r}")

    def send(self, message: bytes) -> None:
        size = len(message)
        if size < 126:
            head = bytes((0x80 | _BINARY, 0x80 | size))
        else:
            head = bytes((0x80 | _BINARY, 0x80 | 126)) + size.to_bytes(2, "big")
        self.socket.sendall(head + bytes(4) + message)

    def receive(self) -> bytes:
        """The next message, however long that takes."""
        while (message := self.feed(b"")) is None:
            self._receive()
        return message

    def feed(self, data: bytes) -> bytes | None:
        """The next message, if all of it has arrived with `data`."""
        self._buffer += data
        while len(self._buffer) >= 2:
            start, size = 2, self._buffer[1]
            if size == 126:
                start, size = 4, int.from_bytes(self._buffer[2:4], "big")
            if len(self._buffer) < start + size:
                return None
            kind, message = self._buffer[0] & 15, self._buffer[start : start + size]
            self._buffer = self._buffer[start + size :]
            if kind == _BINARY:
                return message
            if kind != _PING:
                raise ConnectionError("the server closed a WebSocket")
        return None

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed a connection")
        self._buffer += data


class Audience(Protocol):
    """How a kind of server is listened to."""

    def join(self) -> WebSocket: ...
    def ask(self, number: int) -> None: ...
    def check(self, index: int, message: bytes, number: int) -> None: ...


class Sealed:
    """Subscribers of a node's application: each with an attested session of its own."""

    def __init__(self, plan: Plan) -> None:
        self._port = plan.port
        self._http = http.client.HTTPConnection("127.0.0.1", plan.port, timeout=DEADLINE)
        self._http.request("GET", f"/app/{plan.application}")
        self._application = ApplicationId(json.load(self._http.getresponse())["id"])
        self._verifier = Verifier.development()
        self._channels: list[SealedChannel] = []
        self._publisher, self._publishing = self._connect()

    def join(self) -> WebSocket:
        websocket, channel = self._connect()
        websocket.send(channel.seal(encode_command(Subscribe(event=EVENT))))
        answer = decode_message(channel.open(websocket.receive())[1])
        if not isinstance(answer, Success):
            raise ConnectionError(f"no subscription: {answer}")
        self._channels.append(channel)
        return websocket

    def ask(self, number: int) -> None:
        command = Execute(handler="announce", args=values.encode([number]))
        self._publisher.send(self._publishing.seal(encode_command(command)))

    def check(self, index: int, message: bytes, number: int) -> None:
        received = decode_message(self._channels[index].open(message)[1])
        if not isinstance(received, PublishedEvent) or values.decode(received.payload) != number:
            raise ValueError(f"unexpected message: {received}")
        if index == 0:
            answer = decode_message(self._publishing.open(self._publisher.receive())[1])
            if isinstance(answer, Failure):
                raise answer.to_error()

    def _connect(self) -> tuple[WebSocket, SealedChannel]:
        path = f"/app/{self._application}"
        handshake = ClientHandshake(self._application)
        self._http.request("POST", f"{path}/session", handshake.request())
        response = self._http.getresponse()
        body = response.read()
        if response.status != 200:
            raise ConnectionError(body.decode())
        channel, _ = handshake.finish(body, self._verifier)
        return WebSocket(self._port, f"{path}/ws"), channel


class Plain:
    """Clients of `peers/broadcast.py`."""

    def __init__(self, plan: Plan) -> None:
        self._port = plan.port
        self._asking = WebSocket(plan.port, "/ask")

    def join(self) -> WebSocket:
        return WebSocket(self._port, "/")

    def ask(self, number: int) -> None:
        self._asking.send(str(number).encode())

    def check(self, index: int, message: bytes, number: int) -> None:
        if not message.startswith(b"%d " % number):
            raise ValueError(f"unexpected message: {message!r}")


class Crowd:
    """All clients, connected, and the one epoll that watches them."""

    def __init__(self, plan: Plan) -> None:
        self._audience: Audience = Plain(plan) if plan.application is None else Sealed(plan)
        self._clients: dict[int, tuple[int, WebSocket]] = {}
        self._poll = select.epoll()
        for index in range(plan.clients):
            client = self._audience.join()
            client.socket.setblocking(False)
            self._clients[client.socket.fileno()] = (index, client)
            self._poll.register(client.socket, select.EPOLLIN)

    def spread(self, number: int) -> list[float]:
        """Seconds until each client has received message `number`. Raises `TimeoutError`, `ValueError`."""
        messages: list[tuple[int, bytes]] = []
        taken: list[float] = []
        begun = time.perf_counter()
        self._audience.ask(number)
        while len(messages) < len(self._clients):
            ready = self._poll.poll(DEADLINE)
            if not ready:
                raise TimeoutError(f"{len(messages)} of {len(self._clients)} clients received anything")
            for descriptor, _ in ready:
                index, client = self._clients[descriptor]
                message = client.feed(client.socket.recv(65536))
                if message is not None:
                    taken.append(time.perf_counter() - begun)
                    messages.append((index, message))
        for index, message in messages:
            self._audience.check(index, message, number)
        return taken


class Listeners:
    """The process, seen from the one that started it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def spread(self, messages: int) -> Spread:
        return Spread(**await self.say(messages))

    async def say(self, line: object) -> Any:
        """Send a line and read one. Raises `RuntimeError` with what the process said if it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")
        answer = await self._process.stdout.readline()
        if not answer:
            errors = (await self._process.stderr.read()).decode().strip()
            raise RuntimeError(f"listeners: {errors.splitlines()[-1] if errors else 'ended'}")
        return json.loads(answer)


@asynccontextmanager
async def listeners(plan: Plan) -> AsyncIterator[Listeners]:
    """Clients that are all connected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "harness.listeners"),
        cwd=Path(__file__).resolve().parent.parent,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        started = Listeners(process)
        await started.say(asdict(plan))
        yield started
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def main() -> None:
    crowd = Crowd(Plan(**json.loads(sys.stdin.readline())))
    print(json.dumps("connected"), flush=True)
    number = 0
    for line in sys.stdin:
        taken: list[float] = []
        for _ in range(json.loads(line)):
            number += 1
            taken += crowd.spread(number)
        cuts = statistics.quantiles(taken, n=100)
        print(json.dumps(asdict(Spread(cuts[49] * 1e3, cuts[98] * 1e3, max(taken) * 1e3))), flush=True)


if __name__ == "__main__":
    main()
