"""Which names the scopes of a module declare, to tell what a name in it refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from ._syntax import Source

FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
        "class_static_block",
    }
)
_BLOCKS: Final = frozenset(
    {"statement_block", "for_statement", "for_in_statement", "catch_clause", "switch_body", "class_body"}
)


_NAMED: Final = frozenset({"class", "internal_module", "module"})
_SCOPES: Final = FUNCTIONS | _BLOCKS | _NAMED
_PATTERN_FIELDS: Final = {
    "assignment_pattern": "left",
    "object_assignment_pattern": "left",
    "pair_pattern": "value",
}


def is_shadowed(source: Source, reference: Node, name: str) -> bool:
    """Whether a scope between `reference` and the top of the module declares `name` anew."""
    child = reference
    for scope in source.ancestors(reference):
        outside = child.type in ("decorator", "computed_property_name")
        if scope.type in _SCOPES and not outside and name in _names(source, scope):
            return True
        child = scope
    return False


def _names(source: Source, scope: Node) -> frozenset[str]:
    """The names that one scope declares, worked out once."""
    names = source.names_of_scopes.get(scope.id)
    if names is None:
        if scope.type in FUNCTIONS:
            found = _function_names(source, scope)
        elif scope.type in _NAMED:
            own = _own_name(source, scope)
            found = {own} if own is not None else set()
        else:
            found = _block_names(source, scope)
        names = source.names_of_scopes[scope.id] = frozenset(found)
    return names


def _own_name(source: Source, node: Node) -> str | None:
    name = node.child_by_field_name("name")
    return source.text(name) if name is not None else None


def _function_names(source: Source, function: Node) -> set[str]:
    names: set[str] = set()
    if function.type == "function_expression" and (own := _own_name(source, function)):
        names.add(own)
    for field in ("parameters", "parameter"):
        parameters = function.child_by_field_name(field)
        if parameters is None:
            continue
        for parameter in [parameters] if parameters.type == "identifier" else parameters.named_children:
            pattern = parameter.child_by_field_name("pattern") or parameter
            names.update(pattern_names(source, pattern))
    body = function.child_by_field_name("body")
    if body is not None:
        names.update(_var_names(source, body))
    return names


def _var_names(source: Source, node: Node) -> set[str]:
    """Names that `var` hoists to the function that `node` is the body of."""
    names: set[str] = set()
    pending = [node]
    while pending:
        for child in pending.pop().named_children:
            if child.type == "variable_declaration":
                for declarator in child.named_children:
                    pattern = declarator.child_by_field_name("name")
                    if pattern is not None:
                        names.update(pattern_names(source, pattern))
            elif child.type == "for_in_statement" and child.child_by_field_name("kind") is not None:
                left = child.child_by_field_name("left")
                if left is not None:
                    names.update(pattern_names(source, left))
            if child.type not in FUNCTIONS:
                pending.append(child)
    return names


def _block_names(source: Source, block: Node) -> set[str]:
    """Names that the statements of a block declare in it."""
    names: set[str] = set()
    if block.type == "catch_clause" and (parameter := block.child_by_field_name("parameter")):
        names.update(pattern_names(source, parameter))
    if block.type == "for_in_statement" and block.child_by_field_name("kind") is not None:
        left = block.child_by_field_name("left")
        if left is not None:
            names.update(pattern_names(source, left))
    cases = block.named_children if block.type == "switch_body" else [block]
    statements = [statement for case in cases for statement in case.named_children]
    for statement in statements:
        if statement.type in ("lexical_declaration", "variable_declaration"):
            for declarator in statement.named_children:
                pattern = declarator.child_by_field_name("name")
                if pattern is not None:
                    names.update(pattern_names(source, pattern))
        elif (
            statement.type.endswith("_declaration") or statement.type in ("internal_module", "module")
        ) and (own := _own_name(source, statement)):
            names.add(own)
    return names


def pattern_names(source: Source, pattern: Node) -> Iterator[str]:
    """The names that a binding pattern declares."""
    pending = [pattern]
    while pending:
        part = pending.pop()
        if part.type in ("identifier", "shorthand_property_identifier_pattern"):
            yield source.text(part)
        elif part.type in ("object_pattern", "array_pattern", "rest_pattern"):
            pending.extend(reversed(part.named_children))
        elif field := _PATTERN_FIELDS.get(part.type):
            inner = part.child_by_field_name(field)
            if inner is not None:
                pending.append(inner)
