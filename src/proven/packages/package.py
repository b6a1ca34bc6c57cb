"""A package: a manifest and the files it names, with one archive form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from proven.wire import cbor
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

from ._check import check_manifest
from .limits import MAX_ARCHIVE_BYTES, MAX_ASSETS, MAX_FILES, MAX_MANIFEST_BYTES
from .manifest import Asset, Manifest, Module

if TYPE_CHECKING:
    from .graph import ResolvedModule

_MAGIC: Final = "proven/package/v1"
_AROUND_FILES: Final = 5
"""The items of an archive besides the contents of files."""


@dataclass(slots=True)
class Derived:
    """What was worked out from a package's files: parsing them takes long enough to do it once."""

    modules: Mapping[str, ResolvedModule] | None = None


@dataclass(frozen=True, slots=True)
class Package:
    """Hashed code. Whatever way one was made, these hold:

    1. `id` is the SHA-256 of the manifest's canonical JSON.
    2. `files` are exactly the manifest's modules and `assets` its assets, each with the size and hash stated
       there; only of a package read from its code archive `assets` are absent.
    3. Paths are plain, sorted, unique, and distinct on file systems that ignore case.
    4. Entries and handlers name modules of the package, and every option has a value it may have.
    5. Nothing is over a limit of `packages.limits`.

    That the handler table says what the code says is not among them: `verify` checks that, by deriving the
    manifest again.
    """

    id: PackageId
    manifest: Manifest
    files: Mapping[str, bytes]
    assets: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))
    derived: Derived = field(default_factory=Derived, init=False, repr=False, compare=False)

    @classmethod
    def create(
        cls, manifest: Manifest, files: Mapping[str, bytes], assets: Mapping[str, bytes] | None = None
    ) -> Package:
        """Put a manifest and its files together.

        Raises `ProvenError`: `TOO_LARGE`, or `BAD_REQUEST` where they break one of the rules above.
        """
        check_manifest(manifest)
        return cls(
            manifest.package_id,
            manifest,
            _exactly(manifest.modules, files),
            _exactly(manifest.assets, assets or {}),
        )

    def to_archive(self) -> bytes:
        """The one archive of this package: deterministic CBOR `[name of the form, manifest, [files in
        order]]`, and with assets `[…, [assets in order]]`.
        """
        if not self.manifest.assets:
            return self.to_code_archive()
        if not self.assets:
            raise ValueError("a package without its assets has no archive")
        parts = [_MAGIC, self.manifest.to_json(), list(self.files.values()), list(self.assets.values())]
        return cbor.encode(parts)

    def to_code_archive(self) -> bytes:
        """The archive without the contents of assets, for a node that keeps those one by one."""
        return cbor.encode([_MAGIC, self.manifest.to_json(), list(self.files.values())])

    @classmethod
    def from_archive(cls, archive: bytes) -> Package:
        """Read an archive from anywhere.

        Raises `ProvenError`: `TOO_LARGE`, or `BAD_REQUEST` for anything that `to_archive` could not have
        made.
        """
        manifest, files, assets = _read(archive)
        if (assets is None) != (not manifest.assets):
            raise ProvenError(ErrorCode.BAD_REQUEST, "the archive has not the assets of its manifest")
        return cls.create(manifest, files, assets or {})

    @classmethod
    def from_code_archive(cls, archive: bytes) -> Package:
        """Read what `to_code_archive` made: a package to run, without its assets.

        Raises as `from_archive`.
        """
        manifest, files, assets = _read(archive)
        if assets is not None:
            raise ProvenError(ErrorCode.BAD_REQUEST, "not the archive of a package's code")
        check_manifest(manifest)
        return cls(manifest.package_id, manifest, _exactly(manifest.modules, files))


def _exactly(stated: Sequence[Module | Asset], files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """`files` in the order in which they are stated; raises `BAD_REQUEST` if they are others."""
    if files.keys() != {file.path for file in stated}:
        raise ProvenError(ErrorCode.BAD_REQUEST, "the files of a package are exactly those of its manifest")
    for file in stated:
        content = files[file.path]
        if len(content) != file.size or hashlib.sha256(content).hexdigest() != file.sha256:
            raise ProvenError(ErrorCode.BAD_REQUEST, f"{file.path} is not the file that the manifest names")
    return MappingProxyType({file.path: files[file.path] for file in stated})


def _read(archive: bytes) -> tuple[Manifest, dict[str, bytes], dict[str, bytes] | None]:
    """The manifest of an archive, its files, and its assets if it has a list of them."""
    most = _AROUND_FILES + MAX_FILES + MAX_ASSETS
    item = cbor.decode(archive, max_bytes=MAX_ARCHIVE_BYTES, max_depth=3, max_items=most)
    match item:
        case [str(magic), bytes(manifest_json), list(contents), *rest] if magic == _MAGIC and len(rest) < 2:
            pass
        case _:
            raise ProvenError(ErrorCode.BAD_REQUEST, "not a package archive")
    if len(manifest_json) > MAX_MANIFEST_BYTES:
        raise ProvenError(ErrorCode.TOO_LARGE, f"a manifest is at most {MAX_MANIFEST_BYTES} bytes")
    manifest = Manifest.from_json(manifest_json)
    files = _named(manifest.modules, contents)
    return manifest, files, _named(manifest.assets, rest[0]) if rest else None


def _named(stated: Sequence[Module | Asset], contents: object) -> dict[str, bytes]:
    if not isinstance(contents, list) or len(contents) != len(stated):
        raise ProvenError(ErrorCode.BAD_REQUEST, "the archive has not as many files as its manifest")
    files: dict[str, bytes] = {}
    for file, content in zip(stated, contents, strict=True):
        if not isinstance(content, bytes):
            raise ProvenError(ErrorCode.BAD_REQUEST, "not a package archive")
        files[file.path] = content
    return files
