"""Parsing: a source file, its syntax tree, where things are in it, and what a name in it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

from .rules import Problem, Rule

WRAPPERS: Final = frozenset(
    {
        "parenthesized_expression",
        "as_expression",
        "satisfies_expression",
        "non_null_expression",
        "type_assertion",
    }
)
"""Expressions whose value is that of one expression inside them."""

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
_CLOSING: Final = {")": ("(",), "]": ("[",), "}": ("{", "${")}
_OPENING: Final = frozenset("([{") | {"${"}
_REFERENCES: Final = frozenset({"identifier", "shorthand_property_identifier"})
_TYPE_STAR: Final = re.compile(rb"\bexport\s+(type)\s*\*")
_COMMENT: Final = "comment"


@cache
def _language() -> Language:
    return Language(tree_sitter_typescript.language_typescript())


class Source:
    """One parsed file. Text is looked at as bytes; positions are reported in characters."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self.type_stars: frozenset[int] = frozenset()
        self.root = Parser(_language()).parse(content).root_node
        if self.root.has_error:
            self._parse_without_type_stars()

    def _parse_without_type_stars(self) -> None:
        """The grammar does not know `export type * from`: read it as `export * from` and remember which it
        is.
        """
        stars = [match.span(1) for match in _TYPE_STAR.finditer(self.content)]
        if not stars:
            return
        plain = bytearray(self.content)
        for start, end in stars:
            plain[start:end] = b" " * (end - start)
        self.root = Parser(_language()).parse(bytes(plain)).root_node
        self.type_stars = frozenset(start for start, _ in stars)

    def text(self, node: Node) -> str:
        """The source text of a node."""
        return self.content[node.start_byte : node.end_byte].decode()

    def problem(self, node: Node, rule: Rule, message: str) -> Problem:
        """A problem at the start of `node`."""
        row, column = node.start_point
        line = self.content[node.start_byte - column : node.start_byte]
        return Problem(self.path, row + 1, len(line.decode(errors="replace")) + 1, rule, message)

    def syntax_errors(self) -> Iterator[Problem]:
        """Where the file is not TypeScript."""
        if not self.root.has_error:
            return
        if unclosed := self._unclosed():
            bracket = self.text(unclosed)
            yield self.problem(unclosed, Rule.SYNTAX, f"this {bracket!r} is never closed")
            return
        pending = [self.root]
        while pending:
            node = pending.pop()
            if node.is_missing:
                yield self.problem(node, Rule.SYNTAX, f"{node.type!r} is missing here")
            elif node.is_error:
                found = self.text(node).split("\n", 1)[0][:60]
                yield self.problem(node, Rule.SYNTAX, f"this is not TypeScript: {found!r}")
            elif node.has_error:
                pending.extend(node.children)

    def _unclosed(self) -> Node | None:
        """The innermost bracket that nothing closes; the parser would blame the start of the file for it."""
        opened: list[Node] = []
        pending = [self.root]
        while pending:
            node = pending.pop()
            if node.type in _CLOSING and opened and opened[-1].type in _CLOSING[node.type]:
                opened.pop()
            elif node.type in _OPENING and not node.is_missing:
                opened.append(node)
            pending.extend(reversed(node.children))
        return opened[-1] if opened else None

    def occurrences(self, name: str) -> Iterator[Node]:
        """Every place where `name` is an identifier that stands for a value, imports included."""
        for node in self._tokens(name):
            if node.type in _REFERENCES:
                yield node

    def tokens(self, name: str, kind: str) -> Iterator[Node]:
        """Every token `name` of the given node type."""
        for node in self._tokens(name):
            if node.type == kind:
                yield node

    def _tokens(self, name: str) -> Iterator[Node]:
        pattern = re.compile(rb"(?<![\w$])" + re.escape(name.encode()) + rb"(?![\w$])")
        for match in pattern.finditer(self.content):
            node = self.root.descendant_for_byte_range(*match.span())
            if node is not None and (node.start_byte, node.end_byte) == match.span():
                yield node


def unwrap(node: Node) -> Node:
    """The expression inside parentheses, `as`, `satisfies`, `!` and `<T>`."""
    while node.type in WRAPPERS:
        children = [child for child in node.named_children if child.type != _COMMENT]
        if not children:
            return node
        node = children[-1] if node.type == "type_assertion" else children[0]
    return node


def string_value(source: Source, node: Node | None) -> str | None:
    """The value of a string literal or of a template without substitutions; None for anything else."""
    if node is None or node.type not in ("string", "template_string"):
        return None
    parts: list[str] = []
    template = node.type == "template_string"
    end = node.start_byte + 1
    for child in node.named_children:
        if child.type == "template_substitution":
            return None
        parts.append(source.content[end : child.start_byte].decode())
        text = source.text(child)
        if child.type == "escape_sequence":
            value = _unescape(text)
            if value is None:
                return None
            text = value
        parts.append(text)
        end = child.end_byte
    parts.append(source.content[end : node.end_byte - 1].decode())
    joined = "".join(parts)
    if template:
        joined = joined.replace("\r\n", "\n").replace("\r", "\n")
    try:
        return joined.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return None


_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}


def _unescape(text: str) -> str | None:
    body = text[1:]
    if body[:1] in ("x", "u"):
        digits = body[1:].strip("{}")
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return None
    if body in ("\n", "\r\n", "\r", "\u2028", "\u2029"):
        return ""
    if body[:1].isdigit() and body != "0":
        return None
    return _ESCAPES.get(body, body)


def is_shadowed(source: Source, reference: Node, name: str) -> bool:
    """Whether a scope between `reference` and the top of the module declares `name` anew."""
    child, scope = reference, reference.parent
    while scope is not None and scope.type != "program":
        if scope.type in FUNCTIONS:
            if name in _function_names(source, scope) and child.type not in (
                "decorator",
                "computed_property_name",
            ):
                return True
        elif (scope.type in _BLOCKS and name in _block_names(source, scope)) or (
            scope.type in ("class", "internal_module", "module") and _own_name(source, scope) == name
        ):
            return True
        child, scope = scope, scope.parent
    return False


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
    if pattern.type in ("identifier", "shorthand_property_identifier_pattern"):
        yield source.text(pattern)
    elif pattern.type in ("object_pattern", "array_pattern", "rest_pattern"):
        for child in pattern.named_children:
            yield from pattern_names(source, child)
    elif pattern.type in ("assignment_pattern", "object_assignment_pattern"):
        left = pattern.child_by_field_name("left")
        if left is not None:
            yield from pattern_names(source, left)
    elif pattern.type == "pair_pattern":
        value = pattern.child_by_field_name("value")
        if value is not None:
            yield from pattern_names(source, value)
