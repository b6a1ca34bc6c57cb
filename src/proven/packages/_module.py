"""What one module imports, declares and exports, read from its syntax tree.

TypeScript drops an import whose names are only used as types, and so does this: such a name is *elided*,
which means that it is blanked out of the source that runs. The runtime only strips types file by file and
could not know.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node

from ._scopes import FUNCTIONS, pattern_names
from ._syntax import Source, string_value
from .rules import Problem, Rule

_VALUE_DECLARATIONS: Final = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "class_declaration",
        "abstract_class_declaration",
        "enum_declaration",
    }
)
_TYPE_DECLARATIONS: Final = frozenset(
    {"interface_declaration", "type_alias_declaration", "ambient_declaration", "function_signature"}
)
_TYPE_POSITIONS: Final = frozenset({"type_query", "nested_type_identifier", "type_predicate", "asserts"})


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


def read_module(source: Source, *, own: bool) -> ModuleSyntax:
    """Read a module; `own` for the app's own, whose every construct has to be understood."""
    module = ModuleSyntax(source)
    if own:
        module.problems.extend(source.syntax_errors())
    for statement in source.root.named_children:
        if statement.type == "import_statement":
            _read_import(module, statement)
        elif statement.type == "export_statement":
            _read_export(module, statement)
        else:
            _read_declaration(module, statement)
    if source.path.endswith((".ts", ".mts")):
        _elide_types(module)
    _read_import_calls(module, own=own)
    return module


def read_common_js(source: Source) -> ModuleSyntax:
    """Read what a CommonJS module requires."""
    module = ModuleSyntax(source)
    for token in source.tokens("require", "identifier"):
        call = token.parent
        if call is None or call.type != "call_expression" or call.child_by_field_name("function") != token:
            continue
        specifier = _only_string_argument(source, call)
        if specifier is not None:
            module.edges.append(Edge(specifier, ImportKind.REQUIRE, call, _is_guarded(source, call)))
    _read_import_calls(module, own=False)
    return module


def has_module_syntax(source: Source) -> bool:
    """Whether a file with `import` or `export` statements is meant, the way Node.js tells the two formats
    apart.
    """
    return any(
        statement.type in ("import_statement", "export_statement") for statement in source.root.named_children
    )


def _is_guarded(source: Source, node: Node) -> bool:
    """Whether `node` is in a `try` block or a function, so that it may never run or be allowed to fail."""
    return any(outer.type == "try_statement" or outer.type in FUNCTIONS for outer in source.ancestors(node))


def _only_string_argument(source: Source, call: Node) -> str | None:
    arguments = call.child_by_field_name("arguments")
    if arguments is None or not arguments.named_children:
        return None
    first = arguments.named_children[0]
    return string_value(source, first)


def _has_keyword(node: Node, keyword: str) -> bool:
    return any(child.type == keyword for child in node.children)


def _names(source: Source, specifier: Node) -> tuple[str, str]:
    """The name and the alias of an import or export specifier."""
    name = specifier.child_by_field_name("name")
    alias = specifier.child_by_field_name("alias")
    first = _module_name(source, name) if name is not None else ""
    return first, _module_name(source, alias) if alias is not None else first


def _module_name(source: Source, node: Node) -> str:
    return string_value(source, node) or "" if node.type == "string" else source.text(node)


def _read_import(module: ModuleSyntax, statement: Node) -> None:
    source = module.source
    if any(child.type == "import_require_clause" for child in statement.named_children):
        message = "`import x = require(…)` is CommonJS: write `import x from …`"
        module.problems.append(source.problem(statement, Rule.UNSUPPORTED_SYNTAX, message))
        return
    specifier = string_value(source, statement.child_by_field_name("source"))
    if specifier is None:
        return
    type_only = _has_keyword(statement, "type")
    for clause in statement.named_children:
        if clause.type == "import_clause":
            for binding in _clause_bindings(source, clause, specifier, type_only):
                module.bindings[binding.local] = binding
    if not type_only:
        module.edges.append(Edge(specifier, ImportKind.IMPORT, statement))


def _clause_bindings(source: Source, clause: Node, specifier: str, type_only: bool) -> Iterator[Binding]:
    for part in clause.named_children:
        if part.type == "identifier":
            yield Binding(source.text(part), specifier, "default", part, type_only)
        elif part.type == "namespace_import":
            for name in part.named_children:
                yield Binding(source.text(name), specifier, "*", part, type_only)
        elif part.type == "named_imports":
            for item in part.named_children:
                if item.type == "import_specifier":
                    imported, local = _names(source, item)
                    yield Binding(local, specifier, imported, item, type_only or _has_keyword(item, "type"))


def _read_export(module: ModuleSyntax, statement: Node) -> None:
    source = module.source
    if any(child.type in ("=", "import", "namespace") for child in statement.children):
        message = "`export =` and `export import` have no ES module form: use `export`"
        module.problems.append(source.problem(statement, Rule.UNSUPPORTED_SYNTAX, message))
        return
    specifier = string_value(source, statement.child_by_field_name("source"))
    type_only = _has_keyword(statement, "type")
    if specifier is not None:
        _read_reexport(module, statement, specifier, type_only)
        return
    declaration = statement.child_by_field_name("declaration")
    value = statement.child_by_field_name("value")
    if declaration is not None:
        names = _read_declaration(module, declaration)
        if _has_keyword(statement, "default"):
            _read_default_declaration(module, statement, declaration)
        else:
            for name in names:
                module.exports[name] = LocalExport(name, declaration)
    elif value is not None:
        if value.type == "identifier":
            module.exports["default"] = LocalExport(source.text(value), statement)
        else:
            module.exports["default"] = ValueExport(value, statement)
    else:
        for clause in statement.named_children:
            if clause.type == "export_clause":
                _read_export_clause(module, clause, type_only)


def _read_default_declaration(module: ModuleSyntax, statement: Node, declaration: Node) -> None:
    name = declaration.child_by_field_name("name")
    if name is not None:
        module.exports["default"] = LocalExport(module.source.text(name), statement)
    else:
        module.exports["default"] = ValueExport(declaration, statement)


def _read_export_clause(module: ModuleSyntax, clause: Node, type_only: bool) -> None:
    for item in clause.named_children:
        if item.type != "export_specifier":
            continue
        local, exported = _names(module.source, item)
        if type_only or _has_keyword(item, "type"):
            module.types.add(f"export {exported}")
            module.exports[exported] = LocalExport(f"export {exported}", item)
        else:
            module.exports[exported] = LocalExport(local, item)


def _read_reexport(module: ModuleSyntax, statement: Node, specifier: str, type_only: bool) -> None:
    source = module.source
    type_only = type_only or any(
        statement.start_byte <= start < statement.end_byte for start in source.type_stars
    )
    if not type_only:
        module.edges.append(Edge(specifier, ImportKind.IMPORT, statement))
    clauses = [
        child for child in statement.named_children if child.type in ("export_clause", "namespace_export")
    ]
    if not clauses and not type_only:
        module.stars.append(Edge(specifier, ImportKind.IMPORT, statement))
    for clause in clauses:
        if clause.type == "namespace_export":
            for name in clause.named_children:
                exported = _module_name(source, name)
                if not type_only:
                    module.exports[exported] = FromExport(specifier, "*", statement)
            continue
        for item in clause.named_children:
            if item.type != "export_specifier":
                continue
            name_there, exported = _names(source, item)
            if type_only or _has_keyword(item, "type"):
                module.types.add(f"export {exported}")
                module.exports[exported] = LocalExport(f"export {exported}", item)
            else:
                module.exports[exported] = FromExport(specifier, name_there, item)


def _read_declaration(module: ModuleSyntax, statement: Node) -> list[str]:
    """Note what a top-level statement declares; return the names."""
    source = module.source
    if statement.type in ("lexical_declaration", "variable_declaration"):
        names: list[str] = []
        for declarator in statement.named_children:
            pattern = declarator.child_by_field_name("name")
            if declarator.type != "variable_declarator" or pattern is None:
                continue
            names.extend(pattern_names(source, pattern))
            value = declarator.child_by_field_name("value")
            if pattern.type == "identifier" and value is not None and _has_keyword(statement, "const"):
                module.constants[source.text(pattern)] = value
        module.values.update(names)
        return names
    if statement.type == "expression_statement":
        for child in statement.named_children:
            if child.type == "internal_module":
                return _read_declaration(module, child)
        return []
    name = statement.child_by_field_name("name")
    if statement.type == "ambient_declaration":
        declared = [child for child in statement.named_children if child.type != "comment"]
        names = [n for child in declared for n in _ambient_names(source, child)]
        module.types.update(names)
        return names
    if name is None:
        return []
    text = source.text(name)
    if statement.type in _VALUE_DECLARATIONS or statement.type in ("internal_module", "module"):
        module.values.add(text)
        return [text]
    if statement.type in _TYPE_DECLARATIONS:
        module.types.add(text)
        return [text]
    return []


def _ambient_names(source: Source, declaration: Node) -> Iterator[str]:
    name = declaration.child_by_field_name("name")
    if name is not None:
        yield source.text(name)
    for declarator in declaration.named_children:
        pattern = declarator.child_by_field_name("name")
        if declarator.type == "variable_declarator" and pattern is not None:
            yield from pattern_names(source, pattern)


def _read_import_calls(module: ModuleSyntax, *, own: bool) -> None:
    source = module.source
    for token in source.tokens("import", "import"):
        keyword = token.parent if token.parent is not None and token.parent.type == "import" else token
        call = keyword.parent
        if call is None or call.type != "call_expression":
            continue
        specifier = _only_string_argument(source, call)
        if specifier is not None:
            optional = not own and _is_guarded(source, call)
            module.edges.append(Edge(specifier, ImportKind.IMPORT, call, optional))
        elif own:
            message = "import(…) takes a string literal here, so that the package holds what it loads"
            module.problems.append(source.problem(call, Rule.IMPORT_DYNAMIC, message))


def _elide_types(module: ModuleSyntax) -> None:
    """Blank imported names that are never values, statements of which nothing is left, and exported types."""
    source = module.source
    unused = {name for name, binding in module.bindings.items() if not _is_value(source, binding)}
    for name in unused:
        binding = module.bindings[name]
        module.bindings[name] = Binding(name, binding.specifier, binding.imported, binding.node, True)
    gone: set[int] = set()
    for edge in module.edges:
        if edge.node.type != "import_statement":
            continue
        inside = [b for b in module.bindings.values() if _within(b.node, edge.node)]
        if inside and all(binding.type_only for binding in inside):
            module.elisions.append((edge.node.start_byte, edge.node.end_byte))
            gone.add(edge.node.start_byte)
        else:
            for binding in inside:
                if binding.type_only:
                    module.elisions.append(list_item_span(binding.node))
    module.edges = [edge for edge in module.edges if edge.node.start_byte not in gone]
    for export in module.exports.values():
        if isinstance(export, LocalExport) and module.declares_type(export.local):
            module.elisions.extend(export_spans(export))


def export_spans(export: LocalExport) -> list[Span]:
    """What to blank to no longer export a name that is a type, where stripping types would leave it."""
    if export.node.type == "export_specifier" and not _has_keyword(export.node, "type"):
        clause = export.node.parent
        statement = clause.parent if clause is not None else None
        if statement is not None and not _has_keyword(statement, "type"):
            return [list_item_span(export.node)]
    elif export.node.type == "export_statement" and export.node.child_by_field_name("value") is not None:
        return [(export.node.start_byte, export.node.end_byte)]
    return []


def _within(node: Node, outer: Node) -> bool:
    return outer.start_byte <= node.start_byte and node.end_byte <= outer.end_byte


def _is_value(source: Source, binding: Binding) -> bool:
    if binding.type_only:
        return False
    return any(
        not _within(node, binding.node) and not in_type_position(source, node)
        for node in source.occurrences(binding.local)
    )


def in_type_position(source: Source, node: Node) -> bool:
    """Whether an identifier is part of `typeof x`, of a qualified type name or of a type predicate."""
    for ancestor in source.ancestors(node):
        if ancestor.type not in ("nested_identifier", "member_expression"):
            return ancestor.type in _TYPE_POSITIONS
    return False


def list_item_span(item: Node) -> Span:
    """The bytes of an item in a list of names, with the comma that separates it."""
    following = item.next_sibling
    while following is not None and following.type == "comment":
        following = following.next_sibling
    if following is not None and following.type == ",":
        return item.start_byte, following.end_byte
    previous = item.prev_sibling
    if item.type == "namespace_import" and previous is not None and previous.type == ",":
        return previous.start_byte, item.end_byte
    return item.start_byte, item.end_byte
