"""What a path inside a package may look like, so that it means the same file on every machine."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from .limits import MAX_PATH_BYTES, MAX_PATH_DEPTH, MAX_SEGMENT_BYTES

NPM_PREFIX: Final = "npm/"
_FORBIDDEN: Final = frozenset('\\:#?*"<>|')
_FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def path_fault(path: str) -> str | None:
    """Why `path` may not be in a package, or None if it may."""
    if path.isascii():
        if not path.isprintable():
            return "it has a control character"
    else:
        try:
            path.encode()
        except UnicodeEncodeError:
            return "it is not valid Unicode"
        if not unicodedata.is_normalized("NFC", path):
            return "it is not in Unicode normal form C: rename the file"
        if any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in path):
            return "it has a control or invisible character"
    if forbidden := sorted(_FORBIDDEN.intersection(path)):
        return f"it contains {forbidden[0]!r}"
    segments = path.split("/")
    if any(segment in ("", ".", "..") for segment in segments):
        return "it is not a plain relative path"
    if any(segment != segment.strip() or segment.endswith(".") for segment in segments):
        return "a part of it begins or ends with a space, or ends with a dot"
    if len(segments) > MAX_PATH_DEPTH or len(path.encode()) > MAX_PATH_BYTES:
        return f"it is longer than {MAX_PATH_BYTES} bytes or deeper than {MAX_PATH_DEPTH} folders"
    if any(len(segment.encode()) > MAX_SEGMENT_BYTES for segment in segments):
        return f"a part of it is longer than {MAX_SEGMENT_BYTES} bytes"
    return None


def asset_fault(path: str) -> str | None:
    """Why `path` may not be that of a front-end file, beyond the rules for all files; None if it may."""
    if any(segment.startswith(".") for segment in path.split("/")):
        return "it begins with a dot"
    return None


def collisions(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of paths (or a folder of one and a file) that a case-insensitive file system would merge."""
    seen: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for path in sorted(paths):
        segments = path.split("/")
        for depth in range(1, len(segments) + 1):
            part = "/".join(segments[:depth])
            marked = part if depth == len(segments) else part + "/"
            folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
            other = seen.setdefault(folded, marked)
            if other != marked:
                pairs.append((other.rstrip("/"), path))
                break
    return pairs


def join(directory: str, relative: str) -> str | None:
    """Resolve `relative` (`./x`, `../y`) against a package folder; None if it leaves the package."""
    segments = directory.split("/") if directory else []
    for segment in relative.split("/"):
        if segment == "..":
            if not segments:
                return None
            segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    return "/".join(segments)


def parent(path: str) -> str:
    """The folder of a file, `""` at the top."""
    return path.rpartition("/")[0]


def owner(path: str) -> str:
    """The folder (`npm/<name>@<version>`) of the npm package that a file belongs to, `""` for the app's."""
    if not path.startswith(NPM_PREFIX):
        return ""
    segments = path.split("/")
    return "/".join(segments[: 3 if segments[1].startswith("@") else 2])
