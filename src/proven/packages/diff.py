"""What is different between two packages: the question of whoever decides about an upgrade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from ._unified import unified
from .lines import MAX_STEPS, Budget
from .manifest import HandlerEntry, Manifest
from .package import Package

MAX_DIFFED_LINES: Final = 200_000
"""Lines of both sides of all files up to which they are compared line by line."""
_MAX_STEPS_OF_ALL: Final = 20 * MAX_STEPS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """One thing, by its name: None where it is not there."""

    name: str
    before: T | None
    after: T | None

    @property
    def sign(self) -> str:
        """`+`, `-` or `~`."""
        return "+" if self.before is None else "-" if self.after is None else "~"


@dataclass(frozen=True, slots=True)
class SourceChange:
    """One file of the package. `lines` are a unified diff without its heading; None for files that are not
    text, and for those of which there is too much to compare.
    """

    path: str
    before: bytes | None
    after: bytes | None
    lines: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PackageDiff:
    """Everything that is different, each part sorted by name. `options` of a handler are under its address
    and the option's name; `migrations` under scope, database and module; `dependencies` under their name
    and version, with the integrity of the tarball; `requires` under the dependency and the name that it
    imports, with the dependency that this leads to; `assets` with hash and size; `settings` are the name,
    entries, what the app's own imports lead to, fallback and default limits.
    """

    before: str
    after: str
    sources: tuple[SourceChange, ...]
    handlers: tuple[Changed[HandlerEntry], ...]
    options: tuple[Changed[Any], ...]
    migrations: tuple[Changed[tuple[str, ...]], ...]
    dependencies: tuple[Changed[str], ...]
    requires: tuple[Changed[str], ...]
    assets: tuple[Changed[tuple[str, int]], ...]
    settings: tuple[Changed[Any], ...]

    @property
    def empty(self) -> bool:
        """Whether the two are the same package."""
        return self.before == self.after


def compare(before: Package, after: Package) -> PackageDiff:
    """The differences between two packages, whose files need not include their assets."""
    old, new = before.manifest, after.manifest
    handlers = _changes(_handlers(old), _handlers(new))
    return PackageDiff(
        before=before.id,
        after=after.id,
        sources=tuple(_sources(before.files, after.files)),
        handlers=tuple(each for each in handlers if each.before is None or each.after is None),
        options=tuple(_options(handlers)),
        migrations=_changes(_migrations(old), _migrations(new)),
        dependencies=_changes(
            {each.key: each.integrity for each in old.dependencies},
            {each.key: each.integrity for each in new.dependencies},
        ),
        requires=_changes(_requires(old), _requires(new)),
        assets=_changes(
            {each.path: (each.sha256, each.size) for each in old.assets},
            {each.path: (each.sha256, each.size) for each in new.assets},
        ),
        settings=_changes(_settings(old), _settings(new)),
    )


def _changes(before: Mapping[str, T], after: Mapping[str, T]) -> tuple[Changed[T], ...]:
    names = sorted(before.keys() | after.keys())
    return tuple(
        Changed(name, before.get(name), after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    )


def _handlers(manifest: Manifest) -> dict[str, HandlerEntry]:
    return {handler.address: handler for handler in manifest.handlers}


def _options(handlers: Iterable[Changed[HandlerEntry]]) -> Iterable[Changed[Any]]:
    for handler in handlers:
        if handler.before is None or handler.after is None:
            continue
        before = {"kind": handler.before.kind.value, **msgspec.to_builtins(handler.before.options)}
        after = {"kind": handler.after.kind.value, **msgspec.to_builtins(handler.after.options)}
        for option in _changes(before, after):
            yield Changed(f"{handler.name} {option.name}", option.before, option.after)


def _migrations(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    return {
        f"{each.scope.value} {each.database} {each.module}": each.statements for each in manifest.migrations
    }


def _requires(manifest: Manifest) -> dict[str, str]:
    return {
        f"{each.key} imports {name}": key
        for each in manifest.dependencies
        for name, key in each.requires.items()
    }


def _settings(manifest: Manifest) -> dict[str, Any]:
    limits = {f"limits.{name}": value for name, value in msgspec.to_builtins(manifest.limits).items()}
    return {
        "name": manifest.name,
        "entries": list(manifest.entries),
        "requires": manifest.requires,
        "fallback": manifest.fallback,
        **limits,
    }


def _sources(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Iterable[SourceChange]:
    budget, lines_left = Budget(_MAX_STEPS_OF_ALL), MAX_DIFFED_LINES
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        lines = None
        count = _count(old or b"") + _count(new or b"")
        if count <= lines_left:
            lines_left -= count
            lines = unified(old or b"", new or b"", budget)
        yield SourceChange(path, old, new, lines)


def _count(content: bytes) -> int:
    return content.count(b"\n") + 1
