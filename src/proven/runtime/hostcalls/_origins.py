"""Web origins: what an allow-list names and what a request is checked against."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from yarl import URL

from proven.wire.errors import ErrorCode, ProvenError

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_URL_CHARACTERS: Final = re.compile(r"[!-\[\]-~]+")
_MAX_URL: Final = 8192


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port (RFC 6454 §4). Two origins are the same only if all three are."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: URL) -> Origin:
        """The origin of a URL that `parse_url` accepted."""
        return cls(url.scheme, url.raw_host or "", url.port or _DEFAULT_PORTS[url.scheme])

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Read `https://host[:port]`, with at most a single `/` behind it. Wildcards do not exist.

        Raises `ProvenError` BAD_REQUEST.
        """
        url = parse_url(text)
        if url.raw_path_qs not in ("", "/") or url.raw_fragment:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, f"{text!r} is not an origin: it has more than a host and port"
            )
        return cls.of(url)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        suffix = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{suffix}"


def parse_url(text: str) -> URL:
    """Read an absolute http(s) URL as the guest's `URL` class writes it; it is sent exactly so.

    The URL that is checked is the one that is connected to: nothing parses the text a second time.
    Raises `ProvenError` BAD_REQUEST.
    """
    if len(text) > _MAX_URL or not _URL_CHARACTERS.fullmatch(text):
        raise ProvenError(ErrorCode.BAD_REQUEST, "the URL is too long, or has characters that no URL has")
    try:
        url = URL(text, encoded=True)
        port_in_range = url.port is None or 0 < url.port < 65536
    except ValueError:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the URL cannot be read") from None
    if url.scheme not in _DEFAULT_PORTS:
        raise ProvenError(ErrorCode.BAD_REQUEST, "only http and https URLs can be fetched")
    if url.raw_user is not None or url.raw_password is not None:
        raise ProvenError(ErrorCode.BAD_REQUEST, "a URL with a user name or password cannot be fetched")
    if not port_in_range or not _HOST.fullmatch(url.raw_host or ""):
        raise ProvenError(ErrorCode.BAD_REQUEST, "the URL names no valid host and port")
    return url


@functools.lru_cache(maxsize=1024)
def parse_origins(texts: tuple[str, ...]) -> frozenset[Origin]:
    """An allow-list as origins. An entry that is none allows nothing."""
    return frozenset(_readable(texts))


def _readable(texts: Iterable[str]) -> Iterable[Origin]:
    for text in texts:
        try:
            yield Origin.parse(text.lower())
        except ProvenError:
            continue
