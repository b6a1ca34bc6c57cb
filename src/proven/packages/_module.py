"""What packaging knows of one module: what it imports, declares and exports, and what of it is only types."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from tree_sitter import Node

from ._syntax import Source
from .rules import Problem


class ImportKind(enum.Enum):
    """How a module asks for another, which decides the conditions it is resolved under."""

    IMPORT = "import"
    REQUIRE = "require"


@dataclass(frozen=True, slots=True)
class Edge:
    """One request of a module for another. An optional one may stay unresolved until it is run."""

    specifier: str
    kind: ImportKind
    node: Node
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """A name that a module imports: `imported` is the exporter's name for it, `*` for its namespace."""

    local: str
    specifier: str
    imported: str
    node: Node
    type_only: bool


@dataclass(frozen=True, slots=True)
class LocalExport:
    """`export const x`, `export { x }`, `export default x`."""

    local: str
    node: Node


@dataclass(frozen=True, slots=True)
class FromExport:
    """`export { name } from 'specifier'`; `name` is `*` for `export * as ns from`."""

    specifier: str
    name: str
    node: Node


@dataclass(frozen=True, slots=True)
class ValueExport:
    """`export default <expression>`."""

    value: Node
    node: Node


Export = LocalExport | FromExport | ValueExport
Span = tuple[int, int]


@dataclass(slots=True)
class ModuleSyntax:
    """The parts of a module that packaging cares about.

    `constants` are the values of top-level `const`s with a plain name. `elisions` are byte ranges that
    TypeScript does not emit.
    """

    source: Source
    edges: list[Edge] = field(default_factory=list)
    bindings: dict[str, Binding] = field(default_factory=dict)
    exports: dict[str, Export] = field(default_factory=dict)
    stars: list[Edge] = field(default_factory=list)
    constants: dict[str, Node] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    elisions: list[Span] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Its path in the package."""
        return self.source.path

    def exports_type(self, name: str) -> bool:
        """Whether the export `name` is a type declared here and not a value."""
        export = self.exports.get(name)
        return isinstance(export, LocalExport) and self.declares_type(export.local)

    def declares_type(self, local: str) -> bool:
        """Whether `local` is a type here and not a value."""
        if local in self.values:
            return False
        binding = self.bindings.get(local)
        return binding.type_only if binding else local in self.types
