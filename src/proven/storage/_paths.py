"""Paths of a scope's files: what is a path, and what only looks like one."""

from __future__ import annotations

import unicodedata

from proven.wire.errors import ErrorCode, ProvenError

MAX_PATH_BYTES = 1024
MAX_DEPTH = 64


def parse_path(path: str) -> tuple[str, ...]:
    """The segments of a file's path; one leading slash is allowed and means nothing.

    A path is Unicode text in normal form C of at most 1024 UTF-8 bytes and 64 segments, none of them empty,
    "." or "..", without control characters. Anything else is refused rather than repaired, so that
    two different texts are never the same file. Letters that merely look alike are different letters.
    """
    segments = parse_directory(path)
    if not segments:
        raise _refuse("names no file")
    return segments


def parse_directory(path: str) -> tuple[str, ...]:
    """The segments of a directory's path; none for the root, "" or "/"."""
    if path in ("", "/"):
        return ()
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        raise _refuse("holds a lone surrogate, which is no text") from None
    if size > MAX_PATH_BYTES:
        raise _refuse(f"is longer than {MAX_PATH_BYTES} bytes")
    if any(unicodedata.category(character) == "Cc" for character in path):
        raise _refuse("holds a control character")
    if not unicodedata.is_normalized("NFC", path):
        raise _refuse('is not in Unicode normal form C: use path.normalize("NFC")')
    segments = tuple(path.removeprefix("/").split("/"))
    if len(segments) > MAX_DEPTH:
        raise _refuse(f"is deeper than {MAX_DEPTH} directories")
    for segment in segments:
        if segment in ("", ".", ".."):
            raise _refuse(f"has the segment {segment!r}")
    return segments


def format_path(segments: tuple[str, ...]) -> str:
    """The one text that stands for a path."""
    return "/".join(segments)


def _refuse(why: str) -> ProvenError:
    return ProvenError(ErrorCode.BAD_REQUEST, f"the path {why}")
