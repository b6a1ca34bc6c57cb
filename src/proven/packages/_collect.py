"""From the modules of an app to its handler table: which handlers its entry modules export, under which
names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from ._check import EXPORT_NAME, address
from ._handlers import DEFAULT, Declaration, find_handlers
from ._migrations import find_migrations
from ._module import Export, FromExport, LocalExport, ModuleSyntax, ValueExport
from ._options import route_shape
from ._paths import NPM_PREFIX
from ._syntax import unwrap
from .graph import Exploration
from .limits import MAX_HANDLERS, MAX_NAME_LENGTH
from .manifest import HandlerEntry, HandlerKind, Limits, Migration
from .parsing import TooComplexError
from .rules import Problem, Rule

Place = tuple[str, str]
"""A module, and the local name in it that holds a handler."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the app's modules declare."""

    entries: tuple[HandlerEntry, ...]
    migrations: tuple[Migration, ...]
    problems: tuple[Problem, ...]


def collect(exploration: Exploration, entries: Iterable[str], limits: Limits) -> Handlers:
    """Read every handler and migration of the app. `limits` fill in what a handler's options leave open."""
    own = {path: module for path, module in exploration.syntax.items() if not path.startswith(NPM_PREFIX)}
    problems: list[Problem] = []
    declared: dict[Place, Declaration] = {}
    migrations: list[Migration] = []
    for path, module in own.items():
        if module.source.root.has_error:
            continue
        try:
            declarations = find_handlers(module)
            found, faults = find_migrations(module)
        except TooComplexError as error:
            problems.append(Problem(path, 0, 0, Rule.TOO_LARGE, str(error)))
            continue
        declared.update({(path, name): handler for name, handler in declarations.found.items()})
        migrations.extend(found)
        problems.extend([*declarations.problems, *faults])
    collector = _Collector(own, exploration, declared)
    table = [
        item for entry in sorted(entries) if entry in own for item in collector.exported(own[entry], limits)
    ]
    problems.extend(collector.problems)
    exported = collector.misnamed.union(item.place for item in table)
    problems.extend(_unexported(own, declared, exported, set(entries)))
    problems.extend(_exported_twice(own, table))
    problems.extend(_duplicate_routes(own, table))
    if len(table) > MAX_HANDLERS:
        problems.append(
            Problem("package.json", 0, 0, Rule.TOO_LARGE, f"there are over {MAX_HANDLERS} handlers")
        )
    return Handlers(
        tuple(sorted((item.entry for item in table), key=lambda entry: entry.address)),
        tuple(sorted(migrations, key=lambda item: (item.module, item.scope, item.database))),
        tuple(problems),
    )


@dataclass(frozen=True, slots=True)
class _Exported:
    entry: HandlerEntry
    place: Place
    declaration: Declaration


_Key = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that a module exports, or one inside of it."""

    module: ModuleSyntax
    name: str
    exported: bool

    @property
    def key(self) -> _Key:
        """What tells it from other names."""
        return self.module.path, self.name, self.exported


class _Collector:
    """Follows the exports of entry modules to the handlers they stand for."""

    def __init__(
        self,
        modules: Mapping[str, ModuleSyntax],
        exploration: Exploration,
        declared: Mapping[Place, Declaration],
    ) -> None:
        self._modules = modules
        self._graph = exploration.modules
        self._declared = declared
        self._followed: dict[_Key, Place | None] = {}
        self.problems: list[Problem] = []
        self.misnamed: set[Place] = set()

    def exported(self, module: ModuleSyntax, limits: Limits) -> Iterator[_Exported]:
        """Every handler that the entry module `module` exports."""
        for name in sorted(self._export_names(module)):
            place = self._follow(module, name)
            declaration = self._declared.get(place) if place is not None else None
            if place is None or declaration is None:
                continue
            if not EXPORT_NAME.fullmatch(name) or len(name) > MAX_NAME_LENGTH:
                message = f"{name!r} cannot be the name of a handler: it is an identifier (A-Z a-z 0-9 _ $)"
                export = module.exports.get(name)
                node = export.node if export is not None else module.source.root
                self.problems.append(module.source.problem(node, Rule.HANDLER_NAME, message))
                self.misnamed.add(place)
                continue
            options = declaration.options
            if options.timeout_ms is None:
                options = msgspec.structs.replace(options, timeout_ms=limits.timeout_ms)
            if options.memory_mib is None:
                options = msgspec.structs.replace(options, memory_mib=limits.memory_mib)
            entry = HandlerEntry(address(module.path, name), module.path, name, declaration.kind, options)
            yield _Exported(entry, place, declaration)

    def _export_names(self, module: ModuleSyntax) -> set[str]:
        names: set[str] = set(module.exports)
        seen = {module.path}
        pending = [module]
        while pending:
            here = pending.pop()
            for star in here.stars:
                there = self._target(here, star.specifier)
                if there is not None and there.path not in seen:
                    seen.add(there.path)
                    names |= there.exports.keys() - {"default"}
                    pending.append(there)
        return names

    def _target(self, module: ModuleSyntax, specifier: str) -> ModuleSyntax | None:
        resolved = self._graph.get(module.path)
        path = resolved.imports.get(specifier) if resolved is not None else None
        return self._modules.get(path) if path is not None else None

    def _follow(self, module: ModuleSyntax, name: str) -> Place | None:
        """The handler that the export `name` stands for, if it is one."""
        pending = [_Name(module, name, exported=True)]
        seen: set[_Key] = set()
        found: Place | None = None
        branched = False
        while pending and found is None:
            step = pending.pop()
            if step.key in self._followed:
                found = self._followed[step.key]
            elif step.key not in seen:
                seen.add(step.key)
                if not step.exported and (step.module.path, step.name) in self._declared:
                    found = step.module.path, step.name
                else:
                    following = list(self._next(step))
                    branched = branched or len(following) > 1
                    pending.extend(following)
        if not branched:
            self._followed.update(dict.fromkeys(seen, found))
        return found

    def _next(self, step: _Name) -> Iterator[_Name]:
        """What a name stands for, one step on."""
        module = step.module
        if not step.exported:
            yield from self._local(module, step.name)
            return
        export: Export | None = module.exports.get(step.name)
        if isinstance(export, LocalExport):
            yield _Name(module, export.local, exported=False)
        elif isinstance(export, ValueExport):
            value = unwrap(export.value)
            local = module.source.text(value) if value.type == "identifier" else DEFAULT
            yield _Name(module, local, exported=False)
        elif isinstance(export, FromExport):
            there = self._target(module, export.specifier)
            if there is not None and export.name != "*":
                yield _Name(there, export.name, exported=True)
        elif step.name != "default":
            for star in reversed(module.stars):
                there = self._target(module, star.specifier)
                if there is not None:
                    yield _Name(there, step.name, exported=True)

    def _local(self, module: ModuleSyntax, name: str) -> Iterator[_Name]:
        binding = module.bindings.get(name)
        value = module.constants.get(name)
        if binding is not None:
            there = self._target(module, binding.specifier)
            if there is not None and binding.imported != "*":
                yield _Name(there, binding.imported, exported=True)
        elif value is not None and (value := unwrap(value)).type == "identifier":
            yield _Name(module, module.source.text(value), exported=False)


def _unexported(
    modules: Mapping[str, ModuleSyntax],
    declared: Mapping[Place, Declaration],
    exported: set[Place],
    entries: set[str],
) -> Iterator[Problem]:
    for place, declaration in declared.items():
        if place in exported:
            continue
        module = modules[place[0]]
        if module.path in entries:
            rule, message = Rule.HANDLER_NOT_EXPORTED, f"export this handler: `export const {place[1]} = …`"
        else:
            rule = Rule.HANDLER_NOT_IN_ENTRY
            message = (
                f"{module.path} is not an entry module: add it to `entries`, or re-export this "
                "handler from one"
            )
        yield module.source.problem(declaration.node, rule, message)


def _exported_twice(modules: Mapping[str, ModuleSyntax], table: Iterable[_Exported]) -> Iterator[Problem]:
    first: dict[Place, str] = {}
    for item in table:
        other = first.setdefault(item.place, item.entry.address)
        if other != item.entry.address and item.entry.kind is not HandlerKind.RPC:
            message = f"this would run twice, as {other} and as {item.entry.address}: export it once"
            source = modules[item.place[0]].source
            yield source.problem(item.declaration.node, Rule.HANDLER_EXPORTED_TWICE, message)


def _duplicate_routes(modules: Mapping[str, ModuleSyntax], table: Iterable[_Exported]) -> Iterator[Problem]:
    routes: dict[tuple[str | None, str], _Exported] = {}
    for item in table:
        options = item.entry.options
        if item.entry.kind is HandlerKind.HTTP and options.path is not None:
            first = routes.setdefault((options.method, route_shape(options.path)), item)
            if first.place != item.place:
                method = options.method or "any method"
                message = f"{method} {options.path} is the route of {first.entry.address} already"
                source = modules[item.place[0]].source
                yield source.problem(item.declaration.node, Rule.ROUTE_DUPLICATE, message)
