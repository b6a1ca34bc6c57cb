from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from integration.gateway_node import Node, Owner, running_node
from proven.client import Carrier, Client, connect
from proven.gateway import GatewayConfig
from proven.gateway.limits import RpcLimits
from proven.gateway.websocket import WebSocket
from proven.wire.commands import ConsoleEvent, Success, WhoAmI, decode_message, encode_command
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import new_seed
from proven.wire.ids import PackageId
from proven.wire.session import ClientHandshake
from proven.wire.values import UNDEFINED, BigInt, Value
from support.raw_sessions import open_channel

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    directory: Path = tmp_path_factory.mktemp("node")
    async with running_node(directory) as running:
        yield running


@pytest_asyncio.fixture(params=[Carrier.WEBSOCKET, Carrier.HTTP], loop_scope="module")
async def app(node: Node, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    async with await connect(
        node.url, application="gate", verifier=node.verifier, carrier=request.param
    ) as client:
        yield client


async def test_values_come_back_as_they_went(app: Client) -> None:
    moment = datetime.datetime(2024, 2, 29, 12, 0, tzinfo=datetime.UTC)
    values: list[Value] = [
        1,
        -1.5,
        "é",
        b"\0\xff",
        None,
        True,
        BigInt(7),
        moment,
        {"a": [1, {"b": 2}]},
        UNDEFINED,
    ]
    assert await app.call("src/app.ts#echo", *values) == values


async def test_handlers_are_called_by_address_upstreams_address_or_unambiguous_name(app: Client) -> None:
    assert await app.call("src/app.ts#add", 1, 2) == 3
    assert await app.call("file:///src/app.ts#add", 1, 2) == 3
    assert await app.call("slow", 0) == 0
    with pytest.raises(ProvenError, match=r"src/other\.ts#add") as refused:
        await app.call("add", 1, 2)
    assert refused.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    "name", ["nothing", "src/app.ts", "src/app.ts#greet", "src/app.ts#never", "never", "../x"]
)
async def test_only_listed_handlers_of_the_right_kind_can_be_called(app: Client, name: str) -> None:
    with pytest.raises(ProvenError) as refused:
        await app.call(name)
    assert refused.value.code is ErrorCode.NOT_FOUND


async def test_a_handlers_error_reaches_the_caller_with_its_message(app: Client) -> None:
    with pytest.raises(ProvenError, match="out of reach") as raised:
        await app.call("fail", "out of reach")
    assert raised.value.code is ErrorCode.HANDLER_ERROR


async def test_access_lets_in_only_whom_the_handler_wants(node: Node, app: Client) -> None:
    with pytest.raises(ProvenError) as refused:
        await app.call("members")
    assert refused.value.code is ErrorCode.UNAUTHENTICATED
    identity = await app.identify(new_seed())
    assert (await app.whoami()).identity == identity
    assert await app.call("members") == "welcome"
    with pytest.raises(ProvenError) as refused:
        await app.call("owners")
    assert refused.value.code is ErrorCode.FORBIDDEN
    await app.identify(Owner(node.owner).inside(node.application.id))
    assert await app.call("owners") == "boss"
    await app.anonymize()
    with pytest.raises(ProvenError):
        await app.call("members")


async def test_a_package_can_be_insisted_on(node: Node) -> None:
    async with await connect(
        node.url, application="gate", verifier=node.verifier, package_id=node.application.package_id
    ) as client:
        assert await client.call("src/app.ts#add", 1, 2) == 3
    async with await connect(
        node.url, application="gate", verifier=node.verifier, package_id=PackageId("0" * 64)
    ) as client:
        with pytest.raises(ProvenError) as refused:
            await client.call("src/app.ts#add", 1, 2)
        assert refused.value.code is ErrorCode.CONFLICT


async def test_many_calls_at_once_are_answered_as_they_finish(node: Node) -> None:
    async with await connect(node.url, application="gate", verifier=node.verifier) as client:
        first = asyncio.create_task(client.call("slow", 9000))
        for number in range(3):
            assert await client.call("src/app.ts#add", number, 1) == number + 1
        assert not first.done()
        first.cancel()


async def test_more_calls_at_once_than_allowed_are_told_to_come_back(node: Node) -> None:
    async with await connect(node.url, application="gate", verifier=node.verifier) as client:
        results = await asyncio.gather(
            *(client.call("slow", 1000) for _ in range(80)), return_exceptions=True
        )
        refused = [result for result in results if isinstance(result, ProvenError)]
        assert {error.code for error in refused} == {ErrorCode.OVERLOADED}
        assert all(error.retry_after for error in refused)
        assert len(refused) == 80 - 64


async def test_a_call_that_is_answered_counts_no_more_when_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the node stands still for a moment between an answer and all else that it has to do."""
    config = GatewayConfig(rpc=RpcLimits(in_flight=1))
    async with running_node(tmp_path, config) as node, aiohttp.ClientSession() as http:
        handshake = ClientHandshake(node.application.id)
        channel = await open_channel(http, node.app_url, handshake, node.verifier)
        first, *later = [channel.seal(encode_command(WhoAmI())) for _ in range(3)]

        def answer(websocket: WebSocket, message: bytes) -> None:
            send(websocket, message)
            if later:
                asyncio.get_running_loop().call_soon(websocket._message, later.pop(0))

        send = WebSocket.send_now
        monkeypatch.setattr(WebSocket, "send_now", answer)
        async with http.ws_connect(f"{node.app_url}/ws") as websocket:
            await websocket.send_bytes(first)
            for _ in range(3):
                _, plaintext = channel.open(await websocket.receive_bytes(timeout=60))
                assert isinstance(decode_message(plaintext), Success)


async def test_console_lines_are_pushed_to_the_caller_in_development(node: Node) -> None:
    lines: list[ConsoleEvent] = []
    async with await connect(
        node.url, application="gate", verifier=node.verifier, on_console=lines.append
    ) as client:
        await client.call("say", "hello there")
    assert [(line.level, line.text, line.handler) for line in lines] == [
        ("log", "hello there", "src/app.ts#say")
    ]


async def test_a_call_that_takes_too_long_for_its_caller_is_given_up(app: Client) -> None:
    with pytest.raises(ProvenError) as late:
        await app.call("slow", 2000, timeout=0.1)
    assert late.value.code is ErrorCode.REQUEST_TIMEOUT


async def test_a_lost_connection_fails_calls_under_way_and_the_next_one_opens_a_new_session(
    node: Node,
) -> None:
    async with await connect(
        node.url, application="gate", verifier=node.verifier, identity=new_seed()
    ) as client:
        before = await client.whoami()
        call = asyncio.create_task(client.call("slow", 5000))
        await client.whoami()
        node.sessions.revoke_all()
        with pytest.raises(ProvenError) as lost:
            await call
        assert lost.value.code is ErrorCode.UNAVAILABLE
        after = await client.whoami()
        assert after.session_id != before.session_id
        assert after.identity == before.identity


async def test_a_client_that_leaves_has_its_calls_cancelled(node: Node) -> None:
    client = await connect(node.url, application="gate", verifier=node.verifier)
    call = asyncio.create_task(client.call("slow", 5000))
    await client.whoami()
    node.calls.clear()
    await client.close()
    with pytest.raises(ProvenError):
        await call
    async with asyncio.timeout(60):
        while not node.calls:
            await asyncio.sleep(0.01)


async def test_management_lists_applications_and_calls_nothing(node: Node) -> None:
    async with await connect(node.url, application=None, verifier=node.verifier) as client:
        assert [each.name for each in await client.applications()] == ["gate"]
        with pytest.raises(ProvenError) as refused:
            await client.call("src/app.ts#add", 1, 2)
        assert refused.value.code is ErrorCode.BAD_REQUEST


async def test_an_application_that_is_not_there_is_said_so(node: Node) -> None:
    for name in ("nothing", "a" * 32):
        with pytest.raises(ProvenError) as refused:
            await connect(node.url, application=name, verifier=node.verifier)
        assert refused.value.code is ErrorCode.NOT_FOUND
