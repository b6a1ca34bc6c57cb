"""What a handler's arguments are called, read from its source: for forms and other help, never for rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from ._handlers import DEFAULT, find_handlers
from ._module import LocalExport, ModuleSyntax, ValueExport
from ._reader import read_module
from ._syntax import Source, unwrap
from .manifest import HandlerEntry
from .package import Package
from .parsing import TooComplexError

MAX_PARAMETERS: Final = 32
_MAX_NAME: Final = 80
_MAX_TYPE: Final = 200
_FUNCTIONS: Final = frozenset(
    {"arrow_function", "function_expression", "function_declaration", "generator_function_declaration"}
)
_SPACE: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as written; `type` is its annotation's text. A `rest` one takes all that follow."""

    name: str
    type: str | None = None
    optional: bool = False
    rest: bool = False


def parameters(package: Package, handlers: tuple[HandlerEntry, ...]) -> dict[str, tuple[Parameter, ...]]:
    """The parameters of `handlers` by address, without those that cannot be read off their own module."""
    found: dict[str, tuple[Parameter, ...]] = {}
    modules: dict[str, ModuleSyntax | None] = {}
    for handler in handlers:
        content = package.files.get(handler.module)
        if content is None:
            continue
        try:
            if handler.module not in modules:
                modules[handler.module] = None
                modules[handler.module] = read_module(Source(handler.module, content), own=True)
            module = modules[handler.module]
            read = None if module is None else _read(module, handler.export)
        except (TooComplexError, UnicodeError):
            continue
        if read is not None:
            found[handler.address] = read
    return found


def _read(module: ModuleSyntax, export: str) -> tuple[Parameter, ...] | None:
    exported = module.exports.get(export)
    if isinstance(exported, LocalExport):
        place = exported.local
    elif isinstance(exported, ValueExport):
        place = DEFAULT
    else:
        return None
    declaration = find_handlers(module).found.get(place)
    arguments = declaration and declaration.node.child_by_field_name("arguments")
    if not arguments or not arguments.named_children:
        return None
    function = _function(module, unwrap(arguments.named_children[-1]))
    return None if function is None else _parameters(module.source, function)


def _function(module: ModuleSyntax, node: Node) -> Node | None:
    if node.type in _FUNCTIONS:
        return node
    if node.type != "identifier":
        return None
    name = module.source.text(node)
    constant = module.constants.get(name)
    if constant is not None:
        value = unwrap(constant)
        return value if value.type in _FUNCTIONS else None
    for statement in module.source.root.named_children:
        declared = statement.child_by_field_name("declaration") or statement
        named = declared.child_by_field_name("name")
        if declared.type in _FUNCTIONS and named is not None and module.source.text(named) == name:
            return declared
    return None


def _parameters(source: Source, function: Node) -> tuple[Parameter, ...]:
    alone = function.child_by_field_name("parameter")
    if alone is not None:
        return (Parameter(_short(source.text(alone), _MAX_NAME)),)
    listed = function.child_by_field_name("parameters")
    found: list[Parameter] = []
    for node in listed.named_children if listed is not None else []:
        pattern = node.child_by_field_name("pattern")
        if pattern is None or pattern.type == "this":
            continue
        rest = pattern.type == "rest_pattern"
        annotation = node.child_by_field_name("type")
        optional = node.type == "optional_parameter" or node.child_by_field_name("value") is not None
        found.append(
            Parameter(
                _short(source.text(pattern).removeprefix("..."), _MAX_NAME),
                None if annotation is None else _short(source.text(annotation)[1:], _MAX_TYPE),
                optional or rest,
                rest,
            )
        )
    return tuple(found[:MAX_PARAMETERS])


def _short(text: str, limit: int) -> str:
    text = _SPACE.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
