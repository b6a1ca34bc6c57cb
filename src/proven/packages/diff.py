"""What is different between two packages: the question of whoever decides about an upgrade."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import msgspec

from .manifest import HandlerEntry, Manifest
from .package import Package

MAX_DIFFED_LINES: Final = 20_000
"""Lines of both sides of a file up to which its lines are compared; comparing takes quadratic time."""

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
    text or too long to compare.
    """

    path: str
    before: bytes | None
    after: bytes | None
    lines: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class PackageDiff:
    """Everything that is different, each part sorted by name. `options` of a handler are under its address
    and the option's name; `migrations` under scope, database and module; `dependencies` under their name
    and version, with the integrity of the tarball; `assets` with hash and size; `settings` are the name,
    entries, fallback and default limits.
    """

    before: str
    after: str
    sources: tuple[SourceChange, ...]
    handlers: tuple[Changed[HandlerEntry], ...]
    options: tuple[Changed[Any], ...]
    migrations: tuple[Changed[tuple[str, ...]], ...]
    dependencies: tuple[Changed[str], ...]
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
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new:
            yield SourceChange(path, old, new, _unified(old or b"", new or b""))


def _unified(before: bytes, after: bytes) -> tuple[str, ...] | None:
    try:
        old, new = before.decode().splitlines(), after.decode().splitlines()
    except UnicodeDecodeError:
        return None
    if len(old) + len(new) > MAX_DIFFED_LINES:
        return None
    lines = tuple(difflib.unified_diff(old, new, lineterm=""))[2:]
    return lines or (f"- {_endings(before)}", f"+ {_endings(after)}")


def _endings(content: bytes) -> str:
    """They are part of what is hashed, so a difference in them alone is shown."""
    windows, last = content.count(b"\r\n"), content.endswith(b"\n")
    plain = content.count(b"\n") - windows
    return f"line ends: {plain} LF, {windows} CRLF, {'one' if last else 'none'} at the end of the file"
