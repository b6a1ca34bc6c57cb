from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed

from proven.gateway.http import Request, Response
from proven.gateway.limits import HttpLimits, WebSocketLimits
from proven.gateway.websocket import WebSocket, WebSocketResponse
from unit.gateway.raw_http import DEADLINE, connect, serving, talking

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
LIMITS = WebSocketLimits(message=100_000, queued_messages=4, close_timeout=5.0)


async def echo(websocket: WebSocket) -> None:
    while True:
        await websocket.send(await websocket.receive())


async def upgrade(request: Request) -> Response:
    return WebSocketResponse(101, serve=echo, limits=LIMITS)


def client(port: int) -> open_websocket:
    return open_websocket(f"ws://127.0.0.1:{port}/", max_size=None, open_timeout=DEADLINE, proxy=None)


async def closed_with(websocket: ClientConnection) -> int | None:
    with suppress(ConnectionClosed):
        async with asyncio.timeout(DEADLINE):
            async for _ in websocket:
                pass
    return websocket.close_code


async def test_messages_go_both_ways_whole_or_in_fragments() -> None:
    async with serving(upgrade) as (_, port), client(port) as websocket:
        for size in (0, 1, 125, 126, 65535, 65536, 100_000):
            message = os.urandom(size)
            await websocket.send(message)
            assert await websocket.recv() == message
        await websocket.send([b"a", b"b", b"c"])
        assert await websocket.recv() == b"abc"


async def test_compression_is_never_negotiated() -> None:
    async with serving(upgrade) as (_, port), client(port) as websocket:
        assert websocket.response is not None
        assert "Sec-WebSocket-Extensions" not in websocket.response.headers


async def test_a_message_over_the_limit_closes_with_1009() -> None:
    async with serving(upgrade) as (_, port), client(port) as websocket:
        await websocket.send(b"x" * 100_001)
        assert await closed_with(websocket) == 1009


async def test_fragments_that_add_up_to_too_much_close_with_1009() -> None:
    async with serving(upgrade) as (_, port), client(port) as websocket:
        await websocket.send([b"x" * 60_000, b"x" * 60_000])
        assert await closed_with(websocket) == 1009


async def test_text_closes_with_1003() -> None:
    async with serving(upgrade) as (_, port), client(port) as websocket:
        await websocket.send("text")
        assert await closed_with(websocket) == 1003


async def test_messages_sent_with_the_handshake_are_not_lost() -> None:
    async with talking(upgrade) as peer:
        mask, payload = b"\1\2\3\4", b"hello"
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        await peer.send(HANDSHAKE + b"\x82\x85" + mask + masked)
        assert (await peer.answer()).status == 101
        async with asyncio.timeout(DEADLINE):
            assert await peer.reader.readexactly(7) == b"\x82\x05hello"


@pytest.mark.parametrize("frame", [b"\x82\x05hello", b"\xf2\x85\0\0\0\0hello", b"\x8b\x80\0\0\0\0"])
async def test_a_frame_that_breaks_the_protocol_closes_with_1002(frame: bytes) -> None:
    async with talking(upgrade) as peer:
        assert (await peer.ask(HANDSHAKE)).status == 101
        await peer.send(frame)
        async with asyncio.timeout(DEADLINE):
            close = await peer.reader.readexactly(4)
        assert (close[0], int.from_bytes(close[2:4])) == (0x88, 1002)


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Version: 8", 400),
        (b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", b"Sec-WebSocket-Key: short", 400),
        (b"Upgrade: websocket", b"Upgrade: h2c", 426),
        (b"Connection: Upgrade\r\nUpgrade: websocket\r\n", b"", 426),
        (b"GET", b"POST", 405),
    ],
)
async def test_a_bad_handshake_is_refused(old: bytes, new: bytes, status: int) -> None:
    async with talking(upgrade) as peer:
        assert (await peer.ask(HANDSHAKE.replace(old, new))).status == status


async def test_a_sender_is_held_back_while_messages_wait() -> None:
    go = asyncio.Event()
    received = 0

    async def slow(websocket: WebSocket) -> None:
        nonlocal received
        await go.wait()
        while True:
            await websocket.receive()
            received += 1

    async def handler(request: Request) -> Response:
        return WebSocketResponse(101, serve=slow, limits=LIMITS)

    async with serving(handler) as (_, port), client(port) as websocket:

        async def flood() -> None:
            for _ in range(1000):
                await websocket.send(b"x" * 50_000)

        task = asyncio.create_task(flood())
        done, _ = await asyncio.wait([task], timeout=0.3)
        assert not done
        go.set()
        await asyncio.wait_for(task, DEADLINE)
        async with asyncio.timeout(DEADLINE):
            while received < 1000:
                await asyncio.sleep(0)


async def test_a_peer_that_floods_pings_and_reads_nothing_is_cut_off() -> None:
    async with serving(upgrade, HttpLimits(write_timeout=0.1)) as (server, port), connect(port) as peer:
        assert (await peer.ask(HANDSHAKE)).status == 101
        ping = b"\x89\xfd\0\0\0\0" + b"x" * 125
        async with asyncio.timeout(DEADLINE):
            while server.connections:
                peer.writer.write(ping * 1000)
                await asyncio.sleep(0.001)
                if peer.writer.is_closing():
                    break


async def test_a_peer_that_answers_no_ping_is_cut_off() -> None:
    async def handler(request: Request) -> Response:
        limits = WebSocketLimits(ping_interval=0.05, pong_timeout=0.05)
        return WebSocketResponse(101, serve=echo, limits=limits)

    async with talking(handler) as peer:
        assert (await peer.ask(HANDSHAKE)).status == 101
        assert (await peer.rest()).startswith(b"\x89")


async def test_leaving_ends_the_server_of_the_websocket() -> None:
    ended = asyncio.Event()

    async def serve(websocket: WebSocket) -> None:
        try:
            await websocket.receive()
        finally:
            ended.set()

    async def handler(request: Request) -> Response:
        return WebSocketResponse(101, serve=serve, limits=LIMITS)

    async with serving(handler) as (_, port):
        async with client(port):
            pass
        await asyncio.wait_for(ended.wait(), DEADLINE)


async def test_stopping_the_server_says_going_away() -> None:
    async with serving(upgrade) as (server, port), client(port) as websocket:
        await websocket.send(b"x")
        await websocket.recv()
        stopping = asyncio.create_task(server.stop(grace=DEADLINE))
        assert await closed_with(websocket) == 1001
        await asyncio.wait_for(stopping, DEADLINE)


async def test_a_failure_of_the_server_closes_with_1011_and_says_nothing() -> None:
    async def serve(websocket: WebSocket) -> None:
        raise RuntimeError("secret")

    async def handler(request: Request) -> Response:
        return WebSocketResponse(101, serve=serve, limits=LIMITS)

    async with serving(handler) as (_, port), client(port) as websocket:
        assert await closed_with(websocket) == 1011
        assert websocket.close_reason == ""
