"""Outbound connections that only ever reach addresses they may reach."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from proven.wire.errors import ErrorCode, ProvenError

from ._addresses import refusal


class NameResolver(Protocol):
    """Turns a host name into addresses."""

    async def resolve(self, host: str) -> Sequence[str]:
        """Every IPv4 and IPv6 address of `host`. Raises OSError when there is none."""
        ...


class SystemResolver:
    """The resolver of the operating system."""

    async def resolve(self, host: str) -> Sequence[str]:
        infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(info[4][0]) for info in infos))


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Seconds for a DNS answer, a connection, and between two reads; bytes of one response header line."""

    resolve_timeout: float = 5.0
    connect_timeout: float = 10.0
    idle_timeout: float = 30.0
    header_line: int = 16 * 1024
    header_count: int = 128


def refused(host: str, reason: str) -> ProvenError:
    return ProvenError(
        ErrorCode.ORIGIN_DENIED,
        f"{host} is at an address that apps may not reach ({reason})",
    )


class _CheckedResolver(AbstractResolver):
    """Resolves once per connection and hands on exactly what it checked, so a name cannot be rebound later.

    A name with even one refused address is refused: an attacker's zone may mix them.
    """

    def __init__(self, names: NameResolver, timeout: float, *, check: bool) -> None:
        self._names = names
        self._timeout = timeout
        self._check = check

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        async with asyncio.timeout(self._timeout):
            addresses = await self._names.resolve(host)
        if not addresses:
            raise OSError(f"{host} has no address")
        if self._check:
            for address in addresses:
                reason = refusal(address)
                if reason is not None:
                    raise refused(host, reason)
        return [self._result(host, address, port) for address in addresses]

    def _result(self, host: str, address: str, port: int) -> ResolveResult:
        return ResolveResult(
            hostname=host,
            host=address,
            port=port,
            family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            proto=socket.IPPROTO_TCP,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )

    async def close(self) -> None:
        return None


def _checked_socket(info: tuple[Any, ...]) -> socket.socket:
    """The last gate: every connection passes here, also to a literal address, which nobody resolves."""
    family, kind, protocol, _, address = info
    reason = refusal(str(address[0]))
    if reason is not None:
        raise refused(str(address[0]), reason)
    return socket.socket(family, kind, protocol)


def open_session(
    limits: ConnectionLimits, names: NameResolver, tls: ssl.SSLContext | None, *, check: bool
) -> aiohttp.ClientSession:
    """A client session without proxies, cookies, redirects or decoding of its own.

    With `check`, only public addresses are ever connected to.
    """
    connector = aiohttp.TCPConnector(
        resolver=_CheckedResolver(names, limits.resolve_timeout, check=check),
        use_dns_cache=False,
        limit=0,  # requests are counted where they begin
        socket_factory=_checked_socket if check else None,
        ssl=tls if tls is not None else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect_timeout, sock_read=limits.idle_timeout
        ),
        max_line_size=limits.header_line,
        max_field_size=limits.header_line,
        max_headers=limits.header_count,
        skip_auto_headers={"User-Agent", "Accept", "Content-Type"},
    )
