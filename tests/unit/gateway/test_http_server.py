from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from proven.gateway.http import Request, Response
from proven.gateway.limits import HttpLimits
from proven.wire.errors import ErrorCode, ProvenError
from unit.gateway.raw_http import DEADLINE, connect, serving, talking

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def hello(request: Request) -> Response:
    return Response(200, [(b"content-type", b"text/plain")], b"hello")


async def echo(request: Request) -> Response:
    return Response(200, [], await request.body.read(1 << 20))


async def path(request: Request) -> Response:
    return Response(200, [], request.target.encode())


async def test_a_connection_is_kept_alive_and_answers_carry_a_date() -> None:
    async with talking(hello) as peer:
        for _ in range(3):
            answer = await peer.ask(GET)
            assert (answer.status, answer.body) == (200, b"hello")
            assert answer.headers["date"].endswith("GMT")


async def test_pipelined_requests_are_answered_in_order() -> None:
    gates = {"/1": asyncio.Event(), "/2": asyncio.Event(), "/3": asyncio.Event()}
    started: list[str] = []

    async def handler(request: Request) -> Response:
        started.append(request.path)
        await gates[request.path].wait()
        return Response(200, [], request.path.encode())

    async with talking(handler) as peer:
        await peer.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in (1, 2, 3)))
        for name in ("/3", "/2", "/1"):
            gates[name].set()
        assert [(await peer.answer()).body for _ in range(3)] == [b"/1", b"/2", b"/3"]
        assert started == ["/1", "/2", "/3"]


async def test_more_pipelined_requests_than_allowed_end_the_connection_after_those_answered() -> None:
    release = asyncio.Event()

    async def handler(request: Request) -> Response:
        await release.wait()
        return Response(200, [], b"")

    async with talking(handler, HttpLimits(pipelined=4)) as peer:
        await peer.send(GET * 50)
        release.set()
        statuses = [(await peer.answer()).status for _ in range(6)]
        assert statuses[-1] == 503
        assert set(statuses[:-1]) == {200}
        assert await peer.rest() == b""


async def test_head_and_204_have_no_body() -> None:
    async def handler(request: Request) -> Response:
        return Response(204) if request.path == "/none" else Response(200, [], b"hello")

    async with talking(handler) as peer:
        await peer.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await peer.answer(head=True)
        assert answer.headers["content-length"] == "5"
        answer = await peer.ask(b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.status == 204
        assert "content-length" not in answer.headers
        assert (await peer.ask(GET)).body == b"hello"


async def test_bodies_arrive_whole_whether_counted_or_chunked() -> None:
    async with talking(echo) as peer:
        answer = await peer.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
        assert answer.body == b"hello"
        await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        await peer.send(b"lo\r\n6;ext=1\r\n world\r\n0\r\nX-Trailer: a\r\n\r\n")
        assert (await peer.answer()).body == b"hello world"
        assert (await peer.ask(GET)).status == 200


async def test_a_body_that_nobody_reads_does_not_become_the_next_request() -> None:
    async with talking(path) as peer:
        inner = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        await peer.send(b"POST /outer HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(inner))
        assert (await peer.answer()).body == b"/outer"
        await peer.send(inner)
        assert b"smuggled" not in await peer.rest()


async def test_an_unread_complete_body_leaves_the_connection_usable() -> None:
    async with talking(path) as peer:
        for _ in range(20):
            answer = await peer.ask(
                b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + b"x" * 60000
            )
            if "connection" in answer.headers:
                return
        assert (await peer.ask(GET)).body == b"/"


async def test_100_continue_is_sent_when_the_handler_reads_and_not_before() -> None:
    go = asyncio.Event()

    async def handler(request: Request) -> Response:
        await go.wait()
        return await echo(request)

    async with talking(handler) as peer:
        await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        go.set()
        assert (await peer.answer()).status == 100
        await peer.send(b"ok")
        assert (await peer.answer()).body == b"ok"


async def test_a_refused_expectation_ends_without_100_continue() -> None:
    async def refuse(request: Request) -> Response:
        raise ProvenError(ErrorCode.FORBIDDEN, "no")

    async with talking(refuse) as peer:
        await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        answer = await peer.answer()
        assert answer.status == 403
        assert answer.headers["connection"] == "close"


async def test_a_slow_reader_of_a_stream_holds_its_producer_back() -> None:
    produced = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal produced
        for _ in range(2000):
            produced += 1
            yield b"x" * 65536

    async def handler(request: Request) -> Response:
        return Response(200, [], chunks())

    async with talking(handler) as peer:
        await peer.send(GET)
        await peer.reader.readuntil(b"\r\n\r\n")
        last = -1
        while produced != last:
            last = produced
            for _ in range(200):
                await asyncio.sleep(0)
        assert produced < 500


async def test_a_fast_sender_is_held_back_while_the_handler_does_not_read() -> None:
    go = asyncio.Event()

    async def handler(request: Request) -> Response:
        await go.wait()
        size = 0
        async for chunk in request.body.stream(1 << 30):
            size += len(chunk)
        return Response(200, [], str(size).encode())

    async with talking(handler) as peer:
        size = 64 << 20
        await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        peer.writer.write(b"x" * size)
        try:
            await asyncio.wait_for(peer.writer.drain(), 0.2)
            held_back = False
        except TimeoutError:
            held_back = True
        assert held_back
        go.set()
        assert (await peer.answer()).body == str(size).encode()


async def test_a_body_over_the_routes_limit_is_refused() -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], await request.body.read(10))

    async with serving(handler) as (_, port):
        async with connect(port) as peer:
            answer = await peer.ask(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n")
            assert answer.status == 413
        async with connect(port) as peer:
            await peer.send(
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n"
            )
            assert (await peer.answer()).status == 413


async def test_a_client_that_leaves_cancels_its_handler() -> None:
    cancelled, entered = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return Response(200)

    async with serving(handler) as (_, port):
        async with connect(port) as peer:
            await peer.send(GET)
            await asyncio.wait_for(entered.wait(), DEADLINE)
        await asyncio.wait_for(cancelled.wait(), DEADLINE)


async def test_a_client_that_leaves_closes_the_stream_it_was_reading() -> None:
    closed = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
                await asyncio.sleep(0)
        finally:
            closed.set()

    async def handler(request: Request) -> Response:
        return Response(200, [], chunks())

    async with serving(handler) as (_, port):
        async with connect(port) as peer:
            await peer.send(GET)
            await peer.reader.readexactly(100_000)
        await asyncio.wait_for(closed.wait(), DEADLINE)


async def test_a_stream_that_fails_is_cut_so_that_the_reader_notices() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("broken")

    async def handler(request: Request) -> Response:
        return Response(200, [], chunks())

    async with talking(handler) as peer:
        await peer.send(GET)
        raw = await peer.rest()
        assert not raw.endswith(b"0\r\n\r\n")


async def test_a_handlers_failure_shows_nothing_of_itself() -> None:
    async def handler(request: Request) -> Response:
        raise RuntimeError("secret")

    async with talking(handler) as peer:
        answer = await peer.ask(GET)
        assert answer.status == 500
        assert b"secret" not in answer.body
        assert b"INTERNAL" in answer.body


async def test_a_header_with_a_line_break_never_reaches_the_wire() -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [(b"x", b"a\r\nset-cookie: b")], b"")

    async with talking(handler) as peer:
        await peer.send(GET)
        assert b"set-cookie" not in await peer.rest()


async def test_a_slow_head_is_answered_408() -> None:
    async with talking(hello, HttpLimits(header_timeout=0.05)) as peer:
        await peer.send(b"GET / HT")
        assert (await peer.answer()).status == 408
        assert await peer.rest() == b""


async def test_a_head_sent_byte_by_byte_gets_no_more_time() -> None:
    async with talking(hello, HttpLimits(header_timeout=0.1)) as peer:

        async def drip() -> None:
            for byte in b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 1000:
                peer.writer.write(bytes([byte]))
                await asyncio.sleep(0.005)

        task = asyncio.create_task(drip())
        assert (await peer.answer()).status == 408
        task.cancel()


async def test_a_slow_body_is_answered_408() -> None:
    async with talking(echo, HttpLimits(body_grace=0.05)) as peer:
        await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx")
        assert (await peer.answer()).status == 408


async def test_an_idle_connection_is_closed() -> None:
    async with talking(hello, HttpLimits(idle_timeout=0.5)) as peer:
        assert (await peer.ask(GET)).status == 200
        assert await peer.rest() == b""


async def test_a_reader_that_stops_reading_is_cut_off() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    async def handler(request: Request) -> Response:
        return Response(200, [], chunks())

    async with serving(handler, HttpLimits(write_timeout=0.05)) as (server, port), connect(port) as peer:
        await peer.send(GET)
        await peer.reader.readuntil(b"\r\n")
        async with asyncio.timeout(DEADLINE):
            while server.connections:
                await asyncio.sleep(0.01)


async def test_connections_past_the_limit_are_told_so() -> None:
    async with serving(hello, HttpLimits(connections=1)) as (_, port), connect(port) as first:
        assert (await first.ask(GET)).status == 200
        async with connect(port) as second:
            assert (await second.answer()).status == 503
        assert (await first.ask(GET)).status == 200


async def test_stopping_lets_the_answer_under_way_finish() -> None:
    entered, go = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        entered.set()
        await go.wait()
        return Response(200, [], b"done")

    async with serving(handler) as (server, port), connect(port) as busy, connect(port) as idle:
        await busy.send(GET)
        await entered.wait()
        stopping = asyncio.create_task(server.stop(grace=DEADLINE))
        assert await idle.rest() == b""
        go.set()
        answer = await busy.answer()
        assert (answer.body, answer.headers["connection"]) == (b"done", "close")
        busy.close()
        await asyncio.wait_for(stopping, DEADLINE)


async def test_stopping_cuts_what_outlasts_its_grace() -> None:
    async def handler(request: Request) -> Response:
        await asyncio.Event().wait()
        return Response(200)

    async with serving(handler) as (server, port), connect(port) as peer:
        await peer.send(GET)
        async with asyncio.timeout(DEADLINE):
            while not server.connections:
                await asyncio.sleep(0)
            await server.stop(grace=0.05)
        assert server.connections == 0


async def test_an_absolute_target_names_the_host() -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], request.url.encode())

    async with talking(handler) as peer:
        answer = await peer.ask(b"GET http://Other:81/p?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer.body == b"http://other:81/p?q=1"


async def test_http_1_0_is_answered_and_closed() -> None:
    async def handler(request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        return Response(200, [], chunks())

    async with talking(handler) as peer:
        await peer.send(b"GET / HTTP/1.0\r\n\r\n")
        raw = await peer.rest()
        assert raw.endswith(b"\r\n\r\nab")
        assert b"connection: close" in raw
