"""Garbage in, an HTTP error or a closed connection out: never an exception, never a hang, never a leak."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proven.gateway.http import Request, Response
from proven.gateway.limits import HttpLimits
from unit.gateway.raw_http import serving

LIMITS = HttpLimits(header_timeout=0.1, body_grace=0.1, idle_timeout=0.1, linger=0.05)

TOKENS = st.sampled_from(
    [
        b"GET ", b"POST ", b"/", b"/a?b=c", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\n", b"\r", b":", b" ",
        b"Host: a\r\n", b"Content-Length: 5\r\n", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n", b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"Expect: 100-continue\r\n", b"\r\n\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"hello", b"\0", b"\xff",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    ]
)  # fmt: skip
MESSAGES = st.lists(st.one_of(TOKENS, st.binary(max_size=20)), max_size=25).map(b"".join)
GENUINE = st.sampled_from(
    [
        b"GET /a%20b?c=d HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    message = bytearray(draw(GENUINE))
    for _ in range(draw(st.integers(1, 4))):
        index = draw(st.integers(0, len(message) - 1))
        match draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                message[index] = draw(st.integers(0, 255))
            case "cut":
                del message[index : index + draw(st.integers(1, 8))]
            case _:
                message[index:index] = draw(st.one_of(TOKENS, st.binary(max_size=4)))
        if not message:
            break
    return bytes(message)


async def echo(request: Request) -> Response:
    return Response(200, [(b"content-type", b"text/plain")], await request.body.read(1000))


async def send(data: bytes, cuts: list[int]) -> tuple[bytes, int]:
    """What a server says to `data`, sent in pieces, and how many connections it has afterwards."""
    async with serving(echo, LIMITS, sweep=0.01) as (server, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        edges = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
        try:
            for start, end in itertools.pairwise(edges):
                writer.write(data[start:end])
                await asyncio.sleep(0)
            async with asyncio.timeout(60):
                answer = await reader.read()
        except ConnectionError:
            answer = b""
        finally:
            writer.close()
        async with asyncio.timeout(60):
            while server.connections:
                await asyncio.sleep(0.005)
        return answer, server.connections


@given(st.one_of(MESSAGES, mutated()), st.lists(st.integers(0, 1000), max_size=3))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_answered_with_http_or_nothing(
    caplog: pytest.LogCaptureFixture, data: bytes, cuts: list[int]
) -> None:
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        answer, connections = asyncio.run(send(data, cuts))
    assert not caplog.records
    assert connections == 0
    assert b"Traceback" not in answer
    if answer:
        assert re.match(rb"HTTP/1\.1 [1-5][0-9][0-9] ", answer)
    for body in re.findall(rb"\r\n\r\n(\{.*?\})(?=HTTP/1\.1|$)", answer, re.DOTALL):
        assert {"code", "message"} <= json.loads(body).keys()
