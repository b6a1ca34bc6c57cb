"""HTTP handlers and streams: what arrives, what leaves, and who waits for whom."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from proven.runtime import CallContext, HostStream, HttpRequest, Runtime
from proven.wire.errors import ErrorCode, ProvenError
from unit.runtime.harness import App, body_of, eventually, load, running

APPS = Path(__file__).parent / "apps"
pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1 << 20


def get(path: str = "/", **fields: Any) -> HttpRequest:
    return HttpRequest(method="GET", url=f"https://app.example{path}", path=path, **fields)


def post(body: bytes | AsyncIterator[bytes], **fields: Any) -> HttpRequest:
    return HttpRequest(method="POST", url="https://app.example/", path="/", body=body, **fields)


async def numbered(size: int, chunk: int = 60_000) -> AsyncIterator[bytes]:
    for start in range(0, size, chunk):
        yield bytes((start // chunk) % 251 for _ in range(min(chunk, size - start)))


class Downloads:
    """A host operation that streams, and knows how far it got."""

    def __init__(self) -> None:
        self.sent = 0
        self.closed = asyncio.Event()

    async def read(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                async for chunk in numbered(20 * MIB):
                    self.sent += len(chunk)
                    yield chunk
            finally:
                self.closed.set()

        self.sent = 0
        self.closed.clear()
        return {"size": 20 * MIB, "body": HostStream(chunks())}


class Uploads:
    """A host operation that takes a stream in."""

    def __init__(self) -> None:
        self.digest = ""

    async def write(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        _, path, stream, *_ = arguments
        assert isinstance(stream, HostStream)
        digest = hashlib.sha256()
        size = 0
        async for chunk in stream:
            digest.update(chunk)
            size += len(chunk)
        self.digest = digest.hexdigest()
        return [path, False, size, None, 0, None]


@pytest.fixture(scope="module")
def downloads() -> Downloads:
    return Downloads()


@pytest.fixture(scope="module")
def uploads() -> Uploads:
    return Uploads()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def runtime(downloads: Downloads, uploads: Uploads) -> AsyncIterator[Runtime]:
    async with running({"kv.get": downloads.read, "files.write": uploads.write}) as runtime:
        yield runtime


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def app(runtime: Runtime) -> App:
    return await load(runtime, {"src/app.ts": (APPS / "http.ts").read_text()})


async def test_a_handler_sees_the_whole_request(app: App) -> None:
    response = await app.http(
        "reflect",
        HttpRequest(
            method="PUT",
            url="https://app.example/a/b?x=1&x=2&y=%20",
            path="/a/b",
            path_parameters=(("id", "b"),),
            query=(("x", "1"), ("x", "2"), ("y", " ")),
            headers=(("accept", "a"), ("accept", "b"), ("x-proto", "__proto__")),
            body=b"hello",
        ),
    )
    assert response.status == 200
    assert response.headers == (("content-type", "application/json"),)
    assert json.loads(await body_of(response)) == {
        "method": "PUT",
        "path": "/a/b",
        "pathParameters": {"id": "b"},
        "queryParameters": {"x": "1", "y": " "},
        "headers": {"accept": "a, b", "x-proto": "__proto__"},
        "body": "hello",
        "request": ["PUT", "https://app.example/a/b?x=1&x=2&y=%20", "a, b", "hello"],
    }


@pytest.mark.parametrize(
    ("handler", "status", "headers", "body"),
    [
        ("json", 200, {"content-type": "application/json"}, b'{"a":[1,null]}'),
        ("text", 200, {"content-type": "application/json"}, b'"just text"'),
        ("nothing", 204, {}, b""),
        ("bytes", 200, {"content-type": "application/octet-stream"}, b"\x01\x02"),
        ("response", 418, {"content-type": "text/plain;charset=UTF-8", "x-a": "1"}, b"short and stout"),
        ("jsonResponse", 201, {"content-type": "application/json"}, b'{"b":2}'),
        ("emptyResponse", 204, {}, b""),
        ("redirect", 302, {"location": "https://app.example/there"}, b""),
        ("blob", 200, {"content-type": "image/x"}, b"blob"),
        ("rebuilt", 200, {"content-type": "text/plain;charset=UTF-8"}, b"inner"),
    ],
)
async def test_every_kind_of_result_is_a_response(
    app: App, handler: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    response = await app.http(handler, get())
    assert (response.status, dict(response.headers)) == (status, headers)
    assert await body_of(response) == body


async def test_a_body_that_is_at_hand_does_not_stream(app: App) -> None:
    for handler in ("response", "jsonResponse", "json"):
        assert isinstance((await app.http(handler, get())).body, bytes)


async def test_cookies_stay_apart(app: App) -> None:
    response = await app.http("cookies", get())
    assert [value for name, value in response.headers if name == "set-cookie"] == ["a=1", "b=2"]


async def test_a_body_streams_in_both_directions(app: App) -> None:
    expected = b"".join([chunk async for chunk in numbered(5 * MIB)])
    response = await app.http("through", post(numbered(5 * MIB)))
    assert not isinstance(response.body, bytes)
    assert await body_of(response) == expected


async def test_a_streamed_body_is_not_held_in_memory_unasked(app: App) -> None:
    with pytest.raises(ProvenError, match=r"request\.body"):
        await app.http("whole", post(numbered(MIB)))
    assert await body_of(await app.http("whole", post(b"abc"))) == b"3"


async def test_a_slow_reader_holds_the_handler_back(app: App) -> None:
    response = await app.http("endless", get())
    assert not isinstance(response.body, bytes)
    first = await anext(aiter(response.body))
    assert first
    sent = int(await app.call("howMuch"))
    for _ in range(20):
        assert int(await app.call("howMuch")) <= sent + MIB
    assert sent < MIB
    await response.body.aclose()  # type: ignore[attr-defined]
    await eventually(lambda: app.runtime.report().processes[0].in_flight == 0)


async def test_an_unread_upload_holds_the_client_back(app: App) -> None:
    taken = 0

    async def client() -> AsyncIterator[bytes]:
        nonlocal taken
        async for chunk in numbered(20 * MIB):
            taken += len(chunk)
            yield chunk

    assert await body_of(await app.http("ignore", post(client()))) == b'"ignored"'
    assert taken < 2 * MIB


async def test_an_upload_that_breaks_off_is_an_error_in_the_handler(app: App) -> None:
    async def client() -> AsyncIterator[bytes]:
        yield b"some"
        raise ProvenError(ErrorCode.REQUEST_TIMEOUT, "the client stopped sending")

    assert await body_of(await app.http("count", post(client()))) == b'"the client stopped sending"'


async def test_a_response_that_breaks_off_is_an_error_for_the_reader(app: App) -> None:
    response = await app.http("breaks", get())
    with pytest.raises(ProvenError, match="half way"):
        await body_of(response)


async def test_a_stream_of_something_else_is_an_error(app: App) -> None:
    response = await app.http("numbers", get())
    with pytest.raises(ProvenError, match="Uint8Array"):
        await body_of(response)


async def test_host_streams_arrive_whole_and_only_as_fast_as_they_are_read(
    app: App, downloads: Downloads
) -> None:
    size, digest = await app.call("download")
    expected = hashlib.sha256(b"".join([chunk async for chunk in numbered(20 * MIB)])).hexdigest()
    assert (size, digest) == (20 * MIB, expected)
    assert await app.call("peek") > 0
    assert downloads.sent < MIB
    async with asyncio.timeout(60):
        await downloads.closed.wait()


async def test_guest_streams_arrive_at_host_functions(app: App, uploads: Uploads) -> None:
    await app.call("upload", 3 * MIB)
    assert uploads.digest == hashlib.sha256(b"x" * (3 * MIB)).hexdigest()


async def test_a_stalled_response_runs_into_its_time_limit(app: App) -> None:
    response = await app.http("stalls", get())
    with pytest.raises(ProvenError) as caught:
        await body_of(response)
    assert caught.value.code is ErrorCode.HANDLER_TIMEOUT


async def test_a_response_of_the_wrong_kind_is_refused(app: App) -> None:
    for handler in ("used", "errorResponse", "countless", "function_", "bigint"):
        with pytest.raises(ProvenError) as caught:
            await app.http(handler, get())
        assert caught.value.code is ErrorCode.HANDLER_ERROR
