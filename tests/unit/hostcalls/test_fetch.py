from __future__ import annotations

import asyncio
import gzip
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from proven.runtime.host import HostStream
from proven.runtime.hostcalls import ConnectionLimits, _lanes
from proven.runtime.hostcalls.fetch import FetchBroker, FetchConfig
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import UNDEFINED
from support.tls import identity

from .conftest import MakeContext, end

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Names:
    """A resolver under the test's control; it counts how often it is asked."""

    def __init__(self, table: dict[str, list[str]]) -> None:
        self.table = table
        self.asked: list[str] = []

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.table:
            raise OSError("no such name")
        return self.table[host]


class Server:
    """A web server on loopback whose routes the test fills in; `seen` are the requests that came."""

    def __init__(self) -> None:
        self.routes: dict[str, Handler] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in self.routes:
            return await self.routes[request.path](request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append((request.method, request.raw_path, headers, await request.read()))
        return web.Response(text="hello", headers={"X-Answer": "yes"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = web.ServerRunner(web.Server(server.answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    server.port = site._server.sockets[0].getsockname()[1]
    yield server
    await runner.cleanup()


class Fetcher:
    """Calls the broker as the guest's `fetch` does."""

    def __init__(self, broker: FetchBroker, make_context: MakeContext, allowed: tuple[str, ...]) -> None:
        self.broker = broker
        self.functions = broker.functions()
        self.context = make_context(allowed_origins=allowed)
        self.last = 0

    async def __call__(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Sequence[tuple[str, str]] = (),
        body: Any = UNDEFINED,
        redirect: str = "follow",
    ) -> Answer:
        self.last += 1
        pairs = [list(pair) for pair in headers]
        arguments = [self.last, method, url, pairs, body, redirect]
        return Answer(*await self.functions["fetch.request"](self.context, arguments))

    async def abort(self, number: int) -> None:
        await self.functions["fetch.abort"](self.context, [number])


class Answer:
    def __init__(
        self, status: int, reason: str, url: str, redirected: bool, headers: list[list[str]], body: HostStream
    ) -> None:
        self.status, self.reason, self.url, self.redirected = status, reason, url, redirected
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self.body])


@pytest.fixture
async def open_broker(server: Server, make_context: MakeContext) -> AsyncIterator[Callable[..., Fetcher]]:
    brokers: list[FetchBroker] = []

    def make(
        *allowed: str, names: Names | None = None, tls: ssl.SSLContext | None = None, **options: Any
    ) -> Fetcher:
        options.setdefault("allow_private_addresses", (server.origin,))
        broker = FetchBroker(FetchConfig(**options), resolver=names or Names({}), tls=tls)
        brokers.append(broker)
        return Fetcher(broker, make_context, allowed or (server.origin,))

    yield make
    for broker in brokers:
        await broker.close()


async def refused(awaitable: Awaitable[object]) -> ProvenError:
    with pytest.raises(ProvenError) as caught:
        await awaitable
    return caught.value


async def code_of(awaitable: Awaitable[object]) -> ErrorCode:
    return (await refused(awaitable)).code


async def test_an_allowed_origin_answers(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    fetch = open_broker()
    answer = await fetch(f"{server.origin}/path?x=%2F", headers=[("X-Ask", "1"), ("Accept", "text/plain")])
    assert (answer.status, answer.reason, answer.redirected) == (200, "OK", False)
    assert answer.headers["x-answer"] == "yes"
    assert await answer.read() == b"hello"
    method, path, headers, body = server.seen[0]
    assert (method, path, body) == ("GET", "/path?x=%2F", b"")
    assert (headers["x-ask"], headers["accept"]) == ("1", "text/plain")


async def test_nothing_is_allowed_unless_the_handler_says_so(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    fetch = open_broker("https://example.com")
    error = await refused(fetch(f"{server.origin}/"))
    assert error.code is ErrorCode.ORIGIN_DENIED
    assert error.details == {"origin": server.origin}
    assert server.seen == []


@pytest.mark.parametrize(
    "entry", ["*", "http://*", "http://127.0.0.1", "https://127.0.0.1:{port}", "{origin}/x"]
)
async def test_an_allow_list_entry_is_compared_as_an_origin(
    server: Server, open_broker: Callable[..., Fetcher], entry: str
) -> None:
    fetch = open_broker(entry.format(port=server.port, origin=server.origin))
    assert await code_of(fetch(f"{server.origin}/")) is ErrorCode.ORIGIN_DENIED


PRIVATE = ["127.0.0.1", "10.0.0.5", "169.254.169.254", "100.64.1.1", "0.0.0.0", "::1", "fd00::1", "fe80::1"]
DISGUISED = ["::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]


@pytest.mark.parametrize("address", [*PRIVATE, *DISGUISED])
async def test_a_name_that_leads_to_a_private_address_is_refused(
    server: Server, open_broker: Callable[..., Fetcher], address: str
) -> None:
    names = Names({"public.example": [address]})
    origin = f"http://public.example:{server.port}"
    fetch = open_broker(origin, names=names)
    assert await code_of(fetch(f"{origin}/")) is ErrorCode.ORIGIN_DENIED
    assert server.seen == []


@pytest.mark.parametrize("address", [*PRIVATE, *DISGUISED])
async def test_a_literal_private_address_is_refused_even_when_the_handler_lists_it(
    server: Server, open_broker: Callable[..., Fetcher], address: str
) -> None:
    host = f"[{address}]" if ":" in address else address
    origin = f"http://{host}:{server.port}"
    fetch = open_broker(origin, allow_private_addresses=())
    assert await code_of(fetch(f"{origin}/")) is ErrorCode.ORIGIN_DENIED
    assert server.seen == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost", "0"])
async def test_other_spellings_of_loopback_are_refused(
    server: Server, open_broker: Callable[..., Fetcher], host: str
) -> None:
    origin = f"http://{host}:{server.port}"
    fetch = open_broker(origin, names=Names({host: ["127.0.0.1"]}), allow_private_addresses=())
    assert await code_of(fetch(f"{origin}/")) in (ErrorCode.ORIGIN_DENIED, ErrorCode.UNAVAILABLE)
    assert server.seen == []


async def test_one_private_address_among_public_ones_refuses_the_name(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    origin = f"http://mixed.example:{server.port}"
    fetch = open_broker(origin, names=Names({"mixed.example": ["93.184.216.34", "127.0.0.1"]}))
    assert await code_of(fetch(f"{origin}/")) is ErrorCode.ORIGIN_DENIED
    assert server.seen == []


async def test_the_checked_address_is_the_one_connected_to(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    """A name that answers differently the second time gains nothing: it is asked once per connection."""
    origin = f"http://rebind.example:{server.port}"
    names = Names({"rebind.example": ["127.0.0.1"]})
    fetch = open_broker(origin, names=names, allow_private_addresses=(origin,))
    assert (await fetch(f"{origin}/")).status == 200
    assert names.asked == ["rebind.example"]


async def test_a_development_origin_must_be_listed_by_node_and_handler(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    assert (await open_broker()(f"{server.origin}/")).status == 200
    assert await code_of(open_broker("https://example.com")(f"{server.origin}/")) is ErrorCode.ORIGIN_DENIED
    other = open_broker(allow_private_addresses=(f"http://127.0.0.1:{server.port + 1}",))
    assert await code_of(other(f"{server.origin}/")) is ErrorCode.ORIGIN_DENIED


async def test_a_redirect_is_checked_like_a_first_request(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    async def away(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://169.254.169.254:{server.port}/latest"})

    server.routes["/away"] = away
    assert await code_of(open_broker()(f"{server.origin}/away")) is ErrorCode.ORIGIN_DENIED
    listed = open_broker(server.origin, f"http://169.254.169.254:{server.port}")
    assert await code_of(listed(f"{server.origin}/away")) is ErrorCode.ORIGIN_DENIED


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://127.0.0.1/", "http://a:b@127.0.0.1/", "http://[::1", "http://a b/"],
)
async def test_a_redirect_to_something_else_than_http_is_refused(
    server: Server, open_broker: Callable[..., Fetcher], location: str
) -> None:
    async def away(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    server.routes["/away"] = away
    code = await code_of(open_broker()(f"{server.origin}/away"))
    assert code in (ErrorCode.BAD_REQUEST, ErrorCode.UNAVAILABLE)


async def test_redirects_are_followed_five_times_and_no_more(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    for step in range(6):

        async def onward(request: web.Request, step: int = step) -> web.Response:
            return web.Response(status=302, headers={"Location": f"/{step + 1}" if step < 5 else "/end"})

        server.routes[f"/{step}"] = onward
    fetch = open_broker()
    answer = await fetch(f"{server.origin}/1")
    assert (answer.status, answer.redirected, answer.url) == (200, True, f"{server.origin}/end")
    assert await code_of(fetch(f"{server.origin}/0")) is ErrorCode.UNAVAILABLE


async def test_redirect_modes(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    async def onward(request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "/end"})

    server.routes["/start"] = onward
    fetch = open_broker()
    manual = await fetch(f"{server.origin}/start", redirect="manual")
    assert (manual.status, manual.headers["location"]) == (301, "/end")
    assert await code_of(fetch(f"{server.origin}/start", redirect="error")) is ErrorCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("status", "method", "expected"),
    [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (303, "PUT", "GET"),
        (307, "POST", "POST"),
        (308, "PUT", "PUT"),
    ],
)
async def test_a_redirect_keeps_or_drops_method_and_body_as_the_standard_says(
    server: Server, open_broker: Callable[..., Fetcher], status: int, method: str, expected: str
) -> None:
    async def onward(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/end"})

    server.routes["/start"] = onward
    await open_broker()(
        f"{server.origin}/start", method=method, body=b"data", headers=[("Content-Type", "text/x")]
    )
    seen_method, _, headers, body = server.seen[0]
    kept = expected != "GET"
    assert (seen_method, body, headers.get("content-type")) == (
        expected,
        b"data" if kept else b"",
        "text/x" if kept else None,
    )


async def test_credentials_stay_with_their_origin(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    other = f"http://other.example:{server.port}"

    async def away(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{other}/end"})

    async def stay(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/end"})

    server.routes |= {"/away": away, "/stay": stay}
    fetch = open_broker(
        server.origin,
        other,
        names=Names({"other.example": ["127.0.0.1"]}),
        allow_private_addresses=(server.origin, other),
    )
    secrets = [("Authorization", "Bearer secret"), ("Cookie", "a=b"), ("X-Plain", "kept")]
    await fetch(f"{server.origin}/stay", headers=secrets)
    await fetch(f"{server.origin}/away", headers=secrets)
    stayed, went = server.seen[0][2], server.seen[1][2]
    assert (stayed["authorization"], stayed["cookie"]) == ("Bearer secret", "a=b")
    assert "authorization" not in went
    assert "cookie" not in went
    assert went["x-plain"] == "kept"


async def test_cookies_are_not_kept(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    async def bake(request: web.Request) -> web.Response:
        return web.Response(headers={"Set-Cookie": "session=1"})

    server.routes["/bake"] = bake
    fetch = open_broker()
    assert (await fetch(f"{server.origin}/bake")).headers["set-cookie"] == "session=1"
    await fetch(f"{server.origin}/")
    assert "cookie" not in server.seen[0][2]


async def test_connection_headers_stay_out_both_ways(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    async def odd(request: web.Request) -> web.Response:
        return web.Response(headers={"Proxy-Authenticate": "Basic", "Keep-Alive": "timeout=5", "X-Fine": "1"})

    server.routes["/odd"] = odd
    fetch = open_broker()
    sent = ["Host", "Connection", "Upgrade", "TE", "Proxy-Authorization", "Expect", "Trailer", "Keep-Alive"]
    await fetch(f"{server.origin}/", headers=[(name, "evil") for name in sent])
    seen = server.seen[0][2]
    assert seen["host"] == f"127.0.0.1:{server.port}"
    assert "evil" not in seen.values()
    answer = await fetch(f"{server.origin}/odd")
    assert "x-fine" in answer.headers
    assert not {"proxy-authenticate", "keep-alive", "connection"} & set(answer.headers)


@pytest.mark.parametrize(
    "header", [("X", "a\r\nHost: evil"), ("X", "a\nb"), ("X\r\n", "a"), ("", "a"), ("X", "\0")]
)
async def test_a_header_cannot_smuggle_another_one(
    server: Server, open_broker: Callable[..., Fetcher], header: tuple[str, str]
) -> None:
    assert await code_of(open_broker()(f"{server.origin}/", headers=[header])) is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "track", "GET / HTTP/1.1\r\nX: y\r\n\r\nGET", ""])
async def test_methods_that_are_not_for_pages_are_refused(
    server: Server, open_broker: Callable[..., Fetcher], method: str
) -> None:
    assert await code_of(open_broker()(f"{server.origin}/", method=method)) is ErrorCode.BAD_REQUEST


async def test_no_proxy_is_taken_from_the_environment(
    server: Server, open_broker: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:1")
    assert (await open_broker()(f"{server.origin}/")).status == 200


async def test_too_many_headers_are_refused(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    fetch = open_broker(max_headers=10, max_header_bytes=1000)
    many = [(f"X-{number}", "v") for number in range(11)]
    assert await code_of(fetch(f"{server.origin}/", headers=many)) is ErrorCode.TOO_LARGE
    assert await code_of(fetch(f"{server.origin}/", headers=[("X", "v" * 1001)])) is ErrorCode.TOO_LARGE


async def test_response_headers_are_bounded(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    async def long(request: web.Request) -> web.Response:
        return web.Response(headers={"X-Long": "v" * 20_000})

    server.routes["/long"] = long
    assert await code_of(open_broker()(f"{server.origin}/long")) is ErrorCode.UNAVAILABLE


async def stream_of(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_streamed_body_is_sent_as_it_comes(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    body = HostStream(stream_of(b"one ", b"two"))
    await open_broker()(f"{server.origin}/", method="POST", body=body)
    assert server.seen[0][3] == b"one two"


async def test_request_bodies_are_bounded(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    fetch = open_broker(max_request_bytes=1000)
    url = f"{server.origin}/"
    assert await code_of(fetch(url, method="POST", body=bytes(1001))) is ErrorCode.TOO_LARGE
    streamed = HostStream(stream_of(bytes(600), bytes(600)))
    assert await code_of(fetch(url, method="POST", body=streamed)) is ErrorCode.TOO_LARGE


async def test_response_bodies_are_bounded(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    async def long(request: web.Request) -> web.Response:
        return web.Response(body=bytes(2000))

    server.routes["/long"] = long
    answer = await open_broker(max_response_bytes=1000)(f"{server.origin}/long")
    assert await code_of(answer.read()) is ErrorCode.TOO_LARGE


async def test_a_decompression_bomb_stops_at_the_bound(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    bomb = gzip.compress(bytes(20_000_000))

    async def explode(request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    server.routes["/bomb"] = explode
    answer = await open_broker(max_response_bytes=1_000_000)(f"{server.origin}/bomb")
    assert await code_of(answer.read()) is ErrorCode.TOO_LARGE


async def test_a_compressed_body_arrives_decoded(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    async def squeeze(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "gzip, deflate"
        return web.Response(body=gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})

    server.routes["/gzip"] = squeeze
    answer = await open_broker()(f"{server.origin}/gzip", headers=[("Accept-Encoding", "br")])
    assert not {"content-encoding", "content-length"} & set(answer.headers)
    assert await answer.read() == b"plain"


async def test_a_silent_server_times_out(server: Server, open_broker: Callable[..., Fetcher]) -> None:
    release = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    server.routes["/hang"] = hang
    fetch = open_broker(connections=ConnectionLimits(idle_timeout=0.05))
    assert await code_of(fetch(f"{server.origin}/hang")) is ErrorCode.REQUEST_TIMEOUT
    release.set()


async def test_a_name_or_server_that_is_not_there_is_unavailable(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    nowhere = open_broker("http://nowhere.example")
    assert await code_of(nowhere("http://nowhere.example/")) is ErrorCode.UNAVAILABLE
    closed = open_broker("http://127.0.0.1:1", allow_private_addresses=("http://127.0.0.1:1",))
    assert await code_of(closed("http://127.0.0.1:1/")) is ErrorCode.UNAVAILABLE


async def test_requests_of_one_application_in_flight_are_bounded(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    fetch = open_broker(in_flight_per_application=2, queue_timeout=0.05)
    first, second = await fetch(f"{server.origin}/"), await fetch(f"{server.origin}/")
    error = await refused(fetch(f"{server.origin}/"))
    assert error.code is ErrorCode.OVERLOADED
    assert error.retry_after is not None
    await first.read()
    assert (await fetch(f"{server.origin}/")).status == 200
    assert await second.read() == b"hello"


async def test_a_request_can_be_aborted_while_it_queues(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    fetch = open_broker(in_flight_per_application=1)
    first = await fetch(f"{server.origin}/")
    queued = asyncio.ensure_future(fetch(f"{server.origin}/"))
    await asyncio.sleep(0)
    await fetch.abort(2)
    assert await code_of(queued) is ErrorCode.UNAVAILABLE
    assert await first.read() == b"hello"


async def test_requests_in_flight_are_bounded_over_all_applications(
    server: Server, open_broker: Callable[..., Fetcher], make_context: MakeContext
) -> None:
    fetch = open_broker(in_flight=1, queue_timeout=0.05)
    first = await fetch(f"{server.origin}/")
    fetch.context = make_context(application="z" * 32, allowed_origins=(server.origin,))
    assert await code_of(fetch(f"{server.origin}/")) is ErrorCode.OVERLOADED
    await first.read()
    assert (await fetch(f"{server.origin}/")).status == 200


async def test_applications_do_not_share_connections(
    server: Server, open_broker: Callable[..., Fetcher], make_context: MakeContext
) -> None:
    peers: list[object] = []

    async def remember(request: web.Request) -> web.Response:
        assert request.transport is not None
        peers.append(request.transport.get_extra_info("peername"))
        return web.Response()

    server.routes["/peer"] = remember
    fetch = open_broker()
    for application in ("a", "a", "b"):
        fetch.context = make_context(application=application * 32, allowed_origins=(server.origin,))
        await (await fetch(f"{server.origin}/peer")).read()
    assert peers[0] == peers[1] != peers[2]


async def test_idle_connections_of_many_applications_are_let_go(
    server: Server,
    open_broker: Callable[..., Fetcher],
    make_context: MakeContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_lanes, "MAX_LANES", 2)
    fetch = open_broker()
    for application in "abcd":
        fetch.context = make_context(application=application * 32, allowed_origins=(server.origin,))
        await (await fetch(f"{server.origin}/")).read()
    assert len(fetch.broker._lanes._lanes) == 2


async def test_a_request_can_be_aborted_while_it_waits(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        arrived.set()
        await release.wait()
        return web.Response()

    server.routes["/hang"] = hang
    fetch = open_broker()
    waiting = asyncio.ensure_future(fetch(f"{server.origin}/hang"))
    await arrived.wait()
    await fetch.abort(1)
    assert await code_of(waiting) is ErrorCode.UNAVAILABLE
    release.set()


async def test_a_body_can_be_aborted_while_it_streams(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    release = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await release.wait()
        return response

    server.routes["/drip"] = drip
    fetch = open_broker()
    answer = await fetch(f"{server.origin}/drip")
    chunks = aiter(answer.body)
    assert await anext(chunks) == b"first"
    await fetch.abort(1)
    assert await code_of(anext(chunks)) is ErrorCode.UNAVAILABLE
    release.set()


async def test_everything_is_closed_when_the_invocation_ends(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    release = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await release.wait()
        return response

    server.routes["/drip"] = drip
    fetch = open_broker(in_flight_per_application=1, queue_timeout=0.05)
    answer = await fetch(f"{server.origin}/drip")
    await end(fetch.context)
    assert await code_of(answer.read()) is ErrorCode.UNAVAILABLE
    assert (await fetch(f"{server.origin}/")).status == 200
    release.set()


async def test_chain_rpc_addresses_lead_to_the_nodes_endpoint(
    server: Server, open_broker: Callable[..., Fetcher]
) -> None:
    fetch = open_broker("https://example.com", rpc_endpoints={"bitcoin-mainnet": f"{server.origin}/key/"})
    answer = await fetch("https://bitcoin-mainnet.rpc.internal/", method="POST", body=b"{}")
    assert answer.url == "https://bitcoin-mainnet.rpc.internal/"
    await fetch("https://bitcoin-mainnet.rpc.internal/status?a=1")
    assert [path for _, path, _, _ in server.seen] == ["/key/", "/key/status?a=1"]
    for path in ("../admin", "a/../../admin", "%2e%2E/admin", "..%2fadmin", "%2e%2e"):
        escape = fetch(f"https://bitcoin-mainnet.rpc.internal/{path}")
        assert await code_of(escape) is ErrorCode.BAD_REQUEST, path
    assert await code_of(fetch("https://radix-mainnet.rpc.internal/")) is ErrorCode.UNAVAILABLE
    assert await code_of(fetch("http://bitcoin-mainnet.rpc.internal/")) is ErrorCode.UNAVAILABLE


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [1, "GET", "https://example.com/", [], UNDEFINED],
        ["1", "GET", "https://example.com/", [], UNDEFINED, "follow"],
        [1, 2, "https://example.com/", [], UNDEFINED, "follow"],
        [1, "GET", None, [], UNDEFINED, "follow"],
        [1, "GET", "https://example.com/", {"a": "b"}, UNDEFINED, "follow"],
        [1, "GET", "https://example.com/", [["a"]], UNDEFINED, "follow"],
        [1, "GET", "https://example.com/", [["a", 1]], UNDEFINED, "follow"],
        [1, "GET", "https://example.com/", [], "text", "follow"],
        [1, "GET", "https://example.com/", [], UNDEFINED, None],
        [-1, "GET", "https://example.com/", [], UNDEFINED, "follow"],
    ],
)
async def test_arguments_that_no_guest_of_ours_sends_are_refused(
    open_broker: Callable[..., Fetcher], arguments: list[Any]
) -> None:
    fetch = open_broker("https://example.com")
    code = await code_of(fetch.functions["fetch.request"](fetch.context, arguments))
    assert code is ErrorCode.BAD_REQUEST


async def test_a_pinned_connection_still_proves_the_name_of_the_server(
    open_broker: Callable[..., Fetcher], tmp_path: Path
) -> None:
    tls = identity(tmp_path, "good.example")
    server = Server()
    runner = web.ServerRunner(web.Server(server.answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls.server)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]
    good, evil = f"https://good.example:{port}", f"https://evil.example:{port}"
    names = Names({"good.example": ["127.0.0.1"], "evil.example": ["127.0.0.1"]})
    fetch = open_broker(good, evil, names=names, tls=tls.client, allow_private_addresses=(good, evil))
    assert await (await fetch(f"{good}/")).read() == b"hello"
    assert await code_of(fetch(f"{evil}/")) is ErrorCode.UNAVAILABLE
    await runner.cleanup()
