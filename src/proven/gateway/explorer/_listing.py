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
    pages = pages_of(len(items), page, size)
    part = items[(page - 1) * size : page * size]
    return Listing(items=[shown(each) for each in part], page=page, pages=pages, total=len(items))


def pages_of(total: int, page: int, size: int) -> int:
    """How many pages `total` items have, of which `page` is one. Raises `NOT_FOUND`."""
    pages = max(1, -(-total // size))
    if not 1 <= page <= pages:
        raise ProvenError(ErrorCode.NOT_FOUND, f"this has {pages} pages; there is no page {page}")
    return pages


def number_of(query: Query, name: str, default: int) -> int:
    """A whole number of the query. Raises `BAD_REQUEST`."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise ProvenError(ErrorCode.BAD_REQUEST, f"{name} is a number")
    return int(text)
