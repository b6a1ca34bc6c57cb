"""Finding the SQL migrations of a module: `getApplicationDb('name').migrate('…').migrate('…')` at its top
level.
"""

from __future__ import annotations

import hashlib
from typing import Final

from tree_sitter import Node

from ._literals import NotStaticError, evaluate
from ._module import ModuleSyntax
from ._scopes import FUNCTIONS
from ._syntax import unwrap
from .limits import MAX_OPTION_TEXT
from .manifest import Migration, MigrationScope
from .rules import Problem, Rule

SQL_MODULE: Final = "@proven-network/sql"
DEFAULT_DATABASE: Final = "default"
_FUNCTIONS: Final = {
    "getApplicationDb": MigrationScope.APPLICATION,
    "getPersonalDb": MigrationScope.PERSONAL,
    "getNftDb": MigrationScope.NFT,
}
Found = tuple[MigrationScope, str]


def find_migrations(module: ModuleSyntax) -> tuple[list[Migration], list[Problem]]:
    """The migrations that running the module's top level adds, in order, and those that cannot be read."""
    statements, problems = find_statements(module)
    found = [
        Migration(module.path, scope, name, tuple(map(hash_of, texts)))
        for (scope, name), texts in statements.items()
    ]
    return found, problems


def hash_of(statement: str) -> str:
    """By which a manifest names a statement."""
    return hashlib.sha256(statement.encode()).hexdigest()


def find_statements(module: ModuleSyntax) -> tuple[dict[Found, list[str]], list[Problem]]:
    """The SQL of the same, by the database that it changes."""
    if not any(edge.specifier == SQL_MODULE for edge in module.edges):
        return {}, []
    statements: dict[Found, list[str]] = {}
    problems: list[Problem] = []
    calls = [
        call for token in module.source.tokens("migrate", "property_identifier") if (call := _call(token))
    ]
    for call in sorted(calls, key=lambda node: node.end_byte):
        if any(ancestor.type in FUNCTIONS for ancestor in module.source.ancestors(call)):
            continue
        function = call.child_by_field_name("function")
        target = function.child_by_field_name("object") if function is not None else None
        if target is None:
            continue
        try:
            database = _database(module, target, 0)
            if database is None:
                continue
            statements.setdefault(database, []).append(_statement(module, call))
        except NotStaticError as error:
            problems.append(module.source.problem(error.node, Rule.MIGRATION_NOT_STATIC, str(error)))
    return statements, problems


def _call(token: Node) -> Node | None:
    member = token.parent
    call = member.parent if member is not None else None
    if member is None or call is None or member.type != "member_expression" or call.type != "call_expression":
        return None
    return call if call.child_by_field_name("function") == member else None


def _database(module: ModuleSyntax, node: Node, depth: int) -> Found | None:
    """Which database an expression stands for; None if it is no database at all."""
    node = unwrap(node)
    if depth > 100:
        raise NotStaticError(node, "the chain of migrations is too long")
    if node.type == "identifier":
        constant = module.constants.get(module.source.text(node))
        return None if constant is None else _database(module, constant, depth + 1)
    function = node.child_by_field_name("function")
    if node.type != "call_expression" or function is None:
        return None
    if function.type == "member_expression":
        target, name = function.child_by_field_name("object"), function.child_by_field_name("property")
        if target is None or name is None:
            return None
        if module.source.text(name) == "migrate":
            return _database(module, target, depth + 1)
    scope = _scope(module, function)
    if scope is None:
        return None
    arguments = _arguments(node)
    database = evaluate(module, arguments[0]) if arguments else DEFAULT_DATABASE
    if len(arguments) > 1 or not isinstance(database, str) or not 0 < len(database) <= MAX_OPTION_TEXT:
        raise NotStaticError(node, "a database that has migrations is named by a short string literal")
    return scope, database


def _scope(module: ModuleSyntax, function: Node) -> MigrationScope | None:
    """The scope that a `get…Db` function opens, under whatever name it was imported."""
    if function.type == "identifier":
        binding = module.bindings.get(module.source.text(function))
        if binding is not None and binding.specifier == SQL_MODULE:
            return _FUNCTIONS.get(binding.imported)
    elif function.type == "member_expression":
        target, name = function.child_by_field_name("object"), function.child_by_field_name("property")
        if target is not None and name is not None:
            binding = module.bindings.get(module.source.text(target))
            if binding is not None and binding.specifier == SQL_MODULE and binding.imported == "*":
                return _FUNCTIONS.get(module.source.text(name))
    return None


def _statement(module: ModuleSyntax, call: Node) -> str:
    arguments = _arguments(call)
    if len(arguments) != 1:
        raise NotStaticError(call, "migrate takes one SQL statement")
    statement = evaluate(module, arguments[0])
    if not isinstance(statement, str):
        raise NotStaticError(arguments[0], "a migration is a string literal")
    return statement


def _arguments(call: Node) -> list[Node]:
    arguments = call.child_by_field_name("arguments")
    if arguments is None or arguments.type != "arguments":
        return []
    return [node for node in arguments.named_children if node.type != "comment"]
