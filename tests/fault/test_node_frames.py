"""Frames that a session did not send, or not like that: each ends its own session, and no other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
import pytest_asyncio

from proven.apps import Application
from proven.client import Client
from proven.wire import values
from proven.wire.commands import Execute, Success, decode_message, encode_command
from proven.wire.session import ClientHandshake, SealedChannel
from support.node import Node, running_node
from support.raw_sessions import open_channel

pytestmark = pytest.mark.asyncio(loop_scope="module")


class RawSession:
    """A session over one WebSocket, frame by frame."""

    def __init__(self, channel: SealedChannel, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self.channel = channel
        self._websocket = websocket

    def frame(self, number: int = 1) -> bytes:
        """The next frame of this session: a call of `echo`."""
        return self.channel.seal(encode_command(Execute(handler="echo", args=values.encode([number]))))

    async def send(self, frame: bytes) -> None:
        await self._websocket.send_bytes(frame)

    async def answer(self) -> object:
        """What `echo` answered."""
        _, plaintext = self.channel.open(await self._websocket.receive_bytes(timeout=60))
        message = decode_message(plaintext)
        assert isinstance(message, Success)
        value = message.ok["value"]
        assert isinstance(value, bytes)
        return values.decode(value)

    async def is_closed(self) -> bool:
        """Whether the node has ended the connection, without another answer, for breaking the rules."""
        message = await self._websocket.receive(timeout=60)
        return (
            message.type is aiohttp.WSMsgType.CLOSE and message.data == aiohttp.WSCloseCode.POLICY_VIOLATION
        )


class Stage:
    def __init__(self, node: Node, application: Application, http: aiohttp.ClientSession, bystander: Client):
        self._node = node
        self._http = http
        self._bystander = bystander
        self._application = application
        self._url = f"{node.url}/app/{application.id}"

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[RawSession]:
        handshake = ClientHandshake(self._application.id)
        channel = await open_channel(self._http, self._url, handshake, self._node.verifier)
        async with self._http.ws_connect(f"{self._url}/ws", max_msg_size=0) as websocket:
            yield RawSession(channel, websocket)

    async def has_ended(self, session: RawSession) -> bool:
        """Whether the node takes the session's frames nowhere any more: here as an HTTP request."""
        async with self._http.post(f"{self._url}/rpc", data=session.frame()) as response:
            return response.status == 401

    async def nobody_else_noticed(self) -> bool:
        return bool(await self._bystander.call("echo", "still here") == ["still here"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with running_node(tmp_path_factory.mktemp("node")) as node, aiohttp.ClientSession() as http:
        application = await node.deploy("people")
        yield Stage(node, application, http, await node.connect(application))


def flipped(frame: bytes, bit: int) -> bytes:
    changed = bytearray(frame)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


ALTERATIONS: dict[str, Callable[[bytes], bytes]] = {
    "truncated by a byte": lambda frame: frame[:-1],
    "truncated to half": lambda frame: frame[: len(frame) // 2],
    "truncated to a byte": lambda frame: frame[:1],
    "empty": lambda frame: b"",
    "extended": lambda frame: frame + b"\0",
    "twice in one message": lambda frame: frame + frame,
    "random bytes": lambda frame: os.urandom(len(frame)),
    "random ciphertext": lambda frame: frame[:45] + os.urandom(len(frame) - 45),
    "text": lambda frame: b"GET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=ALTERATIONS.keys())
async def test_an_altered_frame_ends_its_session_and_no_other(
    stage: Stage, alter: Callable[[bytes], bytes]
) -> None:
    async with stage.session() as session:
        await session.send(session.frame(1))
        assert await session.answer() == [1]
        await session.send(alter(session.frame()))
        assert await session.is_closed()
        assert await stage.has_ended(session)
    assert await stage.nobody_else_noticed()


async def test_whichever_bit_is_flipped_the_frame_is_not_answered(stage: Stage) -> None:
    chance = random.Random(7)
    async with stage.session() as session:
        length = 8 * len(session.frame())
    for bit in [*range(0, 64, 5), *chance.sample(range(length), 40)]:
        async with stage.session() as session:
            await session.send(session.frame(1))
            assert await session.answer() == [1]
            await session.send(flipped(session.frame(), bit))
            assert await session.is_closed(), bit
    assert await stage.nobody_else_noticed()


async def test_a_replayed_frame_ends_its_session(stage: Stage) -> None:
    async with stage.session() as session:
        frame = session.frame(1)
        await session.send(frame)
        assert await session.answer() == [1]
        await session.send(frame)
        assert await session.is_closed()
        assert await stage.has_ended(session)
    assert await stage.nobody_else_noticed()


async def test_frames_in_another_order_end_their_session(stage: Stage) -> None:
    async with stage.session() as session:
        first, second = session.frame(1), session.frame(2)
        await session.send(second)
        assert await session.answer() == [2]
        await session.send(first)
        assert await session.is_closed()
        assert await stage.has_ended(session)
    assert await stage.nobody_else_noticed()


async def test_a_gap_between_frames_is_no_offence(stage: Stage) -> None:
    async with stage.session() as session:
        session.frame(), session.frame()
        await session.send(session.frame(3))
        assert await session.answer() == [3]


async def test_a_frame_of_another_session_ends_the_connection_but_not_that_session(stage: Stage) -> None:
    async with stage.session() as mine, stage.session() as other:
        await mine.send(mine.frame(1))
        assert await mine.answer() == [1]
        await mine.send(other.frame(2))
        assert await mine.is_closed()
        await other.send(other.frame(3))
        assert await other.answer() == [3]
    assert await stage.nobody_else_noticed()


async def test_the_nodes_own_frame_sent_back_to_it_is_not_taken(stage: Stage) -> None:
    async with stage.session() as session:
        await session.send(session.frame(1))
        message = await session._websocket.receive_bytes(timeout=60)
        await session.send(message)
        assert await session.is_closed()
    assert await stage.nobody_else_noticed()


async def test_a_session_of_one_application_is_none_of_another(stage: Stage) -> None:
    neighbour = await stage._node.deploy("neighbour")
    async with stage.session() as session:
        url = f"{stage._node.url}/app/{neighbour.id}/rpc"
        async with stage._http.post(url, data=session.frame()) as response:
            assert response.status == 400
        await session.send(session.frame(2))
        assert await session.answer() == [2]


async def test_sessions_that_are_attacked_do_not_slow_down_those_that_are_not(stage: Stage) -> None:
    """A hundred sessions are broken while the bystander calls; it gets every answer."""

    async def broken() -> None:
        async with stage.session() as session:
            await session.send(session.frame()[:-1])
            assert await session.is_closed()

    attacks = [asyncio.create_task(broken()) for _ in range(100)]
    while not all(attack.done() for attack in attacks):
        assert await stage.nobody_else_noticed()
    await asyncio.gather(*attacks)
