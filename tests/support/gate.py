"""A wire to a node on which commands to applications are held until a test lets them through."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

COMMAND = b"POST /.well-known/proven/commands"
ALL = 1 << 40


class Held:
    """A command that somebody is handing in."""

    def __init__(self, node: asyncio.StreamWriter) -> None:
        self.come = 0
        self.answering = asyncio.Event()
        self._node = node
        self._waiting = bytearray()
        self._may = 0

    def take(self, data: bytes) -> None:
        self.come += len(data)
        self._waiting += data
        self._pass()

    def let(self, count: int = ALL, *, answer: bool = True) -> None:
        """Let so many bytes more through to the node, and with `answer` what it says to that."""
        self._may += count
        if answer:
            self.answering.set()
        self._pass()

    def _pass(self) -> None:
        passing = bytes(self._waiting[: self._may])
        del self._waiting[: len(passing)]
        self._may -= len(passing)
        self._node.write(passing)


class Gate:
    """Carries connections to a node at `target`; while it is `shut`, commands are held."""

    def __init__(self, target: str) -> None:
        self.url = ""
        self.shut = False
        self.held: list[Held] = []
        self.connections = 0
        self.open = 0
        self._target = int(target.rpartition(":")[2])

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Gate]:
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        node_reader, node = await asyncio.open_connection("127.0.0.1", self._target)
        commands: list[Held] = []
        ways = [
            asyncio.create_task(self._to_node(reader, node, commands)),
            asyncio.create_task(_to_caller(node_reader, writer, commands)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, node):
                each.close()
            self.open -= 1

    async def _to_node(
        self, reader: asyncio.StreamReader, node: asyncio.StreamWriter, commands: list[Held]
    ) -> None:
        while data := await reader.read(65536):
            if self.shut and data.startswith(COMMAND):
                commands.append(Held(node))
                self.held.append(commands[-1])
            if commands:
                commands[-1].take(data)
            else:
                node.write(data)


async def _to_caller(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, commands: list[Held]
) -> None:
    while data := await reader.read(65536):
        if commands:
            await commands[-1].answering.wait()
        writer.write(data)
