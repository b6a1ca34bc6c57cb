"""What an operator can set about custom domains, and the resolver that follows from it."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from proven.domains._agenda import Pace
from proven.domains._https import HttpsResolver
from proven.domains._plain import PlainResolver
from proven.domains.quorum import Quorum
from proven.domains.resolver import Resolver
from proven.wire.errors import ErrorCode, ProvenError

DEFAULT_RESOLVERS: Final = ("https://1.1.1.1/dns-query", "https://8.8.8.8/dns-query")
"""Cloudflare's and Google's, whose certificates are for these addresses: no name has to be looked up first.
Quad9's takes HTTP/2 only, which this client does not speak.
"""
_MIN_AGREEMENT: Final = 2
_LONGEST_PROOF: Final = 30 * 24 * 3600.0
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class DomainsConfig:
    """`agreement` of the `resolvers` (URLs, RFC 8484) have to say the same; with `require_dnssec` they have
    to have authenticated it. `timeout` is that of one question.

    A proof holds for `proof_lifetime` seconds, 30 days at most, and is renewed from half of it on. What was
    not proved is looked up again after `first_retry` seconds, then twice as long each time, up to
    `last_retry`.

    For development evidence only: `plain_resolver` (`host:port`) is asked in the clear and alone instead, and
    `certificates` is a file of further authorities (PEM) for the resolvers' certificates.
    """

    resolvers: tuple[str, ...] = DEFAULT_RESOLVERS
    agreement: int = _MIN_AGREEMENT
    require_dnssec: bool = False
    timeout: float = 10.0
    proof_lifetime: float = 14 * 24 * 3600.0
    first_retry: float = 10.0
    last_retry: float = 6 * 3600.0
    plain_resolver: str | None = None
    certificates: Path | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError`."""
        hosts = {_host_of(url) for url in self.resolvers}
        if len(hosts) != len(self.resolvers):
            raise ValueError("domains.resolvers are at different hosts: one alone could agree with itself")
        if not _MIN_AGREEMENT <= self.agreement <= len(hosts):
            raise ValueError(
                f"domains.agreement is from {_MIN_AGREEMENT} to the number of domains.resolvers, {len(hosts)}"
            )
        if not 0 < self.timeout <= 60:
            raise ValueError("domains.timeout is at most 60 seconds")
        if not 1 <= self.proof_lifetime <= _LONGEST_PROOF:
            raise ValueError("domains.proof_lifetime is from 1 second to 30 days")
        if not 0.1 <= self.first_retry <= self.last_retry:
            raise ValueError("domains.first_retry is from 0.1 seconds to domains.last_retry")
        if self.plain_resolver is not None:
            _address(self.plain_resolver)

    def pace(self) -> Pace:
        """When what was not proved is looked up again."""
        return Pace(first_retry=int(self.first_retry * 1000), last_retry=int(self.last_retry * 1000))


def resolver_for(config: DomainsConfig, *, development: bool) -> Resolver:
    """What looks up the records. Raises `BAD_REQUEST` for what is for development evidence only, where the
    evidence is not, and for certificates that cannot be read.
    """
    if not development and (config.plain_resolver is not None or config.certificates is not None):
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            "domains.plain_resolver and domains.certificates are for development evidence only: with them "
            "whoever runs this node could prove any domain; remove them",
        )
    if config.plain_resolver is not None:
        host, port = _address(config.plain_resolver)
        plain = PlainResolver(host, port, timeout=config.timeout)
        return Quorum({config.plain_resolver: plain}, agreement=1, signed=config.require_dnssec)
    tls = ssl.create_default_context()
    if config.certificates is not None:
        try:
            tls.load_verify_locations(config.certificates)
        except (OSError, ssl.SSLError) as error:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"domains.certificates: cannot read {config.certificates}: {error}"
            ) from None
    resolvers = {
        _host_of(url): HttpsResolver(url, tls=tls, timeout=config.timeout) for url in config.resolvers
    }
    return Quorum(resolvers, agreement=config.agreement, signed=config.require_dnssec)


def _host_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(f"domains.resolvers: {url!r:.200} is no URL such as {DEFAULT_RESOLVERS[0]}")
    return parts.netloc


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port[:6]) <= _LAST_PORT:
        raise ValueError(f"domains.plain_resolver: {text!r:.200} is no address and port such as 127.0.0.1:53")
    return host.strip("[]"), int(port)
