"""What a Host header means: the node itself, one application, or nothing this node answers for."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.origins import canonical_origin

LOCALHOST = "localhost"
ANY = "*"
_REMEMBERED = 1024
_UNKNOWN: Final = ""
"""What no name of an application is."""


def _nobodys(domain: str) -> str | None:
    return None


class Hosts:
    """Rules, in order:

    1. `<name>.localhost` is the application `name`, and `<name>.<host>` too for each host of the node.
    2. `localhost`, an IP address, and the node's own `hosts` are the node.
    3. A domain that an application has proved to be its own is that application, as long as the proof holds:
       `by_domain` says whose it is, and is asked each time.
    4. Every other name is refused, so that a page cannot reach a node on its reader's machine by letting
       its own name point there (DNS rebinding). `*` among `hosts` turns that off.
    """

    def __init__(
        self, hosts: Collection[str] = (), by_domain: Callable[[str], str | None] = _nobodys
    ) -> None:
        self._own = {LOCALHOST, *(host.lower() for host in hosts if host != ANY)}
        self._any = ANY in hosts
        self._by_domain = by_domain
        self._known: dict[str, str | None] = {}

    def application(self, authority: str) -> str | None:
        """The name or id of the application that `authority` (in lower case) means, None for the node
        itself.

        Raises `NOT_FOUND`.
        """
        if authority not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[authority] = self._decide(authority)
        decided = self._known[authority]
        return self._find(without_port(authority)) if decided == _UNKNOWN else decided

    def _decide(self, authority: str) -> str | None:
        """By the rules that nothing changes while the node runs."""
        host = without_port(authority)
        if not host or host in self._own or _is_address(host):
            return None
        name, _, parent = host.partition(".")
        return name if name and parent in self._own else _UNKNOWN

    def _find(self, host: str) -> str | None:
        application = self._by_domain(host)
        if application is None and not self._any:
            raise ProvenError(ErrorCode.NOT_FOUND, f"this node does not answer for {host[:100]!r}")
        return application


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where callers reach a node if something in front of it ends TLS and passes their requests on.

    Which requests came that way is told by the `Host` that callers named, and nothing else: headers such as
    `X-Forwarded-Proto` are anybody's to write. Rules, in order:

    1. `host` and the names below it came that way if they name the public port, and directly otherwise.
    2. `localhost`, the names below it and IP addresses came directly.
    3. Every other name is an application's domain, and came that way.

    Who names the wrong host deceives nobody but themselves: the browser of a page says `Origin` by how the
    page was really loaded.
    """

    host: str
    port: str

    @classmethod
    def parse(cls, url: str) -> PublicAddress:
        """Raises `ValueError`, in words for operators, for what is not `https://name[:port]`."""
        if canonical_origin(url) != url or not url.startswith("https://"):
            raise ValueError(
                "public_url is https://, a name and perhaps a port, such as https://node.example"
            )
        host, _, port = url.removeprefix("https://").partition(":")
        if url.startswith("https://[") or _is_address(host):
            raise ValueError("public_url has a name, not an address: passkeys are made for names")
        return cls(host, port)

    def scheme_of(self, authority: str, direct: str) -> str:
        """By which scheme `authority` (in lower case) was reached; `direct` without anything in front."""
        host = without_port(authority)
        if _is_at(host, self.host):
            port = authority.partition(":")[2]
            return "https" if (port or "443") == (self.port or "443") else direct
        return direct if not host or _is_at(host, LOCALHOST) or _is_address(host) else "https"


def without_port(authority: str) -> str:
    """The host of an authority, in brackets if it is an IPv6 address."""
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0].removesuffix(".")


def _is_at(host: str, name: str) -> bool:
    return host == name or host.endswith(f".{name}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
