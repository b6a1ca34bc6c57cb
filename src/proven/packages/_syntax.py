"""Parsing: a source file, its syntax tree, where things are in it, and what a name in it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node

from .parsing import Budget, parse, parse_within
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

_CLOSING: Final = {")": ("(",), "]": ("[",), "}": ("{", "${")}
_OPENING: Final = frozenset("([{") | {"${"}
_REFERENCES: Final = frozenset({"identifier", "shorthand_property_identifier"})
_TYPE_STAR: Final = re.compile(rb"\bexport\s+(type)\s*\*")
_ESCAPE: Final = re.compile(rb"\\u")
_COMMENT: Final = "comment"
_TYPE_POSITIONS: Final = frozenset({"type_query", "nested_type_identifier", "type_predicate", "asserts"})


class Source:
    """One parsed file. Text is looked at as bytes; positions are reported in characters.

    Searching it and climbing in it raise `TooComplexError` when `budget` is used up; so does parsing what is
    `interruptible`, which takes longer.
    """

    def __init__(
        self, path: str, content: bytes, budget: Budget | None = None, *, interruptible: bool = False
    ) -> None:
        self.path = path
        self.content = content
        self.names_of_scopes: dict[int, frozenset[str]] = {}
        self.budget = budget or Budget()
        self.budget.check()
        self._interruptible = interruptible
        self.type_stars: frozenset[int] = frozenset()
        self.root = self._parse(content)
        if self.root.has_error:
            self._parse_without_type_stars()

    def _parse_without_type_stars(self) -> None:
        """The grammar does not know `export type * from`: read `export * from`, and remember where."""
        stars = [match.span(1) for match in _TYPE_STAR.finditer(self.content)]
        if not stars:
            return
        plain = bytearray(self.content)
        for start, end in stars:
            plain[start:end] = b" " * (end - start)
        self.root = self._parse(bytes(plain))
        self.type_stars = frozenset(start for start, _ in stars)

    def _parse(self, content: bytes) -> Node:
        tree = parse_within(self.budget, content) if self._interruptible else parse(content)
        return tree.root_node

    def text(self, node: Node) -> str:
        """The source text of a node."""
        return self.content[node.start_byte : node.end_byte].decode()

    def problem(self, node: Node, rule: Rule, message: str) -> Problem:
        """A problem at the start of `node`."""
        self.budget.check()
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

    def ancestors(self, node: Node) -> Iterator[Node]:
        """The nodes around `node`, from the inside out."""
        ancestor = node.parent
        while ancestor is not None:
            self.budget.check()
            yield ancestor
            ancestor = ancestor.parent

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

    def escapes(self) -> Iterator[Node]:
        """Every token with a Unicode escape in it."""
        for match in _ESCAPE.finditer(self.content):
            self.budget.check()
            node = self.root.descendant_for_byte_range(*match.span())
            if node is not None:
                yield node

    def _tokens(self, name: str) -> Iterator[Node]:
        pattern = re.compile(rb"(?<![\w$])" + re.escape(name.encode()) + rb"(?![\w$])")
        for match in pattern.finditer(self.content):
            self.budget.check()
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


def has_keyword(node: Node, keyword: str) -> bool:
    """Whether a statement or specifier has a keyword such as `type` in it."""
    return any(child.type == keyword for child in node.children)


def in_type_position(source: Source, node: Node) -> bool:
    """Whether an identifier is part of `typeof x`, of a qualified type name or of a type predicate."""
    for ancestor in source.ancestors(node):
        if ancestor.type not in ("nested_identifier", "member_expression"):
            return ancestor.type in _TYPE_POSITIONS
    return False
