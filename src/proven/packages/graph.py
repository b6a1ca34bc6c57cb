"""What loads what: every module of a package with its format and where its imports lead.

`explore` walks the imports from the entry modules. The builder walks a folder with it to learn what belongs
into a package, and a node walks the package alone with it to learn how to load it, so that both get the
same answer.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tree_sitter import Node

from ._elision import export_spans, list_item_span
from ._handlers import HANDLER_MODULE
from ._module import Binding, Edge, FromExport, LocalExport, ModuleSyntax, Span
from ._paths import NPM_PREFIX, owner, path_fault
from ._reader import Reading, has_module_syntax, read_common_js, read_module
from ._resolve import (
    BUILTINS,
    DEPENDENCY_SUFFIXES,
    MODULE_SUFFIXES,
    ResolutionError,
    Resolver,
    Tree,
)
from ._syntax import Source
from .limits import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES
from .package import Package
from .parsing import TooComplexError
from .rules import BuildError, Problem, Rule


class ModuleFormat(enum.StrEnum):
    """How a module is loaded."""

    ESM = "esm"
    CJS = "cjs"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ResolvedModule:
    """One module. `imports` maps each specifier in it to a path of the package or a `@proven-network/…` name.

    A specifier that is missing from `imports` leads nowhere: to load it is an error for the code that tries.
    `elisions` are byte ranges that TypeScript does not emit, see `ModuleGraph.source`.
    """

    path: str
    format: ModuleFormat
    imports: Mapping[str, str]
    elisions: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleGraph:
    """All modules that a package can load, by path."""

    modules: Mapping[str, ResolvedModule]
    _package: Package

    @classmethod
    def resolve(cls, package: Package) -> ModuleGraph:
        """Work out the graph of a package from nothing but itself, unless `verify` did that already. Raises
        `ProvenError` (`BUILD_ERROR`).
        """
        if package.derived.modules is None:
            exploration = explore(PackageTree(package), package.manifest.entries)
            if exploration.problems:
                raise BuildError(exploration.problems)
            package.derived.modules = MappingProxyType(exploration.modules)
        return cls(package.derived.modules, package)

    def source(self, path: str) -> bytes:
        """The module as it runs, types still in it: as written, but with names blanked that are only types.

        Length and line breaks stay, so positions do too.
        """
        content = self._package.files[path]
        spans = self.modules[path].elisions
        if not spans:
            return content
        text = bytearray(content)
        for start, end in spans:
            text[start:end] = bytes(byte if byte in b"\r\n" else 0x20 for byte in content[start:end])
        return bytes(text)


class PackageTree:
    """The files of a package as a tree to resolve in."""

    def __init__(self, package: Package) -> None:
        self._files = package.files
        self._assets = package.assets
        manifest = package.manifest
        self._requires = {f"{NPM_PREFIX}{item.key}": item.requires for item in manifest.dependencies}
        self._requires[""] = manifest.requires

    def exists(self, path: str) -> bool:
        """Whether the package has the file."""
        return path in self._files

    def read(self, path: str) -> bytes:
        """The file."""
        return self._files[path]

    def dependency(self, package: str, name: str) -> str | None:
        """What the manifest says that `package` sees as `name`."""
        key = self._requires.get(package, {}).get(name)
        return None if key is None else NPM_PREFIX + key

    def assets(self, folder: str) -> Mapping[str, bytes]:
        """The front-end files, whichever folder they came from. Raises `ResolutionError`."""
        if not self._assets:
            raise ResolutionError(Rule.ASSETS_MISSING, f"the package has no files of {folder}")
        return self._assets


@dataclass(slots=True)
class Exploration:
    """What walking the imports found. `files` are all that belong to the package."""

    modules: dict[str, ResolvedModule] = field(default_factory=dict)
    syntax: dict[str, ModuleSyntax] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def explore(tree: Tree, entries: Iterable[str], reading: Reading | None = None) -> Exploration:
    """Follow every import from `entries`. What is wrong on the way is collected, not raised."""
    return _Explorer(tree, reading or Reading()).explore(entries)


class _Explorer:
    def __init__(self, tree: Tree, reading: Reading) -> None:
        self._tree = tree
        self._reading = reading
        self._resolver = Resolver(tree)
        self._result = Exploration()
        self._parents: dict[str, str | None] = {}
        self._bytes = 0

    def explore(self, entries: Iterable[str]) -> Exploration:
        result = self._result
        pending = deque(entries)
        self._parents = dict.fromkeys(pending)
        try:
            self._resolver.description("")
        except ResolutionError as error:
            result.problems.append(Problem("package.json", 0, 0, error.rule, error.message))
            return result
        while pending:
            path = pending.popleft()
            for target in self._visit(path):
                if target not in self._parents:
                    self._parents[target] = path
                    pending.append(target)
            if len(self._parents) > MAX_FILES or self._bytes > MAX_TOTAL_BYTES:
                message = f"a package has at most {MAX_FILES} files and {MAX_TOTAL_BYTES} bytes"
                result.problems.append(Problem(path, 0, 0, Rule.TOO_LARGE, message))
                break
        self._elide_imported_types()
        result.files.update(result.modules)
        result.files.update(self._resolver.consulted)
        return result

    def _visit(self, path: str) -> list[str]:
        """Read one module; return the paths that it imports."""
        try:
            content = self._content(path)
            if path.endswith(".json"):
                self._result.modules[path] = ResolvedModule(path, ModuleFormat.JSON, {})
                return []
            form, module = self._read(path, content)
        except ResolutionError as error:
            self._problem(Problem(path, 0, 0, error.rule, error.message))
            return []
        except TooComplexError as error:
            self._problem(Problem(path, 0, 0, Rule.TOO_LARGE, str(error)))
            return []
        self._result.problems.extend(module.problems)
        self._result.syntax[path] = module
        imports: dict[str, str] = {}
        for edge in module.edges:
            target = self._resolve(module, edge)
            if target is not None:
                imports.setdefault(edge.specifier, target)
        self._result.modules[path] = ResolvedModule(path, form, imports, tuple(sorted(module.elisions)))
        return [target for target in imports.values() if target not in BUILTINS]

    def _read(self, path: str, content: bytes) -> tuple[ModuleFormat, ModuleSyntax]:
        if not path.startswith(NPM_PREFIX):
            return ModuleFormat.ESM, self._reading.module(path, content)
        source = Source(path, content, self._reading.budget)
        if (form := self._format(source)) is ModuleFormat.CJS:
            return form, read_common_js(source)
        return form, read_module(source, own=False)

    def _content(self, path: str) -> bytes:
        own = not path.startswith(NPM_PREFIX)
        suffixes = MODULE_SUFFIXES if own else DEPENDENCY_SUFFIXES
        if not path.endswith(suffixes) or path.endswith((".d.ts", ".d.mts")):
            message = f"this is not a module, only {', '.join(suffixes)} can be imported"
            raise ResolutionError(Rule.UNSUPPORTED_FILE, message)
        if fault := path_fault(path):
            raise ResolutionError(Rule.PATH, f"this path cannot be in a package: {fault}")
        content = self._tree.read(path)
        if len(content) > MAX_FILE_BYTES:
            raise ResolutionError(Rule.TOO_LARGE, f"a file has at most {MAX_FILE_BYTES} bytes")
        self._bytes += len(content)
        try:
            content.decode()
        except UnicodeDecodeError as error:
            raise ResolutionError(Rule.NOT_UTF8, f"byte {error.start} is not UTF-8") from None
        return content

    def _problem(self, problem: Problem) -> None:
        """Keep a problem, with how the app comes to import the file if that is a dependency's."""
        message = problem.message + self._chain(problem.file)
        found = Problem(problem.file, problem.line, problem.column, problem.rule, message)
        self._result.problems.append(found)

    def _chain(self, path: str) -> str:
        if not path.startswith(NPM_PREFIX):
            return ""
        chain = [path]
        while (importer := self._parents.get(chain[-1])) is not None:
            chain.append(importer)
        return f" (imported by way of {' → '.join(reversed(chain))})"

    def _format(self, source: Source) -> ModuleFormat:
        """ES module or CommonJS, as Node.js decides it; only the app's own are ES modules in any case."""
        path = source.path
        if path.endswith(".mjs"):
            return ModuleFormat.ESM
        if path.endswith(".cjs"):
            return ModuleFormat.CJS
        _, description = self._resolver.scope(path)
        stated = (description or {}).get("type")
        if stated in ("module", "commonjs"):
            return ModuleFormat.ESM if stated == "module" else ModuleFormat.CJS
        return ModuleFormat.ESM if has_module_syntax(source) else ModuleFormat.CJS

    def _resolve(self, module: ModuleSyntax, edge: Edge) -> str | None:
        path = module.path
        try:
            target = self._resolver.resolve(edge.specifier, path, edge.kind)
        except ResolutionError as error:
            if not edge.optional:
                self._problem(module.source.problem(edge.node, error.rule, error.message))
            return None
        if target == HANDLER_MODULE and path.startswith(NPM_PREFIX):
            message = f"{owner(path).removeprefix(NPM_PREFIX)} is a dependency and declares handlers"
            self._problem(module.source.problem(edge.node, Rule.HANDLER_IN_DEPENDENCY, message))
        return target

    def _elide_imported_types(self) -> None:
        """Blank names that are imported from another module of the app which declares them as types."""
        for path, module in self._result.syntax.items():
            resolved = self._result.modules.get(path)
            if resolved is None or not path.endswith((".ts", ".mts")):
                continue
            spans = [*resolved.elisions]
            for binding in module.bindings.values():
                if not binding.type_only and self._is_type(module, binding.specifier, binding.imported):
                    spans.extend(_binding_spans(module, binding))
            for export in module.exports.values():
                if isinstance(export, FromExport) and self._is_type(module, export.specifier, export.name):
                    spans.append(list_item_span(export.node))
            if len(spans) > len(resolved.elisions):
                self._result.modules[path] = ResolvedModule(
                    path, resolved.format, resolved.imports, tuple(sorted(set(spans)))
                )

    def _is_type(self, module: ModuleSyntax, specifier: str, name: str) -> bool:
        """Whether `name` of what `specifier` leads to is a type, followed through re-exports."""
        seen: set[tuple[str, str]] = set()
        pending = [(module.path, specifier, name)]
        while pending:
            importer, wanted, export_name = pending.pop()
            target = self._result.modules[importer].imports.get(wanted)
            there = self._result.syntax.get(target or "")
            if (
                there is None
                or target is None
                or (target, export_name) in seen
                or target.startswith(NPM_PREFIX)
            ):
                continue
            seen.add((target, export_name))
            if there.exports_type(export_name):
                return True
            export = there.exports.get(export_name)
            if isinstance(export, FromExport):
                pending.append((target, export.specifier, export.name))
            elif isinstance(export, LocalExport) and (binding := there.bindings.get(export.local)):
                pending.append((target, binding.specifier, binding.imported))
            elif export is None:
                pending.extend((target, star.specifier, export_name) for star in there.stars)
        return False


def _binding_spans(module: ModuleSyntax, binding: Binding) -> list[Span]:
    """What to blank to no longer import a name, nor export it again."""
    spans = [
        span
        for export in module.exports.values()
        if isinstance(export, LocalExport) and export.local == binding.local
        for span in export_spans(export)
    ]
    clause = binding.node.parent
    if clause is not None and clause.type == "import_clause" and len(clause.named_children) == 1:
        return [*spans, (clause.start_byte, _end_of_from(clause))]
    return [*spans, list_item_span(binding.node)]


def _end_of_from(clause: Node) -> int:
    """The end of the keyword `from` after an import clause."""
    following = clause.next_sibling
    while following is not None and following.type != "from":
        following = following.next_sibling
    return following.end_byte if following is not None else clause.end_byte
