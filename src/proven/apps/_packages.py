"""The packages of applications, in the engine's objects."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from proven.engine import Objects
from proven.packages import Asset, Manifest, Package
from proven.packages.limits import MAX_ARCHIVE_BYTES, MAX_ASSET_BYTES
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId

BUCKET: Final = "packages"
ASSETS: Final = "assets"
_CACHED_MANIFESTS: Final = 256


class Packages:
    """The code of packages by their ids, and their front-end files by hash, so that versions share those
    that did not change.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._manifests: OrderedDict[PackageId, Manifest] = OrderedDict()
        self._sizes: dict[PackageId, int] = {}

    async def read(self, package_id: PackageId) -> Package:
        """A package checked against its id, without its assets; raises `NOT_FOUND`."""
        try:
            archive = await self._objects.read(BUCKET, package_id, limit=MAX_ARCHIVE_BYTES)
        except ProvenError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            raise ProvenError(error.code, f"there is no package {package_id}") from None
        package = await asyncio.to_thread(Package.from_code_archive, archive)
        if package.id != package_id:
            raise ProvenError(ErrorCode.UNAVAILABLE, f"what is stored as package {package_id} is another one")
        return package

    async def has(self, package_id: PackageId) -> bool:
        return await self._objects.info(BUCKET, package_id) is not None

    async def asset(self, asset: Asset) -> bytes:
        """The content of a front-end file; raises `NOT_FOUND`."""
        content = await self._objects.read(ASSETS, asset.sha256, limit=MAX_ASSET_BYTES)
        if hashlib.sha256(content).hexdigest() != asset.sha256:
            raise ProvenError(ErrorCode.UNAVAILABLE, f"what is stored as {asset.path} is another file")
        return content

    async def manifest(self, package_id: PackageId) -> Manifest:
        manifest = self._manifests.get(package_id)
        if manifest is None:
            manifest = (await self.read(package_id)).manifest
        self._remember(package_id, manifest)
        return manifest

    async def store(self, package: Package, *, beside: Iterable[PackageId], limit: int) -> None:
        """Keep `package`. Raises `QUOTA_EXCEEDED` if it takes more than `limit` bytes together with those
        that its owner has already.
        """
        archive = await asyncio.to_thread(package.to_code_archive)
        size = _stored_size(len(archive), package.manifest)
        used = 0
        for other in set(beside) - {package.id}:
            used += await self._size(other)
        if used + size > limit:
            raise ProvenError(
                ErrorCode.QUOTA_EXCEEDED,
                f"the packages of an owner take at most {limit} bytes",
                details={"used": used, "package": size},
            )
        for asset in package.manifest.assets:
            if await self._objects.info(ASSETS, asset.sha256) is None:
                await self._objects.put(ASSETS, asset.sha256, package.assets[asset.path])
        if await self._objects.info(BUCKET, package.id) is None:
            await self._objects.put(BUCKET, package.id, archive)
        self._sizes[package.id] = size
        self._remember(package.id, package.manifest)

    async def _size(self, package_id: PackageId) -> int:
        if package_id not in self._sizes:
            info = await self._objects.info(BUCKET, package_id)
            manifest = None if info is None else await self.manifest(package_id)
            self._sizes[package_id] = (
                0 if info is None or manifest is None else _stored_size(info.size, manifest)
            )
        return self._sizes[package_id]

    def _remember(self, package_id: PackageId, manifest: Manifest) -> None:
        self._manifests[package_id] = manifest
        self._manifests.move_to_end(package_id)
        while len(self._manifests) > _CACHED_MANIFESTS:
            self._manifests.popitem(last=False)


def _stored_size(archive: int, manifest: Manifest) -> int:
    """What a package counts for, with assets that other versions have too."""
    return archive + sum(asset.size for asset in manifest.assets)
