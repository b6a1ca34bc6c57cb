"""Syntax colouring: which bytes of a source file are what, within bounds that hold for any source."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from tree_sitter import Node, Tree, TreeCursor

from proven.packages.parsing import Budget, TooComplexError, parse_within

from ._text import decoded, pieces

MAX_COLOURED: Final = 256 * 1024
"""Larger files are shown without colours."""
MAX_SECONDS: Final = 0.1
"""Processor time for one file. The grammar is ambiguous, and source can make a parser try very many readings,
each of which takes memory.
"""
_KEPT_BYTES: Final = 1024 * 1024
"""Of source. Its tokens take about twenty times as much."""
_PLAIN: Final = re.compile(rb"[\t\x20-\x7e]*")

Span = tuple[int, int, str]
Token = tuple[str, str]
"""A class of the style sheet, empty for none, and text. Class `odd` is a character that was written out."""

_TSX: Final = (".tsx", ".jsx")
_TYPESCRIPT: Final = (".ts", ".mts", ".cts", ".js", ".mjs", ".cjs", ".json")
_BY_TYPE: Final = {
    "comment": "comment",
    "hash_bang_line": "comment",
    "html_comment": "comment",
    "string_fragment": "string",
    "escape_sequence": "string",
    "regex_pattern": "string",
    "regex_flags": "string",
    "number": "number",
    "true": "number",
    "false": "number",
    "null": "number",
    "undefined": "number",
    "this": "keyword",
    "super": "keyword",
    "type_identifier": "type",
    "property_identifier": "property",
    "shorthand_property_identifier": "property",
    "shorthand_property_identifier_pattern": "property",
    "private_property_identifier": "property",
}
CLASSES: Final = frozenset({*_BY_TYPE.values(), "function", "odd"})
_IN_STRINGS: Final = frozenset({"string", "template_string", "regex", "template_literal_type"})
_TEMPLATES: Final = frozenset({"template_string", "template_literal_type"})
_WHOLE: Final = frozenset({"string", "regex", "comment"})
_NAMES: Final = frozenset({"identifier", "property_identifier", "private_property_identifier"})
_FUNCTIONS: Final = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "function_signature",
        "method_definition",
        "method_signature",
        "call_expression",
        "new_expression",
    }
)


class Colouring:
    """One file, parsed if it can be. `coloured` says whether it was."""

    def __init__(self, path: str, content: bytes) -> None:
        self._content = content
        self._tree = _parse(path, content)
        self._known: dict[tuple[int, int], list[Token]] = {}

    @property
    def coloured(self) -> bool:
        return self._tree is not None

    def rows(self, rows: list[tuple[int, int]]) -> list[list[Token]]:
        """The tokens of rows (the bytes from one place to another) in ascending order, none of which
        overlap.
        """
        if not all(row in self._known for row in rows):
            self._known.update(zip(rows, self._tokens(rows), strict=True))
        return [self._known[row] for row in rows]

    def _tokens(self, rows: list[tuple[int, int]]) -> list[list[Token]]:
        spans = self._spans(rows[0][0], rows[-1][1])
        span = next(spans, None)
        found: list[list[Token]] = []
        for start, end in rows:
            tokens: list[Token] = []
            position = start
            while span is not None and span[0] < end:
                first, last = max(span[0], position), min(span[1], end)
                if first < last:
                    self._add(tokens, "", position, first)
                    self._add(tokens, span[2], first, last)
                    position = last
                if span[1] > end:
                    break
                span = next(spans, None)
            self._add(tokens, "", position, end)
            found.append(tokens)
        return found

    def _add(self, tokens: list[Token], kind: str, start: int, end: int) -> None:
        if start >= end:
            return
        content = self._content[start:end]
        if _PLAIN.fullmatch(content):
            _append(tokens, kind, content.decode("ascii"))
            return
        for text, odd in pieces(decoded(content)):
            if odd:
                tokens.append(("odd", text))
            else:
                _append(tokens, kind, text)

    def _spans(self, start: int, end: int) -> Iterator[Span]:
        return iter(()) if self._tree is None else _walk(self._tree.walk(), start, end)


class Colourings:
    """The files that were coloured lately, for they are looked at more than once."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, bytes], Colouring] = OrderedDict()
        self._bytes = 0
        self._turn = threading.Lock()

    def of(self, path: str, content: bytes) -> Colouring:
        if len(content) > MAX_COLOURED:
            return Colouring(path, content)
        key = (path, content)
        with self._turn:
            colouring = self._kept.get(key)
            if colouring is None:
                colouring = self._kept[key] = Colouring(path, content)
                self._bytes += len(content)
            self._kept.move_to_end(key)
            while self._bytes > _KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[0][1])
        return colouring


def _append(tokens: list[Token], kind: str, text: str) -> None:
    if tokens and tokens[-1][0] == kind:
        text = tokens.pop()[1] + text
    tokens.append((kind, text))


def _parse(path: str, content: bytes) -> Tree | None:
    tsx = path.endswith(_TSX)
    if len(content) > MAX_COLOURED or not (tsx or path.endswith(_TYPESCRIPT)):
        return None
    try:
        return parse_within(Budget(MAX_SECONDS), content, tsx=tsx)
    except TooComplexError:
        return None


def _walk(cursor: TreeCursor, start: int, end: int) -> Iterator[Span]:
    """The leaves that have a colour, in order. `around` are the types of the nodes outside of the present
    one (asking a node for its parent takes time that grows with its depth), `gaps` is up to where each
    template string around has been read: its text is between its nodes.
    """
    around: list[str] = []
    gaps: list[int] = []
    while True:
        node = cursor.node
        if node is None or node.start_byte >= end:
            return
        kind = node.type
        in_template = bool(around) and around[-1] in _TEMPLATES
        if in_template:
            if max(start, gaps[-1]) < node.start_byte:
                yield gaps[-1], node.start_byte, "string"
            gaps[-1] = node.end_byte
        if node.end_byte > start:
            if kind not in _WHOLE and cursor.goto_first_child():
                around.append(kind)
                if kind in _TEMPLATES:
                    gaps.append(node.start_byte)
                continue
            colour = _colour(kind, node, cursor, around)
            if colour:
                yield node.start_byte, node.end_byte, colour
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            if around.pop() in _TEMPLATES:
                gaps.pop()


def _colour(kind: str, node: Node, cursor: TreeCursor, around: list[str]) -> str:
    outer = around[-1] if around else ""
    if kind in _WHOLE:
        return "comment" if kind == "comment" else "string"
    if kind in _NAMES:
        field = cursor.field_name
        if field in ("name", "function", "constructor") and outer in _FUNCTIONS:
            return "function"
        if field == "property" and outer == "member_expression" and around[-2:-1] == ["call_expression"]:
            return "function"
    if outer == "predefined_type":
        return "type"
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if kind.isalpha() and not node.is_named:
        return "keyword"
    return "string" if outer in _IN_STRINGS and kind in ("`", '"', "'") else ""
