"""Where the owner page hands a signature back: at one port of this machine, once."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from proven.gateway.cors import CorsPolicy
from proven.gateway.http import Request, Response, error_response
from proven.gateway.limits import HttpLimits
from proven.gateway.server import HttpServer
from proven.wire.errors import ErrorCode, ProvenError

HOST: Final = "127.0.0.1"
PATH: Final = "/signature"
TOKEN_BYTES: Final = 32
_MAX_ANSWER: Final = 1024
_GRACE: Final = 2.0
_LIMITS: Final = HttpLimits(connections=16, request_line=256, header_bytes=8192, idle_timeout=10.0)

_Hex32 = Annotated[str, Meta(pattern="^[0-9a-f]{64}\\Z")]
_Hex64 = Annotated[str, Meta(pattern="^[0-9a-f]{128}\\Z")]


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: _Hex32
    public_key: _Hex32
    signature: _Hex64


class Listener:
    """Waits for one signature. Rules, in order:

    1. A request names this address, not a name that leads here (DNS rebinding).
    2. It comes from the page that was opened: its `Origin` is that page's, which no other page can say. No
       other origin is told anything by CORS headers.
    3. It is one POST of a token, a key and a signature, small and of exactly that form, as JSON, which pages
       of other origins cannot even send without asking first.
    4. The token is the one that the page was given. It is made anew for each listener, and works once.
    5. The signature is good for what is waited for; `signs` says so.
    """

    def __init__(self, origin: str, signs: Callable[[bytes, bytes], bool]) -> None:
        self.token: Final = secrets.token_bytes(TOKEN_BYTES)
        self._cors = CorsPolicy(origin.__eq__, ("POST",), ("content-type",))
        self._origin = origin
        self._signs = signs
        self._authority = ""
        self._answered: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()
        self._server = HttpServer(self.handle, limits=_LIMITS)

    async def start(self) -> int:
        """The port."""
        host, port = await self._server.listen(HOST, 0)
        self._authority = f"{host}:{port}"
        return port

    async def stop(self) -> None:
        await self._server.stop(_GRACE)
        self._answered.cancel()

    async def signature(self) -> tuple[bytes, bytes]:
        """A key and what its holder signed with it."""
        return await asyncio.shield(self._answered)

    async def handle(self, request: Request) -> Response:
        if request.authority != self._authority or request.header(b"origin") != self._origin:
            return _refusal(ErrorCode.ORIGIN_DENIED, "only the owner page that was opened may answer")
        if request.path != PATH or request.method not in ("OPTIONS", "POST"):
            return _refusal(ErrorCode.NOT_FOUND, "there is nothing here")
        if request.method == "OPTIONS":
            allowed = self._cors.preflight(request)
            return allowed.with_headers([(b"access-control-allow-private-network", b"true")])
        try:
            self._take(await self._read(request))
        except ProvenError as error:
            return error_response(error).with_headers(self._cors.headers_for(request))
        return Response(204, self._cors.headers_for(request))

    async def _read(self, request: Request) -> _Answer:
        if request.header(b"content-type") != "application/json":
            raise ProvenError(ErrorCode.BAD_REQUEST, "the answer is JSON")
        try:
            return msgspec.json.decode(await request.body.read(_MAX_ANSWER), type=_Answer)
        except (msgspec.MsgspecError, UnicodeError):
            raise ProvenError(ErrorCode.BAD_REQUEST, "the answer is a token, a key and a signature") from None

    def _take(self, answer: _Answer) -> None:
        if self._answered.done() or not hmac.compare_digest(bytes.fromhex(answer.token), self.token):
            raise ProvenError(ErrorCode.FORBIDDEN, "the token is not the one that is waited for")
        key, signature = bytes.fromhex(answer.public_key), bytes.fromhex(answer.signature)
        if not self._signs(key, signature):
            raise ProvenError(ErrorCode.FORBIDDEN, "the signature is not over the command that is waited for")
        self._answered.set_result((key, signature))


def _refusal(code: ErrorCode, message: str) -> Response:
    return error_response(ProvenError(code, message))
