"""Templates. Whatever is put into one is escaped, and made visible, without the template's doing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from proven.gateway.explorer import _formats
from proven.gateway.explorer._addresses import asset_address, in_query, source_address
from proven.gateway.explorer._colour import CLASSES, Token
from proven.gateway.explorer._text import visible
from proven.wire import words

P = ParamSpec("P")
T = TypeVar("T")

MAX_AT_ONCE: Final = 2
_PLAIN_LIMIT: Final = 2_000
_OPENING: Final = {kind: Markup('<span class="{}">').format(kind) for kind in CLASSES}
_CLOSING: Final = Markup("</span>")


class Pages:
    """Renders the templates of one folder. What holds for every template:

    1. Every value is escaped for HTML or XML (Jinja2's autoescaping, for all file names; no template says
       `safe`, and none has an attribute without quotes).
    2. Every text has its control, formatting and invisible characters written out (`_text.visible`).
    3. A name that a template uses and is not given is an error, not nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_finalize,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            moment=words.moment,
            timestamp=_formats.timestamp,
            duration=_formats.time_left,
            size=_formats.size,
            count=_count,
            clipped=clipped,
            in_query=in_query,
            tojson_text=_as_json,
        )
        self._environment.globals.update(
            asset_address=asset_address, source_address=source_address, row_of=row_of
        )
        self._turn = asyncio.Semaphore(MAX_AT_ONCE)
        digest = hashlib.sha256()
        for path in sorted(folder.glob("*")):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        self.fingerprint = digest.hexdigest()

    async def render(self, template: str, **values: Any) -> bytes:
        """Fill in a template, beside the event loop."""
        return await self.beside(self._render, template, values)

    async def beside(self, make: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Do work that a page takes in its turn, on a thread."""
        async with self._turn:
            return await asyncio.to_thread(make, *args, **kwargs)

    def _render(self, template: str, values: dict[str, Any]) -> bytes:
        return self._environment.get_template(template).render(values).encode()


def clipped(text: str, limit: int = _PLAIN_LIMIT) -> str:
    """Long text cut, which it then says; the JSON twin has all of it."""
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text):,} characters)"


def row_of(tokens: list[Token]) -> Markup:
    """One row of code. Its text was made visible token by token, so that what was written out stands out."""
    parts: list[Markup] = []
    for kind, text in tokens:
        parts += (_OPENING[kind], escape(text), _CLOSING) if kind else (escape(text),)
    return Markup().join(parts)


def _finalize(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _count(value: int) -> str:
    return f"{value:,}"
