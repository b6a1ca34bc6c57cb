"""Which web pages may use an application: open its sessions, and show its sign-in page inside themselves."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator
from typing import Final

from proven.apps import ApplicationRecord
from proven.gateway.hosts import ANY, LOCALHOST, without_port
from proven.gateway.http import Request
from proven.gateway.ports import Applications
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.origins import canonical_origin

LOOPBACK: Final = ("http://localhost:*", "http://*.localhost:*", "http://127.0.0.1:*")
"""Pages served on the developer's own machine, whatever serves them."""

_PATTERN: Final = re.compile(r"(https?)://(\*\.)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]+|\*))?")


class AppOrigins:
    """The rule. Pages of an application are those

    1. of the origins that its owner allowed,
    2. of its own host, `<name>.<host>` for each host of the node, at the scheme and port by which the node
       itself is reached, and of the domains that it has proved to be its own, as long as the proofs hold, at
       `https` and, on a development node, `http`; the port is the scheme's own or the node's,
    3. of the node's own origin and of its sign-in pages,
    4. on a development node, of any port of the machine's loopback names, but for the hosts of its other
       applications: they are as strange to each other as anywhere.

    A page that is in none of these, or has no origin of its own (`null`), is denied. What is not a page sends
    no `Origin` and is not held to this.
    """

    def __init__(
        self,
        applications: Applications,
        *,
        hosts: Collection[str] = (),
        sign_in: Callable[[], Collection[str]] = tuple,
        development: bool = False,
    ) -> None:
        self._applications = applications
        self._hosts = (LOCALHOST, *(host.lower() for host in hosts if host not in (ANY, LOCALHOST)))
        self._sign_in = sign_in
        self._loopback = LOOPBACK if development else ()
        self._schemes = ("https://", "http://") if development else ("https://",)

    def patterns(self, record: ApplicationRecord, node: str) -> tuple[str, ...]:
        """Every origin that may use the application, as sources of a content security policy; `node` is the
        node's own origin as the caller names it. What rule 4 leaves out no policy can say: the page itself
        asks again.

        A pattern is `scheme://host[:port]`, where a first label `*` stands for one or more labels, and a port
        `*` for any port, the scheme's own included.
        """
        return tuple(dict.fromkeys((*self._exact(record, node), *self._loopback)))

    def allows(self, record: ApplicationRecord, origin: str, node: str) -> bool:
        if origin in self._exact(record, node):
            return True
        if any(matches(_with_host(node, f"*.{host}"), origin) for host in self._hosts):
            return False
        return any(matches(pattern, origin) for pattern in self._loopback)

    def _exact(self, record: ApplicationRecord, node: str) -> tuple[str, ...]:
        """The origins by rules 1 to 3."""
        own = (_with_host(node, f"{record.name}.{host}") for host in self._hosts)
        return (*record.origins, *own, *self._of_domains(record, node), node, *self._sign_in())

    def _of_domains(self, record: ApplicationRecord, node: str) -> Iterator[str]:
        for each in record.domains:
            if each.proved_until is not None and each.proved_until > self._applications.now():
                yield from self._of_domain(each.name, node)

    def _of_domain(self, domain: str, node: str) -> tuple[str, ...]:
        origins = (f"https://{domain}", _with_host(node, domain), f"http://{domain}")
        return tuple(each for each in origins if each.startswith(self._schemes))

    def allows_management(self, origin: str, node: str) -> bool:
        """Whether pages of `origin` may open management sessions: the node's own pages only."""
        return origin == node or origin in self._sign_in()

    def allows_frame(self, origin: str) -> bool:
        """Whether pages of `origin` may use any application at all: which one, the browser has checked."""
        if self._applications.allows_somewhere(origin) or any(
            matches(pattern, origin) for pattern in (*self._sign_in(), *self._loopback)
        ):
            return True
        at = without_port(origin.partition("://")[2])
        name, _, host = at.partition(".")
        try:
            if host in self._hosts:
                own = f"{self._applications.find(name).name}.{host}"
                return any(origin == _with_host(node, own) for node in self._sign_in())
            self._applications.by_domain(at)
        except ProvenError:
            return False
        return any(origin in self._of_domain(at, node) for node in self._sign_in())


def node_origin(request: Request) -> str:
    """The node's own origin, as the request names it. Raises `BAD_REQUEST`."""
    try:
        return canonical_origin(f"{request.scheme}://{request.authority}")
    except ValueError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the request does not say which host it is for") from None


def matches(pattern: str, origin: str) -> bool:
    """Whether `origin`, as a browser writes it, is one of those that `pattern` stands for."""
    return origin == pattern or _compiled(pattern).fullmatch(origin) is not None


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = _PATTERN.fullmatch(pattern)
    if parts is None:
        return re.compile(r"(?!)")
    scheme, below, host, port = parts.groups()
    labels = r"(?:[a-z0-9_-]+\.)+" if below else ""
    ending = "" if port is None else "(?::[0-9]{1,5})?" if port == "*" else f":{port}"
    return re.compile(f"{scheme}://{labels}{re.escape(host)}{ending}")


def _with_host(node: str, host: str) -> str:
    """The origin at `host` that has the scheme and port of `node`."""
    scheme, _, authority = node.partition("://")
    port = authority.rpartition("]")[2].partition(":")[2]
    return f"{scheme}://{host}{':' + port if port else ''}"
