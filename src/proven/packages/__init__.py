"""Code packages: from a folder of TypeScript to hashed code, its handler table, and the graph that loads it.

`build` makes a `Package` from a folder, `Package.from_archive` reads one from anyone, `verify` checks that
its manifest says what its code says, and `ModuleGraph` says how to load it.
"""

from ._folder import IGNORED
from .build import build, entry_modules, verify
from .diff import Changed, PackageDiff, SourceChange, compare
from .graph import ModuleFormat, ModuleGraph, ResolvedModule
from .manifest import (
    Access,
    Asset,
    AttestationMode,
    Cors,
    Dependency,
    HandlerEntry,
    HandlerKind,
    HandlerOptions,
    Limits,
    Manifest,
    Migration,
    MigrationScope,
    Module,
)
from .package import Package
from .registry import Registry
from .rules import RULES, BuildError, Problem, Rule
from .statements import read_statements

__all__ = [
    "IGNORED",
    "RULES",
    "Access",
    "Asset",
    "AttestationMode",
    "BuildError",
    "Changed",
    "Cors",
    "Dependency",
    "HandlerEntry",
    "HandlerKind",
    "HandlerOptions",
    "Limits",
    "Manifest",
    "Migration",
    "MigrationScope",
    "Module",
    "ModuleFormat",
    "ModuleGraph",
    "Package",
    "PackageDiff",
    "Problem",
    "Registry",
    "ResolvedModule",
    "Rule",
    "SourceChange",
    "build",
    "compare",
    "entry_modules",
    "read_statements",
    "verify",
]
