"""From a folder to a package, and from a package to the proof that its manifest says what its files say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from proven.wire.errors import ErrorCode, ProvenError

from ._check import is_package_name
from ._collect import Handlers, collect
from ._folder import IGNORED, FolderTree
from ._handlers import HANDLER_MODULE, imports_handlers
from ._options import read_options
from ._paths import NPM_PREFIX, collisions, path_fault
from ._reader import Reading
from ._resolve import ResolutionError, Resolver, Tree
from ._trial import try_parsing
from .graph import Exploration, PackageTree, ResolvedModule, explore
from .limits import MAX_ENTRIES
from .manifest import FORMAT, Asset, Dependency, HandlerKind, Limits, Manifest, Module
from .package import Package
from .parsing import TooComplexError
from .registry import Registry
from .rules import BuildError, Problem, Rule

DEFAULT_NAME = "app"
_ENTRY_SUFFIXES = (".ts", ".mts", ".js", ".mjs")
_SECTION = {"entries", "limits", "assets", "fallback"}
_NOT_ENTRIES = (".d.ts", ".d.mts", ".test", ".spec")


@dataclass(frozen=True, slots=True)
class _Settings:
    """What an app's `package.json` says to the builder."""

    name: str = DEFAULT_NAME
    entries: tuple[str, ...] | None = None
    limits: Limits = Limits()  # noqa: RUF009 - immutable
    assets: str | None = None
    fallback: str | None = None


def build(folder: Path | str, *, registry: Registry | None = None) -> Package:
    """Make the package of an app's folder.

    In it are the entry modules, everything they import, the `package.json`s that say how, and the built
    front-end files that `"proven": {"assets": "dist"}` names; nothing else.
    Entry modules are those of `package.json`'s `"proven": {"entries": […]}`, or else every module under
    `src/` (or at the top, if none there does) that imports `@proven-network/handler`. npm dependencies come
    from `registry`, by default the one npm is configured for, as the lock file pins them.

    The package depends on the files' paths and bytes and nothing else. Blocks on files and the network.
    Raises `BuildError` with every problem found, or `ProvenError` (`NOT_FOUND`) if there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ProvenError(
            ErrorCode.NOT_FOUND, f"there is no folder {folder}: create an app with `proven init`"
        )
    tree = FolderTree(folder, registry or Registry.from_environment(folder))
    manifest, files, assets, _ = _derive(tree, tree.paths())
    return Package.create(manifest, files, assets)


def entry_modules(folder: Path, *, registry: Registry | None = None) -> tuple[str, ...]:
    """The paths of a folder's entry modules, whatever else is wrong with it. Raises `BuildError`."""
    tree = FolderTree(folder, registry or Registry.from_environment(folder))
    settings, problems = _read_settings(tree)
    entries = _entries(tree, settings, tree.paths(), problems, Reading())
    if problems:
        raise BuildError(problems)
    return entries


def verify(package: Package) -> None:
    """Derive the manifest again from the package's own files, and compare.

    Front-end files are compared by their hashes alone: nothing can be derived from what they hold. What this
    cannot tell is whether the files of a dependency are those of the tarball with its integrity hash: that
    takes the tarball, and building the folder again does it. Raises `ProvenError`: `BAD_REQUEST`, or
    `BUILD_ERROR`.
    """
    try_parsing(package.files)
    manifest, files, _, modules = _derive(PackageTree(package), package.files, package.manifest)
    if manifest != package.manifest or files.keys() != package.files.keys():
        different = [
            field
            for field in manifest.__struct_fields__
            if getattr(manifest, field) != getattr(package.manifest, field)
        ]
        raise ProvenError(
            ErrorCode.BAD_REQUEST,
            f"the manifest does not say what the package's files say ({', '.join(different)}): build it "
            f"again",
        )
    package.derived.modules = MappingProxyType(dict(modules))


def _derive(
    tree: FolderTree | PackageTree, paths: Iterator[str] | Mapping[str, bytes], given: Manifest | None = None
) -> tuple[Manifest, dict[str, bytes], Mapping[str, bytes], Mapping[str, ResolvedModule]]:
    """The manifest, the files of what can be reached from the entry modules of `tree`, its assets, and how
    its modules are loaded.
    """
    reading = Reading()
    settings, problems = _read_settings(tree)
    entries = _entries(tree, settings, paths, problems, reading)
    if problems:
        raise BuildError(problems)
    exploration = explore(tree, entries, reading)
    handlers = collect(exploration, entries, settings.limits)
    assets, faults = _assets(tree, settings, exploration)
    problems = [*exploration.problems, *handlers.problems, *_collisions(exploration.files), *faults]
    if not problems and not handlers.entries:
        message = f"no entry module exports a handler: see `run` of {HANDLER_MODULE}"
        problems.append(Problem(entries[0], 0, 0, Rule.NO_HANDLERS, message))
    if problems:
        raise BuildError(problems)
    files = {path: tree.read(path) for path in sorted(exploration.files)}
    if isinstance(tree, FolderTree):
        requires, dependencies = tree.used_dependencies()
    else:
        assert given is not None
        requires, dependencies = given.requires, given.dependencies
    manifest = _manifest(settings, entries, files, assets, handlers, requires, dependencies)
    return manifest, files, assets, exploration.modules


def _manifest(
    settings: _Settings,
    entries: tuple[str, ...],
    files: Mapping[str, bytes],
    assets: Mapping[str, bytes],
    handlers: Handlers,
    requires: dict[str, str],
    dependencies: tuple[Dependency, ...],
) -> Manifest:
    return Manifest(
        FORMAT,
        settings.name,
        entries,
        tuple(Module(path, _sha256(content), len(content)) for path, content in files.items()),
        requires,
        dependencies,
        handlers.entries,
        handlers.migrations,
        settings.limits,
        tuple(Asset(path, _sha256(content), len(content)) for path, content in sorted(assets.items())),
        settings.fallback,
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _assets(
    tree: FolderTree | PackageTree, settings: _Settings, exploration: Exploration
) -> tuple[Mapping[str, bytes], list[Problem]]:
    """The front-end files, and what is wrong with them."""
    folder = settings.assets
    if folder is None:
        return {}, []
    inside = [path for path in sorted(exploration.modules) if path.startswith(f"{folder}/")]
    if inside:
        message = f"this module is in {folder}, the folder of front-end files: keep the two apart"
        return {}, [Problem(inside[0], 0, 0, Rule.PACKAGE_JSON, message)]
    try:
        assets = tree.assets(folder)
    except ResolutionError as error:
        return {}, [Problem("package.json", 0, 0, error.rule, error.message)]
    problems = list(_collisions(assets))
    if settings.fallback is not None and settings.fallback not in assets:
        message = f'there is no {settings.fallback} in {folder}, which "fallback" names'
        problems.append(Problem("package.json", 0, 0, Rule.ASSETS_MISSING, message))
    return assets, problems


def _collisions(paths: Iterable[str]) -> Iterator[Problem]:
    for first, second in collisions(paths):
        message = f"{first} and {second} are the same file where case does not count: rename one"
        yield Problem(second, 0, 0, Rule.PATH_COLLISION, message)


def _read_settings(tree: Tree) -> tuple[_Settings, list[Problem]]:
    problems: list[Problem] = []

    def refuse(message: str) -> None:
        problems.append(Problem("package.json", 0, 0, Rule.PACKAGE_JSON, message))

    try:
        description = Resolver(tree).description("") or {}
    except ResolutionError as error:
        refuse(error.message)
        return _Settings(), problems
    name = description.get("name", DEFAULT_NAME)
    if not isinstance(name, str) or not is_package_name(name):
        refuse('"name" is lower-case letters, digits, `.`, `_` and `-`, as npm wants it')
        name = DEFAULT_NAME
    section = description.get("proven", {})
    if not isinstance(section, dict) or section.keys() - _SECTION:
        refuse('"proven" is an object with "entries", "limits", "assets" and "fallback", all optional')
        section = {}
    entries = section.get("entries")
    if entries is not None and not (
        isinstance(entries, list) and entries and all(isinstance(item, str) for item in entries)
    ):
        refuse('"proven"."entries" is a list of paths such as "src/todo.ts"')
        entries = None
    limits, faults = _read_limits(section.get("limits", {}))
    for fault in faults:
        refuse(f'"proven"."limits": {fault}')
    stated = None if entries is None else tuple(sorted({item.removeprefix("./") for item in entries}))
    assets = section.get("assets")
    if assets is not None and (assets := _assets_folder(assets)) is None:
        refuse('"proven"."assets" is the folder of built front-end files, such as "dist"')
    fallback = section.get("fallback")
    if fallback is not None and (not isinstance(fallback, str) or assets is None):
        refuse('"proven"."fallback" is a file among the "assets", such as "index.html"')
        fallback = None
    return _Settings(name, stated, limits, assets, fallback), problems


def _assets_folder(stated: object) -> str | None:
    """A plain path inside the app's folder; None for anything else."""
    if not isinstance(stated, str):
        return None
    folder = stated.removeprefix("./").removesuffix("/")
    if path_fault(folder) is not None or not IGNORED.isdisjoint(folder.split("/")):
        return None
    return folder


def _read_limits(section: Any) -> tuple[Limits, list[str]]:
    if not isinstance(section, dict) or section.keys() - {"timeout", "memory"}:
        return Limits(), ["an object with timeout (milliseconds) and memory (MiB)"]
    options, faults = read_options(HandlerKind.RPC, section)
    return Limits(options.timeout_ms, options.memory_mib), [fault.message for fault in faults]


def _entries(
    tree: Tree,
    settings: _Settings,
    paths: Iterator[str] | Mapping[str, bytes],
    problems: list[Problem],
    reading: Reading,
) -> tuple[str, ...]:
    if settings.entries is not None:
        for entry in settings.entries:
            if entry.startswith(NPM_PREFIX):
                message = f"{entry!r}: {NPM_PREFIX} at the top is for npm packages, move it elsewhere"
                problems.append(Problem("package.json", 0, 0, Rule.PATH, message))
            elif not entry.endswith(_ENTRY_SUFFIXES) or path_fault(entry) or not tree.exists(entry):
                message = f"the entry module {entry!r} does not exist, or is no .ts or .js file"
                problems.append(Problem("package.json", 0, 0, Rule.ENTRY_MISSING, message))
        return settings.entries
    try:
        candidates = sorted(path for path in paths if _may_be_entry(path))
    except ResolutionError as error:
        problems.append(Problem("package.json", 0, 0, error.rule, error.message))
        return ()
    inside = [path for path in candidates if path.startswith("src/")]
    outside = [path for path in candidates if "/" not in path]
    for group in (inside, outside):
        found = [path for path in group if _declares_handlers(tree, path, problems, reading)]
        if found or problems:
            break
    if not found and not problems:
        message = (
            f"no module under src/ (or at the top) imports {HANDLER_MODULE}: "
            "write `export const hello = run(() => 'hello')`, or start from `proven init`"
        )
        problems.append(Problem("package.json", 0, 0, Rule.NO_HANDLERS, message))
    if len(found) > MAX_ENTRIES:
        problems.append(
            Problem(found[0], 0, 0, Rule.TOO_LARGE, f"there are over {MAX_ENTRIES} entry modules")
        )
    return tuple(found)


def _may_be_entry(path: str) -> bool:
    stem, dot, suffix = path.rpartition(".")
    return (
        dot + suffix in _ENTRY_SUFFIXES
        and not path.endswith(_NOT_ENTRIES)
        and not stem.endswith(_NOT_ENTRIES)
    )


def _declares_handlers(tree: Tree, path: str, problems: list[Problem], reading: Reading) -> bool:
    """Whether a module imports what declares handlers; files that do not mention it are not even parsed."""
    try:
        content = tree.read(path)
    except ResolutionError as error:
        problems.append(Problem(path, 0, 0, error.rule, error.message))
        return False
    if HANDLER_MODULE.encode() not in content:
        return False
    try:
        content.decode()
        return imports_handlers(reading.module(path, content))
    except UnicodeDecodeError as error:
        problems.append(Problem(path, 0, 0, Rule.NOT_UTF8, f"byte {error.start} is not UTF-8"))
    except TooComplexError as error:
        problems.append(Problem(path, 0, 0, Rule.TOO_LARGE, str(error)))
    return False
