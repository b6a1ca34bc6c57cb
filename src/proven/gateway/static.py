"""Files that are served as they are: found in a folder, typed by their name, cached by their content.

Rules:

1. A name is one or more segments of letters, digits and `._-`, none of which starts with a dot; anything
   else is not there. So no name leads out of the folder, and what links lead outside is not there either.
2. The type is that of the name's ending, from a fixed table; no browser is left to guess (`nosniff`).
3. A file's `ETag` is the SHA-256 of its content. Whoever names it in `If-None-Match` gets 304 without a body.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from proven.gateway.http import Headers, Request, Response
from proven.wire.errors import ErrorCode, ProvenError

MAX_FILE: Final = 16 * 1024 * 1024

REVALIDATED: Final = "no-cache"
"""May be kept, and has to be asked about each time: for names whose content changes."""
IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""Never changes: for names that hold a hash of the content."""

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}")
_MAX_SEGMENTS: Final = 16
_OPAQUE_TAG: Final = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_OCTETS: Final = "application/octet-stream"
_TYPES: Final = {
    ".avif": "image/avif",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".gif": "image/gif",
    ".htm": "text/html; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".ogg": "audio/ogg",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file's content and how it is served; `etag` with its quotes."""

    content: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, name: str, content: bytes, *, sha256: str | None = None) -> StaticFile:
        """`content` under `name`; its SHA-256 (hexadecimal) is computed where the caller has not done so."""
        digest = sha256 or hashlib.sha256(content).hexdigest()
        return cls(content, content_type_of(name), f'"{digest}"')


class StaticFiles:
    """The files of one folder, read when they are asked for and again once they changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[tuple[int, int], StaticFile]] = {}

    async def find(self, name: str) -> StaticFile:
        """The file `name`, a path with `/` relative to the folder. Raises `NOT_FOUND`."""
        return await asyncio.to_thread(self._find, name)

    def _find(self, name: str) -> StaticFile:
        segments = name.split("/")
        if len(segments) > _MAX_SEGMENTS or not all(map(_SEGMENT.fullmatch, segments)):
            raise _not_found()
        try:
            root = self._folder.resolve(strict=True)
            path = root.joinpath(*segments).resolve(strict=True)
            status = path.stat()
            if not path.is_relative_to(root) or not path.is_file() or status.st_size > MAX_FILE:
                raise _not_found()
            stamp = (status.st_mtime_ns, status.st_size)
            known = self._read.get(path)
            if known is not None and known[0] == stamp:
                return known[1]
            found = StaticFile.of(path.name, path.read_bytes())
        except (OSError, RuntimeError):
            raise _not_found() from None
        self._read[path] = (stamp, found)
        return found


def static_response(
    request: Request,
    file: StaticFile,
    *,
    cache_control: str = REVALIDATED,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> Response:
    """200 with the file, or 304 if the caller has it; `headers` go with both.

    HEAD needs nothing more: the server leaves the body away and says its length.
    """
    sent: Headers = [
        (b"etag", file.etag.encode("ascii")),
        (b"cache-control", cache_control.encode("ascii")),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    if is_known(request, file.etag):
        return Response(304, sent)
    return Response(200, [(b"content-type", file.content_type.encode("ascii")), *sent], file.content)


def is_known(request: Request, etag: str) -> bool:
    """Whether `If-None-Match` names `etag`, by weak comparison (RFC 9110, 13.1.2)."""
    asked = request.header(b"if-none-match")
    if asked is None:
        return False
    return asked.strip() == "*" or etag in _OPAQUE_TAG.findall(asked)


def content_type_of(name: str) -> str:
    """The media type of a file of this name; opaque bytes where the ending says nothing."""
    return _TYPES.get(PurePosixPath(name).suffix.lower(), _OCTETS)


def web_folder(name: str) -> Path:
    """Where the built pages called `name` are: beside this file in an installed distribution, else in the
    source checkout. The folder need not exist.
    """
    installed = Path(__file__).parent / "web"
    root = installed if installed.is_dir() else Path(__file__).parents[3] / "web" / "dist"
    return root / name


def _not_found() -> ProvenError:
    return ProvenError(ErrorCode.NOT_FOUND, "there is no such file")
