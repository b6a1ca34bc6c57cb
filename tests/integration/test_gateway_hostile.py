"""Somebody between client and node who sees and changes everything, and clients that keep no rules."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from integration.gateway_node import Node, running_node
from proven.attestation import DevelopmentAttestor, Verifier
from proven.client import Carrier, connect
from proven.wire import cbor, values
from proven.wire.commands import Execute, WhoAmI, decode_message, encode_command
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import ApplicationId
from proven.wire.session import ClientHandshake, SealedChannel, ServerHandshake
from support.raw_sessions import COSE, open_channel
from support.web_servers import listening

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORIGIN = "https://page.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    directory: Path = tmp_path_factory.mktemp("node")
    async with running_node(directory) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


async def opened(node: Node, http: aiohttp.ClientSession, origin: str | None = None) -> SealedChannel:
    handshake = ClientHandshake(node.application.id, origin=origin)
    return await open_channel(http, node.app_url, handshake, node.verifier)


Send = Callable[[bytes], Awaitable[bytes | None]]


@asynccontextmanager
async def over(kind: str, node: Node, http: aiohttp.ClientSession) -> AsyncIterator[Send]:
    """Send raw frames; None is the answer of a node that has ended the session or connection."""
    if kind == "http":

        async def post(frame: bytes) -> bytes | None:
            async with http.post(f"{node.app_url}/rpc", data=frame, headers=COSE) as response:
                content = await response.read()
                if response.status == 200:
                    return content
                assert response.status in (400, 401, 413)
                assert b"Traceback" not in content
                return None

        yield post
        return
    async with http.ws_connect(f"{node.app_url}/ws", max_msg_size=0) as websocket:

        async def send(frame: bytes) -> bytes | None:
            await websocket.send_bytes(frame)
            message = await websocket.receive(timeout=60)
            return message.data if message.type is aiohttp.WSMsgType.BINARY else None

        yield send


def flipped(frame: bytes, index: int) -> bytes:
    return frame[:index] + bytes([frame[index] ^ 1]) + frame[index + 1 :]


ATTACKS: dict[str, Callable[[SealedChannel, SealedChannel], list[bytes]]] = {
    "truncated": lambda mine, other: [mine.seal(encode_command(WhoAmI()))[:-1]],
    "extended": lambda mine, other: [mine.seal(encode_command(WhoAmI())) + b"\0"],
    "a flipped bit in the ciphertext": lambda mine, other: [
        flipped(mine.seal(encode_command(WhoAmI())), -1 % 50)
    ],
    "a flipped bit in the sequence": lambda mine, other: [flipped(mine.seal(encode_command(WhoAmI())), 34)],
    "random bytes after a genuine header": lambda mine, other: [
        mine.seal(encode_command(WhoAmI()))[:37] + os.urandom(64)
    ],
    "not a frame": lambda mine, other: [b"hello"],
    "empty": lambda mine, other: [b""],
}


@pytest.mark.parametrize("kind", ["websocket", "http"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_frame_that_was_tampered_with_is_not_answered(
    node: Node,
    http: aiohttp.ClientSession,
    kind: str,
    attack: Callable[[SealedChannel, SealedChannel], list[bytes]],
) -> None:
    mine, other = await opened(node, http), await opened(node, http)
    async with over(kind, node, http) as send:
        for frame in attack(mine, other):
            assert await send(frame) is None


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_a_replayed_frame_ends_the_session(node: Node, http: aiohttp.ClientSession, kind: str) -> None:
    channel = await opened(node, http)
    frame = channel.seal(encode_command(WhoAmI()))
    async with over(kind, node, http) as send:
        assert await send(frame) is not None
        assert await send(frame) is None
    async with over("http", node, http) as send:
        assert await send(channel.seal(encode_command(WhoAmI()))) is None


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_reordered_frames_end_the_session(node: Node, http: aiohttp.ClientSession, kind: str) -> None:
    channel = await opened(node, http)
    first, second = (channel.seal(encode_command(WhoAmI())) for _ in range(2))
    async with over(kind, node, http) as send:
        assert await send(second) is not None
        assert await send(first) is None


@pytest.mark.parametrize("kind", ["websocket", "http"])
async def test_a_frame_sent_back_to_the_node_does_not_open(
    node: Node, http: aiohttp.ClientSession, kind: str
) -> None:
    channel = await opened(node, http)
    async with over(kind, node, http) as send:
        answer = await send(channel.seal(encode_command(WhoAmI())))
        assert answer is not None
        assert await send(answer) is None


async def test_a_websocket_carries_one_session(node: Node, http: aiohttp.ClientSession) -> None:
    mine, other = await opened(node, http), await opened(node, http)
    async with over("websocket", node, http) as send:
        assert await send(mine.seal(encode_command(WhoAmI()))) is not None
        assert await send(other.seal(encode_command(WhoAmI()))) is None
    async with over("http", node, http) as send:
        assert await send(other.seal(encode_command(WhoAmI()))) is not None


async def test_a_session_works_at_its_own_applications_address_only(
    node: Node, http: aiohttp.ClientSession
) -> None:
    channel = await opened(node, http)
    async with http.post(f"{node.url}/rpc", data=channel.seal(encode_command(WhoAmI()))) as response:
        assert response.status == 400
    handshake = ClientHandshake(ApplicationId("a" * 32))
    async with http.post(f"{node.app_url}/session", data=handshake.request()) as response:
        assert response.status == 400


async def test_a_page_cannot_use_the_session_of_another_page(node: Node, http: aiohttp.ClientSession) -> None:
    channel = await opened(node, http, ORIGIN)
    allowed = f"http://gate.localhost:{node.port}"
    for origin, status in ((ORIGIN, 200), (allowed, 403), ("https://evil.example", 403), ("null", 403)):
        frame = channel.seal(encode_command(WhoAmI()))
        async with http.post(f"{node.app_url}/rpc", data=frame, headers={"origin": origin}) as response:
            assert response.status == status
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect(f"{node.app_url}/ws", headers={"origin": "https://evil.example"})
    assert refused.value.status == 403
    async with http.ws_connect(f"{node.app_url}/ws", headers={"origin": allowed}) as websocket:
        await websocket.send_bytes(channel.seal(encode_command(WhoAmI())))
        message = await websocket.receive(timeout=60)
        assert message.type is not aiohttp.WSMsgType.BINARY
    for origin in ("https://evil.example", allowed):
        handshake = ClientHandshake(node.application.id, origin=ORIGIN)
        async with http.post(
            f"{node.app_url}/session", data=handshake.request(), headers={"origin": origin}
        ) as response:
            assert response.status == 403


@pytest.mark.parametrize("plaintext", [b"", b"\xff", b"\xa0", b"\xa1\x67command\x61x", bytes(100)])
async def test_nonsense_inside_the_session_is_answered_inside_the_session(
    node: Node, http: aiohttp.ClientSession, plaintext: bytes
) -> None:
    channel = await opened(node, http)
    async with over("websocket", node, http) as send:
        answer = await send(channel.seal(plaintext))
        assert answer is not None
        message = decode_message(channel.open(answer)[1])
        assert message.to_error().code is ErrorCode.BAD_REQUEST
        assert await send(channel.seal(encode_command(WhoAmI()))) is not None


async def test_http_requests_of_one_session_are_carried_out_in_order_and_bounded(
    node: Node, http: aiohttp.ClientSession
) -> None:
    channel = await opened(node, http)
    slow = encode_command(Execute(handler="slow", args=values.encode([300])))
    first = asyncio.create_task(http.post(f"{node.app_url}/rpc", data=channel.seal(slow)))
    node.calls.clear()
    frames = [channel.seal(encode_command(WhoAmI())) for _ in range(40)]

    async def post(frame: bytes) -> int:
        async with http.post(f"{node.app_url}/rpc", data=frame) as response:
            return response.status

    statuses = await asyncio.gather(*(post(frame) for frame in frames))
    assert 503 in statuses
    async with await first as response:
        assert response.status == 200
    assert [call.handler for call in node.calls] == ["src/app.ts#slow"]


class Interceptor:
    """Terminates the client's connection and speaks to the node itself: a TLS interceptor's place."""

    def __init__(self, node: Node, attestor: DevelopmentAttestor) -> None:
        self.node = node
        self.attestor = attestor
        self.forge: Callable[[bytes, bytes], Awaitable[bytes]] = self.forward
        self.mangle: Callable[[bytes], bytes] = lambda frame: frame

    async def forward(self, request: bytes, response: bytes) -> bytes:
        return response

    async def with_own_key_and_evidence(self, request: bytes, response: bytes) -> bytes:
        handshake = ServerHandshake(request)
        evidence = await self.attestor.attest(
            nonce=handshake.nonce, public_key=handshake.server_key, user_data=handshake.transcript
        )
        return handshake.finish(evidence)[0]

    async def with_own_key_and_genuine_evidence(self, request: bytes, response: bytes) -> bytes:
        genuine = cbor.decode(response)
        assert isinstance(genuine, dict)
        evidence = genuine["evidence"]
        assert isinstance(evidence, bytes)
        return ServerHandshake(request).finish(evidence)[0]

    async def _relay(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with (
            aiohttp.ClientSession() as session,
            session.request(request.method, self.node.url + request.path_qs, data=body) as response,
        ):
            content = await response.read()
            if request.path.endswith("/session"):
                content = await self.forge(body, content)
            elif request.path.endswith("/rpc"):
                content = self.mangle(content)
            return web.Response(status=response.status, body=content)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._relay)
        async with listening(application) as port:
            yield f"http://127.0.0.1:{port}"


@pytest.fixture
def interceptor(node: Node, tmp_path: Path) -> Interceptor:
    return Interceptor(node, DevelopmentAttestor(tmp_path))


async def test_an_honest_relay_can_carry_a_session(node: Node, interceptor: Interceptor) -> None:
    async with (
        interceptor.listening() as url,
        await connect(url, application="gate", verifier=node.verifier, carrier=Carrier.HTTP) as client,
    ):
        assert await client.call("echo", 1) == [1]


@pytest.mark.parametrize("forgery", ["with_own_key_and_evidence", "with_own_key_and_genuine_evidence"])
async def test_a_man_in_the_middle_who_puts_in_a_key_of_his_own_is_detected(
    node: Node, interceptor: Interceptor, forgery: str
) -> None:
    interceptor.forge = getattr(interceptor, forgery)
    async with interceptor.listening() as url:
        with pytest.raises(ProvenError) as detected:
            await connect(url, application="gate", verifier=node.verifier, carrier=Carrier.HTTP)
    assert detected.value.code is ErrorCode.EVIDENCE_INVALID


async def test_evidence_recorded_in_an_earlier_handshake_is_refused(
    node: Node, interceptor: Interceptor
) -> None:
    recorded: list[bytes] = []

    async def replay(request: bytes, response: bytes) -> bytes:
        recorded.append(response)
        return recorded[0]

    interceptor.forge = replay
    async with interceptor.listening() as url:
        async with await connect(url, application="gate", verifier=node.verifier, carrier=Carrier.HTTP):
            pass
        with pytest.raises(ProvenError) as detected:
            await connect(url, application="gate", verifier=node.verifier, carrier=Carrier.HTTP)
    assert detected.value.code is ErrorCode.EVIDENCE_INVALID


async def test_answers_that_were_altered_on_the_way_are_not_believed(
    node: Node, interceptor: Interceptor
) -> None:
    async with (
        interceptor.listening() as url,
        await connect(url, application="gate", verifier=node.verifier, carrier=Carrier.HTTP) as client,
    ):
        interceptor.mangle = lambda frame: flipped(frame, len(frame) - 1)
        with pytest.raises(ProvenError) as detected:
            await client.call("echo", 1)
        assert detected.value.code is ErrorCode.UNAVAILABLE


async def test_answers_cannot_be_swapped_between_calls(node: Node, interceptor: Interceptor) -> None:
    seen: list[bytes] = []

    def earlier(frame: bytes) -> bytes:
        seen.append(frame)
        return seen[0]

    interceptor.mangle = earlier
    async with (
        interceptor.listening() as url,
        await connect(url, application="gate", verifier=node.verifier, carrier=Carrier.HTTP) as client,
    ):
        assert await client.call("echo", 1) == [1]
        with pytest.raises(ProvenError):
            await client.call("echo", 2)


async def test_evidence_of_another_root_is_refused(node: Node, tmp_path: Path) -> None:
    stranger = Verifier.development(DevelopmentAttestor(tmp_path).root)
    with pytest.raises(ProvenError) as refused:
        await connect(node.url, application="gate", verifier=stranger)
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID
