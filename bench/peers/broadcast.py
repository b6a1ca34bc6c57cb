"""A bare `websockets` server: sends to all, when one asks, a message as long as the node's sealed event.

`python broadcast.py PORT`. Clients at `/ask` ask; all others listen.
"""

import sys
from contextlib import suppress

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

PADDING = b"x" * 110


async def main(port: int) -> None:
    listening: set[ServerConnection] = set()

    async def connected(connection: ServerConnection) -> None:
        if connection.request is not None and connection.request.path == "/ask":
            with suppress(ConnectionClosed):
                async for message in connection:
                    assert isinstance(message, bytes)
                    broadcast(listening, message + b" " + PADDING)
            return
        listening.add(connection)
        try:
            await connection.wait_closed()
        finally:
            listening.discard(connection)

    async with serve(connected, "127.0.0.1", port, compression=None) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
