"""Origins as the web compares them (RFC 6454 §4, WHATWG URL): one text for each."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)


def canonical_origin(text: str) -> str:
    """`https://host[:port]` in the form that origins are compared in.

    Raises `ValueError`, in words for the developer, for anything that is not exactly one HTTP origin.
    """
    if not text.isascii():
        raise ValueError("write an international host name in its ASCII form (xn--…)")
    if not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("it has a space, control character or backslash")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is not an origin such as https://api.example.com") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("an origin is https://host or http://host, with an optional port")
    if parts.path not in ("", "/") or "?" in text or "#" in text or "@" in parts.netloc:
        raise ValueError("an origin is only scheme, host and port, without path, query or user")
    suffix = "" if port is None or port == _PORTS[parts.scheme] else f":{port}"
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("it has an empty port")
    return f"{parts.scheme}://{_canonical_host(parts.hostname)}{suffix}"


def _canonical_host(host: str) -> str:
    if ":" in host:
        try:
            if "%" in host:
                raise ValueError
            return f"[{ipaddress.IPv6Address(host).compressed}]"
        except ValueError:
            raise ValueError("it is not an IPv6 address") from None
    host = host.lower()
    if not _HOST.fullmatch(host):
        raise ValueError("it is not a host name (no wildcards)")
    if host.rpartition(".")[2].isdigit() or host.rpartition(".")[2].startswith("0x"):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise ValueError("it is not an IPv4 address in its usual form") from None
    return host
