"""How sealed frames travel: over one WebSocket, or as one HTTP request each. Neither is trusted."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import aiohttp
import msgspec
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.session import MAX_FRAME, MAX_RESPONSE

_COSE = {"content-type": "application/cose"}
_MAX_DESCRIPTION = 1 << 20


class Transport(Protocol):
    """Carries frames of one session. `on_frame` gets what comes back, `on_lost` the end, once."""

    async def send(self, frame: bytes) -> None:
        """Raises `ProvenError` (`UNAVAILABLE`) if the frame certainly has not arrived."""

    async def close(self) -> None: ...


OnFrame = Callable[[bytes], None]
OnLost = Callable[[ProvenError], None]


class Endpoint:
    """The addresses of one application (or of management, `application` None) on one node."""

    def __init__(
        self, http: aiohttp.ClientSession, url: str, application: str | None, origin: str | None
    ) -> None:
        self._http = http
        base = url.rstrip("/")
        self._base = base if application is None else f"{base}/app/{quote(application, safe='')}"
        self._headers = {} if origin is None else {"origin": origin}

    async def describe(self) -> dict[str, object]:
        """What the node says about the application. Not to be believed without more."""
        body = await self._fetch("GET", "", None, _MAX_DESCRIPTION)
        described = _parse(body)
        if not isinstance(described, dict):
            raise ProvenError(ErrorCode.UNAVAILABLE, "the node's description of the application is no record")
        return described

    async def open_session(self, request: bytes) -> bytes:
        return await self._fetch("POST", "/session", request, MAX_RESPONSE)

    async def exchange(self, frame: bytes) -> bytes:
        return await self._fetch("POST", "/rpc", frame, MAX_FRAME)

    async def connect(self, on_frame: OnFrame, on_lost: OnLost) -> WebSocketTransport:
        """Raises `ProvenError` (`UNAVAILABLE`)."""
        try:
            websocket = await self._http.ws_connect(
                f"{self._base}/ws", headers=self._headers, compress=0, max_msg_size=MAX_FRAME, heartbeat=30
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(error) from None
        return WebSocketTransport(websocket, on_frame, on_lost)

    async def _fetch(self, method: str, path: str, body: bytes | None, limit: int) -> bytes:
        headers = self._headers if body is None else self._headers | _COSE
        try:
            async with self._http.request(
                method, self._base + path, data=body, headers=headers, allow_redirects=False
            ) as response:
                content = await read_limited(response, limit)
                if response.status != 200:
                    raise _refusal(response.status, content)
                return content
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(error) from None


class WebSocketTransport:
    """Frames both ways over one WebSocket."""

    def __init__(
        self, websocket: aiohttp.ClientWebSocketResponse, on_frame: OnFrame, on_lost: OnLost
    ) -> None:
        self._websocket = websocket
        self._on_frame = on_frame
        self._on_lost = on_lost
        self._reader = asyncio.create_task(self._read(), name="proven-client-reader")

    async def send(self, frame: bytes) -> None:
        try:
            await self._websocket.send_bytes(frame)
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(error) from None

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._websocket.close()

    async def _read(self) -> None:
        reason: ProvenError | None = None
        try:
            while True:
                message = await self._websocket.receive()
                if message.type is not aiohttp.WSMsgType.BINARY:
                    break
                self._on_frame(message.data)
        except (aiohttp.ClientError, OSError) as error:
            reason = unreachable(error)
        except ProvenError as error:
            reason = error
        self._on_lost(reason or _closed(self._websocket.close_code))


class HttpTransport:
    """One request for each frame, one at a time: their order is what the session's sequences count."""

    def __init__(self, endpoint: Endpoint, on_frame: OnFrame, on_lost: OnLost) -> None:
        self._endpoint = endpoint
        self._on_frame = on_frame
        self._on_lost = on_lost

    async def send(self, frame: bytes) -> None:
        try:
            self._on_frame(await self._endpoint.exchange(frame))
        except ProvenError as error:
            self._on_lost(error)

    async def close(self) -> None:
        return


async def read_limited(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, or `TOO_LARGE` as soon as it is longer than `limit`."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise ProvenError(ErrorCode.TOO_LARGE, f"the node's answer is longer than {limit} bytes")
    return bytes(body)


def unreachable(error: BaseException) -> ProvenError:
    if isinstance(error, TimeoutError):
        return ProvenError(ErrorCode.REQUEST_TIMEOUT, "the node did not answer in time")
    if isinstance(error, aiohttp.InvalidURL):
        message = f"{error.url} is not the address of a node, which begins with http:// or https://"
        return ProvenError(ErrorCode.BAD_REQUEST, message)
    reason = str(error) or type(error).__name__
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0
        why = os.strerror(number) if number > 0 else error.os_error.strerror or str(error.os_error)
        reason = f"{error.host}:{error.port}: {why}"
    return ProvenError(ErrorCode.UNAVAILABLE, f"the node cannot be reached: {reason}; does it run?")


def _refusal(status: int, content: bytes) -> ProvenError:
    record = _parse(content)
    if not isinstance(record, dict):
        return ProvenError(ErrorCode.UNAVAILABLE, f"the node's address answered with status {status}")
    return ProvenError.from_record(record)


def _parse(body: bytes) -> object:
    """A stranger's JSON, or None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _closed(code: int | None) -> ProvenError:
    return ProvenError(ErrorCode.SESSION_CLOSED, f"the node closed the connection ({code or 'no code'})")


class Resolver(ThreadedResolver):
    """Finds the names under `localhost` on this machine (RFC 6761 §6.3), as browsers do."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await super().resolve("localhost" if host.endswith(".localhost") else host, port, family)
