"""The head of a message: the rules a request's head must satisfy, and the bytes of a response's."""

from __future__ import annotations

import re
from http import HTTPStatus

from proven.gateway.http import Headers
from proven.wire.errors import ErrorCode, ProvenError

_AUTHORITY = re.compile(rb"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)", re.ASCII | re.DOTALL | re.IGNORECASE)

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}

_MAX_AUTHORITY = 262
"""A DNS name of 253 characters, brackets, a colon and a port."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BODYLESS_STATUSES = frozenset({204, 205, 304})


class Refused(Exception):  # noqa: N818
    """A request that gets `status` and the end of its connection; never shown as anything but a response."""

    def __init__(self, status: int, message: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
        self.error = ProvenError(code, message)


def too_large() -> Refused:
    return Refused(431, "the request's headers are too large", ErrorCode.TOO_LARGE)


def check_size(target: bytes, headers: Headers, limit: int) -> None:
    """Raises `Refused` for a head of more than `limit` bytes."""
    if len(target) + sum(len(name) + len(value) + 4 for name, value in headers) > limit:
        raise too_large()


def split_target(method: str, target: bytes) -> tuple[str, str, str | None]:
    """The path, query and (for an absolute target) authority of a request line (RFC 9112, 3.2).

    Raises `Refused` for CONNECT, for a fragment and for anything that is neither a path nor an http(s) URL.
    """
    if method == "CONNECT":
        raise Refused(501, "this server is no proxy", ErrorCode.METHOD_NOT_ALLOWED)
    text = target.decode("ascii")
    authority = None
    if not text.startswith("/"):
        if text == "*" and method == "OPTIONS":
            return "*", "", None
        absolute = _ABSOLUTE.fullmatch(text)
        if absolute is None:
            raise Refused(400, "the request target is neither a path nor an http URL")
        authority, text = absolute[1], absolute[2]
        if not text.startswith("/"):
            text = "/" + text
    if "#" in text:
        raise Refused(400, "a request target has no fragment")
    path, _, query = text.partition("?")
    return path, query, authority


class Framing:
    """What the head says about the message, checked against the rules that stop request smuggling.

    1. The version is HTTP/1.1 or 1.0; the former needs exactly one Host, and whatever names the host is a
       host and port and nothing else.
    2. A Content-Length is digits, and appears once. (The parser refuses the rest; so does this.)
    3. Transfer-Encoding is exactly `chunked`, once, in HTTP/1.1, and never beside a Content-Length.
    4. Expect is `100-continue` or refused.
    """

    __slots__ = ("authority", "chunked", "expects_continue", "length")

    def __init__(self, version: str, headers: Headers, target_authority: str | None) -> None:
        if version not in ("1.1", "1.0"):
            raise Refused(505, "this server speaks HTTP/1.1")
        hosts: list[bytes] = []
        lengths: list[bytes] = []
        encodings: list[bytes] = []
        self.expects_continue = False
        for name, value in headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"content-length":
                lengths.append(value)
            elif name == b"transfer-encoding":
                encodings.append(value)
            elif name == b"expect":
                if value.lower() != b"100-continue":
                    raise Refused(417, "the only expectation met here is 100-continue")
                self.expects_continue = version == "1.1"
        if len(hosts) > 1 or (not hosts and version == "1.1"):
            raise Refused(400, "a request needs exactly one Host header")
        authority = hosts[0] if hosts else b""
        if target_authority is not None:
            authority = target_authority.encode("ascii")
        if authority and (len(authority) > _MAX_AUTHORITY or _AUTHORITY.fullmatch(authority) is None):
            raise Refused(400, "the Host is not a host name and port")
        if encodings and (len(encodings) > 1 or encodings[0].lower() != b"chunked"):
            raise Refused(501, "the only transfer coding understood is chunked")
        if encodings and (version != "1.1" or lengths):
            raise Refused(400, "Transfer-Encoding beside Content-Length, or in HTTP/1.0")
        if lengths and (len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 18):
            raise Refused(400, "a Content-Length is one number")
        self.authority = authority.decode("ascii").lower()
        self.chunked = bool(encodings)
        self.length = None if encodings else int(lengths[0]) if lengths else 0


def status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n".encode()


def encode_head(status: int, headers: Headers, framing: bytes, date: bytes) -> bytes:
    """The bytes before a response's body. Raises `ValueError` if a header would end the head or itself early.

    `framing` is complete header lines: Content-Length or Transfer-Encoding, and Connection.
    """
    lines = [status_line(status)]
    for name, value in headers:
        lines.append(b"%b: %b\r\n" % (name, value))
    lines.append(date)
    lines.append(framing)
    lines.append(b"\r\n")
    head = b"".join(lines)
    breaks = len(headers) + 3 + framing.count(b"\n")
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
        raise ValueError("a response header holds a line break or NUL")
    return head
