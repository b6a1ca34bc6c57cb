"""npm's lock file: which version of a package each other one sees.

Source: "package-lock.json" of the npm documentation, lockfileVersion 2 and 3. Only the `packages` table is
read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ._check import is_integrity, is_npm_name, is_version
from ._paths import join
from ._resolve import ResolutionError
from .rules import Rule

NAMES: Final = ("npm-shrinkwrap.json", "package-lock.json")
"""In the order in which npm looks for them."""
_UPDATE: Final = "run `npm install --package-lock-only`"


@dataclass(frozen=True, slots=True)
class Locked:
    """One npm package that the lock file pins."""

    name: str
    version: str
    integrity: str

    @property
    def key(self) -> str:
        """`<name>@<version>`."""
        return f"{self.name}@{self.version}"


class LockFile:
    """The dependency tree of a lock file: locations like `node_modules/a/node_modules/b`, resolved as
    Node.js does.
    """

    def __init__(self, data: bytes) -> None:
        try:
            document = json.loads(data.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise ResolutionError(Rule.LOCK_INVALID, f"the lock file is not JSON: {error}") from None
        packages = document.get("packages") if isinstance(document, dict) else None
        if not isinstance(packages, dict):
            message = f"the lock file is not of version 2 or 3: {_UPDATE} with npm 7 or newer"
            raise ResolutionError(Rule.LOCK_INVALID, message)
        self._packages: Mapping[str, Any] = packages
        self._locations: dict[str, list[str]] = {}
        for location in packages:
            locked = self._peek(location)
            if locked is not None:
                self._locations.setdefault(locked, []).append(location)

    def dependency(self, key: str | None, name: str) -> Locked | None:
        """The package that the package `key` sees as `name`; `None` asks for the app itself.

        Raises `ResolutionError`: `DEPENDENCY_CONFLICT` where copies of one package see different ones, and
        `DEPENDENCY_SOURCE` or `LOCK_INVALID` where the package is not one of a registry with an integrity
        hash.
        """
        found = {
            self._locked(location)
            for start in (self._locations.get(key, []) if key is not None else [""])
            if (location := self._look_up(start, name)) is not None
        }
        if len(found) > 1:
            versions = " and ".join(sorted(item.version for item in found))
            message = f"{key} is installed twice and sees {name} {versions}: run `npm dedupe`"
            raise ResolutionError(Rule.DEPENDENCY_CONFLICT, message)
        return found.pop() if found else None

    def installed(self) -> Iterator[tuple[str, Locked]]:
        """Every location that npm would fill for running the app, with the package that belongs there."""
        for location, entry in self._packages.items():
            wanted = isinstance(entry, dict) and not entry.get("dev") and not entry.get("link")
            if "node_modules/" in location and wanted and not entry.get("optional"):
                if join("", location) != location:
                    raise ResolutionError(Rule.LOCK_INVALID, f"{location!r} is no place for a package")
                yield location, self._locked(location)

    def _look_up(self, start: str, name: str) -> str | None:
        """Walk up from `start` through the `node_modules` folders, as Node.js does."""
        folder = start
        while True:
            location = f"{folder}/node_modules/{name}" if folder else f"node_modules/{name}"
            if location in self._packages:
                return location
            if not folder:
                return None
            folder = folder.rpartition("node_modules/")[0].rstrip("/")

    def _peek(self, location: str) -> str | None:
        entry = self._packages[location]
        if not isinstance(entry, dict) or "node_modules/" not in location:
            return None
        return f"{_name(location, entry)}@{entry.get('version')}"

    def _locked(self, location: str) -> Locked:
        entry = self._packages[location]
        if not isinstance(entry, dict):
            raise ResolutionError(Rule.LOCK_INVALID, f"the lock file has no record for {location}: {_UPDATE}")
        name, version, integrity = _name(location, entry), entry.get("version"), entry.get("integrity")
        resolved = entry.get("resolved")
        if entry.get("link") or (
            isinstance(resolved, str) and not resolved.startswith(("https://", "http://"))
        ):
            message = f"{name} does not come from a registry: publish it, or copy its source into the app"
            raise ResolutionError(Rule.DEPENDENCY_SOURCE, message)
        if entry.get("inBundle"):
            raise ResolutionError(Rule.DEPENDENCY_SOURCE, f"{name} comes bundled inside another package")
        if not is_npm_name(name) or not isinstance(version, str) or not is_version(version):
            raise ResolutionError(
                Rule.LOCK_INVALID, f"the lock file's record for {location} is wrong: {_UPDATE}"
            )
        hashes = [item for item in str(integrity).split() if is_integrity(item)]
        if len(hashes) != 1:
            message = f"the lock file has no SHA-512 for {name}: {_UPDATE}"
            raise ResolutionError(Rule.DEPENDENCY_SOURCE, message)
        return Locked(name, version, hashes[0])


def _name(location: str, entry: Mapping[str, Any]) -> str:
    """The package's own name, which differs from that of its folder for an alias (`"a": "npm:b@1"`)."""
    stated = entry.get("name")
    return stated if isinstance(stated, str) else location.rpartition("node_modules/")[2]
