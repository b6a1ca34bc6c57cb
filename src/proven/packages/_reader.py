"""Reading modules from their syntax trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from ._elision import elide_types
from ._module import Binding, Edge, FromExport, ImportKind, LocalExport, ModuleSyntax, ValueExport
from ._scopes import FUNCTIONS, pattern_names
from ._syntax import Source, has_keyword, string_value
from .parsing import Budget
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


class Reading:
    """The app's own modules as far as they have been read, each once, within one budget."""

    def __init__(self) -> None:
        self.budget = Budget()
        self._modules: dict[str, ModuleSyntax] = {}

    def module(self, path: str, content: bytes) -> ModuleSyntax:
        """The app's own module at `path`. Raises `TooComplexError`."""
        module = self._modules.get(path)
        if module is None:
            source = Source(path, content, self.budget)
            module = self._modules[path] = read_module(source, own=True)
        return module


def read_module(source: Source, *, own: bool) -> ModuleSyntax:
    """Read a module; `own` for the app's own, whose every construct has to be understood."""
    module = ModuleSyntax(source)
    if own:
        module.problems.extend(source.syntax_errors())
        module.problems.extend(_escaped_names(source))
    for statement in source.root.named_children:
        if statement.type == "import_statement":
            _read_import(module, statement)
        elif statement.type == "export_statement":
            _read_export(module, statement)
        else:
            _read_declaration(module, statement)
    if source.path.endswith((".ts", ".mts")):
        elide_types(module)
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


def _escaped_names(source: Source) -> Iterator[Problem]:
    """Names written with escapes, as in `r\\u0075n`, which would hide what they refer to."""
    for node in source.escapes():
        if node.type.endswith("identifier"):
            message = "write names without escapes, so that everybody can read what they are"
            yield source.problem(node, Rule.UNSUPPORTED_SYNTAX, message)


def _is_guarded(source: Source, node: Node) -> bool:
    """Whether `node` is in a `try` block or a function, so that it may never run or be allowed to fail."""
    return any(outer.type == "try_statement" or outer.type in FUNCTIONS for outer in source.ancestors(node))


def _only_string_argument(source: Source, call: Node) -> str | None:
    arguments = call.child_by_field_name("arguments")
    if arguments is None or not arguments.named_children:
        return None
    first = arguments.named_children[0]
    return string_value(source, first)


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
    type_only = has_keyword(statement, "type")
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
                    yield Binding(local, specifier, imported, item, type_only or has_keyword(item, "type"))


def _read_export(module: ModuleSyntax, statement: Node) -> None:
    source = module.source
    if any(child.type in ("=", "import", "namespace") for child in statement.children):
        message = "`export =` and `export import` have no ES module form: use `export`"
        module.problems.append(source.problem(statement, Rule.UNSUPPORTED_SYNTAX, message))
        return
    specifier = string_value(source, statement.child_by_field_name("source"))
    type_only = has_keyword(statement, "type")
    if specifier is not None:
        _read_reexport(module, statement, specifier, type_only)
        return
    declaration = statement.child_by_field_name("declaration")
    value = statement.child_by_field_name("value")
    if declaration is not None:
        names = _read_declaration(module, declaration)
        if has_keyword(statement, "default"):
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
        if type_only or has_keyword(item, "type"):
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
            if type_only or has_keyword(item, "type"):
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
            if pattern.type == "identifier" and value is not None and has_keyword(statement, "const"):
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
