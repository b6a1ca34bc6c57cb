"""Front-end files of an application: the built pages that its package brings along.

Rules:

1. What can be had is what the live package lists, under exactly that path. Paths are read as for routes (see
   `routes`); a segment that is empty or holds a slash of any kind leads nowhere.
2. `/` is `index.html`, and so is every folder that has one; without its last slash a folder is redirected to.
3. A path at which there is nothing answers with the package's `fallback`, if it has one, unless it ends like
   the name of a file.
4. `ETag` is the SHA-256 of the content. `If-None-Match` and one `Range` are understood. What has a name with
   a hash, as Vite makes them, may be kept for ever; everything else is asked about each time.
5. An answer that is to be signed is whole, whatever part of it was asked for, and nobody may keep it.
6. Contents come from the node's store by their hash. What is in use is in memory once, and of what is not
   the most recent `cache_bytes`; larger files go out as fast as they are taken.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, Protocol
from weakref import WeakValueDictionary

from proven.gateway.http import BodySource, Headers, Request, Response
from proven.gateway.limits import KIB, MIB
from proven.gateway.routes import split_path
from proven.gateway.static import IMMUTABLE, REVALIDATED, content_type_of, is_known
from proven.packages import Asset, Manifest

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
CACHE_BYTES: Final = 64 * MIB
INDEX: Final = "index.html"
_CHUNK: Final = 64 * KIB
_NEVER_KEPT: Final = "no-store"
_HASHED: Final = re.compile(r"(?:.*/)?assets/[^/]*-([A-Za-z0-9_-]{8})\.[a-z0-9.]+")
_OPAQUE: Final = content_type_of("")
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)


class AssetStore(Protocol):
    """Where contents are, as in `proven.apps.Applications`."""

    async def asset(self, asset: Asset) -> bytes:
        """Raises `NOT_FOUND`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that answers a path: by its name, as the page of a `folder`, or because nothing else does."""

    asset: Asset
    folder: bool = False
    fallback: bool = False


class AssetIndex:
    """The front-end files of one package, by the paths at which they are served."""

    def __init__(self, manifest: Manifest) -> None:
        self._files = {asset.path: asset for asset in manifest.assets}
        self._fallback = None if manifest.fallback is None else self._files[manifest.fallback]

    def find(self, path: str) -> Found | None:
        """The file for `path` as sent. Raises `ProvenError` `BAD_REQUEST` for what is no path."""
        if not self._files:
            return None
        *folders, name = split_path(path)
        if not all(folders) or any("/" in part or "\\" in part for part in (*folders, name)):
            return None
        plain = "/".join([*folders, name])
        exact = self._files.get(plain)
        if exact is not None:
            return Found(exact)
        index = self._files.get(f"{plain}/{INDEX}" if name else plain + INDEX)
        if index is not None:
            return Found(index, folder=True)
        if self._fallback is None or content_type_of(name) != _OPAQUE:
            return None
        return Found(self._fallback, fallback=True)


class Assets:
    """Answers with front-end files; the rules are above."""

    def __init__(self, store: AssetStore, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._store = store
        self._cache_bytes = cache_bytes
        self._live: WeakValueDictionary[str, _Content] = WeakValueDictionary()
        self._kept: OrderedDict[str, _Content] = OrderedDict()
        self._kept_bytes = 0
        self._reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def answer(self, request: Request, found: Found, *, whole: bool) -> Response:
        """The answer to a GET or HEAD; `whole` if it is to be signed. Raises what the store raises."""
        if found.folder and not request.path.endswith("/"):
            return _moved_into_folder(request)
        asset = found.asset
        etag = f'"{asset.sha256}"'
        hashed = not found.fallback and _carries_hash(asset.path)
        cache_control = _NEVER_KEPT if whole else IMMUTABLE if hashed else REVALIDATED
        headers: Headers = [
            (b"etag", etag.encode()),
            (b"cache-control", cache_control.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"vary", b"accept-attestation, x-request-attestation"),
        ]
        if not whole and is_known(request, etag):
            return Response(304, headers)
        headers += [(b"content-type", content_type_of(asset.path).encode()), (b"accept-ranges", b"bytes")]
        part = None if whole else _range(request, etag, asset.size)
        if part is not None and not part:
            return Response(416, [*headers[:4], (b"content-range", b"bytes */%d" % asset.size)])
        content = await self._content(asset)
        if part is None:
            return _sent(200, headers, content, range(asset.size), whole=whole)
        headers.append((b"content-range", b"bytes %d-%d/%d" % (part[0], part[-1], asset.size)))
        return _sent(206, headers, content, part, whole=False)

    async def _content(self, asset: Asset) -> _Content:
        content = self._live.get(asset.sha256)
        if content is None:
            reading = self._reading.setdefault(asset.sha256, asyncio.Lock())
            async with reading:
                content = self._live.get(asset.sha256)
                if content is None:
                    content = _Content(await self._store.asset(asset))
                    self._live[asset.sha256] = content
        self._keep(asset.sha256, content)
        return content

    def _keep(self, sha256: str, content: _Content) -> None:
        if sha256 not in self._kept:
            self._kept[sha256] = content
            self._kept_bytes += len(content.data)
        self._kept.move_to_end(sha256)
        while self._kept_bytes > self._cache_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped.data)


class _Content:
    """Bytes that can be referred to weakly."""

    __slots__ = ("__weakref__", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data


def _carries_hash(path: str) -> bool:
    """Whether a path is `assets/<name>-<8 characters of base64url>.<ending>`, as Vite makes it.

    A digit, a capital and a small letter must be among the eight, because words can have that length too. A
    hash that has not all three is only asked about more often.
    """
    match = _HASHED.fullmatch(path)
    return match is not None and all(
        any(map(test, match[1])) for test in (str.isdigit, str.isupper, str.islower)
    )


def _sent(status: int, headers: Headers, content: _Content, part: range, *, whole: bool) -> Response:
    body: BodySource
    if whole or len(part) <= _CHUNK:
        body = content.data[part.start : part.stop]
    else:
        headers = [*headers, (b"content-length", b"%d" % len(part))]
        body = _chunks(content, part)
    return Response(status, headers, body)


async def _chunks(content: _Content, part: range) -> AsyncIterator[bytes]:
    for chunk in _slices(part):
        yield content.data[chunk]


def _slices(part: range) -> Iterator[slice]:
    for start in range(part.start, part.stop, _CHUNK):
        yield slice(start, min(start + _CHUNK, part.stop))


def _moved_into_folder(request: Request) -> Response:
    """To the same path with a slash, said relative to it: wherever the application is mounted."""
    name = request.path.rpartition("/")[2]
    query = f"?{request.query}" if request.query else ""
    location = f"./{name}/{query}"
    return Response(308, [(b"location", location.encode("latin-1")), (b"cache-control", b"no-cache")])


def _range(request: Request, etag: str, size: int) -> range | None:
    """The bytes that are asked for: None for all of them, none if there are not that many (RFC 9110, 14.2).

    Several ranges are answered like none, which is allowed.
    """
    asked = request.header(b"range") if request.method == "GET" else None
    match = None if asked is None else _RANGE.fullmatch(asked)
    if match is None or request.header(b"if-range") not in (None, etag):
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)
