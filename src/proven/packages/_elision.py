"""Which names of a module are only types, and where they stand.

TypeScript drops an import whose names are only used as types, and so does this: such a name is *elided*,
which means that it is blanked out of the source that runs. The runtime only strips types, file by file, and
could not know.
"""

from __future__ import annotations

from tree_sitter import Node

from ._module import Binding, LocalExport, ModuleSyntax, Span
from ._syntax import Source, has_keyword, in_type_position


def elide_types(module: ModuleSyntax) -> None:
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
    if export.node.type == "export_specifier" and not has_keyword(export.node, "type"):
        clause = export.node.parent
        statement = clause.parent if clause is not None else None
        if statement is not None and not has_keyword(statement, "type"):
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
