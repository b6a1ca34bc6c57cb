"""Whether a manifest that came from outside keeps the rules that every package keeps."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from proven.wire.errors import ErrorCode, ProvenError

from . import limits
from ._options import option_faults, route_shape
from ._paths import NPM_PREFIX, asset_fault, collisions, owner, path_fault
from .manifest import Asset, Dependency, HandlerEntry, HandlerKind, Limits, Manifest, Migration, Module

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_INTEGRITY: Final = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")
_NAME: Final = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?[a-z0-9~-][a-z0-9._~-]*")
_NPM_NAME: Final = re.compile(r"(?:@[A-Za-z0-9~-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~_-][A-Za-z0-9._~-]*")
_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
EXPORT_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def is_package_name(name: str) -> bool:
    """Whether `name` may name an application's package (npm's rules for new names)."""
    return len(name) <= limits.MAX_NAME_LENGTH and bool(_NAME.fullmatch(name))


def is_npm_name(name: str) -> bool:
    """Whether `name` may be that of an npm package, old ones included."""
    return len(name) <= limits.MAX_NAME_LENGTH and bool(_NPM_NAME.fullmatch(name))


def is_version(version: str) -> bool:
    """Whether `version` is an exact semantic version."""
    return len(version) <= 100 and bool(_VERSION.fullmatch(version))


def is_integrity(integrity: str) -> bool:
    """Whether `integrity` is one SHA-512 in the form of Subresource Integrity."""
    return bool(_INTEGRITY.fullmatch(integrity))


def address(module: str, export: str) -> str:
    """How clients name a handler."""
    return module if export == "default" else f"{module}#{export}"


def check_manifest(manifest: Manifest) -> None:
    """Raise `ProvenError` (`BAD_REQUEST`, `TOO_LARGE`) unless rules 3 to 5 of `Package` hold."""
    _check_counts(manifest)
    if not is_package_name(manifest.name):
        _refuse(f"{manifest.name!r} is not a package name")
    _check_modules(manifest)
    paths = {module.path for module in manifest.modules}
    _check_sorted("entries", manifest.entries)
    if not manifest.entries or not paths.issuperset(manifest.entries):
        _refuse("an entry module is not in the package")
    if any(entry.startswith(NPM_PREFIX) for entry in manifest.entries):
        _refuse("an entry module is the app's own")
    _check_dependencies(manifest, paths)
    _check_assets(manifest)
    _check_limits(manifest.limits)
    _check_sorted("handlers", [handler.address for handler in manifest.handlers])
    for handler in manifest.handlers:
        _check_handler(handler, manifest.entries)
    _check_routes(manifest)
    _check_sorted("migrations", [(item.module, item.scope, item.database) for item in manifest.migrations])
    for migration in manifest.migrations:
        _check_migration(migration, paths)


def _refuse(message: str) -> NoReturn:
    raise ProvenError(ErrorCode.BAD_REQUEST, f"the package manifest is wrong: {message}")


def _check_counts(manifest: Manifest) -> None:
    for name, found, limit in (
        ("files", len(manifest.modules), limits.MAX_FILES),
        ("entries", len(manifest.entries), limits.MAX_ENTRIES),
        ("handlers", len(manifest.handlers), limits.MAX_HANDLERS),
        ("dependencies", len(manifest.dependencies), limits.MAX_DEPENDENCIES),
        ("migrations", sum(len(item.statements) for item in manifest.migrations), limits.MAX_MIGRATIONS),
        ("assets", len(manifest.assets), limits.MAX_ASSETS),
        ("bytes in one asset", max((a.size for a in manifest.assets), default=0), limits.MAX_ASSET_BYTES),
        ("bytes", manifest.size, limits.MAX_TOTAL_BYTES),
        ("bytes in one file", max((m.size for m in manifest.modules), default=0), limits.MAX_FILE_BYTES),
    ):
        if found > limit:
            raise ProvenError(
                ErrorCode.TOO_LARGE, f"a package has at most {limit} {name}, this one has {found}"
            )


def _check_sorted(what: str, items: Sequence[Any]) -> None:
    if any(not left < right for left, right in itertools.pairwise(items)):
        _refuse(f"{what} are sorted and distinct")


def _check_modules(manifest: Manifest) -> None:
    _check_files("modules", manifest.modules)


def _check_assets(manifest: Manifest) -> None:
    _check_files("assets", manifest.assets)
    for asset in manifest.assets:
        if fault := asset_fault(asset.path):
            _refuse(f"an asset cannot be in a package: {fault}")
    if manifest.fallback is not None and all(asset.path != manifest.fallback for asset in manifest.assets):
        _refuse("the fallback is not among the assets")


def _check_files(what: str, files: Sequence[Module | Asset]) -> None:
    paths = [file.path for file in files]
    _check_sorted(what, paths)
    for file in files:
        if fault := path_fault(file.path):
            _refuse(f"a path cannot be in a package: {fault}")
        if not _SHA256.fullmatch(file.sha256) or file.size < 0:
            _refuse(f"the hash or size of {file.path}")
    if pairs := collisions(paths):
        _refuse(f"{pairs[0][0]} and {pairs[0][1]} differ only in case")


def _check_dependencies(manifest: Manifest, paths: set[str]) -> None:
    keys = {dependency.key for dependency in manifest.dependencies}
    _check_sorted("dependencies", [(item.name, item.version) for item in manifest.dependencies])
    for dependency in manifest.dependencies:
        _check_dependency(dependency)
    for requires in (manifest.requires, *(item.requires for item in manifest.dependencies)):
        if not keys.issuperset(requires.values()) or not all(map(is_npm_name, requires)):
            _refuse("a dependency that something requires is not listed")
    for path in paths:
        if path.startswith(NPM_PREFIX) and owner(path).removeprefix(NPM_PREFIX) not in keys:
            _refuse(f"{path} belongs to no listed dependency")


def _check_dependency(dependency: Dependency) -> None:
    if not is_npm_name(dependency.name) or not is_version(dependency.version):
        _refuse("a dependency's name or version")
    if not is_integrity(dependency.integrity):
        _refuse(f"the integrity of {dependency.key} is not one SHA-512")


def _check_handler(handler: HandlerEntry, entries: tuple[str, ...]) -> None:
    if handler.module not in entries:
        _refuse(f"the handler {handler.address!r} is not in an entry module")
    if not EXPORT_NAME.fullmatch(handler.export) or len(handler.export) > limits.MAX_NAME_LENGTH:
        _refuse("the exported name of a handler")
    if handler.address != address(handler.module, handler.export):
        _refuse(f"the address {handler.address!r} is not its module and export")
    for fault in option_faults(handler.kind, handler.options):
        _refuse(f"{handler.address}: {fault.message}")


def _check_routes(manifest: Manifest) -> None:
    seen: set[tuple[str | None, str]] = set()
    for handler in manifest.handlers:
        if handler.kind is HandlerKind.HTTP:
            route = (handler.options.method, route_shape(handler.options.path or ""))
            if route in seen:
                _refuse(f"two handlers have the route of {handler.address}")
            seen.add(route)


def _check_limits(stated: Limits) -> None:
    for value, low, high in (
        (stated.timeout_ms, limits.MIN_TIMEOUT_MS, limits.MAX_TIMEOUT_MS),
        (stated.memory_mib, limits.MIN_MEMORY_MIB, limits.MAX_MEMORY_MIB),
    ):
        if value is not None and not low <= value <= high:
            _refuse("limits")


def _check_migration(migration: Migration, paths: set[str]) -> None:
    if migration.module not in paths or migration.module.startswith(NPM_PREFIX):
        _refuse("a migration's module is not in the package")
    if not migration.database or len(migration.database) > limits.MAX_OPTION_TEXT:
        _refuse("a migration's database")
    if not migration.statements or not all(map(_SHA256.fullmatch, migration.statements)):
        _refuse("a migration's statements are hashes")
