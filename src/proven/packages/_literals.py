"""The value of an expression that needs no running: literals, arithmetic on them, and constants of the
module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tree_sitter import Node

from ._module import ModuleSyntax
from ._scopes import is_shadowed
from ._syntax import string_value, unwrap
from .limits import MAX_LITERAL_DEPTH, MAX_LITERAL_ITEMS

_NUMBER: Final = re.compile(
    r"(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
)
_CONSTANTS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None, "undefined": None}
Number = int | float


class NotStaticError(Exception):
    """An expression whose value only running the code would tell. `node` is the part that is to blame."""

    def __init__(self, node: Node, message: str) -> None:
        super().__init__(message)
        self.node = node


def evaluate(module: ModuleSyntax, node: Node) -> Any:
    """The value of `node`: None (also for `undefined`), bool, int, float, str, list or dict of them.

    Raises `NotStaticError`.
    """
    return _Evaluator(module).value(node, 0)


class _Evaluator:
    """One evaluation: bounded in depth and in size, constants that refer to each other in a ring included."""

    def __init__(self, module: ModuleSyntax) -> None:
        self._module = module
        self._source = module.source
        self._items = 0

    def value(self, node: Node, depth: int) -> Any:
        node = unwrap(node)
        self._source.budget.check()
        self._items += 1
        if depth > MAX_LITERAL_DEPTH or self._items > MAX_LITERAL_ITEMS:
            raise NotStaticError(node, "the value is too deep or too large")
        read = _READERS.get(node.type)
        if read is None:
            raise NotStaticError(node, f"{self._excerpt(node)} cannot be read without running the code")
        return read(self, node, depth + 1)

    def _excerpt(self, node: Node) -> str:
        text = " ".join(self._source.text(node).split())
        return f"`{text[:37]}…`" if len(text) > 40 else f"`{text}`"

    def _string(self, node: Node, depth: int) -> str:
        value = string_value(self._source, node)
        if value is None:
            raise NotStaticError(
                node, "a template with substitutions cannot be read without running the code"
            )
        return value

    def _number(self, node: Node, depth: int) -> Number:
        text = self._source.text(node).replace("_", "")
        if not _NUMBER.fullmatch(text) or len(text) > 100:
            raise NotStaticError(node, f"{self._excerpt(node)} is not a number an option could have")
        if text[:2].lower() in ("0x", "0o", "0b"):
            return _plain(int(text, 0))
        if len(text) > 1 and text[0] == "0" and text.isdecimal():
            raise NotStaticError(node, "a number with a leading zero is read in two ways")
        return _plain(float(text))

    def _constant(self, node: Node, depth: int) -> object:
        return _CONSTANTS[node.type]

    def _array(self, node: Node, depth: int) -> list[Any]:
        return [self.value(child, depth) for child in node.named_children if child.type != "comment"]

    def _object(self, node: Node, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for child in node.named_children:
            if child.type == "comment":
                continue
            if child.type == "shorthand_property_identifier":
                result[self._source.text(child)] = self._identifier(child, depth)
                continue
            key, value = child.child_by_field_name("key"), child.child_by_field_name("value")
            if child.type != "pair" or key is None or value is None:
                raise NotStaticError(child, "options have only `name: value` pairs")
            name = self._key(key)
            if name in result:
                raise NotStaticError(child, f"{name!r} is there twice")
            result[name] = self.value(value, depth)
        return result

    def _key(self, key: Node) -> str:
        if key.type == "property_identifier":
            return self._source.text(key)
        name = string_value(self._source, key)
        if name is None:
            raise NotStaticError(key, "a computed name cannot be read without running the code")
        return name

    def _identifier(self, node: Node, depth: int) -> Any:
        name = self._source.text(node)
        constant = self._module.constants.get(name)
        if constant is not None and not is_shadowed(self._source, node, name):
            return self.value(constant, depth)
        if name == "undefined":
            return None
        binding = self._module.bindings.get(name)
        where = f"it is imported from {binding.specifier}" if binding else "it is no `const` of this module"
        raise NotStaticError(node, f"`{name}` cannot be read without running the code: {where}")

    def _member(self, node: Node, depth: int) -> Any:
        target, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        if target is None or name is None or node.child_by_field_name("optional_chain") is not None:
            raise NotStaticError(node, "this cannot be read without running the code")
        value = self.value(target, depth)
        key = self._source.text(name)
        if not isinstance(value, dict) or key not in value:
            raise NotStaticError(node, f"{self._excerpt(node)} is no constant")
        return value[key]

    def _unary(self, node: Node, depth: int) -> Any:
        operator, argument = node.child_by_field_name("operator"), node.child_by_field_name("argument")
        if operator is None or argument is None or operator.type not in ("-", "+", "!"):
            raise NotStaticError(node, f"{self._excerpt(node)} cannot be read without running the code")
        value = self.value(argument, depth)
        if operator.type == "!" and isinstance(value, bool):
            return not value
        if operator.type != "!" and _is_number(value):
            return -value if operator.type == "-" else value
        raise NotStaticError(node, f"{self._excerpt(node)} is neither a number nor a boolean")

    def _binary(self, node: Node, depth: int) -> Number:
        operator = node.child_by_field_name("operator")
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        compute = _ARITHMETIC.get(operator.type) if operator is not None else None
        if compute is None or left is None or right is None:
            raise NotStaticError(node, f"{self._excerpt(node)} cannot be read without running the code")
        first, second = self.value(left, depth), self.value(right, depth)
        if not (_is_number(first) and _is_number(second)):
            raise NotStaticError(node, f"{self._excerpt(node)} is not arithmetic on numbers")
        try:
            result = compute(float(first), float(second))
        except (ArithmeticError, ValueError):
            result = math.nan
        if isinstance(result, complex) or not math.isfinite(result):
            raise NotStaticError(node, f"{self._excerpt(node)} is not a finite number")
        return _plain(result)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(number: Number) -> Number:
    """Whole numbers that a double holds exactly, as `int`."""
    value = float(number)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


_ARITHMETIC: Final[Mapping[str, Callable[[float, float], Any]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": math.fmod,
    "**": lambda left, right: left**right,
}
_READERS: Final[Mapping[str, Callable[[_Evaluator, Node, int], Any]]] = {
    "string": _Evaluator._string,
    "template_string": _Evaluator._string,
    "number": _Evaluator._number,
    "true": _Evaluator._constant,
    "false": _Evaluator._constant,
    "null": _Evaluator._constant,
    "undefined": _Evaluator._constant,
    "array": _Evaluator._array,
    "object": _Evaluator._object,
    "identifier": _Evaluator._identifier,
    "member_expression": _Evaluator._member,
    "unary_expression": _Evaluator._unary,
    "binary_expression": _Evaluator._binary,
}
