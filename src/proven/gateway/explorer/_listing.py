"""Long lists, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from proven.gateway.explorer.records import Listing
from proven.wire.errors import ErrorCode, ProvenError

T = TypeVar("T")
U = TypeVar("U")

Query = dict[str, str]


def listing(items: Sequence[T], page: int, size: int, shown: Callable[[T], U]) -> Listing[U]:
    """Page `page` of `items`, each as `shown` shows it. Raises `NOT_FOUND` past the end."""
    pages = max(1, -(-len(items) // size))
    if not 1 <= page <= pages:
        raise ProvenError(ErrorCode.NOT_FOUND, f"this has {pages} pages; there is no page {page}")
    part = items[(page - 1) * size : page * size]
    return Listing(items=[shown(each) for each in part], page=page, pages=pages, total=len(items))


def number_of(query: Query, name: str, default: int) -> int:
    """A whole number of the query. Raises `BAD_REQUEST`."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name} is a number")
    return int(text)
