"""Finding the handlers that one module declares, without running it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tree_sitter import Node

from ._literals import NotStaticError, evaluate
from ._module import Binding, ModuleSyntax
from ._options import read_options
from ._scopes import FUNCTIONS, is_shadowed
from ._syntax import WRAPPERS, in_type_position, string_value
from .manifest import HandlerKind, HandlerOptions
from .rules import Problem, Rule

HANDLER_MODULE: Final = "@proven-network/handler"
KINDS: Final[Mapping[str, HandlerKind]] = {
    "run": HandlerKind.RPC,
    "runWithOptions": HandlerKind.RPC,
    "runOnHttp": HandlerKind.HTTP,
    "runOnSchedule": HandlerKind.SCHEDULE,
    "runOnEvent": HandlerKind.EVENT,
    "runOnProvenEvent": HandlerKind.EVENT,
    "runOnRadixEvent": HandlerKind.RADIX_EVENT,
    "runOnEthereumEvent": HandlerKind.ETHEREUM_EVENT,
    "runOnBitcoinEvent": HandlerKind.BITCOIN_EVENT,
    "runOnHealthCheck": HandlerKind.HEALTH_CHECK,
}
DEFAULT: Final = "*default*"
"""Where a handler is kept that is exported as `export default run(…)` and has no name of its own."""

_CONDITIONAL: Final = frozenset(
    {"ternary_expression", "binary_expression", "await_expression", "sequence_expression"}
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One `run…(…)` that is the whole value of a top-level `const` or default export."""

    name: str
    kind: HandlerKind
    options: HandlerOptions
    node: Node


@dataclass(slots=True)
class Declarations:
    """The handlers of a module, by the local name that holds each."""

    found: dict[str, Declaration] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def imports_handlers(module: ModuleSyntax) -> bool:
    """Whether a module imports something of `@proven-network/handler` that is not a type."""
    return any(edge.specifier == HANDLER_MODULE for edge in module.edges)


def find_handlers(module: ModuleSyntax) -> Declarations:
    """Find every handler that `module` declares.

    Each use of `run` and its kin is either the declaration of a handler or a problem; none is passed over.
    """
    result = Declarations()
    if not imports_handlers(module):
        return result
    for edge in module.edges:
        if edge.specifier == HANDLER_MODULE and edge.node.type != "import_statement":
            message = f"{HANDLER_MODULE} can only be used with an `import` statement at the top of the module"
            result.problems.append(module.source.problem(edge.node, Rule.HANDLER_ESCAPES, message))
    for binding in list(module.bindings.values()):
        if binding.specifier == HANDLER_MODULE and not binding.type_only:
            _read_uses(module, binding, result)
    return result


def _read_uses(module: ModuleSyntax, binding: Binding, result: Declarations) -> None:
    source = module.source
    if binding.imported not in ("*", *KINDS):
        message = f"{HANDLER_MODULE} has no export {binding.imported!r}; it has {', '.join(KINDS)}"
        result.problems.append(source.problem(binding.node, Rule.HANDLER_UNKNOWN, message))
        return
    for reference in source.occurrences(binding.local):
        if (
            binding.node.start_byte <= reference.start_byte < binding.node.end_byte
            or in_type_position(source, reference)
            or is_shadowed(source, reference, binding.local)
        ):
            continue
        function, name = _called_function(module, binding, reference)
        if name not in KINDS:
            message = f"{HANDLER_MODULE} has no export {name!r}; it has {', '.join(KINDS)}"
            result.problems.append(source.problem(function, Rule.HANDLER_UNKNOWN, message))
            continue
        call = function.parent
        if (
            call is None
            or call.type != "call_expression"
            or call.child_by_field_name("function") != function
            or any(child.type in ("?.", "optional_chain") for child in call.children)
        ):
            message = f"`{name}` can only be called directly: `export const x = {name}(…)`"
            result.problems.append(source.problem(reference, Rule.HANDLER_ESCAPES, message))
            continue
        _read_call(module, call, name, result)


def _called_function(module: ModuleSyntax, binding: Binding, reference: Node) -> tuple[Node, str]:
    """The node that stands for the handler function, and its name: of `h.run` the whole expression."""
    if binding.imported != "*":
        return reference, binding.imported
    member = reference.parent
    if member is not None and member.child_by_field_name("object") == reference:
        if member.type == "member_expression" and (name := member.child_by_field_name("property")):
            return member, module.source.text(name)
        if member.type == "subscript_expression":
            text = string_value(module.source, member.child_by_field_name("index"))
            if text is not None:
                return member, text
    return reference, next(iter(KINDS))


def _read_call(module: ModuleSyntax, call: Node, name: str, result: Declarations) -> None:
    place = _place(module, call)
    if isinstance(place, Problem):
        result.problems.append(place)
        return
    problems, options = _read_arguments(module, call, name)
    result.problems.extend(problems)
    result.found[place] = Declaration(place, KINDS[name], options, call)


def _place(module: ModuleSyntax, call: Node) -> str | Problem:
    """The local name that holds the handler, or what is wrong with where it stands."""
    source = module.source
    parent = next((node for node in source.ancestors(call) if node.type not in WRAPPERS), None)
    if parent is None:
        return source.problem(call, Rule.HANDLER_NOT_TOP_LEVEL, "a handler is an export of its module")
    if parent.type == "export_statement":
        return DEFAULT
    if parent.type != "variable_declarator":
        return _misplaced(module, call, parent)
    declaration = parent.parent
    pattern = parent.child_by_field_name("name")
    holder = declaration.parent if declaration is not None else None
    if (
        declaration is None
        or holder is None
        or pattern is None
        or holder.type not in ("program", "export_statement")
    ):
        message = "a handler is declared at the top level of its module: `export const x = run(…)`"
        return source.problem(call, Rule.HANDLER_NOT_TOP_LEVEL, message)
    if declaration.type != "lexical_declaration" or declaration.children[0].type != "const":
        message = "a handler is a `const`, so that what is found here is what runs"
        return source.problem(declaration, Rule.HANDLER_NOT_CONST, message)
    if pattern.type != "identifier":
        message = "a handler has one plain name, it cannot be destructured"
        return source.problem(pattern, Rule.HANDLER_NOT_PLAIN, message)
    return source.text(pattern)


def _misplaced(module: ModuleSyntax, call: Node, parent: Node) -> Problem:
    source = module.source
    for ancestor in source.ancestors(call):
        if ancestor.type in FUNCTIONS or ancestor.type in ("class_body", "statement_block"):
            message = (
                "a handler is declared at the top level of its module, not inside a function, class or block"
            )
            return source.problem(call, Rule.HANDLER_NOT_TOP_LEVEL, message)
    if parent.type in ("assignment_expression", "augmented_assignment_expression"):
        message = "a handler is declared with `export const`, not assigned later"
        return source.problem(call, Rule.HANDLER_NOT_CONST, message)
    if parent.type == "expression_statement":
        message = "this handler is not exported, so nothing could call it: `export const x = …`"
        return source.problem(call, Rule.HANDLER_NOT_EXPORTED, message)
    why = "chosen or awaited" if parent.type in _CONDITIONAL else "wrapped in something else"
    message = f"a handler is the whole value of its export, it cannot be {why}"
    return source.problem(call, Rule.HANDLER_NOT_PLAIN, message)


def _read_arguments(module: ModuleSyntax, call: Node, name: str) -> tuple[list[Problem], HandlerOptions]:
    source = module.source
    arguments = call.child_by_field_name("arguments")
    given = [] if arguments is None else [node for node in arguments.named_children if node.type != "comment"]
    expected = 1 if name == "run" else 2
    if (
        arguments is None
        or arguments.type != "arguments"
        or len(given) != expected
        or any(node.type == "spread_element" for node in given)
    ):
        form = "(fn)" if expected == 1 else "(options, fn)"
        return [
            source.problem(call, Rule.HANDLER_ARGUMENTS, f"it is called as `{name}{form}`")
        ], HandlerOptions()
    problems: list[Problem] = []
    if given[-1].type in ("object", "array", "string", "number", "template_string", "true", "false", "null"):
        message = f"the last argument of `{name}` is the function to run"
        problems.append(source.problem(given[-1], Rule.HANDLER_ARGUMENTS, message))
    options = HandlerOptions()
    if expected == 2:
        try:
            literal = evaluate(module, given[0])
        except NotStaticError as error:
            problems.append(source.problem(error.node, Rule.OPTIONS_NOT_STATIC, str(error)))
            return problems, options
        options, faults = read_options(KINDS[name], literal)
        for fault in faults:
            rule = (
                Rule.OPTION_UNKNOWN
                if fault.unknown
                else Rule.OPTION_MISSING
                if fault.missing
                else Rule.OPTION_INVALID
            )
            place = _option_node(module, given[0], fault.option)
            problems.append(source.problem(place, rule, fault.message))
    return problems, options


def _option_node(module: ModuleSyntax, options: Node, name: str) -> Node:
    """Where an option is written, so that the error points at it; the whole object if it is not there."""
    for pair in _pairs(options):
        key = pair.child_by_field_name("key")
        if key is not None and module.source.text(key).strip("'\"") == name:
            return key
    return options


def _pairs(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == "pair":
            yield child
        elif child.type == "object" and node.type in WRAPPERS:
            yield from _pairs(child)
