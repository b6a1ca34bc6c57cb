"""Which handler answers a path: tables of routes, matched on percent-decoded segments.

Rules for paths:

1. A path is split at `/` first; then each segment is percent-decoded exactly once, as UTF-8. So `%2F` is a
   character inside a segment, never a separator, and `%2541` is `%41`.
2. Malformed escapes, invalid UTF-8 and control characters are refused (400), and so are the segments `.` and
   `..` however they are written: whoever means another path says so.
3. `:name` matches one segment that is not empty; everything else matches itself. `/a` and `/a/` differ.
4. A literal segment beats a parameter, from left to right. Among equal paths the method decides; a route
   without a method answers any, but one that names the method goes first.
5. HEAD falls back to GET. A path that matches with no method that does is 405.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

from proven.gateway.http import Response, error_response
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")

MAX_SEGMENTS = 128
MAX_QUERY_PAIRS = 1000

_PLAIN = re.compile(r"\.?[A-Za-z0-9_~@-][A-Za-z0-9._~@-]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Match(Generic[T]):
    """The route found, and what its parameters stand for."""

    target: T
    parameters: dict[str, str]


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: dict[str, _Node[T]] = field(default_factory=dict)
    parameter: _Node[T] | None = None
    methods: dict[str | None, tuple[T, tuple[str, ...]]] = field(default_factory=dict)


class MethodNotAllowedError(ProvenError):
    """The path has routes, but none for the method; `allowed` are those it has."""

    def __init__(self, allowed: frozenset[str]) -> None:
        names = ", ".join(sorted(allowed))
        super().__init__(ErrorCode.METHOD_NOT_ALLOWED, f"this path answers {names} only")
        self.allowed = allowed


def refusal(error: ProvenError) -> Response:
    """What answers an error, with the methods that are allowed where the one that was used is not."""
    if isinstance(error, MethodNotAllowedError):
        return error_response(error, headers=[(b"allow", ", ".join(sorted(error.allowed)).encode())])
    return error_response(error)


class RouteTable(Generic[T]):
    """Routes as data: `add(method, path, target)`, then `match(method, path)`."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, method: str | None, path: str, target: T) -> None:
        """Raises `ValueError` for a path without a leading slash, and for a name or route given twice."""
        if not path.startswith("/"):
            raise ValueError(f"{path!r} does not start with /")
        node, names = self._root, []
        for segment in path[1:].split("/"):
            if segment.startswith(":") and len(segment) > 1:
                names.append(segment[1:])
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(segment, _Node())
        if len(set(names)) != len(names):
            raise ValueError(f"{path!r} names a parameter twice")
        if method in node.methods:
            raise ValueError(f"{method or 'any method'} {path!r} has two routes")
        node.methods[method] = (target, tuple(names))

    def match(self, method: str, path: str) -> Match[T] | None:
        """The route for `path` as sent; None when there is none.

        Raises `MethodNotAllowedError` when only other methods have one, and `ProvenError` `BAD_REQUEST` for a
        path that breaks the rules above.
        """
        allowed: set[str] = set()
        for node, values in self._nodes(split_path(path)):
            for name in (method, "GET" if method == "HEAD" else None, None):
                found = node.methods.get(name)
                if found is not None:
                    target, names = found
                    return Match(target, dict(zip(names, values, strict=True)))
            allowed.update(name for name in node.methods if name is not None)
        if not allowed:
            return None
        implied = {"OPTIONS", "HEAD"} if "GET" in allowed else {"OPTIONS"}
        raise MethodNotAllowedError(frozenset(allowed | implied))

    def methods(self, path: str) -> dict[str | None, T]:
        """Every route of `path` by method, the most specific path winning: what a preflight asks about."""
        found: dict[str | None, T] = {}
        for node, _ in self._nodes(split_path(path)):
            for method, (target, _) in node.methods.items():
                found.setdefault(method, target)
        return found

    def _nodes(self, segments: list[str]) -> Iterator[tuple[_Node[T], tuple[str, ...]]]:
        """Nodes with routes that match, the most specific first."""
        pending: list[tuple[_Node[T], int, tuple[str, ...]]] = [(self._root, 0, ())]
        while pending:
            node, index, values = pending.pop()
            if index == len(segments):
                if node.methods:
                    yield node, values
                continue
            segment = segments[index]
            if node.parameter is not None and segment:
                pending.append((node.parameter, index + 1, (*values, segment)))
            literal = node.literals.get(segment)
            if literal is not None:
                pending.append((literal, index + 1, values))


def split_path(path: str) -> list[str]:
    """The decoded segments of a path as sent. Raises `ProvenError` `BAD_REQUEST` by the rules above."""
    if not path.startswith("/"):
        raise _bad("a path starts with /")
    raw = path[1:].split("/")
    if len(raw) > MAX_SEGMENTS:
        raise _bad(f"a path has at most {MAX_SEGMENTS} segments")
    return [_decode(segment) for segment in raw]


def _decode(segment: str) -> str:
    if _PLAIN.fullmatch(segment):
        return segment
    if "%" in segment:
        if _BAD_ESCAPE.search(segment):
            raise _bad("the path has a malformed percent escape")
        try:
            segment = unquote_to_bytes(segment).decode("utf-8")
        except UnicodeDecodeError:
            raise _bad("the path is not UTF-8") from None
    if segment in (".", "..") or _CONTROL.search(segment):
        raise _bad("the path has a dot segment or a control character")
    return segment


def parse_query(query: str) -> list[tuple[str, str]]:
    """Name and value pairs by the rules of the URL standard's `URLSearchParams`.

    Raises `ProvenError` `BAD_REQUEST` past `MAX_QUERY_PAIRS`.
    """
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, errors="replace", max_num_fields=MAX_QUERY_PAIRS)
    except ValueError:
        raise _bad(f"the query has more than {MAX_QUERY_PAIRS} pairs") from None


def _bad(message: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, message)
