"""How sealed frames travel: over one WebSocket, or as one HTTP request each. Neither is trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import aiohttp

from proven.client._requests import COSE, fetch, parse, reaching, unreachable
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.session import MAX_FRAME, MAX_RESPONSE

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
        described = parse(await fetch(self._http, self._base, _MAX_DESCRIPTION, headers=self._headers))
        if not isinstance(described, dict):
            raise ProvenError(ErrorCode.UNAVAILABLE, "the node's description of the application is no record")
        return described

    async def open_session(self, request: bytes) -> bytes:
        return await self._post("/session", request, MAX_RESPONSE)

    async def exchange(self, frame: bytes) -> bytes:
        return await self._post("/rpc", frame, MAX_FRAME)

    async def connect(self, on_frame: OnFrame, on_lost: OnLost) -> WebSocketTransport:
        """Raises `ProvenError` (`UNAVAILABLE`)."""
        with reaching():
            websocket = await self._http.ws_connect(
                f"{self._base}/ws", headers=self._headers, compress=0, max_msg_size=MAX_FRAME, heartbeat=30
            )
        return WebSocketTransport(websocket, on_frame, on_lost)

    async def _post(self, path: str, body: bytes, limit: int) -> bytes:
        return await fetch(self._http, self._base + path, limit, body=body, headers=self._headers | COSE)


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


def _closed(code: int | None) -> ProvenError:
    return ProvenError(ErrorCode.SESSION_CLOSED, f"the node closed the connection ({code or 'no code'})")
