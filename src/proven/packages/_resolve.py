"""Which file an import leads to: Node.js's algorithm over the files of a package, plus TypeScript's for the
app's own.

Sources: "Packages" and "Modules: ECMAScript modules, Resolution Algorithm Specification" of the Node.js
documentation; TypeScript's `moduleResolution: "bundler"` for relative imports.

Conditions are `proven`, `worker`, `browser` and `default`, with `import` or `require`. The sandbox has the
web platform and nothing of Node.js or Deno, so a dependency's build for workers or browsers is the one that
runs in it. `node` and `deno` builds would ask for what is not there. For the same reason the `browser`
field is followed where a package has no `exports`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol

from ._check import is_npm_name
from ._module import ImportKind
from ._paths import NPM_PREFIX, join, owner, parent
from .rules import Rule

BUILTIN_PREFIX: Final = "@proven-network/"
BUILTINS: Final = frozenset(
    BUILTIN_PREFIX + name for name in ("crypto", "events", "files", "handler", "kv", "rpc", "session", "sql")
)
"""Modules that the runtime provides."""

_NODE_BUILTINS: Final = """
    _http_agent _http_client _http_common _http_incoming _http_outgoing _http_server _stream_duplex
    _stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common
    _tls_wrap assert async_hooks buffer child_process cluster console constants crypto dgram
    diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks
    process punycode querystring readline repl stream string_decoder sys timers tls trace_events tty url
    util v8 vm wasi worker_threads zlib
"""
NODE_BUILTINS: Final = frozenset(_NODE_BUILTINS.split())
MODULE_SUFFIXES: Final = (".ts", ".mts", ".js", ".mjs", ".json")
"""Of the app's own modules."""
DEPENDENCY_SUFFIXES: Final = (".js", ".mjs", ".cjs", ".json")
_TYPESCRIPT_OF: Final = {".js": ".ts", ".mjs": ".mts"}
_CONDITIONS: Final = frozenset({"proven", "worker", "browser", "default"})
_MAX_DEPTH: Final = 32


class Tree(Protocol):
    """The files that imports are resolved among, by their paths in the package."""

    def exists(self, path: str) -> bool:
        """Whether there is a file at `path`."""
        ...

    def read(self, path: str) -> bytes:
        """The file's content."""
        ...

    def dependency(self, package: str, name: str) -> str | None:
        """The folder (`npm/<name>@<version>`) of the npm package that `package` sees as `name`.

        `package` is such a folder itself, or `""` for the app. Raises `ResolutionError`.
        """
        ...


class ResolutionError(Exception):
    """An import that leads nowhere."""

    def __init__(self, rule: Rule, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


class Resolver:
    """Resolves imports over one tree. Every `package.json` that had a say is in `consulted`."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._descriptions: dict[str, Mapping[str, Any] | None] = {}
        self.consulted: set[str] = set()

    def resolve(self, specifier: str, importer: str, kind: ImportKind) -> str:
        """The path that `specifier` leads to from the module `importer`, or a specifier of `BUILTINS`.

        Raises `ResolutionError`.
        """
        package = owner(importer)
        if specifier in BUILTINS:
            return specifier
        if specifier.startswith(("./", "../")) or specifier in (".", ".."):
            path = join(parent(importer), specifier)
            if path is not None and not package:
                refuse_reserved(path)
            if path is None or owner(path) != package or (package and not path.startswith(package)):
                raise ResolutionError(Rule.IMPORT_UNRESOLVED, f"{specifier!r} leaves the folder")
            found = self._file(path, package)
            if found is None or specifier.endswith("/.."):
                raise ResolutionError(Rule.IMPORT_UNRESOLVED, f"{specifier!r} leads to no file")
            return found
        if specifier.startswith("#"):
            return self._internal(specifier, importer, kind)
        if specifier.startswith("node:"):
            raise ResolutionError(Rule.IMPORT_BUILTIN, f"{specifier!r} does not exist in the sandbox")
        if not specifier or specifier.startswith("/") or ":" in specifier or "\\" in specifier:
            message = f"{specifier!r} is neither a relative path nor the name of an npm package"
            raise ResolutionError(Rule.IMPORT_UNSUPPORTED, message)
        return self._bare(specifier, package, kind)

    def description(self, package: str) -> Mapping[str, Any] | None:
        """The `package.json` of a folder, if it has one."""
        path = f"{package}/package.json" if package else "package.json"
        if path not in self._descriptions:
            self._descriptions[path] = self._read_description(path)
        description = self._descriptions[path]
        if description is not None:
            self.consulted.add(path)
        return description

    def _read_description(self, path: str) -> Mapping[str, Any] | None:
        if not self._tree.exists(path):
            return None
        try:
            value = json.loads(self._tree.read(path).decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise ResolutionError(Rule.PACKAGE_JSON, f"{path} is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise ResolutionError(Rule.PACKAGE_JSON, f"{path} is not a JSON object")
        return value

    def scope(self, path: str) -> tuple[str, Mapping[str, Any] | None]:
        """The nearest folder above `path` with a `package.json`, within its package; the app has only its
        top one.
        """
        package = owner(path)
        folder = parent(path) if package else ""
        while folder != package:
            if (description := self.description(folder)) is not None:
                return folder, description
            folder = parent(folder)
        return package, self.description(package)

    def _file(self, path: str, package: str) -> str | None:
        """The file that a path without a certain extension means."""
        for candidate in self._candidates(path, package):
            if self._tree.exists(candidate):
                return self._browser_file(candidate, package) if package else candidate
        return None

    def _candidates(self, path: str, package: str) -> Iterator[str]:
        if path and path != package:
            yield path
            if not package:
                for suffix, typed in _TYPESCRIPT_OF.items():
                    if path.endswith(suffix):
                        yield path.removesuffix(suffix) + typed
            for suffix in DEPENDENCY_SUFFIXES if package else MODULE_SUFFIXES:
                yield path + suffix
        prefix = f"{path}/" if path else ""
        for suffix in DEPENDENCY_SUFFIXES if package else MODULE_SUFFIXES:
            yield f"{prefix}index{suffix}"

    def _browser_file(self, path: str, package: str) -> str:
        """What the `browser` map of a package without `exports` puts in the place of one of its files."""
        description = self.description(package) or {}
        replacements = description.get("browser")
        if "exports" in description or not isinstance(replacements, dict):
            return path
        relative = "./" + path.removeprefix(package + "/")
        for key in (relative, relative.removesuffix(".js"), relative.removeprefix("./")):
            replacement = replacements.get(key)
            if isinstance(replacement, str):
                target = join(package, replacement)
                if target is not None and target.startswith(package + "/") and self._tree.exists(target):
                    return target
        return path

    def _internal(self, specifier: str, importer: str, kind: ImportKind) -> str:
        folder, description = self.scope(importer)
        imports = (description or {}).get("imports")
        if specifier == "#" or specifier.startswith("#/") or not isinstance(imports, dict):
            raise ResolutionError(
                Rule.IMPORT_UNRESOLVED, f"{specifier!r} is not in `imports` of package.json"
            )
        target = self._match(imports, specifier, folder, kind, internal=True)
        if target is None:
            raise ResolutionError(
                Rule.IMPORT_UNRESOLVED, f"{specifier!r} is not in `imports` of package.json"
            )
        return target

    def _bare(self, specifier: str, package: str, kind: ImportKind, *, replaced: bool = False) -> str:
        name, subpath = split_name(specifier)
        own = self.description(package) or {}
        if own.get("name") == name and own.get("exports") is not None:
            return self._exported(package, specifier, subpath, kind)
        if package and not replaced and "exports" not in own and isinstance(own.get("browser"), dict):
            replacement = own["browser"].get(specifier)
            if isinstance(replacement, str):
                return self._replacement(replacement, package, kind)
        if name.startswith(BUILTIN_PREFIX) and (known := self._tree.dependency(package, name)) is None:
            message = f"there is no {specifier!r}; there are {', '.join(sorted(BUILTINS))}"
            raise ResolutionError(Rule.IMPORT_UNRESOLVED, message)
        if name in NODE_BUILTINS:
            try:
                known = self._tree.dependency(package, name)
            except ResolutionError:
                known = None
            if known is None:
                raise ResolutionError(Rule.IMPORT_BUILTIN, f"{specifier!r} does not exist in the sandbox")
        folder = self._tree.dependency(package, name)
        if folder is None:
            message = f"there is no npm package {name!r} here"
            raise ResolutionError(Rule.IMPORT_UNRESOLVED, message)
        return self._exported(folder, specifier, subpath, kind)

    def _replacement(self, replacement: str, package: str, kind: ImportKind) -> str:
        if not replacement.startswith("."):
            return self._bare(replacement, package, kind, replaced=True)
        path = join(package, replacement)
        found = self._file(path, package) if path is not None and path.startswith(package) else None
        if found is None:
            raise ResolutionError(Rule.IMPORT_UNRESOLVED, f"{replacement!r} leads to no file")
        return found

    def _exported(self, folder: str, specifier: str, subpath: str, kind: ImportKind) -> str:
        """PACKAGE_EXPORTS_RESOLVE, or the file itself where a package has no `exports`."""
        description = self.description(folder) or {}
        exports = description.get("exports")
        if exports is not None:
            conditions = not (isinstance(exports, dict) and any(key.startswith(".") for key in exports))
            table = {".": exports} if conditions else exports
            target = self._match(table, f".{subpath}", folder, kind, internal=False)
            if target is None:
                place = folder or "package.json"
                raise ResolutionError(Rule.IMPORT_UNRESOLVED, f"{place} does not export {specifier!r}")
            return target
        if subpath:
            path = join(folder, f".{subpath}")
            found = self._file(path, folder) if path is not None and path.startswith(folder + "/") else None
        else:
            found = self._main(folder, description)
        if found is None:
            raise ResolutionError(Rule.IMPORT_UNRESOLVED, f"{specifier!r} leads to no file in {folder}")
        return found

    def _main(self, folder: str, description: Mapping[str, Any]) -> str | None:
        for field in ("browser", "main"):
            value = description.get(field)
            path = join(folder, value) if isinstance(value, str) else None
            if path is not None and (path == folder or path.startswith(folder + "/")):
                found = self._file(path, folder)
                if found is not None:
                    return found
        return self._file(folder, folder)

    def _match(
        self, table: Mapping[str, Any], key: str, folder: str, kind: ImportKind, *, internal: bool
    ) -> str | None:
        """PACKAGE_IMPORTS_EXPORTS_RESOLVE."""
        if key in table and "*" not in key and not key.endswith("/"):
            return self._target(table[key], None, folder, kind, internal=internal, depth=0)
        patterns = [pattern for pattern in table if pattern.count("*") == 1]
        for pattern in sorted(patterns, key=lambda item: (-item.index("*"), -len(item), item)):
            base, _, trailer = pattern.partition("*")
            if key.startswith(base) and key != base and key.endswith(trailer) and len(key) >= len(pattern):
                matched = key[len(base) : len(key) - len(trailer)]
                return self._target(table[pattern], matched, folder, kind, internal=internal, depth=0)
        return None

    def _target(
        self, target: Any, matched: str | None, folder: str, kind: ImportKind, *, internal: bool, depth: int
    ) -> str | None:
        """PACKAGE_TARGET_RESOLVE."""
        if depth > _MAX_DEPTH:
            raise ResolutionError(
                Rule.IMPORT_UNRESOLVED, f"package.json of {folder or 'the app'} nests too deeply"
            )
        if isinstance(target, str):
            return self._target_file(target, matched, folder, kind, internal=internal)
        if isinstance(target, dict):
            for condition, value in target.items():
                if condition in _CONDITIONS or condition == kind.value:
                    found = self._target(value, matched, folder, kind, internal=internal, depth=depth + 1)
                    if found is not None or value is None:
                        return found
        elif isinstance(target, list):
            for value in target:
                try:
                    found = self._target(value, matched, folder, kind, internal=internal, depth=depth + 1)
                except ResolutionError:
                    continue
                if found is not None:
                    return found
        return None

    def _target_file(
        self, target: str, matched: str | None, folder: str, kind: ImportKind, *, internal: bool
    ) -> str:
        expanded = target if matched is None else target.replace("*", matched)
        if not target.startswith("./"):
            if not internal or target.startswith(("../", "/")) or ":" in target:
                raise ResolutionError(
                    Rule.IMPORT_UNRESOLVED, f"package.json leads to {target!r}, outside of it"
                )
            return expanded if expanded in BUILTINS else self._bare(expanded, folder_owner(folder), kind)
        segments = expanded[2:].replace("\\", "/").split("/")
        if any(segment in (".", "..", "node_modules") for segment in segments):
            raise ResolutionError(
                Rule.IMPORT_UNRESOLVED, f"package.json leads to {expanded!r}, outside of it"
            )
        path = f"{folder}/{expanded[2:]}" if folder else expanded[2:]
        if not folder:
            refuse_reserved(path)
        if not self._tree.exists(path):
            found = self._file(path, "") if not folder else None
            if found is None:
                raise ResolutionError(
                    Rule.IMPORT_UNRESOLVED, f"package.json leads to {expanded!r}, which is not there"
                )
            return found
        return path


def refuse_reserved(path: str) -> None:
    """Raise `ResolutionError` for a path of the app's own where npm packages go."""
    if path.startswith(NPM_PREFIX):
        message = f"{NPM_PREFIX} at the top is for npm packages: move {path} elsewhere"
        raise ResolutionError(Rule.PATH, message)


def folder_owner(folder: str) -> str:
    """The package that a folder within it belongs to."""
    return owner(f"{folder}/package.json") if folder else ""


def split_name(specifier: str) -> tuple[str, str]:
    """`@scope/name/sub/path` as `("@scope/name", "/sub/path")`. Raises `ResolutionError`."""
    segments = specifier.split("/")
    size = 2 if specifier.startswith("@") else 1
    name = "/".join(segments[:size])
    rest = segments[size:]
    if len(segments) < size or "" in segments[:size] or not is_npm_name(name):
        raise ResolutionError(Rule.IMPORT_UNSUPPORTED, f"{specifier!r} is not the name of an npm package")
    if any(segment in ("", ".", "..", "node_modules") for segment in rest):
        raise ResolutionError(Rule.IMPORT_UNSUPPORTED, f"{specifier!r} is not a path in an npm package")
    return name, "".join(f"/{segment}" for segment in rest)
