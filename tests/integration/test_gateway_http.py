from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from integration.gateway_node import Node, running_node
from proven.attestation import DevelopmentAttestor, Verifier
from proven.client import fetch, verify_response
from proven.gateway import GatewayConfig
from proven.wire import http_signatures as signatures
from proven.wire.errors import ErrorCode, ProvenError
from unit.gateway.raw_http import connect

pytestmark = pytest.mark.asyncio(loop_scope="module")

NONCE = bytes(range(32))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Node]:
    directory: Path = tmp_path_factory.mktemp("node")
    config = GatewayConfig(
        default_application="gate",
        hosts=("node.example",),
    )
    async with running_node(directory, config) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


async def test_a_route_gets_its_parameters_and_query_decoded(node: Node, http: aiohttp.ClientSession) -> None:
    target = f"{node.app_url}/http/hello/J%C3%B6rg%2FX?q=a+b%21&q=2"
    async with http.get(aiohttp.client.URL(target, encoded=True)) as response:
        assert response.status == 200
        assert response.headers["content-type"] == "application/json"
        assert await response.json() == {"hello": "Jörg/X", "query": {"q": "a b!"}}


async def test_an_application_has_three_addresses(node: Node, http: aiohttp.ClientSession) -> None:
    addresses = [
        (f"{node.app_url}/http/any", f"127.0.0.1:{node.port}"),
        (f"{node.url}/app/gate/http/any", "localhost"),
        (f"{node.url}/any", f"127.0.0.1:{node.port}"),
        (f"{node.url}/any", f"gate.localhost:{node.port}"),
        (f"{node.url}/any", "gate.node.example"),
    ]
    for url, host in addresses:
        async with http.get(url, headers={"host": host}) as response:
            assert (response.status, await response.json()) == (200, {"method": "GET"})


async def test_a_name_that_is_not_this_nodes_is_refused(node: Node, http: aiohttp.ClientSession) -> None:
    for host in ("evil.example", "gate.evil.example", "localhost.evil.example"):
        async with http.get(f"{node.url}/any", headers={"host": host}) as response:
            assert response.status == 404


async def test_a_response_is_sent_as_the_handler_made_it(node: Node, http: aiohttp.ClientSession) -> None:
    async with http.post(f"{node.url}/echo", data=b"\0body\xff", headers={"x-sent": "1"}) as response:
        assert (response.status, response.headers["x-seen"]) == (201, "1")
        assert await response.read() == b"\0body\xff"


async def test_large_bodies_stream_in_and_out(node: Node, http: aiohttp.ClientSession) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(1 << 20)

    async with http.post(f"{node.url}/count", data=chunks()) as response:
        assert await response.json() == {"size": 50 << 20}
    async with http.get(f"{node.url}/stream/50") as response:
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
        assert size == 50 << 20


async def test_leaving_in_the_middle_of_a_stream_lets_go_of_it(node: Node) -> None:
    async with connect(node.port) as peer:
        await peer.send(b"GET /stream/100 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await peer.reader.readexactly(100_000)
    async with connect(node.port) as peer:
        answer = await peer.ask(b"GET /any HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert answer.status == 200


async def test_methods_follow_the_route(node: Node, http: aiohttp.ClientSession) -> None:
    async with http.head(f"{node.url}/hello/x") as response:
        assert response.status == 200
        assert await response.read() == b""
    async with http.delete(f"{node.url}/hello/x") as response:
        assert response.status == 405
        assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    async with http.options(f"{node.url}/hello/x") as response:
        assert (response.status, response.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    async with http.delete(f"{node.url}/any") as response:
        assert await response.json() == {"method": "DELETE"}
    async with http.request("PROPFIND", f"{node.url}/any") as response:
        assert (response.status, (await response.json())["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert "GET" in response.headers["allow"]
    async with http.get(f"{node.url}/nowhere") as response:
        assert (response.status, (await response.json())["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("target", ["/hello/%zz", "/hello/..", "/hello/%2e%2e", "/hello/%ff", "/hello/%00"])
async def test_a_path_that_can_be_read_in_two_ways_is_refused(node: Node, target: str) -> None:
    async with connect(node.port) as peer:
        answer = await peer.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert (answer.status, json.loads(answer.body)["code"]) == (400, "BAD_REQUEST")


async def test_pages_are_let_in_by_the_routes_cors_option_and_no_other(
    node: Node, http: aiohttp.ClientSession
) -> None:
    preflight = {"origin": "https://page.example", "access-control-request-method": "PUT"}
    async with http.options(f"{node.url}/cors", headers=preflight) as response:
        assert response.status == 204
        assert response.headers["access-control-allow-origin"] == "https://page.example"
        assert response.headers["access-control-allow-methods"] == "PUT"
        assert response.headers["access-control-allow-headers"] == "x-a"
        assert response.headers["access-control-max-age"] == "60"
    async with http.put(f"{node.url}/cors", headers={"origin": "https://page.example"}) as response:
        assert response.headers["access-control-allow-origin"] == "https://page.example"
    for method, path in (("OPTIONS", "/cors"), ("OPTIONS", "/hello/x"), ("PUT", "/cors")):
        headers = preflight | {"origin": "https://evil.example"}
        async with http.request(method, node.url + path, headers=headers) as response:
            assert "access-control-allow-origin" not in response.headers


async def test_a_handlers_failure_is_an_error_record(node: Node, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{node.url}/bad/throw") as response:
        assert response.status == 500
        assert (await response.json())["code"] == "HANDLER_ERROR"


async def test_headers_of_the_connection_are_not_the_handlers(
    node: Node, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{node.url}/bad/headers") as response:
        assert response.status == 200
        assert response.headers["x-kept"] == "yes"
        assert response.headers.get("transfer-encoding") in (None, "chunked")
        assert response.headers.get("connection") is None
        assert await response.read() == b"x"


async def test_an_attested_answer_verifies(node: Node) -> None:
    answer = await fetch(f"{node.url}/hello/you?a=1", verifier=node.verifier)
    assert json.loads(answer.body) == {"hello": "you", "query": {"a": "1"}}
    assert answer.attested.application_id == node.application.id
    assert answer.attested.package_id == node.application.package_id
    posted = await fetch(f"{node.url}/echo", verifier=node.verifier, method="POST", body=b"bound")
    assert (posted.status, posted.body) == (201, b"bound")


async def test_evidence_of_another_root_is_refused(node: Node, tmp_path: Path) -> None:
    stranger = Verifier.development(DevelopmentAttestor(tmp_path).root)
    with pytest.raises(ProvenError) as refused:
        await fetch(f"{node.url}/hello/you", verifier=stranger)
    assert refused.value.code is ErrorCode.EVIDENCE_INVALID


async def asked(node: Node, http: aiohttp.ClientSession, path: str, **headers: str) -> aiohttp.ClientResponse:
    response = await http.get(
        f"{node.url}{path}", headers={key.replace("_", "-"): headers[key] for key in headers}
    )
    await response.read()
    return response


async def test_every_alteration_of_an_attested_answer_is_noticed(
    node: Node, http: aiohttp.ClientSession
) -> None:
    response = await asked(node, http, "/hello/you", accept_attestation=signatures.format_nonce(NONCE))
    genuine = {
        "nonce": NONCE,
        "method": "GET",
        "url": f"{node.url}/hello/you",
        "status": 200,
        "headers": list(response.headers.items()),
        "body": await response.read(),
    }
    verify_response(node.verifier, **genuine)
    other = await asked(node, http, "/hello/me", accept_attestation=signatures.format_nonce(NONCE))
    for change in (
        {"nonce": bytes(32)},
        {"method": "POST"},
        {"url": f"{node.url}/hello/me"},
        {"status": 404},
        {"body": genuine["body"] + b" "},
        {"request_body": b"x"},
        {"headers": [pair for pair in genuine["headers"] if pair[0].lower() != "attestation"]},
        {"headers": [pair for pair in genuine["headers"] if pair[0].lower() != "signature"]},
        {
            "headers": [
                (name, "0" * 64 if name == "proven-package" else value) for name, value in genuine["headers"]
            ]
        },
        {"headers": list(other.headers.items())},
    ):
        with pytest.raises(ProvenError) as refused:
            verify_response(node.verifier, **(genuine | change))
        assert refused.value.code is ErrorCode.EVIDENCE_INVALID


async def test_a_request_with_a_body_that_asks_for_attestation_says_its_digest(
    node: Node, http: aiohttp.ClientSession
) -> None:
    asking = {"accept-attestation": signatures.format_nonce(NONCE)}
    for extra in ({}, {"content-digest": signatures.content_digest(b"another")}):
        async with http.post(f"{node.url}/echo", data=b"body", headers=asking | extra) as response:
            assert response.status == 400


async def test_an_answer_too_long_to_attest_is_refused_rather_than_sent_unsigned(
    node: Node, http: aiohttp.ClientSession
) -> None:
    headers = {"accept-attestation": signatures.format_nonce(NONCE)}
    async with http.get(f"{node.url}/stream/9", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (413, "TOO_LARGE")


async def test_upstreams_header_is_accepted(node: Node, http: aiohttp.ClientSession) -> None:
    response = await asked(node, http, "/hello/you", x_request_attestation="a nonce of upstream")
    verify_response(
        node.verifier,
        nonce=b"a nonce of upstream",
        method="GET",
        url=f"{node.url}/hello/you",
        status=200,
        headers=response.headers.items(),
        body=await response.read(),
    )


async def test_a_route_that_is_always_attested_is_signed_by_the_key_at_the_well_known_address(
    node: Node, http: aiohttp.ClientSession
) -> None:
    response = await asked(node, http, "/signed")
    nonce = base64.urlsafe_b64encode(NONCE).decode().rstrip("=")
    async with http.get(f"{node.url}/.well-known/proven/attestation?nonce={nonce}") as well_known:
        document = base64.b64decode((await well_known.json())["document"])
    evidence = node.verifier.verify(document, nonce=NONCE, user_data=signatures.EVIDENCE_LABEL)
    assert evidence.public_key is not None
    signed = signatures.verify(
        evidence.public_key,
        signatures.Exchange(
            "GET",
            f"{node.url}/signed",
            None,
            200,
            [(name.lower(), value) for name, value in response.headers.items()],
        ),
    )
    assert signed.nonce is None
    unsigned = await asked(node, http, "/hello/you")
    assert "signature" not in unsigned.headers


async def test_the_evidence_address_wants_a_nonce(node: Node, http: aiohttp.ClientSession) -> None:
    for query in ("", "?nonce=", "?nonce=AA", "?nonce=%25%25", "?nonce=" + "A" * 200):
        async with http.get(f"{node.url}/.well-known/proven/attestation{query}") as response:
            assert response.status == 400


async def test_an_application_is_described_and_the_node_says_it_is_up(
    node: Node, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{node.url}/app/gate") as response:
        described = await response.json()
    assert (described["id"], described["package_id"]) == (node.application.id, node.application.package_id)
    routes = [handler for handler in described["handlers"] if handler["address"] == "src/app.ts#greet"]
    assert routes == [
        {"address": "src/app.ts#greet", "kind": "http", "method": "GET", "path": "/hello/:name"}
    ]
    async with http.get(f"{node.url}/.well-known/proven/health") as response:
        assert await response.json() == {"status": "ok"}


async def test_pages_of_origins_that_are_not_allowed_open_no_sessions(
    node: Node, http: aiohttp.ClientSession
) -> None:
    for path, method in (("session", "POST"), ("rpc", "POST"), ("ws", "GET")):
        async with http.request(
            method, f"{node.app_url}/{path}", data=b"", headers={"origin": "https://evil.example"}
        ) as response:
            assert (response.status, (await response.json())["code"]) == (403, "ORIGIN_DENIED")
            assert "access-control-allow-origin" not in response.headers
    preflight = {"origin": "https://page.example", "access-control-request-method": "POST"}
    async with http.options(f"{node.app_url}/session", headers=preflight) as response:
        assert response.headers["access-control-allow-origin"] == "https://page.example"


async def test_a_stopping_gateway_lets_a_call_finish(tmp_path: Path) -> None:
    async with running_node(tmp_path) as running, connect(running.port) as peer:
        await peer.send(
            b"GET /app/gate/http/stream/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        assert len((await asyncio.wait_for(peer.answer(), 30)).body) == 1 << 20
