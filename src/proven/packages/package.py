"""A package: a manifest and the files it names, with one archive form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

from ._check import check_manifest
from .limits import MAX_ARCHIVE_BYTES, MAX_MANIFEST_BYTES
from .manifest import Manifest

_MAGIC: Final = "proven/package/v1"


@dataclass(frozen=True, slots=True)
class Package:
    """Hashed code. Whatever way one was made, these hold:

    1. `id` is the SHA-256 of the manifest's canonical JSON.
    2. `files` are exactly the manifest's modules, each with the size and hash stated there.
    3. Paths are plain, sorted, unique, and distinct on file systems that ignore case.
    4. Entries and handlers name modules of the package, and every option has a value it may have.
    5. Nothing is over a limit of `packages.limits`.

    That the handler table says what the code says is not among them: `verify` checks that, by deriving the
    manifest again.
    """

    id: PackageId
    manifest: Manifest
    files: Mapping[str, bytes]

    @classmethod
    def create(cls, manifest: Manifest, files: Mapping[str, bytes]) -> Package:
        """Put a manifest and its files together.

        Raises `ProvenError`: `TOO_LARGE`, or `BAD_REQUEST` where they break one of the rules above.
        """
        check_manifest(manifest)
        if files.keys() != {module.path for module in manifest.modules}:
            raise ProvenError(
                ErrorCode.BAD_REQUEST, "the files of a package are exactly those of its manifest"
            )
        for module in manifest.modules:
            content = files[module.path]
            if len(content) != module.size or hashlib.sha256(content).hexdigest() != module.sha256:
                raise ProvenError(
                    ErrorCode.BAD_REQUEST, f"{module.path} is not the file that the manifest names"
                )
        ordered = {module.path: files[module.path] for module in manifest.modules}
        return cls(manifest.package_id, manifest, MappingProxyType(ordered))

    def to_archive(self) -> bytes:
        """The one archive of this package: deterministic CBOR `[name of the form, manifest, [files in
        order]]`.
        """
        return cbor.encode([_MAGIC, self.manifest.to_json(), list(self.files.values())])

    @classmethod
    def from_archive(cls, archive: bytes) -> Package:
        """Read an archive from anywhere.

        Raises `ProvenError`: `TOO_LARGE`, or `BAD_REQUEST` for anything that `to_archive` could not have
        made.
        """
        item = cbor.decode(archive, max_bytes=MAX_ARCHIVE_BYTES, max_depth=3)
        match item:
            case [str(magic), bytes(manifest_json), list(contents)] if magic == _MAGIC:
                pass
            case _:
                raise ProvenError(ErrorCode.BAD_REQUEST, "not a package archive")
        if len(manifest_json) > MAX_MANIFEST_BYTES:
            raise ProvenError(ErrorCode.TOO_LARGE, f"a manifest is at most {MAX_MANIFEST_BYTES} bytes")
        manifest = Manifest.from_json(manifest_json)
        if len(contents) != len(manifest.modules):
            raise ProvenError(ErrorCode.BAD_REQUEST, "the archive has not as many files as its manifest")
        files: dict[str, bytes] = {}
        for module, content in zip(manifest.modules, contents, strict=True):
            if not isinstance(content, bytes):
                raise ProvenError(ErrorCode.BAD_REQUEST, "not a package archive")
            files[module.path] = content
        return cls.create(manifest, files)
