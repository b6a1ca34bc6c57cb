"""The broker behind the guest's `fetch`: the only way for app code to reach the network.

The guest has no sockets. It sends a request here, and here it is decided, made, followed and streamed back:

1. The URL's origin must be in the handler's `allowedOrigins`, equal in scheme, host and port, or be one of
   the chain RPC addresses.
2. The name is resolved here, every address must be public, and the connection goes to those very addresses.
3. Redirects are followed here, each checked like a first request; credentials stay with their origin.
4. Time, sizes, headers and the number of requests in flight are bounded; bodies stream, a step at a time.
5. Nothing of the node goes along: no proxy, no cookie jar, no credentials, no ambient header. Connections are
   not shared between applications.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from yarl import URL

from proven.runtime.host import CallContext, HostFunction, HostStream
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.values import UNDEFINED

from ._arguments import items, take, text, whole_number
from ._bodies import DECODABLE, inflated
from ._connections import ConnectionLimits, NameResolver, SystemResolver, open_session
from ._lanes import Lane, Lanes
from ._origins import Origin, parse_origins, parse_url

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FORBIDDEN_METHODS: Final = frozenset({"CONNECT", "TRACE", "TRACK"})
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_THE_GUESTS: Final = _HOP_BY_HOP | {"host", "content-length", "expect", "accept-encoding"}
_CREDENTIALS: Final = frozenset({"authorization", "cookie"})
_BODY_HEADERS: Final = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
_RPC_SUFFIX: Final = ".rpc.internal"
_CLIMBS: Final = re.compile(r"(?:/|%2f|%5c)(?:\.|%2e){1,2}(?:/|%2f|%5c|$)", re.IGNORECASE)
"""A dot segment, also one that a server might only see after decoding."""
_STATE: Final = "fetch.exchanges"


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """Limits of outbound requests. Sizes in bytes, times in seconds.

    `allow_private_addresses` lists origins (`http://127.0.0.1:8080`) whose addresses are not checked: for
    development, where an app talks to another program on the machine. A handler still has to allow them.
    `rpc_endpoints` says where the chain RPC addresses of `@proven-network/rpc` lead, by chain
    ("bitcoin-mainnet"); a chain that is not listed is UNAVAILABLE.
    """

    allow_private_addresses: tuple[str, ...] = ()
    rpc_endpoints: Mapping[str, str] = field(default_factory=dict)
    max_redirects: int = 5
    max_request_bytes: int = 64 * 1024 * 1024
    max_response_bytes: int = 256 * 1024 * 1024
    max_header_bytes: int = 32 * 1024
    max_headers: int = 100
    in_flight: int = 512
    in_flight_per_application: int = 32
    queue_timeout: float = 10.0
    connections: ConnectionLimits = field(default_factory=ConnectionLimits)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: URL
    headers: tuple[tuple[str, str], ...]
    body: bytes | HostStream | None
    redirect: str


class _Exchange:
    """One request and its response, until the body has been read or nobody wants it any more."""

    def __init__(self) -> None:
        self.place = AsyncExitStack()
        self.task: asyncio.Task[_Answer] | None = None
        self.response: aiohttp.ClientResponse | None = None
        self.aborted = False

    async def close(self) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()
        if self.response is not None:
            self.response.close()
        await self.place.aclose()

    async def abort(self) -> None:
        self.aborted = True
        await self.close()


@dataclass(frozen=True, slots=True)
class _Answer:
    response: aiohttp.ClientResponse
    url: str
    redirected: bool


class FetchBroker:
    """Performs the requests of guests; see the rules at the top of this module."""

    def __init__(
        self,
        config: FetchConfig | None = None,
        *,
        resolver: NameResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._config = config or FetchConfig()
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._unchecked = parse_origins(self._config.allow_private_addresses)
        self._lanes = Lanes(
            self._open_session,
            width=self._config.in_flight_per_application,
            total=self._config.in_flight,
            timeout=self._config.queue_timeout,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._lanes.close()

    def functions(self) -> dict[str, HostFunction]:
        return {"fetch.request": self._fetch, "fetch.abort": self._abort}

    async def _fetch(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        """(number, method, url, headers, body, redirect) → [status, text, url, redirected, headers, body]."""
        number, method, url, headers, body, redirect = take(arguments, 6)
        request = _Request(
            method=_method(method),
            url=parse_url(text(url, "the URL")),
            headers=self._headers(headers),
            body=self._body(body),
            redirect=text(redirect, "redirect"),
        )
        exchanges = self._exchanges(context)
        number = whole_number(number, "the request number")
        if number in exchanges:
            raise ProvenError(ErrorCode.BAD_REQUEST, "the request number is in use")
        exchanges[number] = exchange = _Exchange()
        handed_over = False
        try:
            exchange.task = asyncio.ensure_future(self._perform(request, context, exchange))
            result = self._result(await exchange.task, number, exchange, exchanges)
            handed_over = True
            return result
        except asyncio.CancelledError:
            if exchange.aborted:
                raise _aborted() from None
            raise
        finally:
            if not handed_over:
                exchanges.pop(number, None)
                await exchange.close()

    async def _abort(self, context: CallContext, arguments: Sequence[Any]) -> Any:
        (number,) = take(arguments, 1)
        exchange = self._exchanges(context).pop(whole_number(number, "the request number"), None)
        if exchange is not None:
            await exchange.abort()
        return UNDEFINED

    def _exchanges(self, context: CallContext) -> dict[int, _Exchange]:
        exchanges: dict[int, _Exchange] | None = context.state.get(_STATE)
        if exchanges is None:
            opened: dict[int, _Exchange] = {}
            context.state[_STATE] = opened

            async def close_all() -> None:
                for exchange in list(opened.values()):
                    await exchange.close()
                opened.clear()

            context.on_end(close_all)
            return opened
        return exchanges

    async def _perform(self, request: _Request, context: CallContext, exchange: _Exchange) -> _Answer:
        lane = await exchange.place.enter_async_context(self._lanes.place(context.application_id))
        allowed = parse_origins(context.handler.options.allowed_origins if context.handler else ())
        for hop in range(self._config.max_redirects + 1):
            response = await self._send(lane, request, allowed)
            exchange.response = response
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None or request.redirect == "manual":
                return _Answer(response, str(request.url), redirected=hop > 0)
            response.close()
            if request.redirect == "error":
                raise ProvenError(ErrorCode.UNAVAILABLE, "the server redirects, and redirect is 'error'")
            request = _redirected(request, response.status, location)
        raise ProvenError(
            ErrorCode.UNAVAILABLE, f"the server redirects more than {self._config.max_redirects} times"
        )

    async def _send(
        self, lane: Lane, request: _Request, allowed: frozenset[Origin]
    ) -> aiohttp.ClientResponse:
        url, check = self._destination(request.url, allowed)
        body = request.body
        try:
            return await lane.session(check=check).request(
                request.method,
                url,
                headers=(*request.headers, ("Accept-Encoding", "gzip, deflate")),
                data=self._counted(body) if isinstance(body, HostStream) else body,
                allow_redirects=False,
            )
        except TimeoutError:
            raise ProvenError(ErrorCode.REQUEST_TIMEOUT, f"{url.host} did not answer in time") from None
        except aiohttp.ClientError as error:
            denied = _cause(error)
            if denied is not None:
                raise denied from None
            raise ProvenError(ErrorCode.UNAVAILABLE, f"the request to {url.host} failed") from error
        except (OSError, ValueError) as error:
            raise ProvenError(ErrorCode.UNAVAILABLE, f"the request to {url.host} failed") from error

    def _destination(self, url: URL, allowed: frozenset[Origin]) -> tuple[URL, bool]:
        """Where the request really goes, and whether its addresses are checked."""
        origin = Origin.of(url)
        if origin.host.endswith(_RPC_SUFFIX):
            return self._rpc_endpoint(url, origin), False
        if origin not in allowed:
            raise ProvenError(
                ErrorCode.ORIGIN_DENIED,
                f"{origin} is not in this handler's allowedOrigins",
                details={"origin": str(origin)},
            )
        return url, origin not in self._unchecked

    def _rpc_endpoint(self, url: URL, origin: Origin) -> URL:
        chain = origin.host.removesuffix(_RPC_SUFFIX)
        endpoint = self._config.rpc_endpoints.get(chain)
        if endpoint is None or origin != Origin("https", origin.host, 443):
            raise ProvenError(ErrorCode.UNAVAILABLE, f"this node offers no RPC endpoint {origin}")
        if _CLIMBS.search(url.raw_path):
            raise ProvenError(ErrorCode.BAD_REQUEST, "a path at an RPC endpoint stays below it")
        target = endpoint if url.raw_path in ("", "/") else endpoint.rstrip("/") + url.raw_path
        return parse_url(f"{target}?{url.raw_query_string}" if url.raw_query_string else target)

    def _open_session(self, check: bool) -> aiohttp.ClientSession:
        return open_session(self._config.connections, self._resolver, self._tls, check=check)

    def _headers(self, value: Any) -> tuple[tuple[str, str], ...]:
        headers = []
        size = 0
        for pair in items(value, "headers"):
            name, content = take(items(pair, "a header"), 2)
            name, content = text(name, "a header name"), text(content, "a header value")
            if not _TOKEN.fullmatch(name) or not _HEADER_VALUE.fullmatch(content):
                raise ProvenError(ErrorCode.BAD_REQUEST, "a header has characters that no header has")
            size += len(name) + len(content)
            if name.lower() not in _NOT_THE_GUESTS:
                headers.append((name, content))
        if len(headers) > self._config.max_headers or size > self._config.max_header_bytes:
            raise ProvenError(ErrorCode.TOO_LARGE, "the request has too many headers, or too long ones")
        return tuple(headers)

    def _body(self, value: Any) -> bytes | HostStream | None:
        if value is UNDEFINED or value is None:
            return None
        if isinstance(value, HostStream):
            return value
        if type(value) is not bytes:
            raise ProvenError(ErrorCode.BAD_REQUEST, "a body must be a Uint8Array or a stream")
        if len(value) > self._config.max_request_bytes:
            raise _too_large("request", self._config.max_request_bytes)
        return value

    async def _counted(self, body: HostStream) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in body:
            size += len(chunk)
            if size > self._config.max_request_bytes:
                raise _too_large("request", self._config.max_request_bytes)
            yield chunk

    def _result(
        self, answer: _Answer, number: int, exchange: _Exchange, exchanges: dict[int, _Exchange]
    ) -> list[Any]:
        response = answer.response
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        decoded = encoding in DECODABLE
        dropped = _HOP_BY_HOP | ({"content-encoding", "content-length"} if decoded else frozenset())
        headers = [
            [name.decode("latin-1"), value.decode("latin-1")]
            for name, value in response.raw_headers
            if name.decode("latin-1").lower() not in dropped
        ]

        async def close() -> None:
            exchanges.pop(number, None)
            await exchange.close()

        async def chunks() -> AsyncIterator[bytes]:
            raw = response.content.iter_any()
            size = 0
            try:
                async for chunk in inflated(raw, encoding) if decoded else raw:
                    size += len(chunk)
                    if size > self._config.max_response_bytes:
                        raise _too_large("response", self._config.max_response_bytes)
                    yield chunk
            except TimeoutError:
                raise ProvenError(ErrorCode.REQUEST_TIMEOUT, "the response body stalled") from None
            except (aiohttp.ClientError, OSError):
                code = "was aborted" if exchange.aborted else "broke off"
                raise ProvenError(ErrorCode.UNAVAILABLE, f"the response body {code}") from None
            finally:
                await close()

        body = HostStream(chunks(), close=close)
        reason = response.reason or ""
        return [response.status, reason, answer.url, answer.redirected, headers, body]


def _method(value: Any) -> str:
    method = text(value, "the method")
    if not _TOKEN.fullmatch(method) or method.upper() in _FORBIDDEN_METHODS:
        raise ProvenError(ErrorCode.BAD_REQUEST, "that method cannot be fetched with")
    return method


def _redirected(request: _Request, status: int, location: str) -> _Request:
    """The next request of a redirect (Fetch standard, HTTP-redirect fetch)."""
    try:
        url = parse_url(str(request.url.join(URL(location)).with_fragment(None)))
    except ValueError:
        raise ProvenError(ErrorCode.UNAVAILABLE, "the server redirects to something unreadable") from None
    method, headers, body = request.method, request.headers, request.body
    to_get = (status in (301, 302) and method == "POST") or (status == 303 and method not in ("GET", "HEAD"))
    if to_get:
        method, body = "GET", None
        headers = tuple(pair for pair in headers if pair[0].lower() not in _BODY_HEADERS)
    elif isinstance(body, HostStream):
        raise ProvenError(
            ErrorCode.UNAVAILABLE, "the server redirects, and a streamed body cannot be sent twice"
        )
    if Origin.of(url) != Origin.of(request.url):
        headers = tuple(pair for pair in headers if pair[0].lower() not in _CREDENTIALS)
    return _Request(method, url, headers, body, request.redirect)


def _cause(error: BaseException) -> ProvenError | None:
    """The refusal that a connection error grew from, if one did."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ProvenError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


def _aborted() -> ProvenError:
    return ProvenError(ErrorCode.UNAVAILABLE, "the request was aborted")


def _too_large(what: str, limit: int) -> ProvenError:
    return ProvenError(ErrorCode.TOO_LARGE, f"the {what} body is larger than {limit} bytes")
