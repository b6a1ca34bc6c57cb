"""Which network addresses guest code may make the node connect to: public unicast ones, nothing else.

The lists are the IANA special-purpose address registries (RFC 6890 and its updates). For IPv6 the rule is
turned round: only 2000::/3 is global unicast, so loopback, link-local, unique-local, IPv4-mapped, NAT64 and
multicast are refused by not being in it, and the exceptions inside it are listed.
"""

from __future__ import annotations

import ipaddress
from typing import Final

_REFUSED_V4: Final = {
    ipaddress.IPv4Network(network): reason
    for network, reason in {
        "0.0.0.0/8": "this host",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "carrier-grade NAT",
        "168.63.129.16/32": "the platform's own services on Azure",
        "127.0.0.0/8": "loopback",
        "169.254.0.0/16": "link-local",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "protocol assignments",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "6to4 relay",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved",
    }.items()
}

_GLOBAL_UNICAST_V6: Final = ipaddress.IPv6Network("2000::/3")

_REFUSED_V6: Final = {
    ipaddress.IPv6Network(network): reason
    for network, reason in {
        "2001::/23": "protocol assignments (Teredo, ORCHID, benchmarking)",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4: an IPv4 address inside",
        "3fff::/20": "documentation",
    }.items()
}


def refusal(address: str) -> str | None:
    """Why `address` (textual IPv4 or IPv6) may not be connected to, or None if it may."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "not an IP address"
    if isinstance(parsed, ipaddress.IPv4Address):
        return next((reason for network, reason in _REFUSED_V4.items() if parsed in network), None)
    if parsed.scope_id is not None or parsed not in _GLOBAL_UNICAST_V6:
        return "not global unicast"
    return next((reason for network, reason in _REFUSED_V6.items() if parsed in network), None)
