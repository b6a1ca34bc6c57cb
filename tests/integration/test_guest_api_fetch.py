"""The guest's `fetch`, through the real runtime, against a real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from integration.guest_apps import APPS, App, running
from proven.runtime.hostcalls import FetchConfig
from support.web_servers import listening

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Names:
    """`server.example` is the test's server; `internal.example` a name that leads inside."""

    async def resolve(self, host: str) -> Sequence[str]:
        if host in ("server.example", "internal.example"):
            return ["127.0.0.1"]
        raise OSError("no such name")


@dataclass
class Server:
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)
    sizes: list[int] = field(default_factory=list)

    @property
    def origin(self) -> str:
        return f"http://server.example:{self.port}"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/echo", self.echo),
            web.post("/length", self.length),
            web.get("/bytes/{size}", self.bytes),
            web.get("/json", self.json),
            web.get("/away", self.away),
            web.get("/inside", self.inside),
            web.get("/empty", self.empty),
            web.get("/hang", self.hang),
            web.get("/drip", self.drip),
            web.post("/rpc", self.rpc),
        ]

    async def echo(self, request: web.Request) -> web.Response:
        text = f"{request.method} {request.headers.get('X-Ask', '-')} {await request.text()}"
        return web.Response(text=text, headers={"X-Answer": "yes"})

    async def length(self, request: web.Request) -> web.Response:
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
        return web.Response(text=str(size))

    async def bytes(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        left = int(request.match_info["size"])
        while left:
            chunk = bytes(min(left, 65536))
            await response.write(chunk)
            left -= len(chunk)
        return response

    async def json(self, request: web.Request) -> web.Response:
        return web.json_response({"hello": ["world"]})

    async def away(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/echo"})

    async def inside(self, request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://internal.example:{self.port}/echo"})

    async def empty(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def hang(self, request: web.Request) -> web.Response:
        await self.released.wait()
        return web.Response()

    async def drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await self.released.wait()
        return response

    async def rpc(self, request: web.Request) -> web.Response:
        return web.json_response({"asked": (await request.json())["method"]})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[Server]:
    server = Server()
    application = web.Application()
    application.add_routes(server.routes())
    async with listening(application) as server.port:
        yield server
        server.released.set()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[App]:
    fetch = FetchConfig(
        allow_private_addresses=(server.origin,),
        rpc_endpoints={"bitcoin-mainnet": f"http://127.0.0.1:{server.port}/rpc"},
    )
    async with running(
        APPS / "api",
        tmp_path_factory.mktemp("fetch"),
        edit=lambda source: source.replace(":8080", f":{server.port}"),
        fetch=fetch,
        resolver=Names(),
    ) as app:
        yield app


async def test_a_response_is_a_web_response(app: App, server: Server) -> None:
    init = {"method": "POST", "body": "body", "headers": {"x-ask": "yes"}}
    assert await app.call("fetch.ask", "/echo", init) == {
        "status": 200,
        "statusText": "OK",
        "ok": True,
        "url": f"{server.origin}/echo",
        "redirected": False,
        "header": "yes",
        "body": "POST yes body",
    }
    assert (await app.call("fetch.askWithRequest"))["body"] == "PUT yes from a Request"
    assert await app.call("fetch.json") == {"hello": ["world"]}


async def test_redirects_are_followed(app: App, server: Server) -> None:
    answer = await app.call("fetch.ask", "/away")
    assert (answer["redirected"], answer["url"], answer["status"]) == (True, f"{server.origin}/echo", 200)
    assert (await app.call("fetch.ask", "/away", {"redirect": "manual"}))["status"] == 302


async def test_responses_without_a_body(app: App) -> None:
    assert (await app.call("fetch.ask", "/empty"))["status"] == 204
    head = await app.call("fetch.ask", "/echo", {"method": "HEAD"})
    assert (head["status"], head["body"]) == (200, "")
    assert (await app.call("fetch.ask", "/nowhere"))["status"] == 404


async def test_bodies_stream_both_ways(app: App) -> None:
    assert (await app.call("fetch.upload", 100, 100_000))["body"] == "10000000"
    assert await app.call("fetch.download", 20_000_000) == 20_000_000


async def test_a_handler_reaches_only_what_it_lists(app: App, server: Server) -> None:
    assert await app.code("fetch.askWithoutPermission") == "ORIGIN_DENIED"
    for url in [
        f"http://other.example:{server.port}/",
        f"https://server.example:{server.port}/",
        f"http://server.example:{server.port + 1}/",
        f"http://server.example.:{server.port}/",
    ]:
        answer = await app.call("fetch.askAnywhere", url)
        assert (answer["name"], answer["code"]) == ("TypeError", "ORIGIN_DENIED"), url


async def test_private_addresses_are_refused_even_when_listed(app: App, server: Server) -> None:
    for url in [
        f"http://internal.example:{server.port}/echo",
        f"http://127.0.0.1:{server.port}/echo",
        f"http://0x7f.1:{server.port}/echo",
        f"http://2130706433:{server.port}/echo",
        f"http://server.example:{server.port}/inside",
    ]:
        assert (await app.call("fetch.askAnywhere", url))["code"] == "ORIGIN_DENIED", url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/relative",
        "file:///etc/passwd",
        "ftp://server.example/",
        "data:text/plain,x",
        "http://a:b@server.example/",
    ],
)
async def test_other_urls_are_a_type_error(app: App, url: str) -> None:
    answer = await app.call("fetch.askAnywhere", url)
    assert answer["name"] == "TypeError"


async def test_a_request_can_be_aborted(app: App) -> None:
    assert await app.call("fetch.abort", "/hang") == "AbortError"
    assert await app.call("fetch.abort", "/drip") == "AbortError"
    assert await app.call("fetch.abortedBefore") == "AbortError"
    assert await app.call("fetch.timeout") == "TimeoutError"


async def test_chain_rpc_addresses_need_no_permission(app: App) -> None:
    endpoints: list[Any] = await app.call("rpc.endpoints")
    assert len(set(endpoints)) == 7
    assert await app.call("rpc.askBitcoin", "getblockcount") == {"asked": "getblockcount"}
    assert await app.code("rpc.askRadix") == "UNAVAILABLE"
