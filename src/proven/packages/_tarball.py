"""Reading an npm tarball that may be hostile: in memory, within limits, regular files only."""

from __future__ import annotations

import io
import tarfile
import zlib
from collections.abc import Mapping

from ._resolve import ResolutionError
from .limits import MAX_FILE_BYTES, MAX_TARBALL_FILES, MAX_UNPACKED_BYTES
from .rules import Rule


def unpack(tarball: bytes) -> Mapping[str, bytes]:
    """The regular files of an npm tarball by their path below its one top folder.

    Links, devices and files over the size limit of a package's file are left out, as if they were not there.
    Raises `ResolutionError` (`DEPENDENCY_ARCHIVE`) for anything malformed, too large or with unsafe paths.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(_gunzip(tarball)), mode="r:") as archive:
            for count, member in enumerate(archive, start=1):
                if count > MAX_TARBALL_FILES:
                    raise _refuse(f"it has more than {MAX_TARBALL_FILES} files")
                path = _path(member.name)
                if not member.isreg() or member.size > MAX_FILE_BYTES or path is None:
                    continue
                stream = archive.extractfile(member)
                if stream is None or member.sparse is not None:
                    continue
                files[path] = stream.read()
    except (tarfile.TarError, ValueError, EOFError, OSError, OverflowError) as error:
        raise _refuse(str(error)) from None
    return files


def _refuse(why: str) -> ResolutionError:
    return ResolutionError(Rule.DEPENDENCY_ARCHIVE, f"the tarball cannot be read: {why}")


def _gunzip(tarball: bytes) -> bytes:
    """Decompress one gzip stream up to the limit; bytes after it are ignored, as npm ignores them."""
    inflater = zlib.decompressobj(wbits=31)
    try:
        data = inflater.decompress(tarball, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise _refuse(str(error)) from None
    if not inflater.eof:
        raise _refuse("it is truncated or unpacks to too much")
    return data


def _path(name: str) -> str | None:
    """The path of a member without the first folder, whatever that is called; None for that folder itself."""
    if name.startswith("/") or "\\" in name or "\0" in name:
        raise _refuse(f"it has an unsafe path {name!r}")
    segments = [segment for segment in name.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise _refuse(f"it has an unsafe path {name!r}")
    return "/".join(segments[1:]) or None
