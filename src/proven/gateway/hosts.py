"""What a Host header means: the node itself, one application, or nothing this node answers for."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from proven.wire.errors import ErrorCode, ProvenError

LOCALHOST = "localhost"
ANY = "*"
_REMEMBERED = 1024


class Hosts:
    """Rules, in order:

    1. `<name>.localhost` is the application `name`, and `<name>.<host>` too for each host of the node.
    2. `localhost`, an IP address, and the node's own `hosts` are the node.
    3. Every other name is refused, so that a page cannot reach a node on its reader's machine by letting
       its own name point there (DNS rebinding). `*` among `hosts` turns that off.
    """

    def __init__(self, hosts: Collection[str] = ()) -> None:
        self._own = {LOCALHOST, *(host.lower() for host in hosts if host != ANY)}
        self._any = ANY in hosts
        self._known: dict[str, str | None] = {}

    def application(self, authority: str) -> str | None:
        """The name of the application that `authority` means, None for the node itself.

        Raises `NOT_FOUND`.
        """
        if authority not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[authority] = self._decide(authority)
        return self._known[authority]

    def _decide(self, authority: str) -> str | None:
        host = without_port(authority)
        if not host or host in self._own or _is_address(host):
            return None
        name, _, parent = host.partition(".")
        if name and parent in self._own:
            return name
        if self._any:
            return None
        raise ProvenError(ErrorCode.NOT_FOUND, f"this node does not answer for {host[:100]!r}")


def without_port(authority: str) -> str:
    """The host of an authority, in brackets if it is an IPv6 address."""
    if authority.startswith("["):
        return authority.partition("]")[0] + "]"
    return authority.partition(":")[0].removesuffix(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
