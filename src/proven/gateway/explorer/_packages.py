"""Packages as pages show them: what the manifest says, and the rows of their sources."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from proven.gateway.explorer import records
from proven.gateway.explorer._addresses import raw_address
from proven.gateway.explorer._colour import Colourings, Token
from proven.gateway.explorer._listing import Query, listing, number_of, pages_of
from proven.gateway.explorer._pages import Pages
from proven.gateway.explorer._text import Row, page_of_rows
from proven.gateway.explorer.ports import Registry
from proven.packages import (
    Asset,
    Dependency,
    HandlerEntry,
    Manifest,
    Migration,
    Module,
    Package,
    read_statements,
)
from proven.wire.errors import ErrorCode, ProvenError
from proven.wire.ids import PackageId, parse_package_id

ITEMS_SHOWN: Final = 100
ITEMS_A_PAGE: Final = 500
ROWS_A_PAGE: Final = 1_000
_CACHED_BYTES: Final = 64 * 1024 * 1024
_STATEMENTS_KEPT: Final = 32
"""Packages whose SQL is kept, up to 256 KiB of each."""

Statements = Mapping[str, str]
"""SQL by its SHA-256."""

SECTIONS: Final = ("handlers", "modules", "dependencies", "migrations", "assets")


class PackageStore:
    """Packages that were asked for lately, up to 64 MiB of them."""

    def __init__(self, registry: Registry, pages: Pages) -> None:
        self._registry = registry
        self._pages = pages
        self._kept: OrderedDict[PackageId, Package] = OrderedDict()
        self._bytes = 0
        self._reading = asyncio.Lock()
        self._statements: OrderedDict[PackageId, Statements] = OrderedDict()
        self._looking = asyncio.Lock()

    async def get(self, package_id: str) -> Package:
        """Raises `NOT_FOUND`."""
        try:
            wanted = parse_package_id(package_id)
        except ProvenError:
            raise ProvenError(ErrorCode.NOT_FOUND, f"{package_id[:80]!r} is no package id") from None
        async with self._reading:
            package = self._kept.get(wanted)
            if package is None:
                package = self._kept[wanted] = await self._registry.package(wanted)
                self._bytes += _weight(package)
            self._kept.move_to_end(wanted)
            while self._bytes > _CACHED_BYTES and len(self._kept) > 1:
                self._bytes -= _weight(self._kept.popitem(last=False)[1])
        return package

    async def has(self, package_id: str) -> bool:
        """Whether there is such a package."""
        try:
            await self.get(package_id)
        except ProvenError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return False
        return True

    async def statements(self, package: Package) -> Statements:
        """The SQL of a package's migrations, by its hash, as far as it is found."""
        if not package.manifest.migrations:
            return {}
        async with self._looking:
            found = self._statements.get(package.id)
            if found is None:
                found = self._statements[package.id] = await self._pages.beside(read_statements, package)
            self._statements.move_to_end(package.id)
            if len(self._statements) > _STATEMENTS_KEPT:
                self._statements.popitem(last=False)
        return found

    async def file(self, package: Package, path: str) -> bytes:
        """A module of a package, or else its front-end file of that path. Raises `NOT_FOUND`."""
        content = package.files.get(path)
        return await self.asset(package, path) if content is None else content

    async def asset(self, package: Package, path: str) -> bytes:
        """A front-end file of a package, whose path may be a module's too. Raises `NOT_FOUND`."""
        asset = next((each for each in package.manifest.assets if each.path == path), None)
        if asset is None:
            raise ProvenError(ErrorCode.NOT_FOUND, f"the package has no file {path[:200]!r}")
        return await self._registry.asset(asset)


def package_record(package: Package, statements: Statements) -> records.Package:
    manifest = package.manifest
    limits = {"timeout_ms": manifest.limits.timeout_ms, "memory_mib": manifest.limits.memory_mib}
    return records.Package(
        id=package.id,
        name=manifest.name,
        size=manifest.size,
        limits={name: value for name, value in limits.items() if value is not None},
        fallback=manifest.fallback,
        handlers=listing(manifest.handlers, 1, ITEMS_SHOWN, handler),
        modules=listing(_own_first(manifest), 1, ITEMS_SHOWN, module),
        dependencies=listing(manifest.dependencies, 1, ITEMS_SHOWN, dependency),
        migrations=listing(manifest.migrations, 1, ITEMS_SHOWN, partial(migration, statements)),
        assets=listing(manifest.assets, 1, ITEMS_SHOWN, module),
        manifest=f"/explorer/packages/{package.id}/manifest",
    )


def section_record(package: Package, section: str, query: Query, statements: Statements) -> records.Section:
    """One list of a package, by pages. Raises `NOT_FOUND`."""
    manifest = package.manifest
    sections: dict[str, tuple[Sequence[Any], Callable[[Any], Any]]] = {
        "handlers": (manifest.handlers, handler),
        "modules": (_own_first(manifest), module),
        "dependencies": (manifest.dependencies, dependency),
        "migrations": (manifest.migrations, partial(migration, statements)),
        "assets": (manifest.assets, module),
    }
    if section not in sections:
        raise ProvenError(ErrorCode.NOT_FOUND, "there is nothing at this path")
    items, shown = sections[section]
    return records.Section(
        package_id=package.id,
        name=manifest.name,
        section=section,
        listing=listing(items, number_of(query, "page", 1), ITEMS_A_PAGE, shown),
    )


def source_record(
    package: Package, path: str, page: int, line: int | None, colourings: Colourings
) -> tuple[records.Source, list[list[Token]]]:
    """Rows of one module and their tokens. A `line` chooses the page that it is on. Raises `NOT_FOUND`."""
    content = package.files.get(path)
    if content is None:
        raise ProvenError(ErrorCode.NOT_FOUND, f"the package has no module {path[:200]!r}")
    rows, page, total = page_of_rows(content, ROWS_A_PAGE, page, line)
    pages = pages_of(total, page, ROWS_A_PAGE)
    colouring = colourings.of(path, content)
    record = records.Source(
        package_id=package.id,
        name=package.manifest.name,
        path=path,
        sha256=next(each.sha256 for each in package.manifest.modules if each.path == path),
        size=len(content),
        raw=raw_address(package.id, path),
        utf8=_is_utf8(content),
        coloured=colouring.coloured,
        rows=records.Listing(items=[_row(content, row) for row in rows], page=page, pages=pages, total=total),
    )
    return record, colouring.rows([(row.start, row.end) for row in rows])


def handler(value: HandlerEntry) -> records.Handler:
    return records.Handler(
        address=value.address,
        module=value.module,
        export=value.export,
        kind=value.kind.value,
        options=msgspec.to_builtins(value.options),
    )


def module(value: Module | Asset) -> records.Module:
    return records.Module(path=value.path, sha256=value.sha256, size=value.size)


def dependency(value: Dependency) -> records.Dependency:
    return records.Dependency(name=value.name, version=value.version, integrity=value.integrity)


def migration(statements: Statements, value: Migration) -> records.Migration:
    return records.Migration(
        module=value.module,
        scope=value.scope.value,
        database=value.database,
        statements=[records.Statement(sha256=each, sql=statements.get(each)) for each in value.statements],
    )


def _row(content: bytes, row: Row) -> records.Row:
    text = content[row.start : row.end].decode("utf-8", "replace")
    return records.Row(line=row.number, text=text, continues=row.continues)


def _own_first(manifest: Manifest) -> list[Module]:
    """The application's own modules before those of npm packages."""
    return sorted(manifest.modules, key=lambda each: each.path.startswith("npm/"))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _weight(package: Package) -> int:
    return sum(map(len, package.files.values())) + 64 * 1024
