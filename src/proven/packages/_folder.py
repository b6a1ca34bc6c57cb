"""An app's folder as a tree to resolve in: its own files as they are, npm packages under `npm/` as locked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from . import _lock
from ._lock import Locked, LockFile
from ._paths import NPM_PREFIX, owner, path_fault
from ._resolve import BUILTIN_PREFIX, ResolutionError
from .limits import (
    MAX_ASSET_BYTES,
    MAX_ASSETS,
    MAX_FILE_BYTES,
    MAX_FOLDER_FILES,
    MAX_LOCK_BYTES,
    MAX_TOTAL_BYTES,
)
from .manifest import Dependency
from .registry import Registry
from .rules import Rule

IGNORED: Final = frozenset({"node_modules", ".git", ".proven"})
"""Folders that are no part of an app."""
BUILD_FIRST: Final = "run `npm run build` first"


class FolderTree:
    """Reads an app's folder.

    1. Names are compared exactly, also on file systems that ignore case.
    2. Nothing outside of the folder is read, by whatever links.
    3. `node_modules`, `.git` and `.proven` are not there.
    4. npm packages are those of the lock file, from the registry or its cache, checked against their hashes.
    """

    def __init__(self, folder: Path, registry: Registry) -> None:
        self._folder = folder.resolve()
        self._registry = registry
        self._listings: dict[str, frozenset[str]] = {}
        self._contents: dict[str, bytes] = {}
        self._lock: LockFile | None = None
        self._locked: dict[str, Locked] = {}
        self._requires: dict[str, dict[str, str]] = {"": {}}

    def paths(self) -> Iterator[str]:
        """Every file of the app's own that could be an entry module. Raises `ResolutionError`."""
        count = 0
        pending = ["", "src"]
        while pending:
            folder = pending.pop()
            for name in sorted(self._listing(folder)):
                path = f"{folder}/{name}" if folder else name
                count += 1
                if count > MAX_FOLDER_FILES:
                    message = (
                        f"there are over {MAX_FOLDER_FILES} files: name the entry modules in package.json"
                    )
                    raise ResolutionError(Rule.TOO_LARGE, message)
                if name in IGNORED or name.startswith("."):
                    continue
                status = os.stat(self._folder / path, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    if folder:
                        pending.append(path)
                else:
                    yield path

    def exists(self, path: str) -> bool:
        """Whether there is a regular file at `path`."""
        if path.startswith(NPM_PREFIX):
            package = owner(path)
            locked = self._locked.get(package)
            return locked is not None and path.removeprefix(f"{package}/") in self._registry.files(locked)
        return self._is_named(path) and (self._folder / path).is_file()

    def read(self, path: str) -> bytes:
        """The file at `path`. Raises `ResolutionError`."""
        if path.startswith(NPM_PREFIX):
            package = owner(path)
            return self._registry.files(self._locked[package])[path.removeprefix(f"{package}/")]
        content = self._contents.get(path)
        if content is None:
            content = self._contents[path] = self._read_own(path, MAX_FILE_BYTES)
        return content

    def _read_own(self, path: str, limit: int) -> bytes:
        real = Path(os.path.realpath(self._folder / path))
        if not real.is_relative_to(self._folder):
            raise ResolutionError(Rule.SYMLINK, f"{path} is a link out of the folder: copy the file in")
        try:
            if not stat.S_ISREG(real.stat().st_mode):
                raise ResolutionError(Rule.UNSUPPORTED_FILE, f"{path} is not a regular file")
            with real.open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise ResolutionError(
                Rule.IMPORT_UNRESOLVED, f"{path} cannot be read: {error.strerror}"
            ) from None
        if len(content) > limit:
            raise ResolutionError(Rule.TOO_LARGE, f"{path} is over the limit of {limit} bytes")
        return content

    def assets(self, folder: str) -> dict[str, bytes]:
        """The files in `folder` and below by their paths in it, without those that begin with a dot.

        Raises `ResolutionError`.
        """
        try:
            return self._read_assets(folder)
        except OSError as error:
            message = f"{folder} cannot be read, or changed while it was: {error.strerror}"
            raise ResolutionError(Rule.ASSETS_MISSING, message) from None

    def _read_assets(self, folder: str) -> dict[str, bytes]:
        root = Path(os.path.realpath(self._folder / folder))
        if not root.is_relative_to(self._folder):
            raise ResolutionError(Rule.SYMLINK, f"{folder} is a link out of the folder")
        if not self._is_named(folder) or not root.is_dir():
            raise ResolutionError(Rule.ASSETS_MISSING, f"there is no folder {folder}: {BUILD_FIRST}")
        found: dict[str, bytes] = {}
        size = 0
        for path in _files_below(root):
            if fault := path_fault(path):
                raise ResolutionError(Rule.PATH, f"{folder}/{path} cannot be in a package: {fault}")
            content = self._read_own(f"{folder}/{path}", MAX_ASSET_BYTES)
            size += len(content)
            if len(found) >= MAX_ASSETS or size > MAX_TOTAL_BYTES:
                message = f"{folder} has more than {MAX_ASSETS} files or {MAX_TOTAL_BYTES} bytes"
                raise ResolutionError(Rule.TOO_LARGE, message)
            found[path] = content
        if not found:
            raise ResolutionError(Rule.ASSETS_MISSING, f"the folder {folder} is empty: {BUILD_FIRST}")
        return found

    def _is_named(self, path: str) -> bool:
        """Whether `path` is there under exactly this name, and not one of those that are passed over."""
        folder = ""
        for segment in path.split("/"):
            if segment in IGNORED or segment not in self._listing(folder):
                return False
            folder = f"{folder}/{segment}" if folder else segment
        return True

    def _listing(self, folder: str) -> frozenset[str]:
        names = self._listings.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(self._folder / folder))
            except OSError:
                names = frozenset()
            self._listings[folder] = names
        return names

    def dependency(self, package: str, name: str) -> str | None:
        """The folder of what `package` sees as `name`, which from then on is part of the tree."""
        lock = self._read_lock(name)
        if lock is None:
            return None
        importer = self._locked[package].key if package else None
        locked = lock.dependency(importer, name)
        if locked is None:
            return None
        folder = NPM_PREFIX + locked.key
        known = self._locked.setdefault(folder, locked)
        if known.integrity != locked.integrity:
            message = f"the lock file has two hashes for {locked.key}: remove it and run `npm install`"
            raise ResolutionError(Rule.LOCK_INVALID, message)
        self._requires.setdefault(package, {})[name] = locked.key
        self._requires.setdefault(folder, {})
        return folder

    def _read_lock(self, name: str) -> LockFile | None:
        if self._lock is None:
            for file in _lock.NAMES:
                if self.exists(file):
                    self._lock = LockFile(self._read_own(file, MAX_LOCK_BYTES))
                    break
            else:
                if name.startswith(BUILTIN_PREFIX):
                    return None
                message = (
                    f"{name!r} is an npm package and there is no lock file: "
                    f"run `npm install --package-lock-only {name}` and keep package-lock.json"
                )
                raise ResolutionError(Rule.LOCK_MISSING, message)
        return self._lock

    def used_dependencies(self) -> tuple[dict[str, str], tuple[Dependency, ...]]:
        """What has been asked for by `dependency`: by the app, and all packages with what they asked for."""
        dependencies = [
            Dependency(locked.name, locked.version, locked.integrity, _sorted(self._requires[folder]))
            for folder, locked in self._locked.items()
        ]
        dependencies.sort(key=lambda item: (item.name, item.version))
        return _sorted(self._requires[""]), tuple(dependencies)


def _sorted(requires: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(requires.items()))


def _files_below(root: Path) -> Iterator[str]:
    """Paths of what may be front-end files; each is, or links to, a regular file below `root`.

    Raises `ResolutionError`, and `OSError`.
    """
    pending = [""]
    count = 0
    while pending:
        folder = pending.pop()
        for name in sorted(os.listdir(root / folder)):
            count += 1
            if count > MAX_FOLDER_FILES:
                raise ResolutionError(Rule.TOO_LARGE, f"{root.name} has over {MAX_FOLDER_FILES} files")
            if name.startswith(".") or name in IGNORED:
                continue
            path = f"{folder}/{name}" if folder else name
            mode = os.stat(root / path, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                pending.append(path)
                continue
            if stat.S_ISLNK(mode):
                real = Path(os.path.realpath(root / path))
                if not real.is_relative_to(root) or not real.is_file():
                    message = f"{path} is a link out of {root.name} or to no file: copy the file in"
                    raise ResolutionError(Rule.SYMLINK, message)
            elif not stat.S_ISREG(mode):
                raise ResolutionError(Rule.UNSUPPORTED_FILE, f"{path} is not a regular file")
            yield path
