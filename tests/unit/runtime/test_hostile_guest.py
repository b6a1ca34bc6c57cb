"""A guest that has got out of its realm and speaks the frame protocol itself: what it can do to the node."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from proven.packages import HandlerEntry, HandlerKind, HandlerOptions
from proven.runtime import HostFunction, HostFunctions, HttpRequest, Invocation, RuntimeConfig
from proven.runtime._endings import Ending
from proven.runtime._frames import HEADER, FrameType
from proven.runtime._guest import Guest
from proven.runtime._running import Running
from proven.wire import values
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId, PackageId
from unit.runtime.harness import eventually, load, running

MIB = 1024 * 1024
REQUEST = HttpRequest(
    method="GET", url="http://app/", path="/", path_parameters=(), query=(), headers=(), body=None
)


class FakeProcess:
    """Stands in for the process at the other end: it can only be killed."""

    pid = os.getpid()

    def __init__(self) -> None:
        self._ended = asyncio.Event()

    def kill(self) -> None:
        self._ended.set()

    async def wait(self) -> int:
        await self._ended.wait()
        return 1


class Attacker:
    """The guest's end of the frame socket, in the test's hands."""

    def __init__(self, guest: Guest, frames: socket.socket) -> None:
        self.guest = guest
        self.frames = frames

    def invoked(self, kind: HandlerKind = HandlerKind.RPC) -> Running:
        """An invocation that waits for what the attacker answers."""
        handler = HandlerEntry(address="a#b", module="a", export="b", kind=kind, options=HandlerOptions())
        invocation = Invocation(
            application_id=ApplicationId("a" * 32),
            package_id=PackageId("0" * 64),
            handler="a#b",
            kind=kind,
            http=REQUEST if kind is HandlerKind.HTTP else None,
        )
        return self.guest.invoke(handler, b"\0", invocation, 10.0)

    async def send(self, type_: int, id_: int, payload: bytes) -> None:
        frame = HEADER.pack(len(payload), type_, id_) + payload
        with contextlib.suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(self.frames, frame)

    async def call(self, invocation: Running, operation: str, *arguments: Any, number: int = 1) -> None:
        call = values.encode([operation, list(arguments)], allow_streams=True)
        await self.send(FrameType.CALL, number, struct.pack("<I", invocation.id) + call)


@contextlib.asynccontextmanager
async def attacker(functions: Mapping[str, HostFunction] | None = None) -> AsyncIterator[Attacker]:
    guest = Guest(RuntimeConfig(), HostFunctions(functions or {}), 128)
    (ours, frames), (sync, their_sync) = socket.socketpair(), socket.socketpair()
    stderr, their_stderr = os.pipe()
    for end in (ours, frames, sync):
        end.setblocking(False)
    try:
        frames.send(HEADER.pack(0, FrameType.READY, 0))
        await guest.attach(FakeProcess(), ours, sync, stderr)  # type: ignore[arg-type]
        yield Attacker(guest, frames)
    finally:
        guest.kill(Ending.RETIRED)
        await guest.gone()
        frames.close()
        their_sync.close()
        os.close(their_stderr)


MALFORMED = {
    "no error record": (FrameType.THROW, values.encode(1)),
    "no value at all": (FrameType.THROW, b"\xff\xff"),
    "a code that is a list": (FrameType.THROW, values.encode({"message": "m", "host": True, "code": ["x"]})),
    "headers that are numbers": (FrameType.RESPONSE, values.encode([200, [1], b""])),
    "headers of three parts": (FrameType.RESPONSE, values.encode([200, [["a", "b", "c"]], b""])),
    "a status that is none": (FrameType.RESPONSE, values.encode([1000, [], b""])),
    "a console line of no level": (FrameType.CONSOLE, values.encode([["log"], "text", 0])),
    "a frame only the node sends": (FrameType.INVOKE, b""),
    "a frame of no type": (200, b""),
}


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_frame_ends_the_process_and_every_call_in_it(name: str) -> None:
    type_, payload = MALFORMED[name]
    async with attacker() as hostile:
        calls = [hostile.invoked(HandlerKind.HTTP), hostile.invoked(HandlerKind.RPC)]
        await hostile.send(type_, calls[0].id, payload)
        async with asyncio.timeout(60):
            for call in calls:
                with pytest.raises(ProvenError):
                    await call.future
        assert hostile.guest.ending is Ending.PROTOCOL


async def test_no_sequence_of_frames_leaves_a_call_without_an_end() -> None:
    chance = random.Random(20)
    for _ in range(100):
        async with attacker() as hostile:
            call = hostile.invoked()
            for _ in range(20):
                payload = chance.choice(
                    [chance.randbytes(chance.randrange(40)), values.encode([200, [["a", "b"]], b""])]
                )
                await hostile.send(chance.randrange(32, 70), chance.randrange(4), payload)
            hostile.frames.close()
            async with asyncio.timeout(60):
                await asyncio.wait([call.future])
            call.future.exception()


async def test_one_call_opens_only_so_many_streams() -> None:
    async with attacker({"take": lambda *_: asyncio.sleep(60)}) as hostile:
        call = hostile.invoked()
        streams = {str(number): values.StreamRef(2 * number + 1) for number in range(10_000)}
        await hostile.call(call, "take", streams)
        answer = await asyncio.get_running_loop().sock_recv(hostile.frames, 64 * 1024)
        await hostile.call(call, "take", values.StreamRef(999_999), number=2)
        answer += await asyncio.get_running_loop().sock_recv(hostile.frames, 64 * 1024)
        assert b"OVERLOADED" in answer
        assert len(call.own_streams().incoming) <= 256


async def test_a_guest_that_does_not_read_answers_gets_no_more_of_them() -> None:
    performed = 0

    async def answer(*_: Any) -> bytes:
        nonlocal performed
        performed += 1
        return bytes(MIB)

    async with attacker({"large": answer}) as hostile:
        call = hostile.invoked()
        for number in range(200):
            await hostile.call(call, "large", number=number)
        assert performed < 20
        assert hostile.guest.unread_bytes < 20 * MIB


async def test_answers_that_a_guest_does_not_read_count_as_its_memory() -> None:
    async def answer(*_: Any) -> bytes:
        return bytes(7 * MIB)

    source = """
      import { getApplicationBytesStore } from "@proven-network/kv";
      const store = getApplicationBytesStore();
      export const flood = runWithOptions({ timeout: 60_000 }, async () => {
        for (let i = 0; i < 80; i++) store.get("large").catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 1));
        while (true);
      });
    """
    async with running({"kv.get": answer}) as runtime:
        app = await load(runtime, source)
        assert (await app.error("flood")).code is ErrorCode.HANDLER_MEMORY
        await eventually(lambda: not runtime.report().processes)
