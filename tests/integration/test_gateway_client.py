"""The client against real nodes, and against servers that are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from integration.gateway_node import Node, running_node
from proven.attestation import DevelopmentAttestor, Verifier
from proven.client import connect, fetch, sync
from proven.gateway.http import Request, Response, json_response
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.identity import IdentityKey, new_seed
from support.tls import identity
from unit.gateway.raw_http import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    directory: Path = tmp_path_factory.mktemp("node")
    async with running_node(directory) as running:
        yield running


@pytest.fixture
def verifier(tmp_path: Path) -> Verifier:
    return Verifier.development(DevelopmentAttestor(tmp_path).root)


async def test_the_blocking_client_does_the_same(node: Node) -> None:
    seed = new_seed()

    def use() -> None:
        with sync.connect(node.url, application="gate", verifier=node.verifier, identity=seed) as client:
            assert client.call("echo", 1, "two") == [1, "two"]
            assert client.whoami().identity == IdentityKey.derive(seed, node.application.id).identity
            client.anonymize()
            assert client.whoami().identity is None
            with pytest.raises(ProvenError):
                client.call("fail", "no")

    await asyncio.to_thread(use)


async def test_the_blocking_client_leaves_no_thread_behind_when_it_cannot_connect(verifier: Verifier) -> None:
    def use() -> None:
        with pytest.raises(ProvenError) as refused:
            sync.connect("http://127.0.0.1:1", application="gate", verifier=verifier)
        assert refused.value.code is ErrorCode.UNAVAILABLE

    await asyncio.to_thread(use)


async def test_one_seed_is_another_identity_in_each_application(node: Node) -> None:
    seed = new_seed()
    async with (
        await connect(node.url, application="gate", verifier=node.verifier, identity=seed) as inside,
        await connect(node.url, application=None, verifier=node.verifier, identity=seed) as outside,
    ):
        assert (await inside.whoami()).identity != (await outside.whoami()).identity


async def test_a_closed_client_makes_no_calls(node: Node) -> None:
    client = await connect(node.url, application="gate", verifier=node.verifier)
    await client.close()
    await client.close()
    with pytest.raises(ProvenError) as refused:
        await client.call("echo")
    assert refused.value.code is ErrorCode.SESSION_CLOSED


async def test_a_node_that_is_not_there_is_unavailable(verifier: Verifier) -> None:
    with pytest.raises(ProvenError) as refused:
        await connect("http://127.0.0.1:1", application="gate", verifier=verifier)
    assert refused.value.code is ErrorCode.UNAVAILABLE


@asynccontextmanager
async def pretending(answer: Callable[[Request], Awaitable[Response]]) -> AsyncIterator[str]:
    async with serving(answer) as (_, port):
        yield f"http://127.0.0.1:{port}"


async def test_a_server_that_never_answers_is_given_up(verifier: Verifier) -> None:
    async def never(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response(200)

    async with pretending(never) as url:
        with pytest.raises(ProvenError) as refused:
            await connect(url, application="gate", verifier=verifier, timeout=0.1)
    assert refused.value.code is ErrorCode.REQUEST_TIMEOUT


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"id": 7}', b'{"id": "../../x"}', b"\xff", b"{" * 100_000, b" " * (2 << 20)]
)
async def test_a_server_that_describes_nonsense_is_refused(verifier: Verifier, body: bytes) -> None:
    async def describe(request: Request) -> Response:
        return Response(200, [], body)

    async with pretending(describe) as url:
        with pytest.raises(ProvenError):
            await connect(url, application="gate", verifier=verifier)


@pytest.mark.parametrize("body", [b"", b"\xa0", b"\xff" * 100, b"x" * (1 << 20)])
async def test_a_server_that_answers_the_handshake_with_nonsense_is_refused(
    verifier: Verifier, body: bytes
) -> None:
    async def answer(request: Request) -> Response:
        return json_response({"id": "a" * 32}) if request.method == "GET" else Response(200, [], body)

    async with pretending(answer) as url:
        with pytest.raises(ProvenError):
            await connect(url, application="gate", verifier=verifier)


async def test_a_redirect_is_not_followed(node: Node, verifier: Verifier) -> None:
    async def elsewhere(request: Request) -> Response:
        return Response(302, [(b"location", node.url.encode())])

    async with pretending(elsewhere) as url:
        with pytest.raises(ProvenError):
            await connect(url, application="a" * 32, verifier=verifier)
        with pytest.raises(ProvenError):
            await fetch(url, verifier=verifier)


async def test_sessions_and_attested_answers_work_over_tls(tmp_path: Path) -> None:
    tls = identity(tmp_path, "127.0.0.1")
    async with running_node(tmp_path / "node", tls=tls.server) as node:
        async with await connect(node.url, application="gate", verifier=node.verifier, tls=tls.client) as app:
            assert await app.call("echo", 1) == [1]
        answer = await fetch(f"{node.app_url}/http/hello/you", verifier=node.verifier, tls=tls.client)
        assert answer.status == 200
