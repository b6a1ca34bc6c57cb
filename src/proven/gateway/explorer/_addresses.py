"""Where pages about packages are."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

_SAFE_IN_QUERY: Final = "/@"


def in_query(text: str) -> str:
    """Any text as the value of one field of a query."""
    return quote(text, safe=_SAFE_IN_QUERY)


def raw_address(package_id: str, path: str) -> str:
    return f"/explorer/packages/{package_id}/raw?path={in_query(path)}"


def asset_address(package_id: str, path: str) -> str:
    return f"/explorer/packages/{package_id}/raw?asset={in_query(path)}"


def source_address(package_id: str, path: str) -> str:
    return f"/explorer/packages/{package_id}/source?path={in_query(path)}"
