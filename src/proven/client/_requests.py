"""One request to a node over HTTP: bounded, never redirected, and what goes wrong is a `ProvenError`."""

from __future__ import annotations

import asyncio
import binascii
import contextlib
import io
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar

import aiohttp
import msgspec
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from proven.wire.errors import ErrorCode, ProvenError

COSE: Final = {"content-type": "application/cose"}
_T = TypeVar("_T")


def http_session(tls: ssl.SSLContext | None, timeout: float) -> aiohttp.ClientSession:
    """Connections to nodes. `timeout` is seconds for each request, `tls` replaces the default context."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=True if tls is None else tls, resolver=_Resolver()),
        timeout=aiohttp.ClientTimeout(total=timeout),
        auto_decompress=False,
    )


async def fetch(
    http: aiohttp.ClientSession,
    url: str,
    limit: int,
    *,
    body: bytes | io.BytesIO | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """What a GET, or a POST of `body`, of `url` is answered with. Raises what the node refuses it with."""
    method = "GET" if body is None else "POST"
    with reaching():
        async with http.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            content = await read_limited(response, limit)
    if response.status != 200:
        raise refusal(response.status, content)
    return content


async def all_of(*tasks: Any) -> Any:
    """Await all at once; if one fails, the others are ended."""
    started = [asyncio.ensure_future(task) for task in tasks]
    try:
        return await asyncio.gather(*started)
    finally:
        for task in started:
            task.cancel()


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Raise `UNAVAILABLE`, `REQUEST_TIMEOUT` or `BAD_REQUEST` if the node is not reached in the block."""
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable(error) from None


async def read_limited(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body, or `TOO_LARGE` as soon as it is longer than `limit`."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise ProvenError(ErrorCode.TOO_LARGE, f"the node's answer is longer than {limit} bytes")
    return bytes(body)


def unreachable(error: BaseException) -> ProvenError:
    """What kept a request from being answered, as an error for people."""
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


def refusal(status: int, content: bytes) -> ProvenError:
    """The error that an answer is."""
    record = parse(content)
    if not isinstance(record, dict):
        return ProvenError(ErrorCode.UNAVAILABLE, f"the node's address answered with status {status}")
    return ProvenError.from_record(record)


def parse(body: bytes) -> object:
    """A stranger's JSON, or None."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def decode(raw: bytes, kind: type[_T]) -> _T:
    """A stranger's JSON as a record. Raises `EVIDENCE_INVALID`."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, binascii.Error, UnicodeError, RecursionError):
        raise malformed() from None


def malformed() -> ProvenError:
    return ProvenError(ErrorCode.EVIDENCE_INVALID, "the node's list of entries is malformed")


class _Resolver(ThreadedResolver):
    """Finds the names under `localhost` on this machine (RFC 6761 §6.3), as browsers do."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await super().resolve("localhost" if host.endswith(".localhost") else host, port, family)
