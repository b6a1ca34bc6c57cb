from __future__ import annotations

import pytest

from proven.gateway.http import Request, Response
from unit.gateway.raw_http import talking

HEAD = b"POST /first HTTP/1.1\r\nHost: a\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"

SMUGGLING = {
    "length and chunked": HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "two equal lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": HEAD + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": HEAD + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\nhello",
    "a hexadecimal length": HEAD + b"Content-Length: 0x5\r\n\r\nhello",
    "an empty length": HEAD + b"Content-Length: \r\n\r\nhello",
    "an overflowing length": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    "gzip, chunked": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": HEAD + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "xchunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked with a vertical tab": HEAD + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": HEAD + b"X: a\r\n Transfer-Encoding: chunked\r\n\r\n",
    "a bare line feed": HEAD + b"X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a bare carriage return": HEAD + b"X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a NUL in a header": HEAD + b"X: a\0b\r\n\r\n",
    "a header without a name": HEAD + b": a\r\n\r\n",
    "a header with a space": HEAD + b"X y: a\r\n\r\n",
    "chunk size with a space": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n",
    "chunk size ended by a line feed": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
    "chunk longer than its size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
    "chunk size overflow": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"F" * 17 + b"\r\nhello",
    "chunk size negative": HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello",
    "chunked in HTTP/1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an upgrade with a body": HEAD + b"Connection: upgrade\r\nUpgrade: x\r\nContent-Length: 4\r\n\r\nabcd",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "a host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a host with credentials": b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
    "a host too long for DNS": b"GET / HTTP/1.1\r\nHost: " + b"a" * 300 + b"\r\n\r\n",
    "a target with credentials": b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
    "the HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: a\r\n\r\n",
    "a relative target": b"GET a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "raw bytes in the target": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "rtsp": b"GET rtsp://a RTSP/1.0\r\nHost: a\r\n\r\n",
    "connect": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown method": b"FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n",
    "an unknown expectation": HEAD + b"Expect: tea\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


async def name_the_path(request: Request) -> Response:
    await request.body.read(1000)
    return Response(200, [], request.path.encode())


@pytest.mark.parametrize("attack", SMUGGLING.values(), ids=SMUGGLING.keys())
async def test_an_ambiguous_request_is_refused_and_nothing_after_it_is_read(attack: bytes) -> None:
    async with talking(name_the_path) as peer:
        await peer.send(attack + SECOND)
        raw = await peer.rest()
        status = int(raw.split(b" ", 2)[1])
        assert 400 <= status <= 505
        assert raw.count(b"HTTP/1.1 ") == 1
        assert b"connection: close" in raw
        assert b"/second" not in raw


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"a" * 40_000, 431),
    ],
)
async def test_a_head_past_its_limits_is_refused(head: bytes, status: int) -> None:
    async with talking(name_the_path) as peer:
        await peer.send(head)
        assert (await peer.answer()).status == status
        assert await peer.rest() == b""


async def test_what_a_closing_client_sends_after_its_last_request_is_ignored() -> None:
    async with talking(name_the_path) as peer:
        await peer.send(b"GET /only HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + SECOND)
        raw = await peer.rest()
        assert raw.count(b"HTTP/1.1 ") == 1
        assert raw.endswith(b"/only")


async def test_an_upgrade_that_is_not_wanted_is_answered_as_if_it_were_not_there() -> None:
    async with talking(name_the_path) as peer:
        await peer.send(b"GET /h HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n" + SECOND)
        raw = await peer.rest()
        assert raw.startswith(b"HTTP/1.1 200 ")
        assert raw.endswith(b"/h")


async def test_a_trailer_cannot_pose_as_a_header() -> None:
    async def headers(request: Request) -> Response:
        await request.body.read(1000)
        return Response(200, [], repr(request.headers).encode())

    async with talking(headers) as peer:
        answer = await peer.ask(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Admin: yes\r\n\r\n")
        assert answer.status == 200
        assert b"x-admin" not in answer.body


@pytest.mark.parametrize("line", [b"X: y\r\n", b"y"], ids=["many", "one that never ends"])
async def test_endless_trailers_are_cut_off(line: bytes) -> None:
    async with talking(name_the_path) as peer:
        await peer.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        peer.writer.write(line * 1_000_000)
        assert (await peer.answer()).status == 413


async def test_a_flood_of_bytes_before_any_line_end_is_cut_off() -> None:
    async with talking(name_the_path) as peer:
        await peer.send(b"GET / HTTP/1.1\r\nX" + b"a" * 100_000)
        assert (await peer.answer()).status == 431
